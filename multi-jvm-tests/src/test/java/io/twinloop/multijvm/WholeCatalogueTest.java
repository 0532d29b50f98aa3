package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every event of the catalogue is seen on Kafka with each field of its payload, and has its effect:
 * what the twin senses starts its workflow, what automation did changes the twin.
 */
class WholeCatalogueTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path folder;

  private static ServicesProcess services;
  private static NodeProcess node;
  private static Twin twin;
  private static Bus bus;

  /** Brings about one event of its type and holds its effect against what is expected. */
  private interface Scenario {
    /** Answers the subject of the event. */
    String run(String loop);
  }

  private static final Map<String, Scenario> SCENARIOS = new TreeMap<>();

  /** What many cases show together has no cause of its own: its loop begins with it. */
  private static final Set<String> BEGINS_A_LOOP = Set.of("dto.process.bottleneck_identified");

  /** Fields that nothing in the product knows yet. */
  private static final Map<String, Set<String>> NOT_KNOWN_YET =
      Map.of("dto.org.restructuring_simulated", Set.of("calibration_error_pct"));

  static {
    SCENARIOS.put("dto.kpi.anomaly_detected", WholeCatalogueTest::anomaly);
    SCENARIOS.put("dto.process.sla_breach", WholeCatalogueTest::breach);
    SCENARIOS.put("dto.process.bottleneck_identified", WholeCatalogueTest::bottleneck);
    SCENARIOS.put("dto.org.restructuring_simulated", WholeCatalogueTest::restructuring);
    SCENARIOS.put("dto.org.vacancy_detected", WholeCatalogueTest::vacancy);
    SCENARIOS.put("dto.budget.overrun_predicted", WholeCatalogueTest::overrun);
    SCENARIOS.put("dto.vendor.risk_elevated", WholeCatalogueTest::risk);
    SCENARIOS.put("dto.compliance.deadline_approaching", WholeCatalogueTest::deadline);
    SCENARIOS.put("bpa.workflow.completed", WholeCatalogueTest::completed);
    SCENARIOS.put("bpa.workflow.failed", WholeCatalogueTest::failed);
    SCENARIOS.put("bpa.employee.onboarded", WholeCatalogueTest::onboarded);
    SCENARIOS.put("bpa.employee.offboarded", WholeCatalogueTest::offboarded);
    SCENARIOS.put("bpa.process.automated", WholeCatalogueTest::automated);
    SCENARIOS.put("bpa.sla.resolved", WholeCatalogueTest::resolved);
    SCENARIOS.put("bpa.budget.approved", WholeCatalogueTest::approved);
    SCENARIOS.put("bpa.contract.renewed", WholeCatalogueTest::renewed);
    SCENARIOS.put("bpa.kpi.updated", WholeCatalogueTest::updated);
  }

  @BeforeAll
  static void startANode() {
    services = ServicesProcess.start(folder.resolve("services"));
    node = NodeProcess.named("a", folder).using(services).start();
    twin = new Twin(node::url);
    bus = new Bus(services.kafkaBootstrap());
  }

  @AfterAll
  static void stopIt() {
    if (bus != null) {
      bus.close();
    }
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
  }

  private static void register(String namespace, String name, String task) {
    String source =
        """
        document: {dsl: '1.0.3', namespace: %s, name: %s, version: '0.0.1'}
        do:
          %s
        """
            .formatted(namespace, name, task);
    Twin.Answer answer = twin.registerDefinition(source);
    assertThat(answer.isOk()).as("%s", answer).isTrue();
  }

  @Test
  void shouldForgetNoTypeOfTheCatalogue() {
    assertThat(Catalogue.all())
        .extracting(Catalogue.Entry::type)
        .containsExactlyInAnyOrderElementsOf(SCENARIOS.keySet());
  }

  @TestFactory
  Stream<DynamicTest> shouldSeeEachEventWithItsPayloadAndItsEffect() {
    return SCENARIOS.entrySet().stream()
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.getKey(), () -> shouldSee(each.getKey(), each.getValue())));
  }

  /** The reminder of a deadline is a row, and rows outlive nodes. */
  @Test
  void shouldRemindOfADeadlineThatComesWhileTheNodeIsDead() {
    Instant deadline = Instant.now().plus(Duration.ofDays(1)).plusSeconds(5);
    twin.putNode(
        "audit", "ComplianceObligation", "Audit", json("deadline", deadline.toString()), "audit");
    assertThat(seen("dto.compliance.deadline_approaching", "audit").at("/data/days_left").asInt())
        .as("at once, as it is nearer than 30 days")
        .isEqualTo(2);
    until(() -> assertThat(twin.loop("audit").path("act")).isNotEmpty());

    node.kill9();
    node.start();

    JsonNode reminder =
        bus.await(
            "reminder a day before",
            PATIENCE,
            each ->
                isOf(each, "dto.compliance.deadline_approaching", "audit")
                    && each.at("/data/days_left").asInt() == 1);
    assertThat(reminder.path("correlationid").asText()).isEqualTo("audit");
    twin.patchNode("audit", Twin.object().put("fulfilled", true), "done");
    until(
        () ->
            assertThat(twin.loop("audit").path("measure"))
                .extracting(step -> step.path("what").asText())
                .contains("concern settled"));
  }

  private static void shouldSee(String type, Scenario scenario) {
    String cause = "loop-of-" + type;
    Catalogue.Entry entry = Catalogue.find(type).orElseThrow();

    String subject = scenario.run(cause);

    List<String> known = new ArrayList<>(entry.data());
    known.removeAll(NOT_KNOWN_YET.getOrDefault(type, Set.of()));
    JsonNode event =
        bus.await(
            type + " of " + subject,
            PATIENCE,
            each ->
                each.path("type").asText().equals(type)
                    && each.path("subject").asText().equals(subject));
    assertThat(event.path("data").properties().stream().map(Map.Entry::getKey))
        .as("payload of %s", event)
        .containsAll(known);
    String loop = event.path("correlationid").asText();
    if (!BEGINS_A_LOOP.contains(type)) {
      assertThat(loop).isEqualTo(cause);
    }
    if (entry.direction() == Direction.DTO_TO_BPA) {
      Priority priority = Priority.of(event.path("priority").asText());
      assertThat(event.path("entitytype").asText()).isEqualTo(entry.entityType());
      assertThat(event.path("source").asText()).isEqualTo("//dto/" + subject);
      shouldBeAnsweredBy(entry.startsAt(priority), subject, loop);
      assertThat(twin.loop(loop).path("sense")).as("the loop's beginning").isNotEmpty();
    }
    assertThat(twin.deadLetters())
        .filteredOn(letter -> !letter.toString().contains("nonsense"))
        .as("dead letters")
        .isEmpty();
  }

  /** It does not matter who takes the last holder away: the role is vacant until it is taken. */
  @Test
  void shouldDetectAVacancyThatAPersonMadeAndCloseItWhenTheRoleIsTaken() {
    put("it", "OrganizationUnit", none());
    employ("p-5", "it", "admin");
    String held = "/api/v1/twin/nodes/p-5/relations/HAS_ROLE/admin";

    twin.change("DELETE", held, none(), "admin-left");

    JsonNode event = seen("dto.org.vacancy_detected", "admin");
    assertThat(event.path("correlationid").asText()).isEqualTo("admin-left");
    assertThat(event.at("/data/unit_id").asText()).isEqualTo("it");
    assertThat(property("admin", "vacant").asBoolean()).isTrue();

    twin.relate("p-5", "HAS_ROLE", "admin", "admin-is-back");

    until(
        () ->
            assertThat(twin.loop("admin-left").path("measure"))
                .extracting(step -> step.path("what").asText())
                .containsExactly("concern settled"));
    assertThat(property("admin", "vacant").asBoolean()).isFalse();
  }

  /** What can't be taken is refused by the name of its field, and nothing is half done. */
  @Test
  void shouldRefuseWhatAutomationCantHaveDone() {
    put("finance", "OrganizationUnit", json("headcount", 3));
    Map<String, ObjectNode> nonsense = new TreeMap<>();
    nonsense.put("bpa.workflow.completed", json("definition", "twinloop/a/1.0.0"));
    nonsense.put("bpa.workflow.failed", none());
    nonsense.put("bpa.employee.onboarded", json("employee_id", "p-7").put("unit_id", "nowhere"));
    nonsense.put("bpa.employee.offboarded", json("employee_id", "finance"));
    nonsense.put("bpa.process.automated", json("automation_level", 7));
    nonsense.put("bpa.sla.resolved", json("resolution_time_days", -1));
    nonsense.put("bpa.budget.approved", json("unit_id", "finance").put("approved_eur", "lots"));
    nonsense.put("bpa.contract.renewed", json("expiry_date", "soon"));
    nonsense.put("bpa.kpi.updated", json("value", "much"));
    Map<String, String> fields =
        Map.of(
            "bpa.workflow.completed", "data.execution_time_sec",
            "bpa.workflow.failed", "data.definition",
            "bpa.employee.onboarded", "data.unit_id is 'nowhere'",
            "bpa.employee.offboarded", "data.employee_id is 'finance'",
            "bpa.process.automated", "data.automation_level is 7",
            "bpa.sla.resolved", "data.resolution_time_days is -1",
            "bpa.budget.approved", "data.approved_eur is \"lots\"",
            "bpa.contract.renewed", "data.expiry_date is \"soon\"",
            "bpa.kpi.updated", "data.value is \"much\"");

    nonsense.forEach(
        (type, data) -> bus.tell("nonsense-" + type, type, "Thing", "nonsense", "nonsense", data));

    until(
        () ->
            assertThat(twin.deadLetters())
                .filteredOn(letter -> letter.toString().contains("nonsense-"))
                .hasSize(nonsense.size()));
    for (JsonNode letter : twin.deadLetters()) {
      String type = letter.path("eventType").asText();
      assertThat(letter.path("error").asText()).as(type).contains(fields.get(type));
    }
    assertThat(twin.get("/api/v1/twin/nodes/p-7").status()).isEqualTo(404);
    assertThat(property("finance", "headcount").asInt()).isEqualTo(3);
  }

  private static void shouldBeAnsweredBy(String workflow, String subject, String loop) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(twin.all("/api/v1/workflows?correlationId=" + loop))
                    .filteredOn(run -> run.path("entityId").asText().equals(subject))
                    .extracting(run -> definitionOf(run))
                    .contains(workflow));
  }

  private static String definitionOf(JsonNode run) {
    JsonNode definition = run.path("definition");
    return definition.isObject()
        ? definition.path("name").asText()
        : definition.asText().split("/", -1)[1];
  }

  // What the twin senses

  private static String anomaly(String loop) {
    twin.change(
        "PUT",
        "/api/v1/kpis/orders",
        json("name", "Orders").put("unit", "1/h").put("ownerNodeId", "sales"),
        loop);
    List<Twin.Point> points = new ArrayList<>();
    Instant begin = Instant.now().minus(Duration.ofHours(1));
    for (int n = 0; n < 30; n++) {
      points.add(new Twin.Point(begin.plusSeconds(n), 100 + n % 3));
    }
    twin.takeSamples("orders", "shop", points);
    Twin.Answer odd = twin.change("POST", "/api/v1/kpis/orders/samples", value(500), loop);
    assertThat(odd.isOk()).as("%s", odd).isTrue();
    return "orders";
  }

  private static String breach(String loop) {
    put("accounting", "OrganizationUnit", none());
    put("approval", "Process", json("sla_days", 5).put("avg_duration_days", 4));
    twin.relate("accounting", "OWNS_PROCESS", "approval", "setup");

    twin.patchNode("approval", json("avg_duration_days", 8.2), loop);

    JsonNode event = seen("dto.process.sla_breach", "approval");
    assertThat(event.path("priority").asText()).isEqualTo("critical");
    assertThat(event.at("/data/delay_days").asDouble()).isEqualTo(3.2);
    assertThat(event.at("/data/breach_pct").asDouble()).isEqualTo(64.0);
    assertThat(event.at("/data/owner_unit_id").asText()).isEqualTo("accounting");
    return "approval";
  }

  private static String bottleneck(String cause) {
    put("claims-desk", "OrganizationUnit", none());
    put("claims-flow", "Process", none());
    twin.relate("claims-desk", "OWNS_PROCESS", "claims-flow", "setup");
    Instant now = Instant.now();
    StringBuilder log = new StringBuilder("case,activity,timestamp,resource\n");
    for (int i = 0; i < 60; i++) {
      Instant begun = now.minus(Duration.ofHours(24 + 7 * (i % 5)));
      log.append("%d,Received,%s,ada%n%d,Decided,%s,bob%n".formatted(i, begun, i, now));
    }

    Twin.Answer answer =
        twin.post(
            "/api/v1/processes/claims-flow/log?mode=live",
            "text/csv",
            log.toString().getBytes(StandardCharsets.UTF_8));

    assertThat(answer.isOk()).as("%s", answer).isTrue();
    return "claims-flow";
  }

  private static String restructuring(String loop) {
    put("holding", "Organization", none());
    put("back-office", "OrganizationUnit", json("headcount", 3));
    twin.relate("back-office", "PART_OF", "holding", "setup");
    ObjectNode plan = json("name", "A leaner back office");
    plan.putArray("changes")
        .addObject()
        .put("type", "changeHeadcount")
        .put("unitId", "back-office")
        .put("headcount", 2);

    Twin.Answer answer = twin.change("POST", "/api/v1/twin/simulations", plan, loop);

    assertThat(answer.isOk()).as("%s", answer).isTrue();
    return "holding";
  }

  /** One leaver, who leaves a role without a holder and a unit under its minimum: one vacancy. */
  private static String vacancy(String loop) {
    put("purchasing", "OrganizationUnit", json("headcount", 2).put("headcount_min", 2));
    employ("p-1", "purchasing", "buyer");

    bus.tell(
        "left-1",
        "bpa.employee.offboarded",
        "Person",
        "p-1",
        loop,
        json("employee_id", "p-1")
            .put("unit_id", "purchasing")
            .put("role_id", "buyer")
            .put("left_on", today()));

    JsonNode event = seen("dto.org.vacancy_detected", "buyer");
    assertThat(event.at("/data/unit_id").asText()).isEqualTo("purchasing");
    assertThat(event.at("/data/role_title").asText()).isEqualTo("Title of buyer");
    until(() -> assertThat(property("purchasing", "headcount").asInt()).isEqualTo(1));
    until(() -> assertThat(twin.node("p-1").path("relations")).isEmpty());
    assertThat(
            bus.all(
                each ->
                    each.path("type").asText().equals("dto.org.vacancy_detected")
                        && each.path("correlationid").asText().equals(loop)))
        .hasSize(1);
    return "buyer";
  }

  private static String overrun(String loop) {
    put("marketing", "OrganizationUnit", json("budget", 1000));
    twin.change(
        "PUT",
        "/api/v1/kpis/unit.marketing.spend",
        json("name", "Spend of marketing").put("unit", "EUR"),
        loop);

    twin.change("POST", "/api/v1/kpis/unit.marketing.spend/samples", value(1250), loop);

    JsonNode event = seen("dto.budget.overrun_predicted", "marketing");
    double forecast = event.at("/data/forecast_eur").asDouble();
    assertThat(forecast).isGreaterThanOrEqualTo(1250);
    assertThat(event.at("/data/budget_eur").asDouble()).isEqualTo(1000);
    assertThat(event.at("/data/overrun_pct").asDouble())
        .isCloseTo((forecast - 1000) / 10, within(0.051));
    assertThat(property("marketing", "forecast_eur").asDouble()).isEqualTo(forecast);
    return "marketing";
  }

  private static String risk(String loop) {
    put(
        "acme",
        "Vendor",
        json("score", 80).put("threshold", 60).put("contract_expiry", "2030-12-31"));
    put("delivery", "Process", none());
    twin.relate("delivery", "SUPPLIED_BY", "acme", "setup");

    twin.patchNode("acme", json("score", 40), loop);

    JsonNode event = seen("dto.vendor.risk_elevated", "acme");
    assertThat(event.at("/data/previous_score").asDouble()).isEqualTo(80);
    assertThat(event.at("/data/process_ids/0").asText()).isEqualTo("delivery");
    return "acme";
  }

  private static String deadline(String loop) {
    String inTenDays = LocalDate.now(ZoneOffset.UTC).plusDays(10).toString();
    twin.putNode(
        "report",
        "ComplianceObligation",
        "Report",
        json("deadline", inTenDays).put("title", "Yearly report").put("responsible_id", "p-9"),
        loop);

    JsonNode event = seen("dto.compliance.deadline_approaching", "report");
    assertThat(event.at("/data/days_left").asInt()).isBetween(9, 10);
    assertThat(event.at("/data/deadline").asText()).isEqualTo(inTenDays);
    return "report";
  }

  // What automation did

  private static String completed(String loop) {
    register("tests", "good", "- greet: {set: {hello: world}}");
    JsonNode run = start("good", "run-good", loop);
    until(
        () ->
            assertThat(twin.samples("workflow.tests.good.execution_time"))
                .hasSize(1)
                .allMatch(sample -> sample.path("source").asText().equals("bpa.run-good")));
    assertThat(valuesOf("workflow.tests.good.error_rate")).containsExactly(0.0);
    return run.path("id").asText();
  }

  private static String failed(String loop) {
    register(
        "tests",
        "bad",
        "- fail: {raise: {error: {type: 'https://example.com/bad', status: 500, title: Bad}}}");
    JsonNode run = start("bad", "run-bad", loop);
    until(() -> assertThat(valuesOf("workflow.tests.bad.error_rate")).containsExactly(1.0));
    put("billing-run", "Process", none());
    bus.tell(
        "failed-of-process",
        "bpa.workflow.failed",
        "Process",
        "billing-run",
        loop,
        json("workflow_id", "wf-7").put("definition", "twinloop/some-workflow/1.0.0"));
    until(() -> assertThat(valuesOf("process.billing-run.error_rate")).containsExactly(1.0));
    return run.path("id").asText();
  }

  private static String onboarded(String loop) {
    put("sales", "OrganizationUnit", json("headcount", 1).put("headcount_min", 2));
    ObjectNode data =
        json("employee_id", "p-2")
            .put("anonymized_name", "Person 2")
            .put("unit_id", "sales")
            .put("seniority", "senior")
            .put("join_date", today())
            .put("fte", 0.8);

    tellTwice("joined-2", "bpa.employee.onboarded", "Person", "p-2", loop, data);

    until(() -> assertThat(property("sales", "headcount").asInt()).isEqualTo(2));
    JsonNode person = twin.node("p-2");
    assertThat(person.path("label").asText()).isEqualTo("Person 2");
    assertThat(person.at("/properties/seniority").asText()).isEqualTo("senior");
    until(
        () -> assertThat(twin.node("p-2").at("/relations/0/targetId").asText()).isEqualTo("sales"));
    assertThat(twin.node("p-2").at("/relations/0/properties/fte").asDouble()).isEqualTo(0.8);
    return "p-2";
  }

  private static String offboarded(String loop) {
    put("legal", "OrganizationUnit", json("headcount", 5));
    employ("p-3", "legal", "counsel");
    employ("p-4", "legal", "counsel");

    ObjectNode data =
        json("employee_id", "p-3")
            .put("unit_id", "legal")
            .put("role_id", "counsel")
            .put("left_on", today());
    tellTwice("left-3", "bpa.employee.offboarded", "Person", "p-3", loop, data);

    until(() -> assertThat(twin.node("p-3").path("relations")).isEmpty());
    assertThat(property("legal", "headcount").asInt()).isEqualTo(4);
    assertThat(property("counsel", "vacant").asBoolean(false)).as("p-4 holds it").isFalse();
    return "p-3";
  }

  private static String automated(String loop) {
    put("scan", "Process", json("automation_level", "manual").put("avg_duration_days", 3));

    tellTwice(
        "automated-1",
        "bpa.process.automated",
        "Process",
        "scan",
        loop,
        json("process_id", "scan")
            .put("automation_level", "full-auto")
            .put("new_avg_time_days", 0.5)
            .put("automated_at", "2026-03-01T12:00:00Z"));

    until(() -> assertThat(property("scan", "automation_level").asText()).isEqualTo("full-auto"));
    assertThat(property("scan", "avg_duration_days").asDouble()).isEqualTo(0.5);
    assertThat(property("scan", "last_automated_at").asText()).isEqualTo("2026-03-01T12:00:00Z");
    return "scan";
  }

  /** The breach's own loop closes; a second one within the month moves the mean. */
  private static String resolved(String loop) {
    put("claims", "Process", json("sla_days", 5).put("avg_duration_days", 4));
    twin.patchNode("claims", json("avg_duration_days", 6), loop);
    seen("dto.process.sla_breach", "claims");
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);

    tellTwice(
        "resolved-1",
        "bpa.sla.resolved",
        "Process",
        "claims",
        loop,
        resolution(1.5, now.minusSeconds(60)));
    until(() -> assertThat(property("claims", "avg_duration_days").asDouble()).isEqualTo(1.5));
    bus.tell("resolved-2", "bpa.sla.resolved", "Process", "claims", loop, resolution(6.25, now));

    until(() -> assertThat(property("claims", "avg_duration_days").asDouble()).isEqualTo(3.88));
    assertThat(property("claims", "sla_compliance").asDouble()).isEqualTo(50.0);
    assertThat(valuesOf("process.claims.resolution_time")).containsExactly(1.5, 6.25);
    assertThat(bus.all(each -> isOf(each, "dto.process.sla_breach", "claims")))
        .as("no new alert")
        .hasSize(1);
    until(
        () ->
            assertThat(twin.loop(loop).path("measure"))
                .extracting(step -> step.path("what").asText())
                .contains("measured", "twin updated", "resolved", "concern settled"));
    return "claims";
  }

  private static ObjectNode resolution(double days, Instant at) {
    return json("process_id", "claims")
        .put("resolution_time_days", days)
        .put("resolved_at", at.toString());
  }

  private static String approved(String loop) {
    put("research", "OrganizationUnit", json("budget", 100));

    tellTwice(
        "approved-1",
        "bpa.budget.approved",
        "OrganizationUnit",
        "research",
        loop,
        json("unit_id", "research")
            .put("approved_eur", 250)
            .put("budget_remaining_eur", 120)
            .put("approved_by", "cfo"));

    until(() -> assertThat(property("research", "budget").asDouble()).isEqualTo(250));
    assertThat(property("research", "budget_remaining").asDouble()).isEqualTo(120);
    return "research";
  }

  private static String renewed(String loop) {
    put("globex", "Vendor", json("contract_expiry", "2026-01-31"));

    tellTwice(
        "renewed-1",
        "bpa.contract.renewed",
        "Vendor",
        "globex",
        loop,
        json("vendor_id", "globex")
            .put("contract_id", "c-1")
            .put("expiry_date", "2030-01-31")
            .put("annual_value_eur", 12_000));

    until(() -> assertThat(property("globex", "expiry_date").asText()).isEqualTo("2030-01-31"));
    assertThat(property("globex", "annual_value_eur").asDouble()).isEqualTo(12_000);
    return "globex";
  }

  private static String updated(String loop) {
    twin.defineKpi("answer-time");

    tellTwice(
        "updated-1",
        "bpa.kpi.updated",
        "KPI",
        "answer-time",
        loop,
        json("value", 4.5).put("workflow_id", "wf-1").put("measured_at", Instant.now().toString()));

    until(() -> assertThat(valuesOf("answer-time")).containsExactly(4.5));
    return "answer-time";
  }

  // The language of these scenarios

  private static JsonNode start(String definition, String id, String loop) {
    ObjectNode body = json("id", id).put("correlationId", loop);
    body.putObject("definition").put("namespace", "tests").put("name", definition);
    body.putObject("input");
    Twin.Answer answer = twin.change("POST", "/api/v1/workflows", body, loop);
    assertThat(answer.isOk()).as("%s", answer).isTrue();
    return answer.body();
  }

  private static void employ(String personId, String unitId, String roleId) {
    put(personId, "Person", none());
    put(roleId, "Role", json("title", "Title of " + roleId));
    twin.relate(personId, "BELONGS_TO", unitId, "setup");
    twin.relate(personId, "HAS_ROLE", roleId, "setup");
  }

  private static void tellTwice(
      String id, String type, String entityType, String subject, String loop, ObjectNode data) {
    bus.tell(id, type, entityType, subject, loop, data);
    bus.tell(id, type, entityType, subject, loop, data);
  }

  private static JsonNode seen(String type, String subject) {
    return bus.await(type + " of " + subject, PATIENCE, each -> isOf(each, type, subject));
  }

  private static boolean isOf(JsonNode event, String type, String subject) {
    return event.path("type").asText().equals(type)
        && event.path("subject").asText().equals(subject);
  }

  private static void put(String id, String type, ObjectNode properties) {
    twin.putNode(id, type, "The " + id, properties, "setup");
  }

  private static JsonNode property(String id, String name) {
    return twin.node(id).path("properties").path(name);
  }

  private static List<Double> valuesOf(String kpiId) {
    return twin.samples(kpiId).stream().map(sample -> sample.path("value").asDouble()).toList();
  }

  private static void until(ThrowingRunnable assertion) {
    await().atMost(PATIENCE).ignoreExceptions().untilAsserted(assertion);
  }

  private static ObjectNode value(double value) {
    return json("value", value);
  }

  private static String today() {
    return LocalDate.now(ZoneOffset.UTC).toString();
  }

  private static ObjectNode none() {
    return Twin.object();
  }

  private static ObjectNode json(String name, Object value) {
    ObjectNode json = Twin.object();
    json.set(name, JSON.valueToTree(value));
    return json;
  }
}
