package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.serialization.Json;

/** Properties as they stand in a column. */
final class Properties {

  private Properties() {}

  static NodeProperties of(String json) {
    return NodeProperties.of((ObjectNode) Json.tree(json));
  }
}
