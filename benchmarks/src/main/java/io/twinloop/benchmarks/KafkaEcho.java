package io.twinloop.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The way of one record through Kafka and back, with nothing else on it. */
final class KafkaEcho {

  private static final String TOPIC = "bench-echo";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private KafkaEcho() {}

  /** Makes the topic. */
  static void prepare(String bootstrap) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin
          .createTopics(List.of(new NewTopic(TOPIC, Optional.of(1), Optional.of((short) 1))))
          .all()
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
  }

  /** Sends records one by one; answers the milliseconds from each send until it was received. */
  static List<Double> millis(String bootstrap, int records) throws Exception {
    TopicPartition partition = new TopicPartition(TOPIC, 0);
    List<Double> millis = new ArrayList<>();
    try (KafkaProducer<String, String> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap, "acks", "all"),
                new StringSerializer(),
                new StringSerializer());
        KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap, "fetch.min.bytes", "1"),
                new StringDeserializer(),
                new StringDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      consumer.position(partition, PATIENCE);
      for (int i = -1; i < records; i++) {
        long from = System.nanoTime();
        producer
            .send(new ProducerRecord<>(TOPIC, "record-" + i))
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (consumer.poll(PATIENCE).isEmpty()) {
          throw new IllegalStateException("A record did not come back from Kafka.");
        }
        if (i >= 0) { // the one before the first opened the connections
          millis.add((System.nanoTime() - from) / 1e6);
        }
      }
    }
    return millis;
  }
}
