package io.twinloop.projections.bus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.twinloop.projections.bus.EventDelivery.Delivery;
import io.twinloop.projections.bus.RedisBus.RedisTopic;
import io.twinloop.serialization.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.RestartSettings;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.RestartSource;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the events of one stream to their effects. It has one reader at a time, and all readers
 * have one name in the group: who takes a stream over begins with what the one before has not
 * acknowledged, so that the order per key holds. What consumers of another name have left is
 * claimed when nobody has touched it for a while.
 */
final class RedisStreamReader {

  private static final Logger LOG = LoggerFactory.getLogger(RedisStreamReader.class);
  private static final String CONSUMER = "twinloop";

  /** What is at hand may go on so long when the reader is told to stop. */
  private static final Duration DRAIN = Duration.ofSeconds(3);

  private final ActorSystem<?> system;
  private final RedisBus bus;
  private final RedisTopic from;
  private final EventDelivery delivery;
  private final ConsumerLag lag;

  /** Outlives a lost connection: an entry that comes again waits for its own first attempt. */
  private final KeyedOrder order = new KeyedOrder();

  /** What is being handled, by the id of its entry; done when it is acknowledged. */
  private final Map<String, CompletionStage<Void>> inHand = new ConcurrentHashMap<>();

  private final InFlight<String> inFlight = new InFlight<>();
  private final AtomicLong numbers = new AtomicLong();

  RedisStreamReader(
      ActorSystem<?> system,
      RedisBus bus,
      RedisTopic from,
      EventDelivery delivery,
      ConsumerLag lag) {
    this.system = system;
    this.bus = bus;
    this.from = from;
    this.delivery = delivery;
    this.lag = lag;
  }

  private record Entry(StreamMessage<String, byte[]> message) {

    String id() {
      return message.getId();
    }

    /** An entry that is pending though someone has deleted it comes without fields. */
    boolean isGone() {
      return message.getBody() == null || message.getBody().isEmpty();
    }

    long millis() {
      return Long.parseLong(id().substring(0, id().indexOf('-')));
    }

    /** Null where its sender named none: it need not wait for others. */
    @Nullable String key() {
      byte[] key = isGone() ? null : message.getBody().get("key");
      return key == null ? null : new String(key, StandardCharsets.UTF_8);
    }

    /** Entries of others may have other fields; all of them go to the dead letters then. */
    ByteString event() {
      byte[] event = message.getBody().get("event");
      return ByteString.fromArray(event == null ? fields(message.getBody()) : event);
    }

    private static byte[] fields(Map<String, byte[]> body) {
      ObjectNode fields = Json.MAPPER.createObjectNode();
      body.forEach((name, value) -> fields.put(name, new String(value, StandardCharsets.UTF_8)));
      try {
        return Json.MAPPER.writeValueAsBytes(fields);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A reader at work. */
  interface Reading {
    /** Takes no more entries, and waits a little for those at hand. */
    CompletionStage<Done> stop();
  }

  /** Reads until it is stopped; goes on by itself after every failure. */
  Reading start() {
    LOG.info("This node reads {} now.", from.stream());
    lag.watch(from.stream(), inFlight);
    UniqueKillSwitch reading =
        RestartSource.onFailuresWithBackoff(
                RestartSettings.create(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1),
                this::consume)
            .viaMat(KillSwitches.single(), Keep.right())
            .to(Sink.ignore())
            .run(system);
    return () -> {
      reading.shutdown();
      lag.forget(from.stream(), inFlight);
      return CompletableFuture.allOf(
              inHand.values().stream()
                  .map(CompletionStage::toCompletableFuture)
                  .toArray(CompletableFuture<?>[]::new))
          .handle((all, failure) -> Done.getInstance())
          .completeOnTimeout(Done.getInstance(), DRAIN.toMillis(), TimeUnit.MILLISECONDS);
    };
  }

  private Source<Done, NotUsed> consume() {
    return Source.unfoldResourceAsync(this::open, Place::next, Place::close)
        .mapConcat(messages -> messages)
        .map(Entry::new)
        .filter(entry -> !inHand.containsKey(entry.id()))
        .mapAsyncUnordered(bus.settings().inFlight(), this::handle);
  }

  private CompletionStage<Done> handle(Entry entry) {
    long number = numbers.getAndIncrement();
    inFlight.begin(number, entry.millis(), entry.id());
    CompletableFuture<Void> done = new CompletableFuture<>();
    inHand.put(entry.id(), done);
    order
        .next(entry.key(), () -> deliver(entry))
        .thenCompose(delivered -> acknowledge(entry))
        .whenComplete(
            (acknowledged, failure) -> {
              inFlight.end(number);
              inHand.remove(entry.id());
              if (failure == null) {
                done.complete(null);
              } else {
                done.completeExceptionally(failure);
              }
            });
    return done.thenApply(acknowledged -> Done.getInstance());
  }

  private CompletionStage<Void> deliver(Entry entry) {
    if (entry.isGone()) {
      LOG.warn("Entry {} of {} was deleted before it was handled.", entry.id(), from.stream());
      return CompletableFuture.completedStage(null);
    }
    String key = entry.key();
    return delivery.deliver(new Delivery(from.topic(), key == null ? "" : key, entry.event()));
  }

  private CompletionStage<Long> acknowledge(Entry entry) {
    return bus.commands().xack(from.stream(), bus.group(), entry.id());
  }

  /** A connection of its own, as it waits on it; the group is made anew where Redis lost it. */
  private CompletionStage<Place> open() {
    return bus.connect()
        .thenCompose(
            connection ->
                connection
                    .async()
                    .xgroupCreate(
                        StreamOffset.from(from.stream(), "0"),
                        bus.group(),
                        XGroupCreateArgs.Builder.mkstream())
                    .handle(
                        (made, failure) -> {
                          if (failure == null || isThereAlready(failure)) {
                            return CompletableFuture.completedStage(new Place(connection));
                          }
                          var unused = connection.closeAsync(); // the failure counts
                          return CompletableFuture.<Place>failedStage(failure);
                        })
                    .thenCompose(place -> place));
  }

  private static boolean isThereAlready(Throwable failure) {
    return failure instanceof RedisBusyException
        || (failure instanceof CompletionException
            && failure.getCause() instanceof RedisBusyException);
  }

  /** How far one has read: first what is pending, then what comes. */
  private final class Place {

    private final StatefulRedisConnection<String, byte[]> connection;
    private final Consumer<String> consumer = Consumer.from(bus.group(), CONSUMER);
    private String pending = "0";
    private boolean isPendingDone;
    private String claimed = "0-0";
    private long nextClaim = System.nanoTime();

    Place(StatefulRedisConnection<String, byte[]> connection) {
      this.connection = connection;
    }

    CompletionStage<Optional<List<StreamMessage<String, byte[]>>>> next() {
      CompletionStage<List<StreamMessage<String, byte[]>>> messages;
      if (!isPendingDone) {
        messages = pending();
      } else if (System.nanoTime() - nextClaim >= 0) {
        messages = claim();
      } else {
        messages = fresh();
      }
      return messages.thenApply(Optional::of);
    }

    @SuppressWarnings("unchecked") // an array of one stream
    private CompletionStage<List<StreamMessage<String, byte[]>>> pending() {
      return connection
          .async()
          .xreadgroup(consumer, count(), StreamOffset.from(from.stream(), pending))
          .thenApply(
              messages -> {
                isPendingDone = messages.isEmpty();
                if (!isPendingDone) {
                  pending = messages.get(messages.size() - 1).getId();
                }
                return messages;
              });
    }

    @SuppressWarnings("unchecked") // an array of one stream
    private CompletionStage<List<StreamMessage<String, byte[]>>> fresh() {
      return connection
          .async()
          .xreadgroup(
              consumer,
              count().block(bus.settings().block()),
              StreamOffset.lastConsumed(from.stream()))
          .thenApply(messages -> messages);
    }

    /** What has long been pending and is not in hand here: another consumer has left it. */
    private CompletionStage<List<StreamMessage<String, byte[]>>> claim() {
      Duration idle = bus.settings().claimAfter();
      return connection
          .async()
          .xautoclaim(
              from.stream(),
              XAutoClaimArgs.Builder.xautoclaim(consumer, idle, claimed)
                  .count(bus.settings().batch()))
          .thenApply(
              left -> {
                claimed = left.getId();
                if (claimed.equals("0-0")) {
                  nextClaim = System.nanoTime() + idle.dividedBy(3).toNanos();
                }
                return left.getMessages();
              });
    }

    private XReadArgs count() {
      return XReadArgs.Builder.count(bus.settings().batch());
    }

    CompletionStage<Done> close() {
      return connection.closeAsync().handle((closed, failure) -> Done.getInstance());
    }
  }
}
