package io.twinloop.projections.workflow;

import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.projections.kpi.FedKpis;
import io.twinloop.projections.kpi.FedKpis.Fed;
import io.twinloop.serialization.IntegrationEvent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;

/**
 * {@code bpa.workflow.completed} and {@code bpa.workflow.failed}: how long the run took, where it
 * ended well, and whether it failed, as samples of the KPIs of its definition and, where it was
 * started for a process, of that process.
 *
 * <p>A failure is a sample of 1, a good end one of 0: the mean of an error rate's samples over any
 * time is the rate of that time.
 */
public final class MeasureWorkflow implements Effect {

  private static final String BUILT_IN = Workflows.BUILT_IN + "/";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._~-]{1,100}");

  private final FedKpis kpis;
  private final boolean failed;

  private MeasureWorkflow(Entities entities, boolean failed) {
    this.kpis = new FedKpis(entities);
    this.failed = failed;
  }

  /** The effect of a run that ended well. */
  public static MeasureWorkflow completed(Entities entities) {
    return new MeasureWorkflow(entities, false);
  }

  /** The effect of a run that ended in a fault. */
  public static MeasureWorkflow failed(Entities entities) {
    return new MeasureWorkflow(entities, true);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String definition = definitionIn(data);
          double failure = failed ? 1 : 0;
          CompletionStage<?> measured =
              take(data, FedKpis.errorRateOfWorkflow(definition), failure);
          if (!failed) {
            double seconds = data.amount("execution_time_sec");
            measured =
                measured.thenCompose(
                    done -> take(data, FedKpis.executionTime(definition), seconds));
          }
          return measured.thenCompose(
              done ->
                  NodeType.PROCESS.wireName().equals(event.entityType())
                      ? take(data, FedKpis.errorRateOfProcess(event.subject()), failure)
                      : CompletableFuture.completedStage(null));
        });
  }

  /**
   * The name of the definition, which is told as {@code namespace/name/version}; where it is none
   * of the product's own, with its namespace.
   */
  private static String definitionIn(EventData data) {
    String told =
        data.text("definition")
            .orElseThrow(() -> data.refused("definition", "namespace/name/version"));
    String[] parts = told.split("/", -1);
    String name = parts.length < 2 ? told : parts[0] + "." + parts[1];
    String definition = told.startsWith(BUILT_IN) && parts.length > 1 ? parts[1] : name;
    if (!NAME.matcher(definition).matches()) {
      throw data.refused("definition", "namespace/name/version");
    }
    return definition;
  }

  private CompletionStage<?> take(EventData data, Fed kpi, double value) {
    IntegrationEvent event = data.event();
    String workflowId = data.text("workflow_id").orElse("unknown");
    Measurement measurement;
    try {
      measurement = new Measurement(event.time(), value, "bpa." + workflowId, 1.0);
    } catch (IllegalArgumentException e) {
      throw new EventData.RefusedException(
          Refusals.REFUSED, "The event can't be measured: " + e.getMessage());
    }
    return kpis.take(kpi, measurement, event.id(), data.cause());
  }
}
