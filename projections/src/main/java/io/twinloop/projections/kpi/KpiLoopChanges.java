package io.twinloop.projections.kpi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.Anomaly;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.entities.Cause;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** A KPI's part in loops: it is where they begin, and where their effect is measured. */
final class KpiLoopChanges {

  /** The source of samples that workflows measured begins like this. */
  private static final String MEASURED_BY_WORKFLOW = "bpa.";

  private KpiLoopChanges() {}

  static List<LoopChange> of(EventEnvelope<Kpi.Event> envelope) {
    Kpi.Event event = envelope.event();
    if (event instanceof Kpi.AnomalyOpened opened && opened.episode().live()) {
      return List.of(sensed(envelope, opened));
    }
    if (event instanceof Kpi.AnomalyWorsened worsened && worsened.episode().live()) {
      return List.of(worse(envelope, worsened));
    }
    if (event instanceof Kpi.AnomalyClosed closed && closed.episode().live()) {
      return List.of(backInBand(envelope, closed));
    }
    if (event instanceof Kpi.SamplesTaken taken && isMeasurement(taken)) {
      return List.of(measured(envelope, taken));
    }
    return List.of();
  }

  private static boolean isMeasurement(Kpi.SamplesTaken taken) {
    Cause cause = taken.cause();
    return cause.correlationId() != null
        && taken.samples().size() == 1
        && taken.samples().sources().get(0).startsWith(MEASURED_BY_WORKFLOW);
  }

  private static LoopChange sensed(EventEnvelope<Kpi.Event> envelope, Kpi.AnomalyOpened opened) {
    Episode episode = opened.episode();
    ObjectNode detail = evidence(episode.openedAt(), episode.first());
    detail.put("kpiId", ReadModel.entityId(envelope));
    detail.put("episodeId", episode.id());
    detail.put("detector", opened.definition().detector().type());
    detail.put("causationId", opened.cause().causationId());
    KpiEvents.of(envelope).forEach(event -> detail.put("eventId", event.id()));
    Subject subject =
        new Subject(
            KpiEvents.ANOMALY_DETECTED,
            ReadModel.entityId(envelope),
            "KPI",
            KpiEvents.priorityOf(episode.severity()).wireName());
    return change(
        envelope, episode, Phase.SENSE, "anomaly opened", detail, subject, Counts.EPISODE_OPENED);
  }

  private static LoopChange worse(EventEnvelope<Kpi.Event> envelope, Kpi.AnomalyWorsened worsened) {
    ObjectNode detail = evidence(worsened.sampleAt(), worsened.anomaly());
    detail.put("episodeId", worsened.episode().id());
    return change(
        envelope, worsened.episode(), Phase.SENSE, "anomaly worsened", detail, null, Counts.NONE);
  }

  private static LoopChange backInBand(
      EventEnvelope<Kpi.Event> envelope, Kpi.AnomalyClosed closed) {
    Episode episode = closed.episode();
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("episodeId", episode.id());
    detail.put("sampleAt", episode.closedAt().toString());
    detail.put("value", episode.closedValue());
    detail.put("baselineMean", episode.first().baselineMean());
    return change(
            envelope, episode, Phase.MEASURE, "back in band", detail, null, Counts.EPISODE_CLOSED)
        .withEffect(effect(episode));
  }

  /** The share of the distance from the baseline that is gone. */
  private static @Nullable Double effect(Episode episode) {
    double before = Math.abs(episode.first().value() - episode.first().baselineMean());
    double after = Math.abs(episode.closedValue() - episode.first().baselineMean());
    return before == 0 ? null : 1 - after / before;
  }

  private static LoopChange measured(EventEnvelope<Kpi.Event> envelope, Kpi.SamplesTaken taken) {
    Sample sample = taken.samples().samples().get(0);
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("kpiId", ReadModel.entityId(envelope));
    detail.put("sampleAt", sample.timestamp().toString());
    detail.put("value", sample.value());
    detail.put("source", sample.source());
    detail.put("causationId", taken.cause().causationId());
    return new LoopChange(
        taken.cause().correlationId(),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        taken.at(),
        Phase.MEASURE,
        "measured",
        detail,
        null,
        Counts.NONE,
        null);
  }

  private static ObjectNode evidence(Instant sampleAt, Anomaly anomaly) {
    ObjectNode detail = Json.MAPPER.createObjectNode();
    detail.put("sampleAt", sampleAt.toString());
    detail.put("value", anomaly.value());
    detail.put("baselineMean", anomaly.baselineMean());
    if (anomaly.zScore() != null) {
      detail.put("zScore", anomaly.zScore());
    }
    detail.put("severity", anomaly.severity().name());
    return detail;
  }

  private static LoopChange change(
      EventEnvelope<Kpi.Event> envelope,
      Episode episode,
      Phase phase,
      String what,
      ObjectNode detail,
      @Nullable Subject subject,
      Counts counts) {
    return new LoopChange(
        episode.correlationId(),
        envelope.persistenceId(),
        envelope.sequenceNr(),
        envelope.event().at(),
        phase,
        what,
        detail,
        subject,
        counts,
        null);
  }
}
