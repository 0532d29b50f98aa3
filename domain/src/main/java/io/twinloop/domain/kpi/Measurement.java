package io.twinloop.domain.kpi;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A value as its sender told it: a {@link Sample} once it has a timestamp.
 *
 * @param timestamp absent when the twin shall take its own time; before 2199, which leaves room for
 *     the times the twin gives after it
 * @param value finite, in the KPI's unit
 * @param source who measured
 * @param confidence how sure the source is, 0 to 1
 */
public record Measurement(
    @Nullable Instant timestamp, double value, String source, double confidence) {

  private static final Instant LATEST = Instant.parse("2199-01-01T00:00:00Z");

  public Measurement {
    if (timestamp != null && !timestamp.isBefore(LATEST)) {
      throw new IllegalArgumentException(
          "timestamp is " + timestamp + ", expected one from 1900 to 2198");
    }
    // A sample refuses what a measurement must not have; the time stands in for the missing one.
    new Sample(timestamp == null ? Instant.EPOCH : timestamp, value, source, confidence);
  }

  /** The sample this is, with {@code stamp} where its sender named no time. */
  Sample at(Instant stamp) {
    return new Sample(timestamp == null ? stamp : timestamp, value, source, confidence);
  }
}
