package io.twinloop.projections;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.ClusterShardingSettings;
import org.apache.pekko.cluster.sharding.typed.ShardedDaemonProcessSettings;
import org.apache.pekko.cluster.sharding.typed.ShardingEnvelope;
import org.apache.pekko.cluster.sharding.typed.ShardingMessageExtractor;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.cluster.sharding.typed.javadsl.StartEntity;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.SelfUp;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * Work that goes on all the time: each process runs on one node with the role {@code projections},
 * and on another when that one goes. They spread over the nodes that are there.
 *
 * <p>Pekko's sharded daemon process takes a sharding with a coordinator of its own for each kind of
 * work, all of which move when the oldest node leaves, and it numbers the processes. This is one
 * sharding for all, and a process is known by its name: a release that adds one doesn't make
 * another run twice while both releases are there.
 */
public final class DaemonProcesses {

  private static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "daemon-process");

  private enum Command {
    /** The process goes to another node, or ends with this one. */
    STOP
  }

  /** How often all are seen to. */
  private enum Look {
    LOOK
  }

  private final ActorSystem<?> system;
  private final Map<String, Behavior<Command>> processes = new LinkedHashMap<>();

  public DaemonProcesses(ActorSystem<?> system) {
    this.system = system;
  }

  /**
   * Makes a process known, before all are started.
   *
   * @param name of its own, and the same for ever: by it the nodes agree on who runs it
   * @param process is made anew wherever it starts; when it ends or fails it starts again
   * @param stop what it is told when it goes to another node; it starts there when it has ended
   */
  public <C> DaemonProcesses add(String name, Supplier<Behavior<C>> process, C stop) {
    if (processes.putIfAbsent(name, hosting(process, stop)) != null) {
      throw new IllegalArgumentException("There is already a process '" + name + "'.");
    }
    return this;
  }

  /**
   * Takes part in running them, as soon as this node is a member. Best called before it joins: the
   * nodes agree on who runs what by writing it to all members.
   */
  public void start() {
    Map<String, Behavior<Command>> known = Map.copyOf(processes);
    ShardedDaemonProcessSettings settings = ShardedDaemonProcessSettings.create(system);
    ActorRef<ShardingEnvelope<Command>> region =
        ClusterSharding.get(system)
            .init(
                Entity.of(
                        KEY,
                        context -> known.getOrDefault(context.getEntityId(), Behaviors.stopped()))
                    .withStopMessage(Command.STOP)
                    .withSettings(
                        ClusterShardingSettings.create(system)
                            .withRole("projections")
                            .withNoPassivationStrategy())
                    .withMessageExtractor(new SomeOfAShard()));
    system.systemActorOf(
        keepAlive(known.keySet(), region, settings), "daemon-processes", Props.empty());
  }

  private static <C> Behavior<Command> hosting(Supplier<Behavior<C>> process, C stop) {
    return Behaviors.setup(
        context -> {
          ActorRef<C> running = context.spawn(process.get(), "process");
          context.watch(running);
          return Behaviors.receive(Command.class)
              .onMessage(
                  Command.class,
                  command -> {
                    running.tell(stop);
                    return Behaviors.same();
                  })
              .onSignal(Terminated.class, ended -> Behaviors.stopped())
              .build();
        });
  }

  private static Behavior<Look> keepAlive(
      Set<String> names,
      ActorRef<ShardingEnvelope<Command>> region,
      ShardedDaemonProcessSettings settings) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  Cluster.get(context.getSystem())
                      .subscriptions()
                      .tell(
                          Subscribe.create(
                              context.messageAdapter(SelfUp.class, up -> Look.LOOK), SelfUp.class));
                  return Behaviors.receive(Look.class)
                      .onMessage(
                          Look.class,
                          look -> {
                            names.forEach(
                                name -> region.tell(StartEntity.create(Command.class, name)));
                            timers.startSingleTimer(
                                look,
                                scala.jdk.javaapi.DurationConverters.toJava(
                                    settings.keepAliveInterval()));
                            return Behaviors.same();
                          })
                      .build();
                }));
  }

  /**
   * A shard is what moves as a whole. The coordinator gives one a new home after the other, each
   * written to all nodes first, so the shards are fewer than the processes; but several for each
   * node, so that all get about the same.
   */
  private static final class SomeOfAShard
      extends ShardingMessageExtractor<ShardingEnvelope<Command>, Command> {

    /** It can't change while a cluster runs. */
    private static final int SHARDS = 24;

    @Override
    public String entityId(ShardingEnvelope<Command> envelope) {
      return envelope.entityId();
    }

    @Override
    public String shardId(String entityId) {
      return Integer.toString(Math.floorMod(entityId.hashCode(), SHARDS));
    }

    @Override
    public Command unwrapMessage(ShardingEnvelope<Command> envelope) {
      return envelope.message();
    }
  }
}
