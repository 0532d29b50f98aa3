package io.twinloop.domain.kpi;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A value as its sender told it: a {@link Sample} once it has a timestamp.
 *
 * @param timestamp absent when the twin shall take its own time
 * @param value finite, in the KPI's unit
 * @param source who measured
 * @param confidence how sure the source is, 0 to 1
 */
public record Measurement(
    @Nullable Instant timestamp, double value, String source, double confidence) {

  public Measurement {
    // A sample refuses what a measurement must not have; the time stands in for the missing one.
    new Sample(timestamp == null ? Instant.EPOCH : timestamp, value, source, confidence);
  }

  /** The sample this is, with {@code stamp} where its sender named no time. */
  Sample at(Instant stamp) {
    return new Sample(timestamp == null ? stamp : timestamp, value, source, confidence);
  }
}
