package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Packing samples into columns and back. */
class SampleBatchTest {

  private static final Instant START = Instant.parse("1969-12-31T23:59:59.999999Z");

  @Test
  void shouldUnpackWhatWasPacked() throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (long seed = 1; seed <= 100; seed++) {
      List<Sample> samples = randomSamples(new Random(seed));

      SampleBatch batch = SampleBatch.of(samples);

      assertThat(batch.size()).as("seed %d", seed).isEqualTo(samples.size());
      assertThat(batch.samples()).as("seed %d", seed).isEqualTo(samples);
      assertThat(json.readValue(json.writeValueAsBytes(batch), SampleBatch.class).samples())
          .as("seed %d, through JSON", seed)
          .isEqualTo(samples);
    }
  }

  @Test
  void shouldNameASourceThatHoldsForAllOnce() {
    SampleBatch batch =
        SampleBatch.of(
            List.of(Sample.of(START, 1, "meter"), Sample.of(START.plusSeconds(1), 2, "meter")));

    assertThat(batch.sources()).containsExactly("meter");
    assertThat(batch.confidences()).as("all are sure").isEmpty();
  }

  @Test
  void shouldPackNothing() {
    assertThat(SampleBatch.of(List.of()).samples()).isEmpty();
  }

  @Test
  void shouldRefuseColumnsOfDifferentLength() {
    assertThatThrownBy(
            () -> new SampleBatch(List.of(1L, 2L), List.of(1.0), List.of("meter"), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 timestamps, 1 values");
    assertThatThrownBy(
            () ->
                new SampleBatch(
                    List.of(1L, 2L, 3L), List.of(1.0, 2.0, 3.0), List.of("a", "b"), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 sources");
  }

  private static List<Sample> randomSamples(Random random) {
    boolean oneSource = random.nextBoolean();
    boolean allSure = random.nextBoolean();
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < random.nextInt(20); i++) {
      samples.add(
          new Sample(
              START.plusNanos(random.nextLong(-1_000_000_000_000L, 1_000_000_000_000L)),
              random.nextGaussian() * Math.pow(10, random.nextInt(-300, 300)),
              oneSource ? "meter" : "meter-" + random.nextInt(3),
              allSure ? 1 : random.nextDouble()));
    }
    return samples;
  }
}
