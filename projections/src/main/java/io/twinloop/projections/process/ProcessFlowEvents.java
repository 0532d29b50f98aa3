package io.twinloop.projections.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.process.Bottleneck;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.projections.ReadModel;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** What the events of a process's flow say to the outside. */
public final class ProcessFlowEvents {

  public static final String BOTTLENECK_IDENTIFIED = "dto.process.bottleneck_identified";

  private ProcessFlowEvents() {}

  /** The integration events of one journaled event; the same ones each time. */
  public static List<IntegrationEvent> of(EventEnvelope<ProcessFlow.Event> envelope) {
    if (envelope.event() instanceof ProcessFlow.BottleneckIdentified identified) {
      return List.of(bottleneckIdentified(envelope, identified));
    }
    return List.of();
  }

  private static IntegrationEvent bottleneckIdentified(
      EventEnvelope<ProcessFlow.Event> envelope, ProcessFlow.BottleneckIdentified identified) {
    String processId = ReadModel.entityId(envelope);
    return new IntegrationEvent(
        EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr())),
        BOTTLENECK_IDENTIFIED,
        "//dto/" + processId,
        processId,
        "Process",
        identified.at(),
        Direction.DTO_TO_BPA,
        Priority.MEDIUM,
        identified.correlationId(),
        identified.cause().causationId(),
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        payload(processId, identified.bottleneck(), identified.ownerUnitId()));
  }

  private static ObjectNode payload(
      String processId, Bottleneck bottleneck, @Nullable String ownerUnitId) {
    ObjectNode data = Json.MAPPER.createObjectNode();
    data.put("process_id", processId);
    data.put("from_activity", bottleneck.from());
    data.put("to_activity", bottleneck.to());
    data.put("cases", bottleneck.cases());
    data.put("median_wait_hours", bottleneck.medianWaitHours());
    data.put("p95_wait_hours", bottleneck.p95WaitHours());
    data.put("share_of_wait", bottleneck.share());
    data.put("kind", bottleneck.kind().wireName());
    data.put("evidence", bottleneck.evidence());
    if (ownerUnitId != null) {
      data.put("owner_unit_id", ownerUnitId);
    }
    return data;
  }
}
