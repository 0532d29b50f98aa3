package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;

/**
 * How this node speaks on the bus; read once from {@code twinloop.integration}.
 *
 * @param bootstrap host:port of Kafka brokers, comma-separated
 * @param consumerGroup the group in which this product consumes
 * @param partitions of topics it creates
 * @param replication factor of topics it creates
 * @param inFlight events handled at once per partition
 * @param backoff pause before each retry of a transient failure; as many retries as pauses
 * @param lagAlert a consumer farther behind is reported
 * @param security how brokers are spoken to
 */
public record BusSettings(
    String bootstrap,
    String consumerGroup,
    int partitions,
    short replication,
    int inFlight,
    List<Duration> backoff,
    Duration lagAlert,
    KafkaSecurity security) {

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
        config.getString("twinloop.kafka.bootstrap"),
        integration.getString("event_bus.consumer_group"),
        config.getInt("twinloop.kafka.partitions"),
        (short) config.getInt("twinloop.kafka.replication"),
        config.getInt("twinloop.kafka.in-flight"),
        pauses.subList(0, attempts),
        integration.getDuration("monitoring.alert_on_consumer_lag"),
        KafkaSecurity.of(config));
  }

  /** Where events that cannot be handled go. */
  public String deadLetterTopic() {
    return "dlq." + consumerGroup;
  }
}
