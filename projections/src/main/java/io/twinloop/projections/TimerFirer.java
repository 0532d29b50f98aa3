package io.twinloop.projections;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes sleeping entities when their time has come. A timer is a row; it is removed when its entity
 * has taken the wake-up, which it does once: a crash in between wakes it twice, without effect.
 */
public final class TimerFirer extends AbstractBehavior<TimerFirer.Command> {

  /** Index timer_by_due. */
  private static final String DUE =
      "SELECT workflow_id, timer_id, due_at FROM timer WHERE due_at <= ? ORDER BY due_at LIMIT ?";

  /** Primary key; a timer that was set anew meanwhile stays, for it has not been fired. */
  private static final String REMOVE =
      "DELETE FROM timer WHERE workflow_id = ? AND timer_id = ? AND due_at = ?";

  /** Likewise. */
  private static final String POSTPONE =
      "UPDATE timer SET due_at = ? WHERE workflow_id = ? AND timer_id = ? AND due_at = ?";

  /** A timer whose entity would not take it comes again after this, behind those that wait. */
  private static final Duration AGAIN = Duration.ofSeconds(2);

  /** Where a due timer goes. */
  @FunctionalInterface
  public interface Target {
    /** True when the entity has taken it, false when it has to come again later. */
    CompletionStage<Boolean> fire(String workflowId, String timerId);
  }

  public sealed interface Command permits Look, Looked, Stop {}

  private record Look() implements Command {}

  private record Looked(int found, @Nullable Throwable failure) implements Command {}

  /** Ends the actor. */
  public record Stop() implements Command {}

  private static final Logger LOG = LoggerFactory.getLogger(TimerFirer.class);

  private record Due(String workflowId, String timerId, Instant dueAt) {}

  private final Database database;
  private final Target target;
  private final Clock clock;
  private final Duration interval;
  private final int batch;
  private final TimerScheduler<Command> timers;

  private TimerFirer(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Database database,
      Target target,
      Clock clock,
      Duration interval,
      int batch) {
    super(context);
    this.timers = timers;
    this.database = database;
    this.target = target;
    this.clock = clock;
    this.interval = interval;
    this.batch = batch;
  }

  /**
   * Looks for due timers at once, and then again and again.
   *
   * @param interval how often due timers are looked for
   * @param batch how many are fired at once
   */
  public static Behavior<Command> create(
      Database database, Target target, Clock clock, Duration interval, int batch) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  context.getSelf().tell(new Look());
                  return new TimerFirer(context, timers, database, target, clock, interval, batch);
                }));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Look.class, look -> look())
        .onMessage(Looked.class, this::looked)
        .onMessage(Stop.class, stop -> Behaviors.stopped())
        .build();
  }

  private Behavior<Command> look() {
    Instant now = clock.instant();
    CompletionStage<Integer> firing =
        database
            .inTransaction(
                connection ->
                    Sql.list(
                        connection,
                        DUE,
                        row ->
                            new Due(
                                row.getString("workflow_id"),
                                row.getString("timer_id"),
                                Sql.instant(row, "due_at")),
                        now,
                        batch))
            .thenCompose(this::fire);
    getContext()
        .pipeToSelf(firing, (found, failure) -> new Looked(failure == null ? found : 0, failure));
    return this;
  }

  private CompletionStage<Integer> fire(List<Due> due) {
    CompletableFuture<?>[] taken =
        due.stream()
            .map(timer -> fire(timer).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(taken).thenApply(all -> due.size());
  }

  private CompletionStage<Boolean> fire(Due timer) {
    return target
        .fire(timer.workflowId(), timer.timerId())
        .exceptionally(
            failure -> {
              LOG.warn("Timer {} has to come again: {}", timer, failure.toString());
              return false;
            })
        .thenCompose(
            taken ->
                database.inTransaction(
                    connection -> {
                      if (taken) {
                        Sql.update(
                            connection, REMOVE, timer.workflowId(), timer.timerId(), timer.dueAt());
                      } else {
                        Instant again = clock.instant().plus(AGAIN);
                        Sql.update(
                            connection,
                            POSTPONE,
                            again,
                            timer.workflowId(),
                            timer.timerId(),
                            timer.dueAt());
                      }
                      return taken;
                    }));
  }

  /** After a full batch at once again; otherwise after the interval. */
  private Behavior<Command> looked(Looked looked) {
    if (looked.failure() != null) {
      LOG.warn("Due timers can't be fired: {}", looked.failure().toString());
    }
    if (looked.found() >= batch) {
      getContext().getSelf().tell(new Look());
    } else {
      timers.startSingleTimer(new Look(), interval);
    }
    return this;
  }
}
