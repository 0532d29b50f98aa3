package io.twinloop.projections.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.entities.process.ProcessFlow.Averaged;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.bus.EventPublisher;
import io.twinloop.projections.kpi.KpiFeed;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;

/**
 * What the flow of a process brings about: bottlenecks are told to the outside, and the mean
 * duration of its last cases becomes a KPI of the process and, where they are live, what the twin
 * says of it.
 */
public final class FollowFlow extends Handler<List<EventEnvelope<ProcessFlow.Event>>> {

  private final EventPublisher<ProcessFlow.Event> publisher;
  private final Entities entities;
  private final KpiFeed kpis;

  public FollowFlow(EventBus bus, Entities entities) {
    this.publisher = new EventPublisher<>(bus, ProcessFlowEvents::of);
    this.entities = entities;
    this.kpis = new KpiFeed(entities);
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<ProcessFlow.Event>> envelopes) {
    CompletionStage<Done> done = publisher.process(envelopes);
    for (EventEnvelope<ProcessFlow.Event> envelope : envelopes) {
      if (envelope.event() instanceof ProcessFlow.CasesEnded ended) {
        done = done.thenCompose(before -> average(envelope, ended));
      }
    }
    return done;
  }

  private CompletionStage<Done> average(
      EventEnvelope<ProcessFlow.Event> envelope, ProcessFlow.CasesEnded ended) {
    String processId = ReadModel.entityId(envelope);
    List<Averaged> live = ended.cases().stream().filter(Averaged::live).toList();
    List<Averaged> past = ended.cases().stream().filter(each -> !each.live()).toList();
    return sample(envelope, processId, past, Mode.HISTORY)
        .thenCompose(done -> sample(envelope, processId, live, Mode.LIVE))
        .thenCompose(done -> patch(processId, live, ended.cause()));
  }

  private CompletionStage<Done> sample(
      EventEnvelope<ProcessFlow.Event> envelope,
      String processId,
      List<Averaged> averages,
      Mode mode) {
    if (averages.isEmpty()) {
      return CompletableFuture.completedStage(Done.getInstance());
    }
    // Of cases that ended at the same instant the last one's mean counts.
    Map<Instant, Measurement> measurements = new LinkedHashMap<>();
    for (Averaged average : averages) {
      Instant endedAt = average.closed().endedAt();
      measurements.put(endedAt, new Measurement(endedAt, average.meanDays(), "process", 1.0));
    }
    String id =
        EntityIds.derived(
            envelope.persistenceId(), Long.toString(envelope.sequenceNr()), mode.name());
    return kpis.take(
            "process." + processId + ".avg_duration_days",
            definition(processId),
            List.copyOf(measurements.values()),
            mode,
            id,
            new Cause(null, envelope.event().cause().causationId(), "process"))
        .thenApply(reply -> Done.getInstance());
  }

  private static KpiDefinition definition(String processId) {
    return new KpiDefinition(
        "Average duration of the last 30 cases of " + processId,
        "days",
        processId,
        Polarity.LOWER_BETTER,
        null,
        null,
        null,
        null,
        null,
        DetectorSpec.DEFAULT);
  }

  /** The twin's figure is the latest one; a process it has no node of, or retired, has none. */
  private CompletionStage<Done> patch(String processId, List<Averaged> live, Cause cause) {
    if (live.isEmpty()) {
      return CompletableFuture.completedStage(Done.getInstance());
    }
    double mean = live.get(live.size() - 1).meanDays();
    ObjectNode patch = Json.MAPPER.createObjectNode();
    patch.putObject("properties").put("avg_duration_days", Math.rint(mean * 100) / 100);
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(
            OrgNode.KEY,
            processId,
            replyTo ->
                new OrgNode.Patch(
                    patch, null, new Cause(null, cause.causationId(), "process"), replyTo))
        .thenApply(reply -> Done.getInstance());
  }
}
