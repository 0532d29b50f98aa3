package io.twinloop.projections.bus;

import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The bus, on Kafka: one topic per direction, keyed by the entity's id. */
public final class KafkaBus implements AutoCloseable {

  private static final Duration ASK_ADMIN = Duration.ofSeconds(5);

  private final BusSettings settings;
  private final KafkaProducer<String, byte[]> producer;
  private final Admin admin;

  public KafkaBus(BusSettings settings) {
    this.settings = settings;
    this.producer =
        new KafkaProducer<>(
            settings
                .security()
                .with(
                    Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrap(),
                        ProducerConfig.ACKS_CONFIG, "all",
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true,
                        ProducerConfig.LINGER_MS_CONFIG, 0,
                        // A send that finds no broker fails after this; the projection then tries
                        // again.
                        ProducerConfig.MAX_BLOCK_MS_CONFIG, 3_000,
                        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000,
                        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 15_000)),
            new StringSerializer(),
            new ByteArraySerializer());
    this.admin =
        Admin.create(
            settings
                .security()
                .with(
                    Map.of(
                        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrap(),
                        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 3_000,
                        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 5_000)));
  }

  /** The topics of integration events. */
  public static List<String> topics() {
    return Stream.of(Direction.values()).map(Direction::wireName).toList();
  }

  /**
   * Creates the topics that are missing.
   *
   * @throws BusUnavailableException when no broker answers within five seconds
   * @throws BusRefusedException when the brokers and this node don't trust each other
   */
  public void createTopics() {
    List<NewTopic> topics =
        Stream.concat(topics().stream(), Stream.of(settings.deadLetterTopic()))
            .map(name -> new NewTopic(name, settings.partitions(), settings.replication()))
            .toList();
    for (Map.Entry<String, org.apache.kafka.common.KafkaFuture<Void>> creation :
        admin.createTopics(topics).values().entrySet()) {
      try {
        creation.getValue().get(ASK_ADMIN.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof AuthenticationException) {
          throw new BusRefusedException(settings, e.getCause());
        }
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw new BusUnavailableException(creation.getKey(), e.getCause());
        }
      } catch (TimeoutException e) {
        throw new BusUnavailableException(creation.getKey(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BusUnavailableException(creation.getKey(), e);
      }
    }
  }

  /** Asks the cluster for its id; fails when no broker answers within {@code atMost}. */
  public CompletionStage<String> ping(Duration atMost) {
    // A future of our own: what Kafka gave out must not be completed by others.
    CompletableFuture<String> answer = new CompletableFuture<>();
    var unused = // the answer goes on to our own
        admin
            .describeCluster()
            .clusterId()
            .whenComplete(
                (id, failure) -> {
                  if (failure == null) {
                    answer.complete(id);
                  } else {
                    answer.completeExceptionally(failure);
                  }
                });
    return answer.orTimeout(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Publishes an event on the topic of its direction; done when the brokers have it. */
  public CompletionStage<Void> publish(IntegrationEvent event) {
    return send(
        new ProducerRecord<>(
            event.direction().wireName(), event.subject(), CloudEventCodec.encode(event)));
  }

  /** Publishes bytes as they came. */
  CompletionStage<Void> publish(String topic, String key, byte[] event) {
    return send(new ProducerRecord<>(topic, key, event));
  }

  /** Puts an event among the dead, with the reason. */
  CompletionStage<Void> publishDead(DeadLetter letter) {
    ProducerRecord<String, byte[]> dead =
        new ProducerRecord<>(settings.deadLetterTopic(), letter.key(), letter.event().toArray());
    Map.of(
            "consumer", letter.consumerGroup(),
            "topic", letter.topic(),
            "error", letter.error(),
            "attempts", Integer.toString(letter.attempts()))
        .forEach((name, value) -> dead.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
    return send(dead);
  }

  private CompletionStage<Void> send(ProducerRecord<String, byte[]> bytes) {
    CompletableFuture<Void> sent = new CompletableFuture<>();
    try {
      var unused = // its callback tells
          producer.send(
              bytes,
              (metadata, failure) -> {
                if (failure == null) {
                  sent.complete(null);
                } else {
                  sent.completeExceptionally(new BusUnavailableException(bytes.topic(), failure));
                }
              });
    } catch (RuntimeException e) {
      sent.completeExceptionally(new BusUnavailableException(bytes.topic(), e));
    }
    return sent;
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
    admin.close(Duration.ofSeconds(1));
  }

  /** The brokers refuse this node, or it refuses them; waiting would not help. */
  public static final class BusRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BusRefusedException(BusSettings settings, Throwable cause) {
      super(
          "Kafka at %s and this node do not trust each other: %s. See twinloop.kafka.security."
              .formatted(settings.bootstrap(), reasons(cause)),
          cause);
    }

    private static String reasons(Throwable cause) {
      StringBuilder reasons = new StringBuilder(String.valueOf(cause.getMessage()));
      for (Throwable deeper = cause.getCause(); deeper != null; deeper = deeper.getCause()) {
        if (deeper.getMessage() != null && reasons.indexOf(deeper.getMessage()) < 0) {
          reasons.append(": ").append(deeper.getMessage());
        }
      }
      return reasons.toString();
    }
  }

  /** Kafka did not take what was sent. */
  public static final class BusUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BusUnavailableException(String topic, Throwable cause) {
      super("Kafka does not answer for topic '" + topic + "': " + cause.getMessage(), cause);
    }
  }
}
