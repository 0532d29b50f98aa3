package io.twinloop.projections.kpi;

import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.kpi.Kpi;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Feeds KPIs that the product measures itself: they are defined with their first sample. */
public final class KpiFeed {

  private final Entities entities;

  public KpiFeed(Entities entities) {
    this.entities = entities;
  }

  /**
   * Gives the KPI these samples; a definition somebody gave it stays. Rejected when it is retired.
   *
   * @param commandId the same for a repetition of the same delivery
   */
  public CompletionStage<Kpi.Reply> take(
      String kpiId,
      KpiDefinition definition,
      List<Measurement> measurements,
      Mode mode,
      String commandId,
      Cause cause) {
    return take(kpiId, measurements, mode, commandId, cause)
        .thenCompose(
            reply -> {
              boolean undefined =
                  reply instanceof Kpi.Rejected rejected
                      && rejected.code().equals(Refusals.NOT_FOUND);
              return undefined
                  ? this.define(kpiId, definition, cause)
                      .thenCompose(defined -> take(kpiId, measurements, mode, commandId, cause))
                  : CompletableFuture.completedStage(reply);
            });
  }

  private CompletionStage<Kpi.Reply> take(
      String kpiId, List<Measurement> measurements, Mode mode, String commandId, Cause cause) {
    return entities.ask(
        Kpi.KEY, kpiId, replyTo -> new Kpi.Take(measurements, mode, commandId, cause, replyTo));
  }

  /** Only as the first: one that somebody defines at the same moment is kept. */
  private CompletionStage<Kpi.Reply> define(String kpiId, KpiDefinition definition, Cause cause) {
    return entities.ask(Kpi.KEY, kpiId, replyTo -> new Kpi.Define(definition, 0L, cause, replyTo));
  }
}
