package io.twinloop.integrations.http;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The settings {@code twinloop.egress}, each explained in {@code reference.conf}; sizes are bytes.
 */
public record EgressSettings(
    EgressPolicy policy,
    Duration timeout,
    Duration maxTimeout,
    Duration connectTimeout,
    int maxResponse,
    int maxRedirects,
    int maxConcurrent,
    int maxWaiting) {

  private static final String PATH = "twinloop.egress";

  /** Refuses settings that make no sense, naming the key. */
  public EgressSettings {
    check(isPositive(timeout), "timeout", "longer than nothing", timeout);
    check(maxTimeout.compareTo(timeout) >= 0, "max-timeout", "no shorter than timeout", maxTimeout);
    check(isPositive(connectTimeout), "connect-timeout", "longer than nothing", connectTimeout);
    check(maxResponse > 0, "max-response", "1 or more", maxResponse);
    check(maxRedirects >= 0, "max-redirects", "0 or more", maxRedirects);
    check(maxConcurrent > 0, "max-concurrent", "1 or more", maxConcurrent);
    check(maxWaiting > 0, "max-waiting", "1 or more", maxWaiting);
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static EgressSettings from(Config application) {
    Config config = application.getConfig(PATH);
    return new EgressSettings(
        EgressPolicy.allowing(config.getString("allow")),
        config.getDuration("timeout"),
        config.getDuration("max-timeout"),
        config.getDuration("connect-timeout"),
        Math.toIntExact(config.getBytes("max-response")),
        config.getInt("max-redirects"),
        config.getInt("max-concurrent"),
        config.getInt("max-waiting"));
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
