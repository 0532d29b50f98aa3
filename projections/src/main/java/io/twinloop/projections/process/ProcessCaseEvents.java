package io.twinloop.projections.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** What a case's events say to the outside. */
public final class ProcessCaseEvents {

  public static final String SLA_BREACH = "dto.process.sla_breach";

  private ProcessCaseEvents() {}

  /** The integration events of one journaled event; the same ones each time. */
  public static List<IntegrationEvent> of(EventEnvelope<ProcessCase.Event> envelope) {
    if (envelope.event() instanceof ProcessCase.SlaBreached breached && breached.live()) {
      return List.of(slaBreach(envelope, breached));
    }
    return List.of();
  }

  private static IntegrationEvent slaBreach(
      EventEnvelope<ProcessCase.Event> envelope, ProcessCase.SlaBreached breached) {
    return new IntegrationEvent(
        EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr())),
        SLA_BREACH,
        "//dto/" + breached.processId(),
        breached.processId(),
        "Process",
        breached.at(),
        Direction.DTO_TO_BPA,
        priorityOf(breached.breach()),
        breached.correlationId(),
        breached.cause().causationId(),
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        payload(breached));
  }

  /** A breach is urgent, a critical one at once. */
  static Priority priorityOf(SlaBreach breach) {
    return breach.isCritical() ? Priority.CRITICAL : Priority.HIGH;
  }

  private static ObjectNode payload(ProcessCase.SlaBreached breached) {
    ObjectNode data = Json.MAPPER.createObjectNode();
    data.put("process_id", breached.processId());
    data.put("case_id", breached.caseId());
    data.put("actual_days", Math.rint(breached.breach().actualDays() * 100) / 100);
    data.put("sla_days", breached.breach().slaDays());
    data.put("delay_days", breached.breach().delayDays());
    if (breached.ownerUnitId() != null) {
      data.put("owner_unit_id", breached.ownerUnitId());
    }
    if (Double.isFinite(breached.breach().breachPercent())) {
      data.put("breach_pct", breached.breach().breachPercent());
    }
    return data;
  }
}
