package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Company.Unit;
import io.twinloop.client.demo.Company.Work;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A company as the twin takes it: lines for the import, and definitions of its KPIs. */
final class CompanyImport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Company company;
  private final List<ObjectNode> lines = new ArrayList<>();

  private CompanyImport(Company company) {
    this.company = company;
  }

  /** Nodes first, then relations, each a line of {@code POST /api/v1/twin/import}. */
  static List<ObjectNode> lines(Company company) {
    CompanyImport made = new CompanyImport(company);
    made.nodes();
    made.relations();
    return made.lines;
  }

  /** The definitions of all KPIs, by id, as {@code PUT /api/v1/kpis/{id}} takes them. */
  static Map<String, ObjectNode> kpis(Company company) {
    Map<String, ObjectNode> definitions = new LinkedHashMap<>();
    company.kpis().forEach(each -> definitions.put(each.id(), hourly(each)));
    company.withBudget().forEach(each -> definitions.put(Company.spendKpi(each.id()), spend(each)));
    for (Work each : company.processes()) {
      definitions.put("process." + each.id() + ".avg_duration_days", days("Duration of ", each));
      definitions.put("process." + each.id() + ".resolution_time", days("Time to resolve ", each));
    }
    return definitions;
  }

  /**
   * Watched over 30 days of hours: the days' and the weeks' own ups and downs are in the baseline,
   * and an episode of a minute hardly moves it.
   */
  private static ObjectNode hourly(Measure kpi) {
    ObjectNode definition =
        object()
            .put("name", kpi.label())
            .put("unit", kpi.unit())
            .put("ownerNodeId", kpi.ownerId())
            .put("polarity", kpi.polarity())
            .put("target", kpi.level());
    definition.set("detector", detector(720, 100, 4, 6));
    return definition;
  }

  /** The twin measures these itself; means over few cases wander, which is no anomaly. */
  private static ObjectNode days(String prefix, Work process) {
    ObjectNode definition =
        object()
            .put("name", prefix + process.label())
            .put("unit", "d")
            .put("ownerNodeId", process.ownerId())
            .put("polarity", "lower_better");
    definition.set("detector", detector(300, 30, 6, 8));
    return definition;
  }

  /** Bookings are lumpy by nature: the forecast watches them, so the detector is set to be deaf. */
  private static ObjectNode spend(Unit unit) {
    ObjectNode definition =
        object()
            .put("name", "Spend of " + unit.label())
            .put("unit", "EUR")
            .put("ownerNodeId", unit.id())
            .put("polarity", "lower_better");
    definition.set("detector", detector(30, 30, 1_000_000, 1_000_000));
    return definition;
  }

  private static ObjectNode detector(int window, int minimum, double high, double critical) {
    return object()
        .put("type", "zscore")
        .put("window", window)
        .put("minimum", minimum)
        .put("high", high)
        .put("critical", critical);
  }

  private void nodes() {
    node(
        company.key(),
        "Organization",
        company.name(),
        object().put("sector", company.sector()).put("sample", true));
    company.units().forEach(this::unit);
    company
        .roles()
        .forEach(
            each ->
                node(
                    each.id(),
                    "Role",
                    each.title(),
                    object()
                        .put("title", each.title())
                        .put("level", each.level())
                        .put("is_management", each.management())));
    company.people().forEach(this::person);
    company.systems().forEach(each -> node(each.id(), "ITSystem", each.label(), object()));
    company
        .vendors()
        .forEach(
            each ->
                node(
                    each.id(),
                    "Vendor",
                    each.label(),
                    object()
                        .put("score", each.score())
                        .put("threshold", each.threshold())
                        .put("contract_expiry", each.contractExpiry().toString())
                        .put("annual_value_eur", each.annualValueEur())));
    company.processes().forEach(this::process);
    company
        .obligations()
        .forEach(
            each ->
                node(
                    each.id(),
                    "ComplianceObligation",
                    each.title(),
                    object()
                        .put("title", each.title())
                        .put("deadline", each.deadline().toString())
                        .put("responsible_id", each.responsibleId())));
  }

  private void unit(Unit unit) {
    ObjectNode properties =
        object()
            .put("kind", unit.kind())
            .put("cost_center", unit.costCenter())
            .put("headcount", company.membersOf(unit.id()).size());
    if (unit.headcountMin() != null) {
      properties.put("headcount_min", unit.headcountMin());
    }
    if (unit.budgetEur() != null) {
      properties.put("budget", unit.budgetEur());
    }
    node(unit.id(), "OrganizationUnit", unit.label(), properties);
  }

  private void person(Person person) {
    ObjectNode properties =
        object()
            .put("employee_id", person.id())
            .put("anonymized_name", person.alias())
            .put("seniority", person.seniority())
            .put("fte", person.fte())
            .put("join_date", person.joined().toString());
    person.skills().forEach(properties.putArray("skills")::add);
    node(person.id(), "Person", person.alias(), properties);
  }

  private void process(Work process) {
    ObjectNode properties =
        object()
            .put("sla_days", process.slaDays())
            .put("automation_level", process.automation())
            .put("cost_per_execution", process.costEur());
    properties.putArray("end_activities").add(process.lastActivity());
    node(process.id(), "Process", process.label(), properties);
  }

  private void relations() {
    for (Unit unit : company.units()) {
      relation(unit.id(), "PART_OF", unit.partOf() == null ? company.key() : unit.partOf());
    }
    for (Person person : company.people()) {
      relation(person.id(), "BELONGS_TO", person.unitId());
      relation(person.id(), "HAS_ROLE", person.roleId());
      relation(person.id(), "REPORTS_TO", person.reportsTo());
      relation(person.id(), "MANAGES", person.manages());
    }
    for (Work process : company.processes()) {
      relation(process.ownerId(), "OWNS_PROCESS", process.id());
      relation(process.id(), "USES_SYSTEM", process.systemId());
      relation(process.id(), "SUPPLIED_BY", process.vendorId());
      relation(process.id(), "DEPENDS_ON", process.dependsOn());
      company
          .membersOf(process.ownerId())
          .forEach(each -> relation(each.id(), "EXECUTES_PROCESS", process.id()));
    }
    for (Measure kpi : company.kpis()) {
      relation(kpi.ownerId(), "MEASURED_BY", kpi.id());
    }
  }

  private void node(String id, String type, String label, ObjectNode properties) {
    ObjectNode node = object().put("id", id).put("type", type).put("label", label);
    node.set("properties", properties);
    lines.add(JSON.createObjectNode().set("node", node));
  }

  /** Nothing where there is no other end. */
  private void relation(String source, String relation, @Nullable String target) {
    if (target != null) {
      ObjectNode ends =
          object().put("source", source).put("relation", relation).put("target", target);
      lines.add(JSON.createObjectNode().set("relation", ends));
    }
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
