package io.twinloop.projections.outbound;

import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The outbox in PostgreSQL. A claim moves a message's due time to the end of its lease, so that a
 * message whose sender died is due again by itself. Attempts count when a message is claimed: one
 * that takes its sender down comes to its end like any other.
 */
public final class JdbcOutbox implements Outbox {

  /** Primary key, so that a repetition tells nobody twice. */
  private static final String PUT =
      """
      INSERT INTO outbox
        (id, workflow_id, correlation_id, at, channel, recipient, subject, body, state,
        waiting_since, due_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'WAITING', ?, ?)
      ON CONFLICT (id) DO NOTHING
      """;

  /** Index outbox_due; what another sender is just claiming is passed over. */
  private static final String CLAIM =
      """
      UPDATE outbox SET attempts = attempts + 1, lease = ?, due_at = ?
      WHERE id IN (
        SELECT id FROM outbox WHERE state = 'WAITING' AND due_at <= ?
        ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED)
      RETURNING id, workflow_id, correlation_id, at, channel, recipient, subject, body, attempts,
        waiting_since
      """;

  /** Primary key; a claim that ran out changes nothing. */
  private static final String SETTLE =
      """
      UPDATE outbox SET state = ?, last_error = ?, due_at = ?, ended_at = ?, lease = NULL
      WHERE id = ? AND lease = ?
      """;

  /** Primary key. */
  private static final String SEND_AGAIN =
      """
      UPDATE outbox SET state = 'WAITING', attempts = 0, waiting_since = ?, due_at = ?, ended_at = NULL
      WHERE id = ? AND state IN ('FAILED', 'WOULD_SEND')
      """;

  private final Database database;
  private final Clock clock;

  public JdbcOutbox(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /**
   * Puts a message in, in the transaction of what tells it; a message that is there stays as is.
   */
  public static void put(Connection connection, OutboundMessage message) throws SQLException {
    Sql.update(
        connection,
        PUT,
        message.id(),
        message.workflowId(),
        message.correlationId(),
        message.at(),
        message.channel().wireName(),
        message.recipient(),
        message.subject(),
        message.body(),
        message.at(),
        message.at());
  }

  @Override
  public CompletionStage<List<Claim>> claim(int atMost, Duration lease) {
    Instant now = clock.instant();
    String token = UUID.randomUUID().toString();
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                CLAIM,
                row ->
                    new Claim(
                        message(row),
                        row.getInt("attempts"),
                        Sql.instant(row, "waiting_since"),
                        token),
                token,
                now.plus(lease),
                now,
                atMost));
  }

  @Override
  public CompletionStage<Boolean> settle(Claim claim, Outcome outcome) {
    Instant dueAt = outcome instanceof TryAgain again ? again.at() : null;
    Instant endedAt = dueAt == null ? clock.instant() : null;
    return database.inTransaction(
        connection ->
            Sql.update(
                    connection,
                    SETTLE,
                    outcome.state().name(),
                    reason(outcome),
                    dueAt,
                    endedAt,
                    claim.message().id(),
                    claim.lease())
                == 1);
  }

  /**
   * How a message stands after somebody wished to have it sent again.
   *
   * @param taken whether it waits because of that
   */
  public record Asked(OutboxQueries.Kept kept, boolean taken) {}

  private static @Nullable String reason(Outcome outcome) {
    if (outcome instanceof TryAgain again) {
      return again.error();
    }
    if (outcome instanceof Failed failed) {
      return failed.error();
    }
    return outcome instanceof WouldSend would ? would.reason() : null;
  }

  /**
   * Puts a message that was given up, or for which nothing was configured, to wait again; one that
   * is sent or waits is left as it is. Answers how it stands then, empty when there is none.
   */
  public CompletionStage<Optional<Asked>> sendAgain(String id) {
    Instant now = clock.instant();
    return database.inTransaction(
        connection -> {
          boolean taken = Sql.update(connection, SEND_AGAIN, now, now, id) == 1;
          return OutboxQueries.find(connection, id).map(kept -> new Asked(kept, taken));
        });
  }

  static OutboundMessage message(ResultSet row) throws SQLException {
    return new OutboundMessage(
        row.getString("id"),
        Channel.valueOf(row.getString("channel").toUpperCase(Locale.ROOT)),
        row.getString("recipient"),
        row.getString("subject"),
        row.getString("body"),
        row.getString("correlation_id"),
        row.getString("workflow_id"),
        Sql.instant(row, "at"));
  }
}
