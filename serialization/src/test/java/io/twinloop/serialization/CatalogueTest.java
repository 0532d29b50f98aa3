package io.twinloop.serialization;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.serialization.Catalogue.Entry;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The catalogue as it is read from its file. */
class CatalogueTest {

  @Test
  void shouldKnowAnAnomalyOfAKpiAndTheWorkflowThatAnswersIt() {
    assertThat(Catalogue.find("dto.kpi.anomaly_detected"))
        .contains(
            new Entry(
                "dto.kpi.anomaly_detected",
                Direction.DTO_TO_BPA,
                Priority.HIGH,
                "KPI",
                List.of(
                    "kpi_name",
                    "kpi_unit",
                    "current_value",
                    "baseline_mean",
                    "z_score",
                    "severity",
                    "owner_unit_id",
                    "recommended_action"),
                "kpi-anomaly-response",
                null));
  }

  @Test
  void shouldAnswerWhatIsCriticalByAWorkflowOfItsOwnWhereThereIsOne() {
    Entry breach = Catalogue.find("dto.process.sla_breach").orElseThrow();
    assertThat(breach.startsAt(Priority.HIGH)).isEqualTo("sla-escalation-workflow");
    assertThat(breach.startsAt(Priority.CRITICAL)).isEqualTo("sla-critical-escalation");
    Entry anomaly = Catalogue.find("dto.kpi.anomaly_detected").orElseThrow();
    assertThat(anomaly.startsAt(Priority.CRITICAL)).isEqualTo("kpi-anomaly-response");
    assertThat(Catalogue.find("bpa.sla.resolved").orElseThrow().startsAt(Priority.CRITICAL))
        .isNull();
  }

  @Test
  void shouldKnowAWorkflowForAllThatTheTwinSensesAndForNothingElse() {
    assertThat(Catalogue.all())
        .allSatisfy(
            entry ->
                assertThat(entry.starts() != null)
                    .as(entry.type())
                    .isEqualTo(entry.direction() == Direction.DTO_TO_BPA));
  }

  @Test
  void shouldTellByTheFirstSegmentWhoSpeaks() {
    assertThat(Catalogue.all())
        .isNotEmpty()
        .allSatisfy(
            entry ->
                assertThat(entry.direction())
                    .isEqualTo(
                        entry.type().startsWith("dto.")
                            ? Direction.DTO_TO_BPA
                            : Direction.BPA_TO_DTO));
  }

  @Test
  void shouldGuessDirectionAndPriorityOfATypeItDoesNotKnow() {
    assertThat(Catalogue.find("dto.moon.risen")).isEmpty();
    assertThat(Catalogue.directionOf("dto.moon.risen")).isEqualTo(Direction.DTO_TO_BPA);
    assertThat(Catalogue.directionOf("partner.moon.risen")).isEqualTo(Direction.BPA_TO_DTO);
    assertThat(Catalogue.priorityOf("dto.moon.risen")).isEqualTo(Priority.MEDIUM);
  }
}
