package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.List;
import java.util.Set;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.jdbc.javadsl.JdbcHandler;
import org.jspecify.annotations.Nullable;

/**
 * A read model that leaves out what it is told to, and finds the event it can't take: a group that
 * fails is written again in halves in the same transaction, which either helps or says which.
 */
final class GuardedReadModel<E> extends JdbcHandler<List<EventEnvelope<E>>, ProjectionSession> {

  private final ProjectionId id;
  private final ReadModel<E> model;
  private final ProjectionTerm term;

  /** Read before the first group and again after each failure. */
  private @Nullable Set<EventKey> leftOut;

  GuardedReadModel(ProjectionId id, ReadModel<E> model, ProjectionTerm term) {
    this.id = id;
    this.model = model;
    this.term = term;
  }

  @Override
  public void process(ProjectionSession session, List<EventEnvelope<E>> envelopes)
      throws SQLException {
    term.check(session.connection());
    if (leftOut == null) {
      leftOut = ProjectionState.skipped(session.connection(), id);
    }
    Set<EventKey> skips = leftOut;
    try {
      EventFailedException.checkReadable(envelopes, skips);
      write(session, envelopes, skips);
      term.wrote(envelopes.get(envelopes.size() - 1));
    } catch (SQLException | RuntimeException e) {
      leftOut = null;
      throw e;
    }
  }

  private void write(
      ProjectionSession session, List<EventEnvelope<E>> envelopes, Set<EventKey> skips)
      throws SQLException {
    // The library has saved the offset in this transaction, where it must stay.
    Savepoint before = session.connection().setSavepoint();
    try {
      model.process(session, envelopes, skips);
    } catch (SQLException | RuntimeException e) {
      if (Database.isConnectionLost(e)) {
        throw e;
      }
      session.connection().rollback(before);
      if (envelopes.size() == 1) {
        throw new EventFailedException(EventKey.of(envelopes.get(0)), e);
      }
      int half = envelopes.size() / 2;
      write(session, envelopes.subList(0, half), skips);
      write(session, envelopes.subList(half, envelopes.size()), skips);
    }
  }
}
