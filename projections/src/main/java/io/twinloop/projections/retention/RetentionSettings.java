package io.twinloop.projections.retention;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * How long rows are kept; read once from {@code twinloop.retention}.
 *
 * @param interval how often old rows are looked for
 * @param batch rows deleted in one transaction
 * @param samples kept before the newest of their KPI; zero for ever
 * @param ages of rows, zero for ever
 */
public record RetentionSettings(
    Duration interval, int batch, Duration samples, Map<AgingRows, Duration> ages) {

  private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(1);

  public RetentionSettings {
    ages = Map.copyOf(ages);
  }

  public static RetentionSettings of(Config config) {
    Config settings = config.getConfig("twinloop.retention");
    Map<AgingRows, Duration> ages = new EnumMap<>(AgingRows.class);
    for (AgingRows rows : AgingRows.values()) {
      ages.put(rows, age(settings, rows.settingName()));
    }
    int batch = settings.getInt("batch");
    if (batch < 1 || batch > 100_000) {
      throw new ConfigException.BadValue(
          "twinloop.retention.batch", batch + " rows, expected 1 to 100,000");
    }
    Duration interval = settings.getDuration("interval");
    if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
      throw new ConfigException.BadValue(
          "twinloop.retention.interval", interval + " is too often; expected 1 s or more");
    }
    return new RetentionSettings(interval, batch, age(settings, "samples"), ages);
  }

  /** How long it stays known that an event had its effect; nothing is for ever. */
  public Optional<Duration> inboxKept() {
    return Optional.ofNullable(ages.get(AgingRows.INBOX)).filter(age -> !age.isZero());
  }

  private static Duration age(Config settings, String name) {
    Duration age = settings.getDuration(name);
    if (!age.isZero() && age.compareTo(Duration.ofDays(1)) < 0) {
      throw new ConfigException.BadValue(
          "twinloop.retention." + name,
          age + " is less than a day; expected a day or more, or 0 to keep everything");
    }
    return age;
  }
}
