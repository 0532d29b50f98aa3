package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Incident.KpiOff;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;

/** The company's people at their desks: who takes a task, when, and what they answer. */
final class Staff {

  /** Which unit's head answers for a role that workflows name. */
  private static final Map<String, String> HEADS =
      Map.of(
          "hr-manager", "Head of People",
          "cfo", "Chief financial officer",
          "finance", "Head of Finance",
          "purchasing", "Lead of Purchasing",
          "it", "Head of Technology",
          "facilities", "Head of Workplace");

  private static final String ANYBODY_ELSE = "Managing director";

  private final Company company;
  private final World world;
  private final Dice dice;

  Staff(Company company, World world) {
    this.company = company;
    this.world = world;
    dice = Dice.of(company.seed(), "staff");
  }

  /**
   * What somebody means to do.
   *
   * @param claimAt when they take the task, and {@code completeAt} when they are done
   */
  record Plan(String taskId, Person who, Instant claimAt, Instant completeAt) {}

  Plan plan(JsonNode task, Instant now) {
    Instant claimAt = now.plus(seconds(1.5, 3.5));
    return new Plan(task.get("id").asText(), whoTakes(task), claimAt, claimAt.plus(seconds(2, 4)));
  }

  private Duration seconds(double least, double most) {
    return Duration.ofMillis((long) (dice.between(least, most) * 1000));
  }

  /** The first of the candidates who is somebody here. */
  private Person whoTakes(JsonNode task) {
    for (JsonNode candidate : task.path("candidates")) {
      String[] parts = candidate.asText().split(":", 2);
      Optional<Person> found =
          switch (parts[0]) {
            case "user" -> company.person(parts[1]);
            case "unit", "managerOf" -> company.managerOf(parts[1]);
            case "role" -> Optional.of(headFor(parts[1]));
            default -> Optional.empty();
          };
      if (found.isPresent()) {
        return found.get();
      }
    }
    return company.holderOf(ANYBODY_ELSE);
  }

  private Person headFor(String role) {
    return company.holderOf(HEADS.getOrDefault(role, ANYBODY_ELSE));
  }

  /**
   * Does what a task asks for and fills its form: every field they know something about, and
   * whatever else is required. Where a KPI is off, the cause is removed first and measured then.
   *
   * @param about what the task's loop is about, e.g. a KPI's or a process's id
   * @param node the properties the twin has of that, empty where it is no node
   */
  ObjectNode answer(JsonNode task, String about, JsonNode node, Instant now) {
    JsonNode form = task.path("request").path("form");
    ObjectNode answer = Twin.object();
    String resolution = resolution(about);
    world.calm(about);
    form.path("properties")
        .properties()
        .forEach(field -> fill(answer, field.getKey(), field.getValue(), about, node, now));
    if (form.path("properties").has("resolution")) {
      answer.put("resolution", resolution);
    }
    for (JsonNode required : form.path("required")) {
      String field = required.asText();
      if (!answer.has(field)) {
        something(answer, field, form.path("properties").path(field));
      }
    }
    return answer;
  }

  private void fill(
      ObjectNode answer, String field, JsonNode schema, String about, JsonNode node, Instant now) {
    switch (field) {
      case "measured_value" ->
          company.kpis().stream()
              .filter(kpi -> kpi.id().equals(about))
              .forEach(kpi -> answer.put(field, world.value(kpi, now)));
      case "resolution_time_days" -> {
        if (isProcess(about)) {
          answer.put(field, world.resolutionDays(about));
        }
      }
      case "automate" -> answer.put(field, true);
      case "automation_level" -> answer.put(field, nextLevel(node));
      case "new_avg_time_days" ->
          answer.put(field, Math.rint(node.path("sla_days").asDouble(1) * 3) / 10);
      case "decision" -> answer.put(field, "renew");
      case "expiry_date" -> answer.put(field, today(now).plusYears(2).toString());
      case "contract_id" -> answer.put(field, "contract-" + about);
      case "annual_value_eur" -> {
        if (node.path("annual_value_eur").isNumber()) {
          answer.put(field, node.path("annual_value_eur").asLong());
        }
      }
      case "approved_eur" -> {
        double forecast = node.path("forecast_eur").asDouble(node.path("budget").asDouble());
        answer.put(field, (long) Math.ceil(forecast * 1.05 / 1000) * 1000);
      }
      case "evidence" -> answer.put(field, "Filed, receipt kept with the file of " + about);
      case "employee_id" -> {
        World.Newcomer newcomer = world.newcomer(now);
        answer.put(field, newcomer.employeeId()).put("anonymized_name", newcomer.alias());
      }
      case "join_date" -> answer.put(field, today(now).toString());
      case "fte" -> answer.put(field, 1.0);
      case "seniority" -> answer.put(field, "mid");
      default -> {
        if (schema.path("type").asText().equals("boolean")) {
          answer.put(field, true);
        }
      }
    }
  }

  private static String nextLevel(JsonNode process) {
    boolean manual = process.path("automation_level").asText().equals("manual");
    return manual ? "semi-auto" : "full-auto";
  }

  private boolean isProcess(String id) {
    return company.processes().stream().anyMatch(each -> each.id().equals(id));
  }

  private String resolution(String about) {
    return world
        .disturbance(about)
        .map(KpiOff::cause)
        .map(cause -> "It was " + cause + ", and is put right")
        .orElse("Reassigned and worked off");
  }

  private static LocalDate today(Instant now) {
    return now.atZone(ZoneOffset.UTC).toLocalDate();
  }

  /** A required field nobody here has heard of gets the least its type allows. */
  private static void something(ObjectNode answer, String field, JsonNode schema) {
    JsonNode choices = schema.path("enum");
    if (!choices.isEmpty()) {
      answer.set(field, choices.get(0));
      return;
    }
    switch (schema.path("type").asText()) {
      case "boolean" -> answer.put(field, true);
      case "number", "integer" -> answer.put(field, schema.path("minimum").asInt(0));
      case "array" -> answer.putArray(field);
      case "object" -> answer.putObject(field);
      default -> answer.put(field, "done");
    }
  }
}
