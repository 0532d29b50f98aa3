package io.twinloop.projections.outbound;

import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Questions about what was told outside, and what came of it. */
public final class OutboxQueries {

  private static final String COLUMNS =
      """
      SELECT id, workflow_id, correlation_id, at, channel, recipient, subject, body, state, attempts,
        last_error, due_at, ended_at
      FROM outbox
      """;

  /** Index by time, or by state or correlation where the question is narrower. */
  private static final String LIST =
      COLUMNS
          + """
          WHERE (at, id) > (?, ?)
            AND (?::text IS NULL OR state = ?)
            AND (?::text IS NULL OR channel = ?)
            AND (?::text IS NULL OR correlation_id = ?)
          ORDER BY at, id LIMIT ?
          """;

  /** Primary key. */
  private static final String ONE = COLUMNS + "WHERE id = ?";

  /** Index outbox_due, its first entry. */
  private static final String LONGEST_DUE =
      "SELECT due_at FROM outbox WHERE state = 'WAITING' ORDER BY due_at LIMIT 1";

  private final Database database;

  public OutboxQueries(Database database) {
    this.database = database;
  }

  /**
   * A message and how it stands.
   *
   * @param attempts since it was last put to wait
   * @param lastError why it was not sent, the last time it was tried
   * @param dueAt when it is tried next, or given to another sender; null when it is not
   * @param endedAt when it came to its state, null while it waits
   */
  public record Kept(
      OutboundMessage message,
      Outbox.State state,
      int attempts,
      @Nullable String lastError,
      @Nullable Instant dueAt,
      @Nullable Instant endedAt) {}

  /** Which messages are asked for; what is absent does not matter. */
  public record Filter(
      @Nullable String state, @Nullable String channel, @Nullable String correlationId) {}

  /** Messages in order of time, after the one named. */
  public CompletionStage<List<Kept>> list(
      Filter filter, Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                LIST,
                OutboxQueries::kept,
                afterTime,
                afterId,
                filter.state(),
                filter.state(),
                filter.channel(),
                filter.channel(),
                filter.correlationId(),
                filter.correlationId(),
                limit));
  }

  /** The message with this id. */
  public CompletionStage<Optional<Kept>> find(String id) {
    return database.inTransaction(connection -> find(connection, id));
  }

  /**
   * Since when the message that is due longest could have been on its way; may be to come. Empty
   * when nothing waits.
   */
  public CompletionStage<Optional<Instant>> dueSince() {
    return database.inTransaction(
        connection -> Sql.one(connection, LONGEST_DUE, row -> Sql.instant(row, "due_at")));
  }

  static Optional<Kept> find(Connection connection, String id) throws SQLException {
    return Sql.one(connection, ONE, OutboxQueries::kept, id);
  }

  private static Kept kept(ResultSet row) throws SQLException {
    return new Kept(
        JdbcOutbox.message(row),
        Outbox.State.valueOf(row.getString("state")),
        row.getInt("attempts"),
        row.getString("last_error"),
        Sql.instant(row, "due_at"),
        Sql.instant(row, "ended_at"));
  }
}
