package io.twinloop.entities;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.jspecify.annotations.Nullable;

/** The way to every entity, wherever in the cluster it lives. */
public final class Entities {

  private final ClusterSharding sharding;
  private final Duration timeout;
  private final @Nullable Failover failover;

  /** The way to entities that live on one node: every command is sent once. */
  public Entities(ClusterSharding sharding, Duration timeout) {
    this(sharding, timeout, null);
  }

  /**
   * @param timeout an entity that has not answered by then is taken for away: the stage fails with
   *     {@link TimeoutException}
   * @param failover what is done where a node may be lost on the way
   */
  public Entities(ClusterSharding sharding, Duration timeout, @Nullable Failover failover) {
    this.sharding = sharding;
    this.timeout = timeout;
    this.failover = failover;
  }

  /**
   * Sends a command and waits for its reply; see {@link Failover} for how often.
   *
   * <p>What Pekko's ask returns hands every callback to another thread, by starting one where the
   * common pool is small; the stage returned here is a plain one and calls back where it stands.
   *
   * @param command makes the command; may be asked for it more than once
   */
  public <C, R> CompletionStage<R> ask(
      EntityTypeKey<C> key, String id, Function<ActorRef<R>, C> command) {
    Asking<C, R> asking = new Asking<>(sharding.entityRefFor(key, id), command);
    if (failover != null && failover.mayMove()) {
      askThroughFailover(failover, key, asking);
    } else {
      asking.send();
      asking.repeatWhereItMay();
    }
    return asking.answer;
  }

  /** Whether entities may be on their way from node to node just now, and answer late or never. */
  public boolean mayMove() {
    return failover != null && failover.mayMove();
  }

  private <C, R> void askThroughFailover(
      Failover failover, EntityTypeKey<C> key, Asking<C, R> asking) {
    Optional<Function<ActorRef<Object>, C>> question = failover.question(key);
    if (question.isEmpty() || mayRepeat(asking.command.apply(failover.nobody()))) {
      asking.send();
      asking.repeatWhereItMay();
      return;
    }
    if (!failover.enter()) {
      asking.answer.completeExceptionally(new Failover.TooManyWaiting());
      return;
    }
    Asking<C, Object> asked = new Asking<>(asking.entity, question.get());
    asked.send();
    asked.repeat();
    var unused = // the answer is told in there
        asked.answer.whenComplete(
            (there, failure) -> {
              failover.leave();
              if (failure == null) {
                asking.send();
              } else {
                asking.answer.completeExceptionally(failure);
              }
            });
  }

  private static boolean mayRepeat(Object command) {
    return command instanceof Repeatable repeatable && repeatable.mayRepeat();
  }

  /** One command on its way to one entity, until the answer or the time-out. */
  private final class Asking<C, R> {
    private final EntityRef<C> entity;
    private final Function<ActorRef<R>, C> command;
    private final long deadline = System.nanoTime() + timeout.toNanos();
    private final CompletableFuture<R> answer = new CompletableFuture<>();
    private boolean repeatable;
    private volatile @Nullable Cancellable next;

    Asking(EntityRef<C> entity, Function<ActorRef<R>, C> command) {
      this.entity = entity;
      this.command = command;
    }

    /** Whichever sending is answered first answers all. */
    void send() {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      if (left.isNegative() || left.isZero()) {
        answer.completeExceptionally(
            new TimeoutException("No answer of " + entity + " within " + timeout));
        return;
      }
      entity
          .<R>ask(this::made, left)
          .whenCompleteAsync(
              (reply, failure) -> {
                Cancellable repetition = next;
                if (repetition != null) {
                  repetition.cancel();
                }
                if (failure == null) {
                  answer.complete(reply);
                } else {
                  answer.completeExceptionally(failure);
                }
              },
              Runnable::run);
    }

    private C made(ActorRef<R> replyTo) {
      C made = command.apply(replyTo);
      repeatable = mayRepeat(made);
      return made;
    }

    void repeatWhereItMay() {
      if (repeatable) {
        repeat();
      }
    }

    void repeat() {
      if (failover != null) {
        next =
            failover.later(
                () -> {
                  if (!answer.isDone()) {
                    send();
                    repeat();
                  }
                });
      }
    }
  }
}
