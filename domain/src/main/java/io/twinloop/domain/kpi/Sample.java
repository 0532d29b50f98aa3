package io.twinloop.domain.kpi;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;

/**
 * One measured value of a KPI.
 *
 * @param timestamp when it was true; kept to the microsecond
 * @param value finite, in the KPI's unit
 * @param source who measured; with the timestamp it makes a sample unique within its KPI
 * @param confidence how sure the source is, 0 to 1
 */
public record Sample(Instant timestamp, double value, String source, double confidence) {

  /** The order a detector sees samples in: by time, then by source. */
  public static final Comparator<Sample> IN_TIME =
      Comparator.comparing(Sample::timestamp).thenComparing(Sample::source);

  /** The source of a sample whose sender named none. */
  public static final String UNKNOWN_SOURCE = "unknown";

  private static final Instant EARLIEST = Instant.parse("1900-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("2201-01-01T00:00:00Z");

  public Sample {
    if (timestamp.isBefore(EARLIEST) || !timestamp.isBefore(LATEST)) {
      throw new IllegalArgumentException(
          "timestamp is " + timestamp + ", expected one from 1900 to 2200");
    }
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("value is " + value + ", expected a finite number");
    }
    if (source == null || source.isBlank() || source.length() > 200) {
      throw new IllegalArgumentException("source has to be 1 to 200 characters: '" + source + "'");
    }
    if (!(confidence >= 0 && confidence <= 1)) {
      throw new IllegalArgumentException("confidence is " + confidence + ", expected 0 to 1");
    }
    timestamp = timestamp.truncatedTo(ChronoUnit.MICROS);
    value = value + 0.0; // one zero only
  }

  /** A sample its source is sure of. */
  public static Sample of(Instant timestamp, double value, String source) {
    return new Sample(timestamp, value, source, 1.0);
  }

  /** Whether the two are the same sample, told twice. */
  public boolean isSameAs(Sample other) {
    return timestamp.equals(other.timestamp) && source.equals(other.source);
  }
}
