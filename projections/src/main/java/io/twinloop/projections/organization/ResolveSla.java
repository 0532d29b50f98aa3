package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.process.ResolutionTimes;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.projections.kpi.FedKpis;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * {@code bpa.sla.resolved}: a sample of the process's resolution time; its mean duration and its
 * compliance with the service level follow from the samples of the 30 days before.
 */
public final class ResolveSla implements Effect {

  private static final Duration WINDOW = Duration.ofDays(30);
  private static final Duration READ_MODEL_WITHIN = Duration.ofSeconds(5);
  private static final int MOST_SAMPLES = 100_000;

  private final TwinNodes nodes;
  private final FedKpis kpis;
  private final KpiQueries samples;
  private final ReadModelProgress progress;

  public ResolveSla(Entities entities, Database database) {
    this.nodes = new TwinNodes(entities);
    this.kpis = new FedKpis(entities);
    this.samples = new KpiQueries(database);
    this.progress = new ReadModelProgress(database);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String processId = data.idOrSubject("process_id");
          double days = data.amount("resolution_time_days");
          Instant resolvedAt = data.instantOrTime("resolved_at");
          FedKpis.Fed kpi = FedKpis.resolutionTime(processId);
          Measurement measurement = measurement(data, resolvedAt, days);
          return nodes
              .known(data, "process_id", processId, NodeType.PROCESS)
              .thenCompose(
                  process ->
                      kpis.take(kpi, measurement, event.id(), data.cause())
                          .thenCompose(taken -> times(kpi.id(), taken, measurement))
                          .thenCompose(times -> resolve(data, processId, process, days, times)));
        });
  }

  private static Measurement measurement(EventData data, Instant resolvedAt, double days) {
    String source = data.event().source();
    String workflowId = source.substring(source.lastIndexOf('/') + 1);
    try {
      return new Measurement(resolvedAt, days, "bpa." + workflowId, 1.0);
    } catch (IllegalArgumentException e) {
      throw data.refused("resolved_at", "a time from 1900 to 2198");
    }
  }

  /** This time and those of the 30 days before it. */
  private CompletionStage<ResolutionTimes> times(
      String kpiId, Kpi.Taken taken, Measurement measurement) {
    Instant at = measurement.timestamp();
    return progress
        .await(Map.of(Kpi.KEY.name() + "|" + kpiId, taken.seqNr()), READ_MODEL_WITHIN)
        .thenCompose(
            there -> {
              if (!there) {
                throw new IllegalStateException("the samples of " + kpiId + " are not there yet");
              }
              return samples.samples(kpiId, at.minus(WINDOW), at, MOST_SAMPLES);
            })
        .thenApply(
            known -> {
              List<Double> days = new ArrayList<>();
              Sample own = Sample.of(at, measurement.value(), measurement.source());
              known.stream()
                  .filter(sample -> !sample.isSameAs(own))
                  .forEach(sample -> days.add(sample.value()));
              days.add(own.value());
              return new ResolutionTimes(days);
            });
  }

  private CompletionStage<?> resolve(
      EventData data,
      String processId,
      OrgNode.Current process,
      double days,
      ResolutionTimes times) {
    ObjectNode measured = Json.MAPPER.createObjectNode();
    measured.put("avg_duration_days", times.meanDays());
    Double compliance = times.compliancePercent(process.content().number("sla_days"));
    if (compliance != null) {
      measured.put("sla_compliance", compliance);
    }
    return nodes.ask(
        processId,
        replyTo ->
            new OrgNode.ResolveSla(days, measured, data.event().id(), data.cause(), replyTo));
  }
}
