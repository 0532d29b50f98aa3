package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The topics of integration events, as a plain client of Kafka reads and writes them. */
final class Bus implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final KafkaConsumer<String, String> consumer;
  private final KafkaProducer<String, String> producer;
  private final List<JsonNode> read = new ArrayList<>();
  private final Set<String> ids = new HashSet<>();

  /** What was told here, as an outsider may: without a direction, for one. */
  private final Set<String> told = new HashSet<>();

  Bus(String bootstrap) {
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrap,
                "group.id",
                "plain-" + Instant.now().toEpochMilli(),
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer());
    consumer.subscribe(List.of("dto-to-bpa", "bpa-to-dto"));
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer());
  }

  /** Waits for an event; fails when none comes. */
  JsonNode await(String what, Duration patience, Predicate<JsonNode> isIt) {
    Instant end = Instant.now().plus(patience);
    while (Instant.now().isBefore(end)) {
      for (JsonNode event : read) {
        if (isIt.test(event)) {
          return event;
        }
      }
      poll(Duration.ofMillis(200));
    }
    throw new AssertionError("no " + what + " on the bus, only " + types());
  }

  /** Every event that has come and fits; one that came twice stands once. */
  List<JsonNode> all(Predicate<JsonNode> fits) {
    poll(Duration.ofSeconds(1));
    return read.stream().filter(fits).toList();
  }

  private List<String> types() {
    return read.stream().map(event -> event.path("type").asText()).toList();
  }

  private void poll(Duration atMost) {
    for (ConsumerRecord<String, String> record : consumer.poll(atMost)) {
      JsonNode event = parse(record.value());
      assertThat(event.path("specversion").asText()).isEqualTo("1.0");
      assertThat(record.key()).as("key of %s", event).isEqualTo(event.path("subject").asText());
      if (!told.contains(event.path("id").asText())) {
        assertThat(record.topic()).isEqualTo(event.path("direction").asText());
      }
      if (ids.add(event.path("id").asText())) {
        read.add(event);
      }
    }
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("not JSON: " + text, e);
    }
  }

  /** Tells the twin what automation did. */
  void tell(String id, String type, String entityType, String subject, String loop, JsonNode data) {
    ObjectNode event = JSON.createObjectNode();
    event.put("specversion", "1.0").put("id", id).put("type", type);
    event.put("source", "//bpa/wf-" + id).put("subject", subject).put("entitytype", entityType);
    event.put("time", Instant.now().toString()).put("datacontenttype", "application/json");
    event.put("direction", "bpa-to-dto").put("correlationid", loop).put("schemaversion", "1.0");
    event.set("data", data);
    tell(event);
  }

  /** Tells the twin an event as it is. */
  void tell(JsonNode event) {
    told.add(event.path("id").asText());
    send(new ProducerRecord<>("bpa-to-dto", event.get("subject").asText(), event.toString()));
  }

  private void send(ProducerRecord<String, String> record) {
    try {
      producer.send(record).get(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while sending", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError("not sent: " + record, e);
    }
  }

  @Override
  public void close() {
    consumer.close();
    producer.close();
  }
}
