package io.twinloop.projections.bus;

import io.twinloop.projections.bus.EventDelivery.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.kafka.CommitterSettings;
import org.apache.pekko.kafka.ConsumerMessage.CommittableMessage;
import org.apache.pekko.kafka.ConsumerMessage.CommittableOffset;
import org.apache.pekko.kafka.ConsumerSettings;
import org.apache.pekko.kafka.Subscriptions;
import org.apache.pekko.kafka.javadsl.Committer;
import org.apache.pekko.kafka.javadsl.Consumer;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.RestartSettings;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.RestartSource;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Consumes from Kafka: an offset is committed when every event up to it is done. */
final class KafkaEventConsumer implements EventConsumer {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaEventConsumer.class);

  private static final int PARTITIONS_AT_ONCE = 256;

  /**
   * A consumer not heard of for so long has lost its partitions to the others, or to its own next
   * life: what a killed node was consuming waits that long. Kafka's own 45 s are far too much for
   * that, and less than 6 s its brokers refuse.
   */
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(6);

  private static final Duration HEARTBEAT = Duration.ofSeconds(2);

  private static final Duration LOOK_AT_TOPICS = Duration.ofSeconds(2);

  private final ActorSystem<?> system;
  private final String group;
  private final KafkaSettings settings;
  private final EventDelivery delivery;
  private final ConsumerLag lag;
  private final KafkaTopicWatch topics;

  private final AtomicReference<Consumer.Control> control =
      new AtomicReference<>(Consumer.createNoopControl());

  KafkaEventConsumer(
      ActorSystem<?> system,
      String group,
      KafkaSettings settings,
      EventDelivery delivery,
      ConsumerLag lag,
      Function<Runnable, KafkaTopicWatch> topics) {
    this.system = system;
    this.group = group;
    this.settings = settings;
    this.delivery = delivery;
    this.lag = lag;
    this.topics = topics.apply(this::beginAnew);
  }

  @Override
  public Duration lag() {
    return lag.now();
  }

  @Override
  public boolean isBehind() {
    return lag.isOverLimit();
  }

  @Override
  public Running start() {
    Cancellable looking =
        system
            .scheduler()
            .scheduleWithFixedDelay(
                Duration.ZERO, LOOK_AT_TOPICS, topics::look, system.executionContext());
    Pair<UniqueKillSwitch, CompletionStage<Done>> running =
        RestartSource.withBackoff(
                RestartSettings.create(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1),
                this::consume)
            .viaMat(KillSwitches.single(), Keep.right())
            .toMat(Sink.ignore(), Keep.both())
            .run(system);
    return () -> {
      looking.cancel();
      running.first().shutdown();
      return control.get().shutdown().thenCompose(stopped -> running.second());
    };
  }

  /** The stream ends, and begins again where the topics begin. */
  private void beginAnew() {
    var unused = control.get().shutdown();
  }

  private Source<Done, NotUsed> consume() {
    return Consumer.committablePartitionedManualOffsetSource(
            consumerSettings(),
            Subscriptions.topics(Set.copyOf(EventBus.topics())),
            // Where nothing is said, what the group has committed counts.
            partitions -> CompletableFuture.completedStage(topics.beginnings(partitions)))
        .mapMaterializedValue(
            started -> {
              control.set(started);
              return NotUsed.getInstance();
            })
        .flatMapMerge(
            PARTITIONS_AT_ONCE,
            partition -> handle(partition.first().toString(), partition.second()))
        .via(Committer.flow(CommitterSettings.create(system)));
  }

  private Source<CommittableOffset, NotUsed> handle(
      String partition, Source<CommittableMessage<String, byte[]>, NotUsed> messages) {
    LOG.debug("Consuming {}", partition);
    InFlight<CommittableOffset> inFlight = new InFlight<>();
    KeyedOrder order = new KeyedOrder();
    lag.watch(partition, inFlight);
    return messages
        .map(
            message -> {
              inFlight.begin(
                  message.record().offset(),
                  message.record().timestamp(),
                  message.committableOffset());
              return message;
            })
        .mapAsyncUnordered(
            settings.inFlight(),
            message ->
                order
                    .next(message.record().key(), () -> delivery.deliver(asDelivery(message)))
                    .thenApply(done -> message.record().offset()))
        .mapConcat(offset -> inFlight.end(offset).map(List::of).orElse(List.of()))
        .watchTermination(
            (notUsed, end) -> {
              end.whenCompleteAsync(
                  (done, failure) -> lag.forget(partition, inFlight), Runnable::run);
              return notUsed;
            });
  }

  private static Delivery asDelivery(CommittableMessage<String, byte[]> message) {
    ConsumerRecord<String, byte[]> bytes = message.record();
    ByteString value =
        bytes.value() == null ? ByteString.emptyByteString() : ByteString.fromArray(bytes.value());
    return new Delivery(bytes.topic(), bytes.key() == null ? "" : bytes.key(), value);
  }

  private ConsumerSettings<String, byte[]> consumerSettings() {
    return ConsumerSettings.create(system, new StringDeserializer(), new ByteArrayDeserializer())
        .withBootstrapServers(settings.bootstrap())
        .withGroupId(group)
        .withStopTimeout(Duration.ZERO)
        .withProperty(
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, String.valueOf(SESSION_TIMEOUT.toMillis()))
        .withProperty(
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, String.valueOf(HEARTBEAT.toMillis()))
        // Here and not as properties, which are printed with the settings.
        .withConsumerFactory(
            plain ->
                new KafkaConsumer<>(
                    settings.security().with(plain.getProperties()),
                    new StringDeserializer(),
                    new ByteArrayDeserializer()))
        .withProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
  }
}
