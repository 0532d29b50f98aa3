package io.twinloop.projections.bus;

import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.entities.EntityIds;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.personaldata.JdbcSubjectKeys.UnknownMasterKeyException;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.CloudEventCodec.MalformedEventException;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one event to its effect by the rules that hold on every topic: the same event id has its
 * effect once; a transient failure is tried again after each pause of the settings; what is refused
 * or keeps failing becomes a dead letter; a type nobody handles is counted and logged.
 *
 * <p>While the database itself is away no attempt is counted: the event waits until it is back. Nor
 * is one that got no answer of an entity while entities move from node to node.
 */
public final class EventDelivery {

  private static final Logger LOG = LoggerFactory.getLogger(EventDelivery.class);

  private static final Duration DEPENDENCY_AWAY = Duration.ofSeconds(1);
  private static final Duration ANSWERS_WITHIN = Duration.ofMillis(500);

  /** Primary key. */
  private static final String IS_HANDLED =
      "SELECT 1 FROM inbox WHERE consumer_group = ? AND event_id = ?";

  /** Primary key. */
  private static final String HANDLED =
      "INSERT INTO inbox (consumer_group, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING";

  private final BusSettings settings;
  private final Map<String, Effect> effects;
  private final Database database;
  private final DeadLetters deadLetters;
  private final PersonalData personalData;
  private final Clock clock;
  private final BooleanSupplier entitiesMayMove;
  private final MeterRegistry metrics;

  /**
   * @param entitiesMayMove whether it is likely that an entity that doesn't answer is on its way to
   *     another node
   */
  public EventDelivery(
      BusSettings settings,
      Map<String, Effect> effects,
      Database database,
      DeadLetters deadLetters,
      PersonalData personalData,
      Clock clock,
      BooleanSupplier entitiesMayMove,
      MeterRegistry metrics) {
    this.settings = settings;
    this.effects = Map.copyOf(effects);
    this.database = database;
    this.deadLetters = deadLetters;
    this.personalData = personalData;
    this.clock = clock;
    this.entitiesMayMove = entitiesMayMove;
    this.metrics = metrics;
  }

  /** One event as it came. */
  public record Delivery(String topic, String key, ByteString bytes) {}

  /**
   * Done when the event had its effect, or is kept among the dead; never fails. What others have
   * put on the bus in clear is sealed before anything is stored of it.
   */
  public CompletionStage<Void> deliver(Delivery delivery) {
    IntegrationEvent came;
    try {
      came = CloudEventCodec.decode(delivery.bytes().toArray());
    } catch (MalformedEventException e) {
      return bury(delivery, null, "malformed: " + e.getMessage(), 1);
    }
    return personalData.isPersonal(came) ? seal(delivery, came, 1) : handle(delivery, came);
  }

  private CompletionStage<Void> seal(Delivery delivery, IntegrationEvent came, int attempt) {
    return sealed(came)
        .handle(
            (event, failure) -> {
              if (failure == null) {
                return handle(sealed(delivery, event), event);
              }
              Throwable reason = reason(failure);
              // Its key is wrapped by a master key that this node will be given.
              return reason instanceof UnknownMasterKeyException
                  ? later(DEPENDENCY_AWAY, () -> seal(delivery, came, attempt))
                  : afterFailure(
                      delivery, came, attempt, reason, next -> seal(delivery, came, next));
            })
        .thenCompose(next -> next);
  }

  private CompletionStage<IntegrationEvent> sealed(IntegrationEvent came) {
    try {
      return personalData.seal(came);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private static Throwable reason(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  private static Delivery sealed(Delivery delivery, IntegrationEvent event) {
    return new Delivery(
        delivery.topic(), delivery.key(), ByteString.fromArray(CloudEventCodec.encode(event)));
  }

  private CompletionStage<Void> handle(Delivery delivery, IntegrationEvent event) {
    return untilItWorks(() -> isHandled(event))
        .thenCompose(
            handled -> {
              if (handled) {
                count("duplicate", event);
                return CompletableFuture.completedFuture(null);
              }
              return attempt(delivery, event, 1);
            });
  }

  /** What delivering these bytes would come to, in a sentence; does nothing. */
  public String preview(ByteString bytes) {
    try {
      IntegrationEvent event = CloudEventCodec.decode(bytes.toArray());
      Effect effect = effects.get(event.type());
      return effect == null
          ? "Nothing: nobody handles type '" + event.type() + "'."
          : "Hand event '%s' for '%s' to %s."
              .formatted(event.id(), event.subject(), effect.getClass().getSimpleName());
    } catch (MalformedEventException e) {
      return "Nothing: it can't be read, " + e.getMessage();
    }
  }

  private CompletionStage<Void> attempt(Delivery delivery, IntegrationEvent event, int attempt) {
    Effect effect = effects.get(event.type());
    if (effect == null) {
      LOG.info("Nobody handles event {} of type {}", event.id(), event.type());
      count("unhandled", event);
      return untilItWorks(() -> markHandled(event));
    }
    return apply(effect, event)
        .handle((outcome, failure) -> after(delivery, event, attempt, outcome, failure))
        .thenCompose(next -> next);
  }

  private static CompletionStage<Effect.Outcome> apply(Effect effect, IntegrationEvent event) {
    try {
      return effect.of(event);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletionStage<Void> after(
      Delivery delivery,
      IntegrationEvent event,
      int attempt,
      Effect.@Nullable Outcome outcome,
      @Nullable Throwable failure) {
    if (outcome instanceof Effect.Done) {
      count("done", event);
      return untilItWorks(() -> markHandled(event));
    }
    if (outcome instanceof Effect.Refused refused) {
      return bury(delivery, event, refused.code() + ": " + refused.sentence(), attempt);
    }
    return afterFailure(
        delivery,
        event,
        attempt,
        failure == null ? null : reason(failure),
        next -> attempt(delivery, event, next));
  }

  /** While the database is away, or the entity on its way, the attempt does not count. */
  private CompletionStage<Void> afterFailure(
      Delivery delivery,
      IntegrationEvent event,
      int attempt,
      @Nullable Throwable reason,
      IntFunction<CompletionStage<Void>> tried) {
    return databaseAnswers()
        .thenCompose(
            answers -> {
              if (!answers
                  || (reason instanceof TimeoutException && entitiesMayMove.getAsBoolean())) {
                return later(DEPENDENCY_AWAY, () -> tried.apply(attempt));
              }
              if (attempt > settings.backoff().size()) {
                return giveUp(delivery, event, String.valueOf(reason), attempt);
              }
              Duration pause = settings.backoff().get(attempt - 1);
              LOG.warn(
                  "Event {} of type {} failed at attempt {}, next in {} s: {}",
                  event.id(),
                  event.type(),
                  attempt,
                  pause.toSeconds(),
                  String.valueOf(reason));
              count("retried", event);
              return later(pause, () -> tried.apply(attempt + 1));
            });
  }

  /** What could not be done here may have been done by the node that the partition went to. */
  private CompletionStage<Void> giveUp(
      Delivery delivery, IntegrationEvent event, String error, int attempts) {
    return untilItWorks(() -> isHandled(event))
        .thenCompose(
            handled -> {
              if (handled) {
                count("duplicate", event);
                return CompletableFuture.completedFuture(null);
              }
              return bury(delivery, event, error, attempts);
            });
  }

  private CompletionStage<Void> bury(
      Delivery delivery, @Nullable IntegrationEvent event, String error, int attempts) {
    LOG.error(
        "Event {} from {} goes to the dead letters after {} attempts: {}",
        event == null ? "(unreadable)" : event.id(),
        delivery.topic(),
        attempts,
        error);
    metrics.counter("twinloop.bus.dead.letters").increment();
    String name =
        event == null
            ? EntityIds.derived(delivery.bytes().toArray())
            : EntityIds.derived("dead", settings.consumerGroup(), event.id());
    DeadLetter letter =
        new DeadLetter(
            name,
            settings.consumerGroup(),
            delivery.topic(),
            delivery.key(),
            delivery.bytes(),
            event == null ? null : event.id(),
            event == null ? null : event.type(),
            error,
            attempts,
            clock.instant(),
            null);
    return untilItWorks(() -> deadLetters.keep(letter));
  }

  private CompletionStage<Boolean> isHandled(IntegrationEvent event) {
    return database.inTransaction(
        connection ->
            Sql.one(
                    connection,
                    IS_HANDLED,
                    row -> row.getInt(1),
                    settings.consumerGroup(),
                    event.id())
                .isPresent());
  }

  private CompletionStage<Void> markHandled(IntegrationEvent event) {
    return database.inTransaction(
        connection -> {
          EventLog.record(connection, event);
          Sql.update(connection, HANDLED, settings.consumerGroup(), event.id());
          return null;
        });
  }

  /** A database that has to be waited for was away when the attempt failed. */
  private CompletionStage<Boolean> databaseAnswers() {
    return database
        .inTransaction(connection -> connection.isValid(2))
        .exceptionally(failure -> false)
        .toCompletableFuture()
        .completeOnTimeout(false, ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
  }

  private <T> CompletionStage<T> untilItWorks(Step<T> step) {
    return step.run()
        .handle(
            (result, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedStage(result);
              }
              LOG.warn("A dependency is away, trying again: {}", failure.toString());
              return later(DEPENDENCY_AWAY, () -> untilItWorks(step));
            })
        .thenCompose(next -> next);
  }

  /** Work that may be done again. */
  private interface Step<T> {
    CompletionStage<T> run();
  }

  private static <T> CompletionStage<T> later(Duration pause, Step<T> step) {
    return CompletableFuture.supplyAsync(
            () -> step, CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS))
        .thenCompose(Step::run);
  }

  private void count(String outcome, IntegrationEvent event) {
    metrics
        .counter(
            "twinloop.bus.events", "outcome", outcome, "direction", event.direction().wireName())
        .increment();
  }
}
