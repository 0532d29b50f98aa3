package io.twinloop.client.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Incident.KpiOff;
import io.twinloop.client.demo.Staff.Plan;
import java.time.Instant;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;

/** Who takes a task, and what they put into its form. */
class StaffTest {

  private static final Instant NOW = Instant.parse("2026-03-31T09:14:00Z");

  private final Company company = CompanyBuilder.build(7, LocalDate.of(2026, 3, 31));
  private final World world = new World(company);
  private final Staff staff = new Staff(company, world);

  private static JsonNode task(String candidate, String properties, String required) {
    try {
      return new ObjectMapper()
          .readTree(
              """
              {"id": "t~1", "candidates": ["%s"], "request": {"form": {"type": "object",
               "properties": {%s}, "required": [%s]}}}
              """
                  .formatted(candidate, properties, required));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private Person whoTakes(String candidate) {
    return staff.plan(task(candidate, "", ""), NOW).who();
  }

  @Test
  void shouldLetTheManagerOfAUnitTakeWhatItsUnitIsAsked() {
    String unit = company.processes().get(0).ownerId();
    Person manager = company.managerOf(unit).orElseThrow();
    assertThat(whoTakes("unit:" + unit)).isEqualTo(manager);
    assertThat(whoTakes("managerOf:" + unit)).isEqualTo(manager);
  }

  @Test
  void shouldFindSomebodyForEveryRole() {
    assertThat(whoTakes("role:cfo")).isEqualTo(company.holderOf("Chief financial officer"));
    assertThat(whoTakes("role:hr-manager")).isEqualTo(company.holderOf("Head of People"));
    assertThat(whoTakes("role:nobody-knows")).isEqualTo(company.holderOf("Managing director"));
  }

  @Test
  void shouldLetAPersonAskedByNameTakeIt() {
    Person person = company.people().get(40);
    assertThat(whoTakes("user:" + person.id())).isEqualTo(person);
  }

  @Test
  void shouldClaimFirstAndCompleteWithinSeconds() {
    Plan plan = staff.plan(task("role:cfo", "", ""), NOW);
    assertThat(plan.claimAt()).isBetween(NOW.plusSeconds(1), NOW.plusSeconds(4));
    assertThat(plan.completeAt())
        .isBetween(plan.claimAt().plusSeconds(2), plan.claimAt().plusSeconds(4));
  }

  @Test
  void shouldRemoveTheCauseAndMeasureAfterwards() {
    Company.Measure kpi = company.kpis().get(0);
    double usual = world.value(kpi, NOW);
    world.disturb(new KpiOff(kpi.id(), 0.3, "a cable in the wrong place"));
    ObjectNode answer =
        staff.answer(
            task("role:cfo", "\"resolution\":{\"type\":\"string\"},\"measured_value\":{}", ""),
            kpi.id(),
            Twin.object(),
            NOW);
    assertThat(answer.get("resolution").asText()).contains("a cable in the wrong place");
    assertThat(answer.get("measured_value").asDouble()).isEqualTo(usual);
    assertThat(world.disturbance(kpi.id())).isEmpty();
  }

  @Test
  void shouldResolveABreachWithinTheSla() {
    Company.Work process = company.processes().get(0);
    ObjectNode answer =
        staff.answer(
            task(
                "role:cfo",
                "\"resolution_time_days\":{\"type\":\"number\"}",
                "\"resolution_time_days\""),
            process.id(),
            Twin.object(),
            NOW);
    assertThat(answer.get("resolution_time_days").asDouble()).isBetween(0.1, process.slaDays());
  }

  @Test
  void shouldHireSomebodyNew() {
    String form = "\"employee_id\":{},\"anonymized_name\":{},\"join_date\":{},\"fte\":{}";
    ObjectNode first = staff.answer(task("role:hr-manager", form, ""), "", Twin.object(), NOW);
    ObjectNode second = staff.answer(task("role:hr-manager", form, ""), "", Twin.object(), NOW);
    assertThat(first.get("employee_id")).isNotEqualTo(second.get("employee_id"));
    assertThat(company.person(first.get("employee_id").asText())).isEmpty();
    assertThat(company.people())
        .extracting(Person::alias)
        .doesNotContain(first.get("anonymized_name").asText());
    assertThat(first.get("join_date").asText()).isEqualTo("2026-03-31");
  }

  @Test
  void shouldApproveMoreThanTheForecast() {
    ObjectNode answer =
        staff.answer(
            task("role:finance", "\"approved_eur\":{\"type\":\"number\"}", ""),
            company.withBudget().get(0).id(),
            Twin.object().put("forecast_eur", 1_234_567.8).put("budget", 1_000_000),
            NOW);
    assertThat(answer.get("approved_eur").asLong()).isEqualTo(1_297_000);
  }

  @Test
  void shouldPutSomethingIntoRequiredFieldsNobodyHasHeardOf() {
    ObjectNode answer =
        staff.answer(
            task(
                "role:cfo",
                "\"a\":{\"enum\":[\"x\",\"y\"]},\"b\":{\"type\":\"number\",\"minimum\":3},\"c\":{}",
                "\"a\",\"b\",\"c\""),
            "",
            Twin.object(),
            NOW);
    assertThat(answer.toString()).isEqualTo("{\"a\":\"x\",\"b\":3,\"c\":\"done\"}");
  }
}
