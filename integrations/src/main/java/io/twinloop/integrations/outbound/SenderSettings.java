package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import io.twinloop.domain.SettingsUnder;
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
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);
  private static final String EGRESS_TIMEOUT = "twinloop.egress.timeout";

  /** Refuses settings that make no sense, naming the key. */
  public SenderSettings {
    SETTINGS.checkPositive(interval, "interval");
    SETTINGS.check(inFlight > 0, "in-flight", "1 or more", inFlight);
    SETTINGS.checkPositive(timeout, "timeout");
    SETTINGS.check(lease.compareTo(timeout) > 0, "lease", "longer than timeout", lease);
    SETTINGS.check(maxAttempts > 0, "max-attempts", "1 or more", maxAttempts);
    SETTINGS.checkPositive(longestPause, "longest-pause");
    SETTINGS.checkPositive(maxAge, "max-age");
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static SenderSettings from(Config application) {
    Config config = application.getConfig(PATH);
    Duration longest = config.getDuration("longest-pause");
    Duration timeout = config.getDuration("timeout");
    checkLonger(timeout, EGRESS_TIMEOUT, application);
    if (!application.getString("twinloop.outbound.smtp.host").isEmpty()) {
      checkLonger(timeout, "twinloop.outbound.smtp.timeout", application);
    }
    return new SenderSettings(
        config.getDuration("interval"),
        config.getInt("in-flight"),
        timeout,
        config.getDuration("lease"),
        config.getInt("max-attempts"),
        backoff(config.getDuration("first-pause"), longest),
        longest,
        config.getDuration("max-age"));
  }

  /** What gives up first says why, and ends what it does; the sender only counts the time. */
  private static void checkLonger(Duration timeout, String other, Config application) {
    Duration shorter = application.getDuration(other);
    SETTINGS.check(
        timeout.compareTo(shorter) > 0,
        "timeout",
        "longer than %s, %s".formatted(other, shorter),
        timeout);
  }

  private static Backoff backoff(Duration first, Duration longest) {
    SETTINGS.checkPositive(first, "first-pause");
    SETTINGS.check(
        longest.compareTo(first) >= 0, "longest-pause", "no shorter than first-pause", longest);
    return new Backoff(first, longest);
  }
}
