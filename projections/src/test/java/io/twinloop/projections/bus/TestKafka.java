package io.twinloop.projections.bus;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.twinloop.embedded.KafkaServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** A broker for a test class whose topics have one partition each. */
final class TestKafka implements AutoCloseable {

  private final Path folder;
  private final KafkaServer server;

  TestKafka() {
    try {
      folder = Files.createTempDirectory("twinloop-bus-test");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server = KafkaServer.start(folder.resolve("kafka"), 0);
  }

  KafkaServer server() {
    return server;
  }

  /** The settings of a group on this broker, with these pauses before retries. */
  BusSettings settings(String group, Duration... backoff) {
    return new BusSettings(
        server.bootstrap(),
        group,
        1,
        (short) 1,
        64,
        List.of(backoff),
        Duration.ofSeconds(60),
        KafkaSecurity.NONE);
  }

  /** Puts bytes on a topic as any producer may. */
  void produce(String topic, @Nullable String key, byte @Nullable [] value) {
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server.bootstrap()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, key, value)).get(20, SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Everything on a topic, read with a plain consumer. */
  List<ConsumerRecord<String, byte[]>> records(String topic) {
    TopicPartition partition = new TopicPartition(topic, 0);
    List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", server.bootstrap()),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  /** How many records a topic has had. */
  long end(String topic) {
    return records(topic).stream().mapToLong(ConsumerRecord::offset).max().orElse(-1) + 1;
  }

  /** The offset a group has committed on a topic, 0 before it has. */
  long committed(String group, String topic) {
    try (Admin admin = admin()) {
      OffsetAndMetadata offset =
          admin
              .listConsumerGroupOffsets(group)
              .partitionsToOffsetAndMetadata()
              .get(20, SECONDS)
              .get(new TopicPartition(topic, 0));
      return offset == null ? 0 : offset.offset();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Lets a group begin after what is on the topics now. */
  void beginNow(String group) {
    try (Admin admin = admin()) {
      for (String topic : KafkaBus.topics()) {
        admin
            .alterConsumerGroupOffsets(
                group, Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(end(topic))))
            .all()
            .get(20, SECONDS);
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", server.bootstrap()));
  }

  @Override
  public void close() {
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
