package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Entities;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.util.concurrent.CompletionStage;

/** {@code bpa.budget.approved}: the unit's budget of the year, what is left of it, and by whom. */
public final class ApproveBudget implements Effect {

  private final TwinNodes nodes;

  public ApproveBudget(Entities entities) {
    this.nodes = new TwinNodes(entities);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String unitId = data.idOrSubject("unit_id");
          ObjectNode properties = Json.MAPPER.createObjectNode();
          properties.put("budget", data.amount("approved_eur"));
          data.optionalNumber("budget_remaining_eur")
              .ifPresent(left -> properties.put("budget_remaining", left));
          data.text("approved_by").ifPresent(who -> properties.put("budget_approved_by", who));
          return nodes
              .known(data, "unit_id", unitId, NodeType.ORGANIZATION_UNIT)
              .thenCompose(unit -> nodes.patch(unitId, properties, data.cause()));
        });
  }
}
