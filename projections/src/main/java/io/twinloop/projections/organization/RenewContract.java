package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.entities.Entities;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.util.concurrent.CompletionStage;

/**
 * {@code bpa.contract.renewed}: until when the vendor's contract runs, and what it costs a year.
 */
public final class RenewContract implements Effect {

  private final TwinNodes nodes;

  public RenewContract(Entities entities) {
    this.nodes = new TwinNodes(entities);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String vendorId = data.idOrSubject("vendor_id");
          String expiry =
              data.date("expiry_date")
                  .orElseThrow(() -> data.refused("expiry_date", "a date such as 2026-03-31"))
                  .toString();
          ObjectNode properties = Json.MAPPER.createObjectNode();
          // Both names are known for it; they never disagree.
          properties.put("expiry_date", expiry);
          properties.put("contract_expiry", expiry);
          data.text("contract_id").ifPresent(id -> properties.put("contract_id", id));
          data.optionalNumber("annual_value_eur")
              .ifPresent(value -> properties.put("annual_value_eur", value));
          return nodes
              .known(data, "vendor_id", vendorId, NodeType.VENDOR)
              .thenCompose(vendor -> nodes.patch(vendorId, properties, data.cause()));
        });
  }
}
