package io.twinloop.projections.audit;

import com.typesafe.config.Config;
import io.twinloop.domain.SettingsUnder;
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
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);

  public AuditSettings {
    SETTINGS.check(places >= 1, "places", "1 or more", places);
    SETTINGS.check(!patience.isNegative(), "patience", "0 or longer", patience);
    SETTINGS.check(
        retention.compareTo(Duration.ofDays(1)) >= 0, "retention", "a day or longer", retention);
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
}
