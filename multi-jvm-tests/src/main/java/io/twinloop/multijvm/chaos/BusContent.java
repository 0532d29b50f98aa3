package io.twinloop.multijvm.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Every event on the topics between the twin and automation, as a plain client reads them. */
final class BusContent {

  private static final List<String> TOPICS = List.of("dto-to-bpa", "bpa-to-dto");
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final ObjectMapper JSON = new ObjectMapper();

  private BusContent() {}

  /** How often each event id is there, from the beginning to the end there is now. */
  static Map<String, Integer> read(String bootstrap) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrap,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : TOPICS) {
        for (PartitionInfo partition : consumer.partitionsFor(topic, PATIENCE)) {
          partitions.add(new TopicPartition(topic, partition.partition()));
        }
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, PATIENCE);
      Map<String, Integer> ids = new HashMap<>();
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey(), PATIENCE) < end.getValue())) {
        consumer.poll(POLL).forEach(record -> ids.merge(idOf(record.value()), 1, Integer::sum));
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException("Kafka can't be read to its end");
        }
      }
      return ids;
    }
  }

  private static String idOf(String event) {
    try {
      return JSON.readTree(event).path("id").asText();
    } catch (JsonProcessingException e) {
      return "no JSON: " + event;
    }
  }
}
