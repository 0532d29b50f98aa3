package io.twinloop.projections.kpi;

import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.bus.EventData.RefusedException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The KPIs that the product feeds itself, from what automation reports. Each is defined when its
 * first sample comes.
 *
 * <p>Their samples are history: an anomaly is recorded as an episode and starts nothing. The time a
 * workflow takes would else start a workflow, whose time would start the next.
 */
public final class FedKpis {

  private static final String DAYS = "days";
  private static final String SECONDS = "s";

  /** Of what ended, 1 for a failure and 0 for none: the mean of the samples is the rate. */
  private static final String SHARE = "share";

  private final KpiFeed feed;

  public FedKpis(Entities entities) {
    this.feed = new KpiFeed(entities);
  }

  /** A KPI by its id, and what it is should it have to be defined. */
  public record Fed(String id, String name, String unit, @Nullable String ownerNodeId) {}

  /** How long it took to resolve breaches of a process's service level, in days of 24 hours. */
  public static Fed resolutionTime(String processId) {
    return ofProcess(processId, "resolution_time", "Resolution time", DAYS);
  }

  /** Which of a process's workflows failed. */
  public static Fed errorRateOfProcess(String processId) {
    return ofProcess(processId, "error_rate", "Error rate", SHARE);
  }

  /** How long runs of a workflow took that ended well, in seconds. */
  public static Fed executionTime(String definition) {
    return ofWorkflow(definition, "execution_time", "Execution time", SECONDS);
  }

  /** Which runs of a workflow failed. */
  public static Fed errorRateOfWorkflow(String definition) {
    return ofWorkflow(definition, "error_rate", "Error rate", SHARE);
  }

  private static Fed ofProcess(String processId, String what, String name, String unit) {
    return new Fed(
        "process." + processId + "." + what, name + " of process " + processId, unit, processId);
  }

  private static Fed ofWorkflow(String definition, String what, String name, String unit) {
    return new Fed(
        "workflow." + definition + "." + what, name + " of workflow " + definition, unit, null);
  }

  /**
   * Takes a sample, once for a delivery.
   *
   * @param deliveryId the same for a repetition
   */
  public CompletionStage<Kpi.Taken> take(
      Fed kpi, Measurement measurement, String deliveryId, Cause cause) {
    return feed.take(
            kpi.id(), definitionOf(kpi), List.of(measurement), Mode.HISTORY, deliveryId, cause)
        .thenApply(
            reply -> {
              if (reply instanceof Kpi.Rejected rejected) {
                throw new RefusedException(rejected.code(), rejected.sentence());
              }
              return (Kpi.Taken) reply;
            });
  }

  private static KpiDefinition definitionOf(Fed kpi) {
    return new KpiDefinition(
        kpi.name(),
        kpi.unit(),
        kpi.ownerNodeId(),
        Polarity.LOWER_BETTER,
        null,
        null,
        null,
        null,
        null,
        DetectorSpec.DEFAULT);
  }
}
