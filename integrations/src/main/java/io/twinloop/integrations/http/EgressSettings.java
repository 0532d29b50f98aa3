package io.twinloop.integrations.http;

import com.typesafe.config.Config;
import io.twinloop.domain.SettingsUnder;
import io.twinloop.domain.outbound.Backoff;
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
    int maxWaiting,
    Backoff backoff,
    PerDestination destination) {

  private static final String PATH = "twinloop.egress";
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);

  /** Refuses settings that make no sense, naming the key. */
  public EgressSettings {
    SETTINGS.checkPositive(timeout, "timeout");
    SETTINGS.check(
        maxTimeout.compareTo(timeout) >= 0, "max-timeout", "no shorter than timeout", maxTimeout);
    SETTINGS.checkPositive(connectTimeout, "connect-timeout");
    SETTINGS.check(maxResponse > 0, "max-response", "1 or more", maxResponse);
    SETTINGS.check(maxRedirects >= 0, "max-redirects", "0 or more", maxRedirects);
    SETTINGS.check(maxConcurrent > 0, "max-concurrent", "1 or more", maxConcurrent);
    SETTINGS.check(maxWaiting > 0, "max-waiting", "1 or more", maxWaiting);
  }

  /**
   * What holds for each destination by itself, under {@code twinloop.egress.destination}.
   *
   * @param maxConcurrent calls at the same time
   * @param rate calls in a second
   * @param failures so many of the last {@code window} calls failed: it is left alone
   * @param pause how long it is left alone before one call tries it
   */
  public record PerDestination(
      int maxConcurrent, int rate, int failures, int window, Duration pause) {

    public PerDestination {
      SETTINGS.check(maxConcurrent > 0, "destination.max-concurrent", "1 or more", maxConcurrent);
      SETTINGS.check(rate > 0, "destination.rate", "1 or more", rate);
      SETTINGS.check(failures > 0, "destination.failures", "1 or more", failures);
      SETTINGS.check(window >= failures, "destination.window", "no fewer than failures", window);
      SETTINGS.checkPositive(pause, "destination.pause");
    }
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static EgressSettings from(Config application) {
    Config config = application.getConfig(PATH);
    Config destination = config.getConfig("destination");
    return new EgressSettings(
        EgressPolicy.allowing(config.getString("allow")),
        config.getDuration("timeout"),
        config.getDuration("max-timeout"),
        config.getDuration("connect-timeout"),
        Math.toIntExact(config.getBytes("max-response")),
        config.getInt("max-redirects"),
        config.getInt("max-concurrent"),
        config.getInt("max-waiting"),
        backoff(config.getDuration("first-pause"), config.getDuration("longest-pause")),
        new PerDestination(
            destination.getInt("max-concurrent"),
            destination.getInt("rate"),
            destination.getInt("failures"),
            destination.getInt("window"),
            destination.getDuration("pause")));
  }

  private static Backoff backoff(Duration first, Duration longest) {
    SETTINGS.checkPositive(first, "first-pause");
    SETTINGS.check(
        longest.compareTo(first) >= 0, "longest-pause", "no shorter than first-pause", longest);
    return new Backoff(first, longest);
  }
}
