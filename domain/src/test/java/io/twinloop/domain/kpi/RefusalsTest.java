package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What a KPI's values refuse, and that the sentence quotes what was wrong. */
class RefusalsTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void shouldRefuseDetectorSettingsQuotingTheBadValue() {
    refused(() -> new DetectorSpec("psychic", 30, 7, 2.5, 3.5), "type 'psychic'", "'zscore'");
    refused(() -> new DetectorSpec(null, 30, 7, 2.5, 3.5), "type 'null'");
    refused(() -> new DetectorSpec("zscore", 1, 1, 2.5, 3.5), "window is 1", "2 to 1000");
    refused(() -> new DetectorSpec("zscore", 1_001, 7, 2.5, 3.5), "window is 1001");
    refused(() -> new DetectorSpec("zscore", 30, 1, 2.5, 3.5), "minimum is 1");
    refused(() -> new DetectorSpec("zscore", 30, 31, 2.5, 3.5), "minimum is 31");
    refused(() -> new DetectorSpec("zscore", 30, 7, 0, 3.5), "high is 0.0");
    refused(() -> new DetectorSpec("zscore", 30, 7, Double.NaN, 3.5), "high is NaN");
    refused(() -> new DetectorSpec("zscore", 30, 7, 2.5, 2.4), "critical is 2.4", "at least");
    refused(
        () -> new DetectorSpec("zscore", 30, 7, 2.5, Double.POSITIVE_INFINITY),
        "critical is Infinity");
  }

  @Test
  void shouldTakeTheDefaultForWhatADetectorLeavesOut() throws Exception {
    ObjectMapper json = new ObjectMapper();

    assertThat(json.readValue("{}", DetectorSpec.class)).isEqualTo(DetectorSpec.DEFAULT);
    assertThat(json.readValue("{\"window\": 5}", DetectorSpec.class))
        .as("the minimum does not exceed the window")
        .isEqualTo(new DetectorSpec("zscore", 5, 5, 2.5, 3.5));
    assertThat(json.readValue("{\"high\": 4}", DetectorSpec.class))
        .as("critical is not below high")
        .isEqualTo(new DetectorSpec("zscore", 30, 7, 4, 4));
  }

  @Test
  void shouldRefuseADefinitionQuotingTheBadValue() {
    refused(() -> definition(" ", "EUR", null), "name is missing or blank");
    refused(() -> definition(null, "EUR", null), "name is missing or blank");
    refused(() -> definition("x".repeat(201), "EUR", null), "name has 201 characters");
    refused(() -> definition("Spend", "", null), "unit is missing or blank");
    refused(() -> definition("Spend", "x".repeat(41), null), "unit has 41 characters");
    refused(() -> definition("Spend", "EUR", Double.NaN), "target is NaN");
    refused(() -> definition("Spend", "EUR", Double.NEGATIVE_INFINITY), "target is -Infinity");
  }

  @Test
  void shouldFillInWhatADefinitionLeavesOut() {
    KpiDefinition definition = definition("Spend", "EUR", 5.0);

    assertThat(definition.polarity()).isEqualTo(Polarity.HIGHER_BETTER);
    assertThat(definition.detector()).isEqualTo(DetectorSpec.DEFAULT);
  }

  @Test
  void shouldRefuseASampleQuotingTheBadValue() {
    refused(() -> Sample.of(NOON, Double.NaN, "meter"), "value is NaN");
    refused(() -> Sample.of(NOON, Double.POSITIVE_INFINITY, "meter"), "value is Infinity");
    refused(() -> Sample.of(NOON, 1, " "), "source", "' '");
    refused(() -> Sample.of(NOON, 1, null), "source", "'null'");
    refused(() -> Sample.of(NOON, 1, "x".repeat(201)), "source");
    refused(() -> new Sample(NOON, 1, "meter", 1.5), "confidence is 1.5");
    refused(() -> new Sample(NOON, 1, "meter", Double.NaN), "confidence is NaN");
    refused(
        () -> Sample.of(Instant.parse("1899-12-31T23:59:59Z"), 1, "meter"),
        "timestamp is 1899-12-31T23:59:59Z");
    refused(() -> Sample.of(Instant.MAX, 1, "meter"), "timestamp is +1000000000");
  }

  @Test
  void shouldRefuseInAMeasurementWhatASampleRefuses() {
    refused(() -> new Measurement(null, Double.NaN, "meter", 1), "value is NaN");
    refused(() -> new Measurement(Instant.MIN, 1, "meter", 1), "timestamp is -1000000000");
    refused(
        () -> new Measurement(Instant.parse("2199-01-01T00:00:00Z"), 1, "meter", 1),
        "timestamp is 2199-01-01T00:00:00Z");
  }

  private static KpiDefinition definition(String name, String unit, Double target) {
    return new KpiDefinition(name, unit, null, null, target, null, null, null, null, null);
  }

  private static void refused(ThrowingCallable making, String... words) {
    assertThatThrownBy(making)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(words);
  }
}
