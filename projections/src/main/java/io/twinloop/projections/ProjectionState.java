package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What stops each projection, and the events it is told to leave out. */
public final class ProjectionState {

  private static final Logger LOG = LoggerFactory.getLogger(ProjectionState.class);

  /** Primary key. */
  private static final String REGISTER =
      """
      INSERT INTO projection_state (projection_name, projection_key) VALUES (?, ?)
      ON CONFLICT DO NOTHING
      """;

  /** Primary key. */
  private static final String STARTED =
      """
      UPDATE projection_state SET started_at = now()
      WHERE projection_name = ? AND projection_key = ?
      """;

  /** Primary key. */
  private static final String FAILED =
      """
      UPDATE projection_state SET failing_since = coalesce(failing_since, now()),
        failures = failures + 1, error = ?, persistence_id = ?, seq_nr = ?
      WHERE projection_name = ? AND projection_key = ?
      """;

  /** Primary key. */
  private static final String WENT_ON =
      """
      UPDATE projection_state SET failing_since = NULL, failures = 0, error = NULL,
        persistence_id = NULL, seq_nr = NULL
      WHERE projection_name = ? AND projection_key = ? AND failing_since IS NOT NULL
      """;

  /** A handful of rows. */
  private static final String STUCK =
      """
      SELECT projection_key, error, persistence_id, seq_nr FROM projection_state
      WHERE projection_name = ? AND (?::text IS NULL OR projection_key = ?)
      ORDER BY projection_key FOR UPDATE
      """;

  /** Primary key. */
  private static final String SKIP =
      """
      INSERT INTO projection_skip
        (projection_name, projection_key, persistence_id, seq_nr, actor, error)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING
      """;

  /** Primary key, by its first columns. */
  private static final String SKIPPED =
      """
      SELECT persistence_id, seq_nr FROM projection_skip
      WHERE projection_name = ? AND projection_key = ?
      """;

  private final Database database;

  public ProjectionState(Database database) {
    this.database = database;
  }

  Database database() {
    return database;
  }

  /** An event by its place in the journal. */
  public record EventKey(String persistenceId, long seqNr) {
    static EventKey of(EventEnvelope<?> envelope) {
      return new EventKey(envelope.persistenceId(), envelope.sequenceNr());
    }
  }

  /**
   * A range that was asked for.
   *
   * @param error of its last try, absent while it goes on
   * @param event that it can't take, absent where that is not known
   */
  public record Range(String key, @Nullable String error, @Nullable EventKey event) {}

  /** Makes a range known before it has done anything. */
  CompletionStage<Integer> register(ProjectionId id) {
    return database.inTransaction(
        connection -> Sql.update(connection, REGISTER, id.name(), id.key()));
  }

  CompletionStage<Integer> started(ProjectionId id) {
    return database.inTransaction(
        connection -> Sql.update(connection, STARTED, id.name(), id.key()));
  }

  CompletionStage<Integer> failed(ProjectionId id, String error, Optional<EventKey> event) {
    return database.inTransaction(
        connection ->
            Sql.update(
                connection,
                FAILED,
                error,
                event.map(EventKey::persistenceId).orElse(null),
                event.map(EventKey::seqNr).orElse(null),
                id.name(),
                id.key()));
  }

  CompletionStage<Integer> wentOn(ProjectionId id) {
    return database.inTransaction(
        connection -> Sql.update(connection, WENT_ON, id.name(), id.key()));
  }

  /** The events a range is told to leave out. */
  static Set<EventKey> skipped(Connection connection, ProjectionId id) throws SQLException {
    return new HashSet<>(
        Sql.list(
            connection,
            SKIPPED,
            row -> new EventKey(row.getString("persistence_id"), row.getLong("seq_nr")),
            id.name(),
            id.key()));
  }

  CompletionStage<Set<EventKey>> skipped(ProjectionId id) {
    return database.inTransaction(connection -> skipped(connection, id));
  }

  /**
   * Lets a projection leave out the events it is stuck on: one in each of its ranges that is stuck.
   * It does so at its next try, within seconds.
   *
   * @param key of the range meant; absent for all of them
   * @return the ranges of that name, and key; those with an event were told to leave it out
   */
  public CompletionStage<List<Range>> skip(String name, @Nullable String key, String actor) {
    return database.inTransaction(
        connection -> {
          List<Range> ranges =
              new ArrayList<>(
                  Sql.list(
                      connection,
                      STUCK,
                      row -> {
                        String persistenceId = row.getString("persistence_id");
                        return new Range(
                            row.getString("projection_key"),
                            row.getString("error"),
                            persistenceId == null
                                ? null
                                : new EventKey(persistenceId, row.getLong("seq_nr")));
                      },
                      name,
                      key,
                      key));
          for (Range range : ranges) {
            EventKey event = range.event();
            if (event != null) {
              Sql.update(
                  connection,
                  SKIP,
                  name,
                  range.key(),
                  event.persistenceId(),
                  event.seqNr(),
                  actor,
                  range.error());
              LOG.warn(
                  "Projection {} ({}) leaves out event {} of {}, told so by {}; it failed with: {}",
                  name,
                  range.key(),
                  event.seqNr(),
                  event.persistenceId(),
                  actor,
                  range.error());
            }
          }
          return ranges;
        });
  }
}
