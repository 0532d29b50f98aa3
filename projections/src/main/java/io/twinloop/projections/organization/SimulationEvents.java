package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.projections.ReadModel;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** What a simulation's events say to the outside. */
public final class SimulationEvents {

  public static final String RESTRUCTURING_SIMULATED = "dto.org.restructuring_simulated";

  /** Fields as integration events name them: {@code blast_radius}. */
  private static final ObjectMapper SNAKE_CASE =
      Json.MAPPER.copy().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

  private SimulationEvents() {}

  /** The integration events of one journaled event; the same ones each time. */
  public static List<IntegrationEvent> of(EventEnvelope<Simulation.Event> envelope) {
    return envelope.event() instanceof Simulation.SimulationFinished finished
        ? List.of(simulated(envelope, finished))
        : List.of();
  }

  /** The organisation it is about, or the simulation itself where it is about none or several. */
  static String subjectOf(String simulationId, Outcome outcome) {
    return outcome.organizationId() == null ? simulationId : outcome.organizationId();
  }

  private static IntegrationEvent simulated(
      EventEnvelope<Simulation.Event> envelope, Simulation.SimulationFinished finished) {
    String id = ReadModel.entityId(envelope);
    String subject = subjectOf(id, finished.outcome());
    return new IntegrationEvent(
        EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr())),
        RESTRUCTURING_SIMULATED,
        "//dto/" + subject,
        subject,
        "Organization",
        finished.at(),
        Direction.DTO_TO_BPA,
        Priority.LOW,
        finished.cause().correlationIdOr(id),
        finished.cause().causationId(),
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        payload(id, finished));
  }

  /** Without calibration_error_pct: nothing is calibrated yet. */
  private static ObjectNode payload(String id, Simulation.SimulationFinished finished) {
    Outcome outcome = finished.outcome();
    ObjectNode data = Json.MAPPER.createObjectNode();
    data.put("simulation_id", id);
    data.put("name", finished.plan().name());
    data.put("at", finished.plan().asOf().toString());
    data.set("changes", data.arrayNode());
    finished
        .plan()
        .changes()
        .forEach(
            change -> data.withArray("changes").add(SNAKE_CASE.<ObjectNode>valueToTree(change)));
    data.set("before", SNAKE_CASE.<ObjectNode>valueToTree(outcome.before()));
    data.set("after", SNAKE_CASE.<ObjectNode>valueToTree(outcome.after()));
    data.set("blast_radius", SNAKE_CASE.<ObjectNode>valueToTree(outcome.blastRadius()));
    return data;
  }
}
