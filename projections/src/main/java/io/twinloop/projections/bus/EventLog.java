package io.twinloop.projections.bus;

import io.twinloop.projections.Sql;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** The history of integration events: what was sent and what was taken, each once. */
public final class EventLog {

  /** Primary key. */
  private static final String RECORD =
      """
      INSERT INTO integration_event (id, type, subject, correlation_id, time, event)
      VALUES (?, ?, ?, ?, ?, ?::json)
      ON CONFLICT (id) DO NOTHING
      """;

  /** Primary key. */
  private static final String RECORDED = "SELECT event FROM integration_event WHERE id = ?";

  private EventLog() {}

  /** Records an event, or finds the one that was recorded with its id before; answers that. */
  public static IntegrationEvent recordOnce(Connection connection, IntegrationEvent event)
      throws SQLException {
    record(connection, event);
    return Sql.one(
            connection,
            RECORDED,
            row -> CloudEventCodec.decode(row.getString("event").getBytes(StandardCharsets.UTF_8)),
            event.id())
        .orElseThrow();
  }

  /** Records an event; one that is recorded already changes nothing. */
  public static void record(Connection connection, IntegrationEvent event) throws SQLException {
    record(connection, List.of(event));
  }

  /** Records events in their order; those that are recorded already change nothing. */
  public static void record(Connection connection, List<IntegrationEvent> events)
      throws SQLException {
    Sql.updateAll(connection, RECORD, events.stream().map(EventLog::row).toList());
  }

  private static Object[] row(IntegrationEvent event) {
    return new Object[] {
      event.id(),
      event.type(),
      event.subject(),
      event.correlationId(),
      event.time(),
      new String(CloudEventCodec.encode(event), StandardCharsets.UTF_8)
    };
  }
}
