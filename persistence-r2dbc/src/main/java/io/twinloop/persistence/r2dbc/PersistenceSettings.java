package io.twinloop.persistence.r2dbc;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Everything under {@code twinloop.persistence}, read once; reference.conf says what each key is
 * for.
 */
record PersistenceSettings(
    PostgresSettings postgres, Pool pool, Journal journal, Query query, Duration healthInterval) {

  private static final String PATH = "twinloop.persistence.";

  record Pool(
      int maxSize,
      Duration acquireTimeout,
      Duration statementTimeout,
      Duration maxIdleTime,
      Duration maxLifeTime) {}

  record Journal(
      long payloadLimit,
      int flushRows,
      long flushBytes,
      int queueRows,
      long queueBytes,
      Duration writeTimeout,
      Duration reconnectMin,
      Duration reconnectMax) {}

  record Query(
      int pageRows,
      long pageBytes,
      long sharedBytes,
      Duration gather,
      Duration pollInterval,
      Duration idlePollInterval,
      Duration currentWait) {}

  /**
   * Reads the settings from the whole configuration of an actor system.
   *
   * @throws IllegalArgumentException naming the key whose value can't be used
   */
  static PersistenceSettings read(Config config) {
    return new PersistenceSettings(
        PostgresSettings.read(config),
        new Pool(
            positive(config, "pool.max-size"),
            duration(config, "pool.acquire-timeout"),
            duration(config, "pool.statement-timeout"),
            duration(config, "pool.max-idle-time"),
            duration(config, "pool.max-life-time")),
        new Journal(
            bytes(config, "journal.payload-limit"),
            positive(config, "journal.flush-rows"),
            bytes(config, "journal.flush-bytes"),
            positive(config, "journal.queue-rows"),
            bytes(config, "journal.queue-bytes"),
            duration(config, "journal.write-timeout"),
            duration(config, "journal.reconnect-min"),
            duration(config, "journal.reconnect-max")),
        new Query(
            positive(config, "query.page-rows"),
            bytes(config, "query.page-bytes"),
            bytes(config, "query.shared-bytes"),
            duration(config, "query.gather"),
            duration(config, "query.poll-interval"),
            duration(config, "query.idle-poll-interval"),
            duration(config, "query.current-wait")),
        duration(config, "health-interval"));
  }

  private static int positive(Config config, String key) {
    int value = config.getInt(PATH + key);
    return check(value > 0, key, value);
  }

  private static long bytes(Config config, String key) {
    long value = config.getBytes(PATH + key);
    return check(value > 0, key, value);
  }

  private static Duration duration(Config config, String key) {
    Duration value = config.getDuration(PATH + key);
    return check(value.toMillis() > 0, key, value);
  }

  private static <T> T check(boolean positive, String key, T value) {
    if (!positive) {
      throw new IllegalArgumentException(
          "%s%s must be positive, but is '%s'.".formatted(PATH, key, value));
    }
    return value;
  }
}
