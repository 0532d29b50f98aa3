package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import io.twinloop.serialization.Json;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** A node's part in loops: its concerns begin and end them, and it follows what automation did. */
final class OrgNodeLoopChanges {

  /** Who acts where an event of automation changes the twin. */
  static final String AUTOMATION = "bpa";

  private OrgNodeLoopChanges() {}

  static List<LoopChange> of(EventEnvelope<OrgNode.Event> envelope) {
    OrgNode.Event event = envelope.event();
    if (event instanceof OrgNode.ConcernRaised raised) {
      return List.of(sensed(envelope, raised));
    } else if (event instanceof OrgNode.ConcernSettled settled) {
      return List.of(settled(envelope, settled));
    } else if (event.cause().correlationId() == null || !event.cause().actor().equals(AUTOMATION)) {
      return List.of();
    } else if (event instanceof OrgNode.SlaResolved resolved) {
      return List.of(resolved(envelope, resolved));
    }
    return List.of(
        change(
            envelope,
            event.cause().correlationId(),
            Phase.MEASURE,
            "twin updated",
            OrgNodeHistory.detail(event).put("change", OrgNodeHistory.what(event)),
            null,
            Counts.NONE));
  }

  private static LoopChange sensed(
      EventEnvelope<OrgNode.Event> envelope, OrgNode.ConcernRaised raised) {
    OpenConcern concern = raised.concern();
    ObjectNode detail = detail(concern);
    Subject subject = null;
    if (concern.told()) {
      detail.put("eventId", OrgNodeEvents.idOf(envelope));
      subject = OrgNodeEvents.subjectOf(ReadModel.entityId(envelope), concern.concern());
    }
    return change(
        envelope,
        concern.correlationId(),
        Phase.SENSE,
        raised.again() ? "concern raised again" : "concern raised",
        detail,
        subject,
        raised.again() ? Counts.NONE : Counts.EPISODE_OPENED);
  }

  /** A value that is back within its limit has come all the way. */
  private static LoopChange settled(
      EventEnvelope<OrgNode.Event> envelope, OrgNode.ConcernSettled settled) {
    ObjectNode detail = detail(settled.concern());
    if (settled.value() != null) {
      detail.put("value", settled.value());
    }
    return change(
            envelope,
            settled.concern().correlationId(),
            Phase.MEASURE,
            "concern settled",
            detail,
            null,
            Counts.EPISODE_CLOSED)
        .withEffect(settled.value() == null ? null : 1.0);
  }

  private static LoopChange resolved(
      EventEnvelope<OrgNode.Event> envelope, OrgNode.SlaResolved resolved) {
    return change(
        envelope,
        resolved.cause().correlationId(),
        Phase.MEASURE,
        "resolved",
        OrgNodeHistory.detail(resolved),
        null,
        resolved.endsEpisode() ? Counts.EPISODE_CLOSED : Counts.NONE);
  }

  private static ObjectNode detail(OpenConcern concern) {
    ObjectNode detail = Json.object(concern.concern());
    return detail.put("concernId", concern.id());
  }

  private static LoopChange change(
      EventEnvelope<OrgNode.Event> envelope,
      String correlationId,
      Phase phase,
      String what,
      ObjectNode detail,
      @Nullable Subject subject,
      Counts counts) {
    OrgNode.Event event = envelope.event();
    detail.put("nodeId", ReadModel.entityId(envelope));
    detail.put("causationId", event.cause().causationId());
    detail.put("actor", event.cause().actor());
    return new LoopChange(
        correlationId,
        envelope.persistenceId(),
        envelope.sequenceNr(),
        event.at(),
        phase,
        what,
        detail,
        subject,
        counts,
        null);
  }
}
