package io.twinloop.projections.bus;

import com.typesafe.config.Config;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.typed.ActorSystem;
import org.jspecify.annotations.Nullable;

/** A real broker for the tests of one class, as one who disturbs it and looks into it sees it. */
interface TestBus extends AutoCloseable {

  /** Something on a topic: bytes with their key, and what stands beside them. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Kept(@Nullable String key, byte[] bytes, Map<String, String> attributes) {}

  /** The bus as the group of these settings uses it. */
  EventBus bus(BusSettings settings);

  /** A bus whose broker is not there. */
  EventBus nowhere();

  /** What an actor system needs beside the defaults. */
  Config system();

  /** One more consumer of the bus in this system. */
  EventConsumer consumer(
      EventBus bus,
      ActorSystem<?> system,
      EventDelivery delivery,
      Clock clock,
      MeterRegistry metrics);

  /** Lets a new group begin after what is on the topics now. */
  void beginNow(String group);

  /** Puts bytes on a topic as any producer may; null for what it leaves out. */
  void produce(String topic, @Nullable String key, byte @Nullable [] event);

  /** Everything on a topic, in order. */
  List<Kept> on(String topic);

  /** The dead of a group. */
  List<Kept> dead(String group);

  /** Whether the group has acknowledged all that is on a topic. */
  boolean isAllAcknowledged(String group, String topic);

  void stop();

  void start();

  @Override
  void close();
}
