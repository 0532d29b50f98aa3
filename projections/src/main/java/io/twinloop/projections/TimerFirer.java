package io.twinloop.projections;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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

  /** Index timer_by_due. A type this release does not know waits for one that does. */
  private static final String DUE =
      """
      SELECT entity_type, entity_id, timer_id, due_at FROM timer
      WHERE due_at <= ? AND entity_type = ANY(?) ORDER BY due_at LIMIT ?
      """;

  /** Primary key; a timer that was set anew meanwhile stays, for it has not been fired. */
  private static final String REMOVE =
      """
      DELETE FROM timer
      WHERE entity_type = ? AND entity_id = ? AND timer_id = ? AND due_at = ?
      """;

  /** Likewise. */
  private static final String POSTPONE =
      """
      UPDATE timer SET due_at = ?
      WHERE entity_type = ? AND entity_id = ? AND timer_id = ? AND due_at = ?
      """;

  /** A timer whose entity would not take it comes again after this, behind those that wait. */
  private static final Duration AGAIN = Duration.ofSeconds(2);

  /** Where due timers of one type of entity go. */
  @FunctionalInterface
  public interface Target {
    /** True when the entity has taken it, false when it has to come again later. */
    CompletionStage<Boolean> fire(String entityId, String timerId);
  }

  public sealed interface Command permits Look, Looked, Stop {}

  private record Look() implements Command {}

  private record Looked(int found, @Nullable Throwable failure) implements Command {}

  /** Ends the actor. */
  public record Stop() implements Command {}

  private static final Logger LOG = LoggerFactory.getLogger(TimerFirer.class);

  private record Due(String entityType, String entityId, String timerId, Instant dueAt) {}

  private final Database database;
  private final Map<String, Target> targets;
  private final Clock clock;
  private final Duration interval;
  private final int batch;
  private final TimerScheduler<Command> timers;

  private TimerFirer(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Database database,
      Map<String, Target> targets,
      Clock clock,
      Duration interval,
      int batch) {
    super(context);
    this.timers = timers;
    this.database = database;
    this.targets = Map.copyOf(targets);
    this.clock = clock;
    this.interval = interval;
    this.batch = batch;
  }

  /**
   * Looks for due timers at once, and then again and again.
   *
   * @param targets where the timers go, by the type of their entity
   * @param interval how often due timers are looked for
   * @param batch how many are fired at once
   */
  public static Behavior<Command> create(
      Database database, Map<String, Target> targets, Clock clock, Duration interval, int batch) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  context.getSelf().tell(new Look());
                  return new TimerFirer(context, timers, database, targets, clock, interval, batch);
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
                                row.getString("entity_type"),
                                row.getString("entity_id"),
                                row.getString("timer_id"),
                                Sql.instant(row, "due_at")),
                        now,
                        Sql.texts(connection, List.copyOf(targets.keySet())),
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
    return targets
        .get(timer.entityType())
        .fire(timer.entityId(), timer.timerId())
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
                            connection,
                            REMOVE,
                            timer.entityType(),
                            timer.entityId(),
                            timer.timerId(),
                            timer.dueAt());
                      } else {
                        Instant again = clock.instant().plus(AGAIN);
                        Sql.update(
                            connection,
                            POSTPONE,
                            again,
                            timer.entityType(),
                            timer.entityId(),
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
