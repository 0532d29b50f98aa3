package io.twinloop.projections.bus;

import io.twinloop.projections.bus.RedisStreamReader.Reading;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.ShardedDaemonProcessSettings;
import org.apache.pekko.cluster.sharding.typed.javadsl.ShardedDaemonProcess;

/**
 * Consumes from Redis: the cluster gives each stream to one node at a time, and those of a node
 * that went to the others. An entry is acknowledged when it is done.
 */
final class RedisEventConsumer implements EventConsumer {

  private final ActorSystem<?> system;
  private final String name;
  private final List<RedisStreamReader> readers;
  private final ConsumerLag lag;

  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Set<Reading> readings = ConcurrentHashMap.newKeySet();

  RedisEventConsumer(
      ActorSystem<?> system, String name, List<RedisStreamReader> readers, ConsumerLag lag) {
    this.system = system;
    this.name = name;
    this.readers = List.copyOf(readers);
    this.lag = lag;
  }

  /** What the process of a stream is told. */
  sealed interface Command permits Stop, Stopped {}

  /** The stream goes to another node. */
  record Stop() implements Command {}

  private record Stopped() implements Command {}

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
    ShardedDaemonProcess.get(system)
        .init(
            Command.class,
            name,
            readers.size(),
            index -> process(readers.get(index)),
            ShardedDaemonProcessSettings.create(system).withRole("projections"),
            Optional.of(new Stop()));
    return () -> {
      stopped.set(true);
      return CompletableFuture.allOf(
              readings.stream()
                  .map(reading -> reading.stop().toCompletableFuture())
                  .toArray(CompletableFuture<?>[]::new))
          .thenApply(all -> Done.getInstance());
    };
  }

  private Behavior<Command> process(RedisStreamReader reader) {
    return Behaviors.setup(
        context -> {
          if (stopped.get()) {
            return Behaviors.receive(Command.class)
                .onMessage(Stop.class, stop -> Behaviors.stopped())
                .build();
          }
          Reading reading = reader.start();
          readings.add(reading);
          return Behaviors.receive(Command.class)
              .onMessage(
                  Stop.class,
                  stop -> {
                    context.pipeToSelf(reading.stop(), (done, failure) -> new Stopped());
                    return Behaviors.same();
                  })
              .onMessage(Stopped.class, done -> Behaviors.stopped())
              .onSignal(
                  PostStop.class,
                  stop -> {
                    readings.remove(reading);
                    var unused = reading.stop(); // at the latest now, when it was not told to
                    return Behaviors.same();
                  })
              .build();
        });
  }
}
