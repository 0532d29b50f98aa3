package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorSystem;

/**
 * What integration events travel on: one topic per direction, in order per key, kept until every
 * group that consumes has acknowledged them. What is published twice, because an answer was lost,
 * the rules of consuming make one.
 */
public interface EventBus extends AutoCloseable {

  /** The bus that {@code twinloop.integration.event_bus.type} names; not spoken to yet. */
  static EventBus open(Config config) {
    String type = config.getString("twinloop.integration.event_bus.type");
    return switch (type) {
      case "kafka" -> new KafkaBus(BusSettings.of(config), KafkaSettings.of(config));
      case "redis", "redis_streams" ->
          new RedisBus(BusSettings.of(config), RedisSettings.of(config));
      default ->
          throw new IllegalArgumentException(
              "twinloop.integration.event_bus.type is '%s', but must be kafka or redis."
                  .formatted(type));
    };
  }

  /** The topics of integration events. */
  static List<String> topics() {
    return Stream.of(Direction.values()).map(Direction::wireName).toList();
  }

  /** What it is called, such as Kafka. */
  String name();

  /** Where it is, without any secret. */
  String address();

  /**
   * Makes what is missing for the topics and the dead letters; returns when events may come.
   *
   * @throws BusUnavailableException when nobody answers within some seconds
   * @throws BusRefusedException when waiting would not help
   */
  void prepare();

  /** Fails when nobody answers within {@code atMost}. */
  CompletionStage<?> ping(Duration atMost);

  /** Publishes bytes as they came; done when the bus keeps them. */
  CompletionStage<Void> publish(String topic, String key, byte[] event);

  /** Publishes an event on the topic of its direction; done when the bus keeps it. */
  default CompletionStage<Void> publish(IntegrationEvent event) {
    return publish(event.direction().wireName(), event.subject(), CloudEventCodec.encode(event));
  }

  /** Puts an event among the dead, with the reason. */
  CompletionStage<Void> publishDead(DeadLetter letter);

  /**
   * One that brings the events of all topics to their effects.
   *
   * @param clock of the machines, which the times on the bus are compared with
   */
  EventConsumer consumer(
      ActorSystem<?> system, EventDelivery delivery, Clock clock, MeterRegistry metrics);

  @Override
  void close();
}
