package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Optional;

/** The headcount of a unit, as people come and go. */
public final class Headcount {

  private Headcount() {}

  /**
   * A unit's content after so many came, or left. Nobody can leave where nobody is.
   *
   * @return empty where nothing changes, and where no headcount is known: none is invented
   */
  public static Optional<NodeContent> changed(NodeContent unit, int by) {
    JsonNode known = unit.properties().get("headcount");
    if (unit.type() != NodeType.ORGANIZATION_UNIT || known == null || !known.isIntegralNumber()) {
      return Optional.empty();
    }
    long next = Math.max(0, known.longValue() + by);
    return unit.patchedProperties(JsonNodeFactory.instance.objectNode().put("headcount", next))
            instanceof NodeContent.Sound sound
        ? Optional.of(sound.content()).filter(content -> !content.equals(unit))
        : Optional.empty();
  }
}
