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
                "kpi-anomaly-response"));
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
