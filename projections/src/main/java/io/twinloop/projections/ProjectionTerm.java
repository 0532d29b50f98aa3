package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.jspecify.annotations.Nullable;

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

  /** Two primary keys; the lock makes a new term wait for this transaction. */
  private static final String CURRENT =
      """
      SELECT term, (SELECT seq_nr FROM read_model_progress WHERE persistence_id = ?) AS followed
      FROM projection_state
      WHERE projection_name = ? AND projection_key = ? FOR SHARE
      """;

  private final ProjectionId id;
  private volatile long term;

  /** The last event of the group written last in this term. */
  private volatile @Nullable EventKey written;

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
          written = null;
          return begun;
        });
  }

  /**
   * Makes sure, until the transaction ends, that nobody else has begun, and that the group before
   * is still written: its transaction did not wait for the disk, and is gone if PostgreSQL crashed.
   *
   * @throws TermEndedException if somebody has begun
   * @throws GroupLostException if the group before is gone
   */
  void check(Connection connection) throws SQLException {
    EventKey last = written;
    Current current =
        Sql.one(
                connection,
                CURRENT,
                row -> new Current(row.getLong("term"), row.getLong("followed")),
                last == null ? "" : last.persistenceId(),
                id.name(),
                id.key())
            .orElse(Current.NONE);
    if (current.term != term) {
      throw new TermEndedException(
          "%s has gone on elsewhere, in term %d; here it was term %d. Nothing was written."
              .formatted(id, current.term, term));
    }
    if (last != null && current.followed < last.seqNr()) {
      throw new GroupLostException(
          "%s had written %s up to event %d, of which event %d is the last that is left: PostgreSQL crashed. It begins again from its stored offset."
              .formatted(id, last.persistenceId(), last.seqNr(), current.followed));
    }
  }

  /** To be told of each group once it is written, to find it again. */
  void wrote(EventEnvelope<?> last) {
    written = EventKey.of(last);
  }

  /**
   * @param followed number of the last event that is written of the entity asked for, 0 for none
   */
  private record Current(long term, long followed) {
    static final Current NONE = new Current(0, 0);
  }

  /** What was written and committed is no longer there. */
  static final class GroupLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GroupLostException(String message) {
      super(message);
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
