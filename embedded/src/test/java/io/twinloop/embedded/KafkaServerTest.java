package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker of our own keeps through stops. */
class KafkaServerTest {
  @TempDir Path folder;

  @Test
  void shouldKeepRecordsOverARestartOnTheSamePort() throws Exception {
    long t = System.nanoTime();
    KafkaServer s = KafkaServer.start(folder.resolve("kafka"), 0);
    System.err.println("first " + (System.nanoTime() - t) / 1000000);
    try (s) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", s.bootstrap()))) {
        admin.createTopics(List.of(new NewTopic("kept", 1, (short) 1))).all().get();
      }
      try (KafkaProducer<String, String> producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", s.bootstrap()),
              new StringSerializer(),
              new StringSerializer())) {
        producer.send(new ProducerRecord<>("kept", "k", "v")).get();
      }
      int port = s.port();
      t = System.nanoTime();
      s.stop();
      System.err.println("stop " + (System.nanoTime() - t) / 1000000);
      t = System.nanoTime();
      s.start();
      System.err.println("second " + (System.nanoTime() - t) / 1000000);
      assertThat(s.port()).isEqualTo(port);
      assertThat(read(s, "kept")).containsExactly("v");
    }
    System.err.println(
        new String(
            new ProcessBuilder("du", "-sh", folder.toString())
                .start()
                .getInputStream()
                .readAllBytes()));
    System.err.println(Thread.getAllStackTraces().size());
  }

  static List<String> read(KafkaServer s, String topic) {
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                s.bootstrap(),
                "group.id",
                "reader",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      while (values.isEmpty()) {
        for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) {
          values.add(r.value());
        }
      }
    }
    return values;
  }
}
