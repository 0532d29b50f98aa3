package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import io.twinloop.projections.loop.LoopWriter;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** Which simulations there are, and their part in loops: a finished one is sensed. */
public final class SimulationReadModel extends ReadModel<Simulation.Event> {

  /** Primary key. */
  private static final String REQUESTED =
      """
      INSERT INTO simulation (id, name, at, state, requested_at, correlation_id)
      VALUES (?, ?, ?, 'requested', ?, ?)
      ON CONFLICT (id) DO NOTHING
      """;

  /** Primary key. */
  private static final String ENDED = "UPDATE simulation SET state = ?, ended_at = ? WHERE id = ?";

  @Override
  protected void write(Connection connection, List<EventEnvelope<Simulation.Event>> envelopes)
      throws SQLException {
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<Simulation.Event> envelope : envelopes) {
      String id = entityId(envelope);
      Simulation.Event event = envelope.event();
      if (event instanceof Simulation.SimulationRequested) {
        Sql.update(
            connection,
            REQUESTED,
            id,
            event.plan().name(),
            event.plan().asOf(),
            event.at(),
            event.cause().correlationIdOr(id));
      } else if (event instanceof Simulation.SimulationFinished finished) {
        Sql.update(connection, ENDED, "finished", event.at(), id);
        changes.add(simulated(envelope, finished));
      } else if (event instanceof Simulation.SimulationFailed) {
        Sql.update(connection, ENDED, "failed", event.at(), id);
      }
      for (IntegrationEvent sent : SimulationEvents.of(envelope)) {
        EventLog.record(connection, sent);
      }
    }
    LoopWriter.write(connection, changes);
  }

  private static LoopChange simulated(
      EventEnvelope<Simulation.Event> envelope, Simulation.SimulationFinished finished) {
    String id = entityId(envelope);
    Outcome outcome = finished.outcome();
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("simulationId", id);
    detail.put("name", finished.plan().name());
    detail.put("simulatedAt", finished.plan().asOf().toString());
    detail.put("changes", finished.plan().changes().size());
    detail.put("reached", outcome.blastRadius().nodes());
    detail.put("causationId", finished.cause().causationId());
    SimulationEvents.of(envelope).forEach(event -> detail.put("eventId", event.id()));
    return new LoopChange(
        finished.cause().correlationIdOr(id),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        finished.at(),
        Phase.SENSE,
        "simulated",
        detail,
        new Subject(
            SimulationEvents.RESTRUCTURING_SIMULATED,
            SimulationEvents.subjectOf(id, outcome),
            "Organization",
            Priority.LOW.wireName()),
        Counts.NONE,
        null);
  }
}
