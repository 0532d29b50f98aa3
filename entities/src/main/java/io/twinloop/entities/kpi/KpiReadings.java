package io.twinloop.entities.kpi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.entities.Entities;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Reads a KPI's current value for a workflow: {@code {value, timestamp}}, empty without sample. */
public final class KpiReadings implements Function<String, CompletionStage<JsonNode>> {

  private final Entities entities;

  public KpiReadings(Entities entities) {
    this.entities = entities;
  }

  @Override
  public CompletionStage<JsonNode> apply(String kpiId) {
    return entities
        .<Kpi.Command, Kpi.Reply>ask(Kpi.KEY, kpiId, Kpi.Get::new)
        .thenApply(KpiReadings::reading);
  }

  private static JsonNode reading(Kpi.Reply reply) {
    if (reply instanceof Kpi.Rejected rejected) {
      throw new IllegalStateException(rejected.sentence());
    }
    Sample latest = ((Kpi.Current) reply).latest();
    var reading = JsonNodeFactory.instance.objectNode();
    if (latest != null) {
      reading.put("value", latest.value()).put("timestamp", latest.timestamp().toString());
    }
    return reading;
  }
}
