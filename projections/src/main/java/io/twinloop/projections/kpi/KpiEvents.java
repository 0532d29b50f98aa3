package io.twinloop.projections.kpi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.Anomaly;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Recommendation;
import io.twinloop.domain.kpi.Severity;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.ReadModel;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** What a KPI's events say to the outside. */
public final class KpiEvents {

  public static final String ANOMALY_DETECTED = "dto.kpi.anomaly_detected";

  private KpiEvents() {}

  /** The integration events of one journaled event; the same ones each time. */
  public static List<IntegrationEvent> of(EventEnvelope<Kpi.Event> envelope) {
    if (envelope.event() instanceof Kpi.AnomalyOpened opened && opened.episode().live()) {
      return List.of(anomalyDetected(envelope, opened));
    }
    return List.of();
  }

  private static IntegrationEvent anomalyDetected(
      EventEnvelope<Kpi.Event> envelope, Kpi.AnomalyOpened opened) {
    String kpiId = ReadModel.entityId(envelope);
    Episode episode = opened.episode();
    return new IntegrationEvent(
        EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr())),
        ANOMALY_DETECTED,
        "//dto/" + kpiId,
        kpiId,
        "KPI",
        opened.at(),
        Direction.DTO_TO_BPA,
        priorityOf(episode.severity()),
        episode.correlationId(),
        opened.cause().causationId(),
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        payload(opened.definition(), episode.first()));
  }

  /** An anomaly is urgent, a critical one at once. */
  static Priority priorityOf(Severity severity) {
    return severity == Severity.CRITICAL ? Priority.CRITICAL : Priority.HIGH;
  }

  private static ObjectNode payload(KpiDefinition definition, Anomaly anomaly) {
    ObjectNode data = Json.MAPPER.createObjectNode();
    data.put("kpi_name", definition.name());
    data.put("kpi_unit", definition.unit());
    data.put("current_value", anomaly.value());
    data.put("baseline_mean", anomaly.baselineMean());
    if (anomaly.zScore() != null) {
      data.put("z_score", anomaly.zScore());
    }
    data.put("severity", anomaly.severity().name());
    if (definition.ownerNodeId() != null) {
      data.put("owner_unit_id", definition.ownerNodeId());
    }
    data.put("recommended_action", Recommendation.of(definition, anomaly));
    return data;
  }
}
