package io.twinloop.projections.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.process.Bottleneck;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** The part of processes in loops: late cases and bottlenecks begin them. */
final class ProcessLoopChanges {

  private ProcessLoopChanges() {}

  static List<LoopChange> ofCase(EventEnvelope<ProcessCase.Event> envelope) {
    return envelope.event() instanceof ProcessCase.SlaBreached breached && breached.live()
        ? List.of(late(envelope, breached))
        : List.of();
  }

  private static LoopChange late(
      EventEnvelope<ProcessCase.Event> envelope, ProcessCase.SlaBreached breached) {
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("processId", breached.processId());
    detail.put("caseId", breached.caseId());
    detail.put("actualDays", breached.breach().actualDays());
    detail.put("slaDays", breached.breach().slaDays());
    detail.put("causationId", breached.cause().causationId());
    ProcessCaseEvents.of(envelope).forEach(event -> detail.put("eventId", event.id()));
    Subject subject =
        new Subject(
            ProcessCaseEvents.SLA_BREACH,
            breached.processId(),
            "Process",
            ProcessCaseEvents.priorityOf(breached.breach()).wireName());
    return new LoopChange(
        breached.correlationId(),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        breached.at(),
        Phase.SENSE,
        "case over its SLA",
        detail,
        subject,
        Counts.EPISODE_OPENED,
        null);
  }

  static List<LoopChange> ofFlow(EventEnvelope<ProcessFlow.Event> envelope) {
    if (envelope.event() instanceof ProcessFlow.BottleneckIdentified identified) {
      return List.of(identified(envelope, identified));
    }
    if (envelope.event() instanceof ProcessFlow.BottleneckLeft left) {
      return List.of(left(envelope, left));
    }
    return List.of();
  }

  private static LoopChange identified(
      EventEnvelope<ProcessFlow.Event> envelope, ProcessFlow.BottleneckIdentified identified) {
    ObjectNode detail = place(identified.bottleneck());
    detail.put("evidence", identified.bottleneck().evidence());
    detail.put("causationId", identified.cause().causationId());
    ProcessFlowEvents.of(envelope).forEach(event -> detail.put("eventId", event.id()));
    Subject subject =
        new Subject(
            ProcessFlowEvents.BOTTLENECK_IDENTIFIED,
            ReadModel.entityId(envelope),
            "Process",
            Priority.MEDIUM.wireName());
    return new LoopChange(
        identified.correlationId(),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        identified.at(),
        Phase.SENSE,
        "bottleneck identified",
        detail,
        subject,
        Counts.EPISODE_OPENED,
        null);
  }

  private static LoopChange left(
      EventEnvelope<ProcessFlow.Event> envelope, ProcessFlow.BottleneckLeft left) {
    return new LoopChange(
        left.correlationId(),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        left.at(),
        Phase.MEASURE,
        "bottleneck left",
        place(left.bottleneck()),
        null,
        Counts.EPISODE_CLOSED,
        null);
  }

  private static ObjectNode place(Bottleneck bottleneck) {
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("from", bottleneck.from());
    detail.put("to", bottleneck.to());
    detail.put("share", bottleneck.share());
    return detail;
  }
}
