package io.twinloop.domain.kpi;

import java.time.Duration;
import java.time.Instant;

/** Whether an anomaly found in a sample is only recorded or also told to the outside. */
public enum Mode {
  /** Live unless the sample is more than {@link #HISTORY_AFTER} old when it arrives. */
  AUTO,
  /** Anomalies start loops, however old the sample is. */
  LIVE,
  /** Anomalies are recorded as episodes and emit nothing outward. */
  HISTORY;

  /** From this age on, a sample whose sender named no mode is history. */
  public static final Duration HISTORY_AFTER = Duration.ofHours(24);

  /** Whether a sample taken at {@code timestamp} and received at {@code now} may start a loop. */
  public boolean isLive(Instant timestamp, Instant now) {
    return switch (this) {
      case LIVE -> true;
      case HISTORY -> false;
      case AUTO -> !timestamp.isBefore(now.minus(HISTORY_AFTER));
    };
  }
}
