package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Entities;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.util.concurrent.CompletionStage;

/** {@code bpa.process.automated}: how far the process is automated, since when, how fast it is. */
public final class AutomateProcess implements Effect {

  private final TwinNodes nodes;

  public AutomateProcess(Entities entities) {
    this.nodes = new TwinNodes(entities);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String processId = data.idOrSubject("process_id");
          ObjectNode properties = Json.MAPPER.createObjectNode();
          properties.put(
              "automation_level",
              data.text("automation_level")
                  .orElseThrow(
                      () ->
                          data.refused("automation_level", "one of manual, semi-auto, full-auto")));
          data.optionalNumber("new_avg_time_days")
              .ifPresent(days -> properties.put("avg_duration_days", days));
          properties.put("last_automated_at", data.instantOrTime("automated_at").toString());
          return nodes
              .known(data, "process_id", processId, NodeType.PROCESS)
              .thenCompose(process -> nodes.patch(processId, properties, data.cause()));
        });
  }
}
