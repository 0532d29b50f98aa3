package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON Merge Patch (RFC 7396). */
public final class MergePatch {

  private MergePatch() {}

  /** The document that {@code patch} makes of {@code target}; neither is changed. */
  public static JsonNode apply(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode changes)) {
      return patch.deepCopy();
    }
    ObjectNode merged =
        target instanceof ObjectNode object
            ? object.deepCopy()
            : JsonNodeFactory.instance.objectNode();
    for (var change : changes.properties()) {
      JsonNode value = change.getValue();
      if (value.isNull()) {
        merged.remove(change.getKey());
      } else {
        JsonNode current = merged.path(change.getKey());
        merged.set(change.getKey(), apply(current, value));
      }
    }
    return merged;
  }
}
