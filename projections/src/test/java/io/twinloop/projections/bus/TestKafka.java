package io.twinloop.projections.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.embedded.KafkaServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.pekko.actor.typed.ActorSystem;
import org.jspecify.annotations.Nullable;

/** A broker for a test class whose topics have one partition each. */
final class TestKafka implements TestBus {

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

  /** The settings of a group, with these pauses before retries. */
  static BusSettings settings(String group, Duration... backoff) {
    return new BusSettings(group, List.of(backoff), Duration.ofSeconds(60), Duration.ofSeconds(60));
  }

  KafkaSettings kafka() {
    return at(server.bootstrap(), KafkaSecurity.NONE);
  }

  static KafkaSettings at(String bootstrap, KafkaSecurity security) {
    return new KafkaSettings(bootstrap, 1, (short) 1, 64, security);
  }

  /** The bus as a group uses it. */
  KafkaBus bus(String group) {
    return bus(settings(group));
  }

  @Override
  public KafkaBus bus(BusSettings settings) {
    return new KafkaBus(settings, kafka());
  }

  @Override
  public KafkaBus nowhere() {
    return new KafkaBus(settings("g"), at("127.0.0.1:1", KafkaSecurity.NONE));
  }

  @Override
  public Config system() {
    return ConfigFactory.parseString("pekko.kafka.committer.max-interval = 100 ms");
  }

  @Override
  public EventConsumer consumer(
      EventBus bus,
      ActorSystem<?> system,
      EventDelivery delivery,
      Clock clock,
      MeterRegistry metrics) {
    return bus.consumer(system, delivery, clock, metrics);
  }

  @Override
  public void produce(String topic, @Nullable String key, byte @Nullable [] value) {
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

  /** Puts bytes on a topic that was just made, all at once. */
  void produceTogether(String topic, List<byte[]> values) {
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server.bootstrap(), "linger.ms", 5),
            new StringSerializer(),
            new ByteArraySerializer())) {
      for (Future<?> sent :
          values.stream()
              .map(value -> producer.send(new ProducerRecord<>(topic, value)))
              .toList()) {
        sent.get(20, SECONDS);
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public List<Kept> on(String topic) {
    return records(topic).stream().map(TestKafka::kept).toList();
  }

  @Override
  public List<Kept> dead(String group) {
    return on(KafkaBus.deadLetterTopic(group));
  }

  private static Kept kept(ConsumerRecord<String, byte[]> record) {
    Map<String, String> headers = new TreeMap<>();
    record
        .headers()
        .forEach(
            header ->
                headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    return new Kept(record.key(), record.value(), headers);
  }

  @Override
  public boolean isAllAcknowledged(String group, String topic) {
    return committed(group, topic) == end(topic);
  }

  @Override
  public void stop() {
    server.stop();
  }

  @Override
  public void start() {
    server.start();
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

  @Override
  public void beginNow(String group) {
    try (Admin admin = admin()) {
      for (String topic : EventBus.topics()) {
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

  void delete(String topic) {
    try (Admin admin = admin()) {
      admin.deleteTopics(List.of(topic)).all().get(20, SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Makes a topic, unless somebody was faster. */
  void make(String topic) {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get(20, SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new AssertionError(e);
      }
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  void awaitThere(String topic) {
    try (Admin admin = admin()) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> admin.listTopics().names().get(20, SECONDS).contains(topic));
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
