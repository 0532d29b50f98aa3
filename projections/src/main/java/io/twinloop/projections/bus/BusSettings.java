package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;

/**
 * How this node speaks on the bus, whatever that is; read once from {@code twinloop.integration}.
 *
 * @param consumerGroup the group in which this product consumes
 * @param backoff pause before each retry of a transient failure; as many retries as pauses
 * @param lagAlert a consumer farther behind is reported
 * @param lostAfter an event in the history without an effect after so long is sent again
 */
public record BusSettings(
    String consumerGroup, List<Duration> backoff, Duration lagAlert, Duration lostAfter) {

  public BusSettings {
    backoff = List.copyOf(backoff);
  }

  /** Reads the settings; fails naming the key that is wrong. */
  public static BusSettings of(Config config) {
    Config integration = config.getConfig("twinloop.integration");
    int attempts = integration.getInt("retry.max_attempts");
    List<Duration> pauses =
        integration.getIntList("retry.backoff_seconds").stream()
            .map(seconds -> Duration.ofSeconds(seconds))
            .toList();
    if (attempts < 0 || attempts > pauses.size()) {
      throw new IllegalArgumentException(
          "twinloop.integration.retry.max_attempts is "
              + attempts
              + ", but backoff_seconds has "
              + pauses.size()
              + " pauses");
    }
    return new BusSettings(
        integration.getString("event_bus.consumer_group"),
        pauses.subList(0, attempts),
        integration.getDuration("monitoring.alert_on_consumer_lag"),
        lostAfter(integration));
  }

  private static Duration lostAfter(Config integration) {
    Duration lostAfter = integration.getDuration("retry.lost_after");
    if (lostAfter.compareTo(Duration.ofSeconds(1)) < 0
        || lostAfter.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "twinloop.integration.retry.lost_after is "
              + lostAfter
              + ", but must be between 1 s and 1 h");
    }
    return lostAfter;
  }
}
