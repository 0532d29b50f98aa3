package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import io.twinloop.domain.outbound.Backoff;
import java.time.Duration;

/** The settings {@code twinloop.outbound.sender}, each explained in {@code reference.conf}. */
public record SenderSettings(
    Duration interval,
    int inFlight,
    Duration timeout,
    Duration lease,
    int maxAttempts,
    Backoff backoff,
    Duration longestPause,
    Duration maxAge) {

  private static final String PATH = "twinloop.outbound.sender";

  /** Refuses settings that make no sense, naming the key. */
  public SenderSettings {
    check(isPositive(interval), "interval", "longer than nothing", interval);
    check(inFlight > 0, "in-flight", "1 or more", inFlight);
    check(isPositive(timeout), "timeout", "longer than nothing", timeout);
    check(lease.compareTo(timeout) > 0, "lease", "longer than timeout", lease);
    check(maxAttempts > 0, "max-attempts", "1 or more", maxAttempts);
    check(isPositive(longestPause), "longest-pause", "longer than nothing", longestPause);
    check(isPositive(maxAge), "max-age", "longer than nothing", maxAge);
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static SenderSettings from(Config application) {
    Config config = application.getConfig(PATH);
    Duration longest = config.getDuration("longest-pause");
    return new SenderSettings(
        config.getDuration("interval"),
        config.getInt("in-flight"),
        config.getDuration("timeout"),
        config.getDuration("lease"),
        config.getInt("max-attempts"),
        backoff(config.getDuration("first-pause"), longest),
        longest,
        config.getDuration("max-age"));
  }

  private static Backoff backoff(Duration first, Duration longest) {
    check(isPositive(first), "first-pause", "longer than nothing", first);
    check(longest.compareTo(first) >= 0, "longest-pause", "no shorter than first-pause", longest);
    return new Backoff(first, longest);
  }

  private static boolean isPositive(Duration duration) {
    return !duration.isZero() && !duration.isNegative();
  }

  private static void check(boolean fine, String key, String expected, Object value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must be %s, not %s".formatted(PATH, key, expected, value));
    }
  }
}
