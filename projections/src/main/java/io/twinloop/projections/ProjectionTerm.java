package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.projection.ProjectionId;

/**
 * Whose turn it is to write a slice range: the one's who began last.
 *
 * <p>A node that was stopped for a while and wakes up after another one has taken its ranges may
 * have a group of events in its hands. It finds a newer term in the group's transaction and writes
 * nothing. Whoever begins waits for the transactions of the term before, and reads the offset only
 * then: no event is left out, none counts twice.
 */
final class ProjectionTerm {

  /** Primary key. */
  private static final String BEGIN =
      """
      INSERT INTO projection_state AS state (projection_name, projection_key, term)
      VALUES (?, ?, 1)
      ON CONFLICT (projection_name, projection_key) DO UPDATE SET term = state.term + 1
      RETURNING term
      """;

  /** Primary key; the lock makes a new term wait for this transaction. */
  private static final String CURRENT =
      """
      SELECT term FROM projection_state
      WHERE projection_name = ? AND projection_key = ? FOR SHARE
      """;

  private final ProjectionId id;
  private volatile long term;

  ProjectionTerm(ProjectionId id) {
    this.id = id;
  }

  /** Begins a term; to be done before the offset is read from which to go on. */
  CompletionStage<Long> begin(Database database) {
    return database.inTransaction(
        connection -> {
          long begun =
              Sql.one(connection, BEGIN, row -> row.getLong(1), id.name(), id.key()).orElseThrow();
          term = begun;
          return begun;
        });
  }

  /**
   * Makes sure, until the transaction ends, that nobody else has begun.
   *
   * @throws TermEndedException if somebody has
   */
  void check(Connection connection) throws SQLException {
    long current =
        Sql.one(connection, CURRENT, row -> row.getLong(1), id.name(), id.key()).orElse(0L);
    if (current != term) {
      throw new TermEndedException(
          "%s has gone on elsewhere, in term %d; here it was term %d. Nothing was written."
              .formatted(id, current, term));
    }
  }

  /** Another node runs the range now. */
  static final class TermEndedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TermEndedException(String message) {
      super(message);
    }
  }
}
