package io.twinloop.projections.bus;

import io.twinloop.projections.Database;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Sends what callers hand in: it is in the history before it is on the bus, so that {@link
 * LostEvents} finds it should the bus lose it.
 */
public final class EventSender {

  private final Database database;
  private final EventBus bus;
  private final Optional<Duration> inboxKept;

  /**
   * @param inboxKept how long it is known that an event had its effect; nothing for ever
   */
  public EventSender(Database database, EventBus bus, Optional<Duration> inboxKept) {
    this.database = database;
    this.bus = bus;
    this.inboxKept = inboxKept;
  }

  /**
   * Sends an event, or the one that came with its id before; done when the history and the bus keep
   * it. One that came before all the inbox knows of had its effect, and isn't sent again: it would
   * have it twice.
   *
   * @return whether the event has its id to itself: else nothing was sent
   */
  public CompletionStage<Boolean> send(IntegrationEvent event) {
    return database
        .inTransaction(connection -> EventLog.recordOnce(connection, event))
        .thenCompose(
            recorded -> {
              if (!isSame(event, recorded.event())) {
                return CompletableFuture.completedStage(false);
              }
              return mayBeOnItsWay(recorded)
                  ? bus.publish(recorded.event()).thenApply(sent -> true)
                  : CompletableFuture.completedStage(true);
            });
  }

  /** What has no age was recorded when it was taken, by a release that did so only then. */
  private boolean mayBeOnItsWay(EventLog.Recorded recorded) {
    return recorded
        .age()
        .filter(age -> inboxKept.isEmpty() || age.compareTo(inboxKept.get()) < 0)
        .isPresent();
  }

  /** By what a caller means; its time and its payload may have been filled in or sealed anew. */
  private static boolean isSame(IntegrationEvent event, IntegrationEvent recorded) {
    return event.type().equals(recorded.type())
        && event.source().equals(recorded.source())
        && event.subject().equals(recorded.subject());
  }
}
