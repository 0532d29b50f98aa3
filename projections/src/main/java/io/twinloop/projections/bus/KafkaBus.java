package io.twinloop.projections.bus;

import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
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
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.pekko.actor.typed.ActorSystem;

/** The bus, on Kafka: one topic per direction, keyed by the entity's id. */
final class KafkaBus implements EventBus {

  private static final Duration ASK_ADMIN = Duration.ofSeconds(5);

  private static final String NAME = "Kafka";

  private final BusSettings common;
  private final KafkaSettings settings;
  private final KafkaProducer<String, byte[]> producer;
  private final Admin admin;

  KafkaBus(BusSettings common, KafkaSettings settings) {
    this.common = common;
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

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String address() {
    return settings.bootstrap();
  }

  @Override
  public void prepare() {
    for (Map.Entry<String, org.apache.kafka.common.KafkaFuture<Void>> creation :
        admin.createTopics(topics()).values().entrySet()) {
      try {
        creation.getValue().get(ASK_ADMIN.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof AuthenticationException) {
          throw BusRefusedException.noTrust(
              NAME, address(), e.getCause(), "twinloop.kafka.security");
        }
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw new BusUnavailableException(NAME, creation.getKey(), e.getCause());
        }
      } catch (TimeoutException e) {
        throw new BusUnavailableException(NAME, creation.getKey(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BusUnavailableException(NAME, creation.getKey(), e);
      }
    }
  }

  private List<NewTopic> topics() {
    return Stream.concat(
            EventBus.topics().stream(), Stream.of(deadLetterTopic(common.consumerGroup())))
        .map(name -> new NewTopic(name, settings.partitions(), settings.replication()))
        .toList();
  }

  /** Where events that a group cannot handle go. */
  static String deadLetterTopic(String group) {
    return "dlq." + group;
  }

  /** Asks the cluster for its id. */
  @Override
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

  @Override
  public CompletionStage<Void> publish(String topic, String key, byte[] event) {
    return send(new ProducerRecord<>(topic, key, event));
  }

  @Override
  public CompletionStage<Void> publishDead(DeadLetter letter) {
    ProducerRecord<String, byte[]> dead =
        new ProducerRecord<>(
            deadLetterTopic(letter.consumerGroup()), letter.key(), letter.event().toArray());
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
                  sent.completeExceptionally(
                      new BusUnavailableException(
                          NAME, bytes.topic(), failure, isFaultOfEvent(failure)));
                }
              });
    } catch (RuntimeException e) {
      sent.completeExceptionally(new BusUnavailableException(NAME, bytes.topic(), e));
    }
    return sent;
  }

  private static boolean isFaultOfEvent(Throwable failure) {
    return failure instanceof ApiException && !(failure instanceof RetriableException);
  }

  @Override
  public EventConsumer consumer(
      ActorSystem<?> system, EventDelivery delivery, Clock clock, MeterRegistry metrics) {
    return new KafkaEventConsumer(
        system,
        common.consumerGroup(),
        settings,
        delivery,
        new ConsumerLag(common, clock, metrics),
        onMadeAnew -> new KafkaTopicWatch(admin, topics(), onMadeAnew, System::nanoTime));
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
    admin.close(Duration.ofSeconds(1));
  }
}
