package io.twinloop.projections.loop;

import io.twinloop.projections.Sql;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes what events mean for their loops, in the transaction of the projection that read them. */
public final class LoopWriter {

  /** Primary key: a step counts once. */
  private static final String STEP =
      """
      INSERT INTO loop_step (correlation_id, at, persistence_id, seq_nr, phase, what, detail)
      SELECT correlation_id, at, persistence_id, seq_nr, phase, what, detail::json
      FROM unnest(?, ?, ?, ?, ?, ?, ?)
        AS step (correlation_id, at, persistence_id, seq_nr, phase, what, detail)
      ON CONFLICT DO NOTHING
      RETURNING correlation_id, persistence_id, seq_nr
      """;

  /** Primary key; counters are added, so that projections may come in any order. */
  private static final String LOOP =
      """
      INSERT INTO loop AS l (
        correlation_id, event_type, entity_id, entity_type, priority,
        sensed_at, decided_at, acted_at, measured_at, first_at, last_at,
        episodes, open_episodes, workflows, open_workflows, effect)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (correlation_id) DO UPDATE SET
        event_type = coalesce(l.event_type, EXCLUDED.event_type),
        entity_id = coalesce(l.entity_id, EXCLUDED.entity_id),
        entity_type = coalesce(l.entity_type, EXCLUDED.entity_type),
        priority = coalesce(l.priority, EXCLUDED.priority),
        sensed_at = least(l.sensed_at, EXCLUDED.sensed_at),
        decided_at = least(l.decided_at, EXCLUDED.decided_at),
        acted_at = greatest(l.acted_at, EXCLUDED.acted_at),
        measured_at = greatest(l.measured_at, EXCLUDED.measured_at),
        first_at = least(l.first_at, EXCLUDED.first_at),
        last_at = greatest(l.last_at, EXCLUDED.last_at),
        episodes = l.episodes + EXCLUDED.episodes,
        open_episodes = l.open_episodes + EXCLUDED.open_episodes,
        workflows = l.workflows + EXCLUDED.workflows,
        open_workflows = l.open_workflows + EXCLUDED.open_workflows,
        effect = coalesce(EXCLUDED.effect, l.effect)
      """;

  private LoopWriter() {}

  /** Adds the changes to their loops. */
  public static void write(Connection connection, List<LoopChange> changes) throws SQLException {
    // Rows of loops are taken in one order everywhere: transactions wait, but never in a circle.
    List<LoopChange> ordered =
        changes.stream().sorted(Comparator.comparing(LoopChange::correlationId)).toList();
    if (ordered.isEmpty()) {
      return;
    }
    Set<Step> added = new HashSet<>(addSteps(connection, ordered));
    List<@Nullable Object[]> loops = new ArrayList<>();
    for (LoopChange change : ordered) {
      if (added.remove(Step.of(change))) {
        loops.add(loopRow(change));
      }
    }
    Sql.updateAll(connection, LOOP, loops);
  }

  /** The key of a step. */
  private record Step(String correlationId, String persistenceId, long seqNr) {
    static Step of(LoopChange change) {
      return new Step(change.correlationId(), change.persistenceId(), change.seqNr());
    }
  }

  /** Answers the steps that had not been there. */
  private static List<Step> addSteps(Connection connection, List<LoopChange> changes)
      throws SQLException {
    return Sql.list(
        connection,
        STEP,
        row ->
            new Step(
                row.getString("correlation_id"),
                row.getString("persistence_id"),
                row.getLong("seq_nr")),
        Sql.texts(connection, changes.stream().map(LoopChange::correlationId).toList()),
        Sql.instants(connection, changes.stream().map(LoopChange::at).toList()),
        Sql.texts(connection, changes.stream().map(LoopChange::persistenceId).toList()),
        Sql.longs(connection, changes.stream().map(LoopChange::seqNr).toList()),
        Sql.texts(connection, changes.stream().map(change -> change.phase().wireName()).toList()),
        Sql.texts(connection, changes.stream().map(LoopChange::what).toList()),
        Sql.texts(connection, changes.stream().map(change -> change.detail().toString()).toList()));
  }

  private static @Nullable Object[] loopRow(LoopChange change) {
    @Nullable Subject subject = change.subject();
    return new @Nullable Object[] {
      change.correlationId(),
      subject == null ? null : subject.eventType(),
      subject == null ? null : subject.entityId(),
      subject == null ? null : subject.entityType(),
      subject == null ? null : subject.priority(),
      at(change, Phase.SENSE),
      at(change, Phase.DECIDE),
      at(change, Phase.ACT),
      at(change, Phase.MEASURE),
      change.at(),
      change.at(),
      change.counts().episodes(),
      change.counts().openEpisodes(),
      change.counts().workflows(),
      change.counts().openWorkflows(),
      change.effect()
    };
  }

  private static @Nullable Instant at(LoopChange change, Phase phase) {
    return change.phase() == phase ? change.at() : null;
  }
}
