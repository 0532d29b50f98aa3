package io.twinloop.multijvm.chaos;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
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

  /**
   * Deletes the topics and makes them again; a node that sees one missing may be faster.
   *
   * @throws IllegalStateException when a topic is the old one afterwards
   */
  static void makeAnew(String bootstrap) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      Map<String, TopicDescription> before = described(admin);
      admin.deleteTopics(TOPICS).all().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      for (TopicDescription topic : before.values()) {
        make(admin, new NewTopic(topic.name(), topic.partitions().size(), (short) 1));
      }
      awaitOthersThan(before, admin);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("The topics could not be made anew: " + e, e);
    }
  }

  /** Brokers tell of a new topic a moment after they made it. */
  private static void awaitOthersThan(Map<String, TopicDescription> before, Admin admin)
      throws InterruptedException, ExecutionException, TimeoutException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!areOthers(before, admin)) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("The topics are not there again: " + before.keySet());
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private static boolean areOthers(Map<String, TopicDescription> before, Admin admin)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return described(admin).values().stream()
          .noneMatch(topic -> topic.topicId().equals(before.get(topic.name()).topicId()));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return false;
      }
      throw e;
    }
  }

  private static Map<String, TopicDescription> described(Admin admin)
      throws InterruptedException, ExecutionException, TimeoutException {
    return admin.describeTopics(TOPICS).allTopicNames().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static void make(Admin admin, NewTopic topic)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      admin.createTopics(List.of(topic)).all().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw e;
      }
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
