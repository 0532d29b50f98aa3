package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.jdbc.javadsl.JdbcHandler;
import org.jspecify.annotations.Nullable;

/**
 * A read model that leaves out what it is told to, and finds the event it can't take: a group that
 * fails is written again event by event in the same transaction, which either helps or says which.
 */
final class GuardedReadModel<E> extends JdbcHandler<List<EventEnvelope<E>>, ProjectionSession> {

  private final ProjectionId id;
  private final ReadModel<E> model;

  /** Read before the first group and again after each failure. */
  private @Nullable Set<EventKey> leftOut;

  GuardedReadModel(ProjectionId id, ReadModel<E> model) {
    this.id = id;
    this.model = model;
  }

  @Override
  public void process(ProjectionSession session, List<EventEnvelope<E>> envelopes)
      throws SQLException {
    if (leftOut == null) {
      leftOut = ProjectionState.skipped(session.connection(), id);
    }
    Set<EventKey> skips = leftOut;
    try {
      model.process(session, envelopes, skips);
    } catch (SQLException | RuntimeException e) {
      leftOut = null;
      if (Database.isConnectionLost(e)) {
        throw e;
      }
      session.rollback();
      oneByOne(session, envelopes, skips);
    }
  }

  private void oneByOne(
      ProjectionSession session, List<EventEnvelope<E>> envelopes, Set<EventKey> skips)
      throws SQLException {
    for (EventEnvelope<E> envelope : envelopes) {
      try {
        model.process(session, List.of(envelope), skips);
      } catch (SQLException | RuntimeException e) {
        if (Database.isConnectionLost(e)) {
          throw e;
        }
        throw new EventFailedException(EventKey.of(envelope), e);
      }
    }
  }
}
