package io.twinloop.projections.bus;

import io.twinloop.projections.Sql;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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
  private static final String RECORDED =
      """
      SELECT event, EXTRACT(EPOCH FROM now() - recorded_at)::bigint AS age_seconds
      FROM integration_event WHERE id = ?
      """;

  private EventLog() {}

  /**
   * What stands in the history under an id.
   *
   * @param age since it came there; nothing where an older release recorded it
   */
  public record Recorded(IntegrationEvent event, Optional<Duration> age) {}

  /** Records an event, or finds the one that was recorded with its id before; answers that. */
  public static Recorded recordOnce(Connection connection, IntegrationEvent event)
      throws SQLException {
    record(connection, event);
    return Sql.one(connection, RECORDED, EventLog::recorded, event.id()).orElseThrow();
  }

  private static Recorded recorded(ResultSet row) throws SQLException {
    return new Recorded(
        CloudEventCodec.decode(row.getString("event").getBytes(StandardCharsets.UTF_8)),
        Optional.ofNullable(row.getObject("age_seconds", Long.class)).map(Duration::ofSeconds));
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
