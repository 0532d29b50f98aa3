package io.twinloop.projections.bus;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.util.ByteString;

/** The events that could not be handled: kept, looked at, sent again or thrown away. */
public final class DeadLetters {

  /** Primary key: the same event of the same group dies once. */
  private static final String KEEP =
      """
      INSERT INTO dead_letter
        (id, consumer_group, topic, key, event, event_id, event_type, error, attempts, at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET error = EXCLUDED.error, attempts = EXCLUDED.attempts,
        at = EXCLUDED.at, replayed_at = NULL
      """;

  private static final String COLUMNS =
      """
      SELECT id, consumer_group, topic, key, event, event_id, event_type, error, attempts, at,
        replayed_at
      FROM dead_letter
      """;

  /** Index dead_letter_by_time. */
  private static final String LIST = COLUMNS + "WHERE (at, id) > (?, ?) ORDER BY at, id LIMIT ?";

  /** Primary key. */
  private static final String ONE = COLUMNS + "WHERE id = ?";

  /** Primary key. */
  private static final String REPLAYED = "UPDATE dead_letter SET replayed_at = ? WHERE id = ?";

  /** Primary key. */
  private static final String DELETE = "DELETE FROM dead_letter WHERE id = ?";

  private final Database database;
  private final EventBus bus;
  private final Clock clock;

  public DeadLetters(Database database, EventBus bus, Clock clock) {
    this.database = database;
    this.bus = bus;
    this.clock = clock;
  }

  /** Keeps a letter, in the database and on the group's topic. */
  CompletionStage<Void> keep(DeadLetter letter) {
    return database
        .inTransaction(
            connection ->
                Sql.update(
                    connection,
                    KEEP,
                    letter.id(),
                    letter.consumerGroup(),
                    letter.topic(),
                    letter.key(),
                    letter.event().toArray(),
                    letter.eventId(),
                    letter.eventType(),
                    letter.error(),
                    letter.attempts(),
                    letter.at()))
        .thenCompose(kept -> bus.publishDead(letter));
  }

  /** Letters in order of time, after the one named. */
  public CompletionStage<List<DeadLetter>> list(Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection -> Sql.list(connection, LIST, DeadLetters::letter, afterTime, afterId, limit));
  }

  /** The letter with this id. */
  public CompletionStage<Optional<DeadLetter>> find(String id) {
    return database.inTransaction(connection -> Sql.one(connection, ONE, DeadLetters::letter, id));
  }

  /** Sends the event again as it came; empty when there is no such letter. */
  public CompletionStage<Optional<DeadLetter>> replay(String id) {
    return find(id)
        .thenCompose(
            found -> {
              if (found.isEmpty()) {
                return CompletableFuture.completedFuture(found);
              }
              DeadLetter letter = found.get();
              Instant now = clock.instant();
              return database
                  .inTransaction(connection -> Sql.update(connection, REPLAYED, now, id))
                  .thenCompose(
                      marked -> bus.publish(letter.topic(), letter.key(), letter.event().toArray()))
                  .thenApply(sent -> found);
            });
  }

  /** Throws a letter away; false when there is none. */
  public CompletionStage<Boolean> delete(String id) {
    return database.inTransaction(connection -> Sql.update(connection, DELETE, id) == 1);
  }

  private static DeadLetter letter(ResultSet row) throws SQLException {
    return new DeadLetter(
        row.getString("id"),
        row.getString("consumer_group"),
        row.getString("topic"),
        row.getString("key"),
        ByteString.fromArray(row.getBytes("event")),
        row.getString("event_id"),
        row.getString("event_type"),
        row.getString("error"),
        row.getInt("attempts"),
        Sql.instant(row, "at"),
        Sql.instant(row, "replayed_at"));
  }
}
