package io.twinloop.projections.bus;

import io.twinloop.projections.Database;
import io.twinloop.serialization.IntegrationEvent;
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
   * it.
   */
  public CompletionStage<Void> send(IntegrationEvent event) {
    return database
        .inTransaction(connection -> EventLog.recordOnce(connection, event))
        .thenCompose(bus::publish);
  }
}
