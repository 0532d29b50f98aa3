package io.twinloop.entities;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;

/**
 * What lets commands outlive nodes that come and go. Between a node's end and its removal whatever
 * is sent to its entities is lost, and nobody is told; so is what meets an entity that is just
 * given away. So
 *
 * <ul>
 *   <li>a {@link Repeatable} command is sent again while no answer comes;
 *   <li>any other one could have its effect twice, and is sent once. While entities may move it
 *       waits until its entity has answered a question: then it has a home.
 * </ul>
 *
 * <p>What was on its way when the node died stays without an answer: whether it had an effect is
 * known to the journal alone, and the caller is told so.
 */
public final class Failover {

  private static final int SOONER = 4;

  private final ActorSystem<?> system;
  private final Cluster cluster;
  private final Duration repeatAfter;
  private final Semaphore places;
  private final EntityMoves moves;
  private final Map<EntityTypeKey<?>, Function<ActorRef<Object>, ?>> questions = new HashMap<>();

  /**
   * @param repeatAfter a repeatable command is sent again after so long without an answer, while
   *     entities may move after a quarter of it
   * @param settling after nodes came or went, entities move for so long at most
   * @param waiting so many commands wait while entities may move; more are refused
   */
  public Failover(ActorSystem<?> system, Duration repeatAfter, Duration settling, int waiting) {
    this.system = system;
    this.cluster = Cluster.get(system.classicSystem());
    this.repeatAfter = repeatAfter;
    this.places = new Semaphore(waiting);
    this.moves = new EntityMoves(settling, System::nanoTime);
  }

  /** Names the question that any entity of this type answers. */
  @SuppressWarnings("unchecked") // a reply is waited for, and not looked at
  public <C, R> Failover asking(EntityTypeKey<C> key, Function<ActorRef<R>, C> question) {
    questions.put(key, replyTo -> question.apply((ActorRef<R>) (ActorRef<?>) replyTo));
    return this;
  }

  /** Too many commands wait already for entities that may move; this one was not sent. */
  public static final class TooManyWaiting extends RuntimeException {
    TooManyWaiting() {
      super("Too many commands wait for entities that move to another node");
    }
  }

  boolean mayMove() {
    return moves.mayHappen(cluster.state());
  }

  /** The question to ask first, of entities of this type. */
  @SuppressWarnings("unchecked") // registered together with its key
  <C> Optional<Function<ActorRef<Object>, C>> question(EntityTypeKey<C> key) {
    return Optional.ofNullable((Function<ActorRef<Object>, C>) questions.get(key));
  }

  /** For a command that is made only to be looked at. */
  <R> ActorRef<R> nobody() {
    return system.ignoreRef();
  }

  /** Takes a place among those that wait; false when all are taken. */
  boolean enter() {
    return places.tryAcquire();
  }

  void leave() {
    places.release();
  }

  /** Sooner while entities may move: what was dropped on its way then need not wait. */
  Cancellable later(Runnable step) {
    Duration pause = mayMove() ? repeatAfter.dividedBy(SOONER) : repeatAfter;
    return system.scheduler().scheduleOnce(pause, step, system.executionContext());
  }
}
