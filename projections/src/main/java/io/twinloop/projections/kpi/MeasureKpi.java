package io.twinloop.projections.kpi;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.bus.Effect;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@code bpa.kpi.updated}: what a workflow measured becomes a sample of the KPI. */
public final class MeasureKpi implements Effect {

  private final Entities entities;

  public MeasureKpi(Entities entities) {
    this.entities = entities;
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    Measurement measurement;
    try {
      measurement = measurementIn(event);
    } catch (IllegalArgumentException e) {
      return CompletableFuture.completedFuture(new Refused(Refusals.REFUSED, e.getMessage()));
    }
    Cause cause = new Cause(event.correlationId(), event.id(), "bpa");
    return entities
        .<Kpi.Command, Kpi.Reply>ask(
            Kpi.KEY,
            event.subject(),
            replyTo -> new Kpi.Take(List.of(measurement), Mode.AUTO, event.id(), cause, replyTo))
        .thenApply(
            reply ->
                reply instanceof Kpi.Rejected rejected
                    ? new Refused(rejected.code(), rejected.sentence())
                    : new Done());
  }

  private static Measurement measurementIn(IntegrationEvent event) {
    JsonNode value = event.data().path("value");
    if (!value.isNumber()) {
      throw new IllegalArgumentException("data.value is " + value + ", expected a number");
    }
    String workflowId = event.data().path("workflow_id").asText("unknown");
    return new Measurement(measuredAt(event), value.doubleValue(), "bpa." + workflowId, 1.0);
  }

  private static Instant measuredAt(IntegrationEvent event) {
    JsonNode measuredAt = event.data().path("measured_at");
    if (measuredAt.isMissingNode()) {
      return event.time();
    }
    try {
      return Instant.parse(measuredAt.asText());
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "data.measured_at is " + measuredAt + ", expected an RFC 3339 instant in UTC", e);
    }
  }
}
