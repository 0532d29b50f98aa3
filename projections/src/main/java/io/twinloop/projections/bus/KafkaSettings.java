package io.twinloop.projections.bus;

import com.typesafe.config.Config;

/**
 * Where Kafka is and how it is used; read once from {@code twinloop.kafka}.
 *
 * @param bootstrap host:port of brokers, comma-separated
 * @param partitions of topics it creates
 * @param replication factor of topics it creates
 * @param inFlight events handled at once per partition
 * @param security how brokers are spoken to
 */
public record KafkaSettings(
    String bootstrap, int partitions, short replication, int inFlight, KafkaSecurity security) {

  /** Reads the settings; fails naming the key that is wrong. */
  public static KafkaSettings of(Config config) {
    Config kafka = config.getConfig("twinloop.kafka");
    return new KafkaSettings(
        kafka.getString("bootstrap"),
        kafka.getInt("partitions"),
        (short) kafka.getInt("replication"),
        kafka.getInt("in-flight"),
        KafkaSecurity.of(config));
  }
}
