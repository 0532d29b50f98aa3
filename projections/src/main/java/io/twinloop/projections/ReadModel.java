package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.jdbc.javadsl.JdbcHandler;

/**
 * A read model of one kind of entity: takes events in groups and writes them in the transaction of
 * its offset, so that each counts exactly once.
 */
public abstract class ReadModel<E> extends JdbcHandler<List<EventEnvelope<E>>, ProjectionSession> {

  private static final String FOLLOW =
      """
      INSERT INTO read_model_progress (persistence_id, seq_nr)
      SELECT * FROM unnest(?, ?)
      ON CONFLICT (persistence_id) DO UPDATE SET seq_nr = EXCLUDED.seq_nr
      WHERE read_model_progress.seq_nr < EXCLUDED.seq_nr
      """;

  /** Writes what the events say, which are in order. */
  protected abstract void write(Connection connection, List<EventEnvelope<E>> events)
      throws SQLException;

  @Override
  public final void process(ProjectionSession session, List<EventEnvelope<E>> envelopes)
      throws SQLException {
    process(session, envelopes, Set.of());
  }

  /** Follows all of them, but does not write what is to be left out. */
  final void process(
      ProjectionSession session, List<EventEnvelope<E>> envelopes, Set<EventKey> leftOut)
      throws SQLException {
    List<EventEnvelope<E>> taken =
        leftOut.isEmpty()
            ? envelopes
            : envelopes.stream()
                .filter(envelope -> !leftOut.contains(EventKey.of(envelope)))
                .toList();
    if (!taken.isEmpty()) {
      write(session.connection(), taken);
    }
    // Always in the same order, so that two groups never wait for each other's rows in a circle.
    Map<String, Long> followed = new TreeMap<>();
    envelopes.forEach(envelope -> followed.put(envelope.persistenceId(), envelope.sequenceNr()));
    Sql.update(
        session.connection(),
        FOLLOW,
        Sql.texts(session.connection(), List.copyOf(followed.keySet())),
        Sql.longs(session.connection(), List.copyOf(followed.values())));
  }

  /** The entity's id in a persistence id. */
  public static String entityId(EventEnvelope<?> envelope) {
    String id = envelope.persistenceId();
    return id.substring(id.indexOf('|') + 1);
  }
}
