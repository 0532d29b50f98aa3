package io.twinloop.entities;

import java.util.List;
import java.util.function.Function;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit.CommandResultWithReply;
import org.apache.pekko.persistence.typed.PersistenceId;

/**
 * One entity on the test bench: commands go in one by one, and all that comes out (events, state,
 * reply) is serialised and read back, and has to be equal then.
 *
 * @param <C> its commands
 * @param <E> its events
 * @param <S> its states
 * @param <R> its replies
 */
public final class EntityBench<C, E, S, R> {

  private final EventSourcedBehaviorTestKit<C, E, S> kit;
  private final PersistenceId persistenceId;

  /** A fresh entity; what was stored in the system before is forgotten. */
  public EntityBench(ActorSystem<?> system, PersistenceId persistenceId, Behavior<C> behavior) {
    this.persistenceId = persistenceId;
    this.kit =
        EventSourcedBehaviorTestKit.create(
            system,
            behavior,
            EventSourcedBehaviorTestKit.enabledSerializationSettings().withVerifyEquality(true));
  }

  /**
   * The actor system benches run in: journal and snapshots in memory, the product's serializers.
   */
  public static ActorTestKit newSystem() {
    return ActorTestKit.create(EventSourcedBehaviorTestKit.config());
  }

  public CommandResultWithReply<C, E, S, R> run(Function<ActorRef<R>, C> command) {
    return kit.runCommand(command);
  }

  /** The reply to a command, which has to be of this class. */
  public <T extends R> T ask(Class<T> replyClass, Function<ActorRef<R>, C> command) {
    return run(command).replyOfType(replyClass);
  }

  public S state() {
    return kit.getState();
  }

  /** Every event stored so far. */
  public List<Object> stored() {
    return kit.persistenceTestKit().persistedInStorage(persistenceId.id());
  }

  /** The state after the entity was stopped and recovered from what is stored. */
  public S recovered() {
    return kit.restart().state();
  }

  /** The state as it recovers from its snapshot alone, the events before it being lost. */
  public S recoveredFromSnapshotAlone() {
    kit.persistenceTestKit().clearByPersistenceId(persistenceId.id());
    return kit.restart().state();
  }
}
