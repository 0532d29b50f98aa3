package io.twinloop.projections.bus;

import io.twinloop.projections.Database;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Sends what callers hand in: it is in the history before it is on the bus, so that {@link
 * LostEvents} finds it should the bus lose it.
 */
public final class EventSender {

  private final Database database;
  private final EventBus bus;

  public EventSender(Database database, EventBus bus) {
    this.database = database;
    this.bus = bus;
  }

  /**
   * Sends an event, or the one that came with its id before; done when the history and the bus keep
   * it. One that came long ago had its effect, and isn't sent again.
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
              return recorded.age().filter(EventSender::mayBeOnItsWay).isPresent()
                  ? bus.publish(recorded.event()).thenApply(sent -> true)
                  : CompletableFuture.completedStage(true);
            });
  }

  /** Later the inbox may have forgotten it. */
  private static boolean mayBeOnItsWay(Duration age) {
    return age.compareTo(LostEvents.FARTHEST_BACK) < 0;
  }

  /** By what a caller means; its time and its payload may have been filled in or sealed anew. */
  private static boolean isSame(IntegrationEvent event, IntegrationEvent recorded) {
    return event.type().equals(recorded.type())
        && event.source().equals(recorded.source())
        && event.subject().equals(recorded.subject());
  }
}
