package io.twinloop.projections.audit;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The settings {@code twinloop.audit}, each explained in {@code reference.conf}.
 *
 * @param enabled whether anything is recorded
 * @param places entries that may wait to be written, on one node
 * @param patience how long a request waits for a place
 * @param retention age at which entries are cut off
 */
public record AuditSettings(boolean enabled, int places, Duration patience, Duration retention) {

  private static final String PATH = "twinloop.audit";

  public AuditSettings {
    check(places >= 1, "places", "1 or more", places);
    check(!patience.isNegative(), "patience", "0 or longer", patience);
    check(retention.compareTo(Duration.ofDays(1)) >= 0, "retention", "a day or longer", retention);
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static AuditSettings from(Config application) {
    Config config = application.getConfig(PATH);
    return new AuditSettings(
        config.getBoolean("enabled"),
        config.getInt("places"),
        config.getDuration("patience"),
        config.getDuration("retention"));
  }

  private static void check(boolean fine, String key, String expected, Object value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must be %s, not %s".formatted(PATH, key, expected, value));
    }
  }
}
