package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stories the product is for, over HTTP and a real Kafka, on a clock the story moves. */
class ScenariosTest {

  @TempDir static Path folder;

  private static ServicesProcess services;
  private static NodeProcess node;
  private static Scenario story;

  @BeforeAll
  static void startANode() {
    services = ServicesProcess.start(folder.resolve("services"));
    node =
        NodeProcess.named("a", folder)
            .using(services)
            .with("TWINLOOP_MOVABLE_CLOCK", "true")
            .start();
    story = new Scenario(new Twin(node::url), services.kafkaBootstrap());
  }

  @AfterAll
  static void stopIt() {
    if (story != null) {
      story.close();
    }
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
  }

  @Test
  void shouldEscalateABreachOfTheSlaAndFollowItsResolution() {
    story
        .has("OrganizationUnit", "finance", "{}")
        .has("Process", "invoice-approval", "{\"sla_days\": 5, \"avg_duration_days\": 4}")
        .relates("finance", "OWNS_PROCESS", "invoice-approval")
        .changes("invoice-approval", "{\"avg_duration_days\": 8.2}");

    String loop = story.loopOf("invoice-approval");
    JsonNode breach = story.event("dto.process.sla_breach", loop);
    assertThat(breach.get("priority").asText()).isEqualTo("critical");
    assertThat(breach.at("/data/breach_pct").asDouble()).isEqualTo(64.0);
    assertThat(breach.at("/data/delay_days").asDouble()).isEqualTo(3.2);
    JsonNode told = story.told("CRITICAL: invoice-approval is far over its SLA", loop);
    assertThat(told.get("recipient").asText()).isEqualTo("managerOf:finance");
    Instant sensed = Instant.parse(breach.get("time").asText());
    assertThat(Duration.between(sensed, Instant.parse(told.get("at").asText())))
        .isLessThan(Duration.ofMinutes(1));
    JsonNode urgent = story.task("Urgent: bring invoice-approval back", loop);
    assertThat(urgent.get("priority").asText()).isEqualTo("critical");
    assertThat(urgent.get("candidates").get(0).asText()).isEqualTo("managerOf:finance");
    assertThat(urgent.get("dueAt").asText()).isNotBlank();

    story.timePasses(Duration.ofHours(2));

    JsonNode escalated = story.task("Escalated: bring invoice-approval back", loop);
    assertThat(escalated.get("candidates").get(0).asText()).isEqualTo("role:cfo");
    story.told("ESCALATED: invoice-approval is still far over its SLA", loop);

    story.completes(escalated, "{\"resolution_time_days\": 1.5}");

    JsonNode resolved = story.event("bpa.sla.resolved", loop);
    assertThat(resolved.at("/data/resolution_time_days").asDouble()).isEqualTo(1.5);
    story.property("invoice-approval", "avg_duration_days", 1.5).closed(loop);
    assertThat(story.events("dto.process.sla_breach", loop)).hasSize(1);
    assertThat(story.run("sla-critical-escalation", loop).get("status").asText())
        .isEqualTo("COMPLETED");
  }

  @Test
  void shouldFollowALeaverAndFillTheVacancy() {
    story
        .has("OrganizationUnit", "payroll", "{\"headcount\": 5, \"headcount_min\": 5}")
        .has("Role", "accountant", "{\"title\": \"Accountant\"}")
        .has("Person", "e-1", "{}")
        .relates("e-1", "BELONGS_TO", "payroll")
        .relates("e-1", "HAS_ROLE", "accountant");
    String news =
        "{\"event\": \"employment_ended\", \"employeeId\": \"e-1\", \"unitId\": \"payroll\", \"date\": \"%s\"}"
            .formatted(LocalDate.now(ZoneOffset.UTC));

    String offboarding = story.hrTells(news);
    assertThat(story.hrTells(news)).as("the same news again").isEqualTo(offboarding);

    String loop = story.runOf(offboarding).get("correlationId").asText();
    story.told("Disable the account of e-1", loop);
    story.told("Revoke all access of e-1", loop);
    story.told("Recover the equipment of e-1", loop);
    JsonNode left = story.event("bpa.employee.offboarded", loop);
    assertThat(left.at("/data/role_id").asText()).isEqualTo("accountant");
    story
        .relations("e-1", "BELONGS_TO")
        .relations("e-1", "HAS_ROLE")
        .property("accountant", "vacant", true)
        .property("payroll", "headcount", 4);

    JsonNode vacancy = story.event("dto.org.vacancy_detected", loop);
    assertThat(vacancy.at("/data/unit_id").asText()).isEqualTo("payroll");
    assertThat(vacancy.at("/data/role_title").asText()).isEqualTo("Accountant");
    JsonNode told = story.told("Vacancy: Accountant in payroll", loop);
    assertThat(told.get("recipient").asText()).isEqualTo("role:hr-manager");
    assertThat(told.get("body").asText()).contains("A job posting is drafted");
    story.run("hiring-request-workflow", loop);

    story
        .completes(
            story.task("Fill the vacancy: Accountant", loop),
            "{\"employee_id\": \"e-2\", \"anonymized_name\": \"Person 2\", \"fte\": 1}")
        .completes(
            story.task("Confirm the offboarding of e-1", loop), "{\"assets_recovered\": true}")
        .completes(story.task("Confirm that e-2 can work", loop), "{\"account_created\": true}");

    story.event("bpa.employee.onboarded", loop);
    story
        .relations("e-2", "BELONGS_TO", "payroll")
        .property("payroll", "headcount", 5)
        .closed(loop);
    assertThat(story.events("dto.org.vacancy_detected", loop)).hasSize(1);
  }

  @Test
  void shouldTakeAnEventOnceWhicheverDoorItComesBy() {
    new Twin(node::url).defineKpi("doors");

    story.comesByHttp(measured("door-1", 1)).values("doors", 1);
    story.comesByKafka(measured("door-1", 2)).comesByHttp(measured("door-1", 3));
    story.comesByKafka(measured("door-2", 4));

    assertThat(story.values("doors", 2)).containsExactlyInAnyOrder(1.0, 4.0);
  }

  private static String measured(String eventId, int value) {
    return """
        {"specversion": "1.0", "id": "%s", "type": "bpa.kpi.updated", "source": "//bpa/w-1",
         "subject": "doors", "time": "%s", "data": {"value": %d, "workflow_id": "w-1"}}
        """
        .formatted(eventId, Instant.now(), value);
  }

  @Test
  void shouldEscalateByTheCommandsOfTheReadme() throws Exception {
    Path output = folder.resolve("scenario-a.txt");
    Process bash =
        new ProcessBuilder("bash", "-eu", "-c", commandsOfTheReadme())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = bash.waitFor(2, TimeUnit.MINUTES);
    String printed = Files.readString(output);
    assertThat(ended).as("the commands end; they printed %s", printed).isTrue();
    assertThat(bash.exitValue()).as(printed).isZero();
    assertThat(printed)
        .contains("\"breach_pct\":64.0")
        .contains("Escalated: bring order-approval back")
        .contains("\"state\":\"closed\"")
        .contains("\"avg_duration_days\":1.5");
  }

  private static String commandsOfTheReadme() throws IOException {
    String readme = Files.readString(root().resolve("README.md"));
    String begin = "<!-- scenario A: begin -->";
    String commands =
        readme.substring(
            readme.indexOf(begin) + begin.length(), readme.indexOf("<!-- scenario A: end -->"));
    return "TWIN=" + node.url() + "\n" + commands.replace("```bash", "").replace("```", "");
  }

  /** The repository's root, from wherever the tests run. */
  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("README.md")) && Files.exists(here.resolve("twinloop"))
        ? here
        : here.getParent();
  }
}
