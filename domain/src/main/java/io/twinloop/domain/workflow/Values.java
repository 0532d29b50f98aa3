package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Small questions about the data that goes through a workflow. */
final class Values {

  /** Largest value a workflow may pass on, in characters of its JSON, roughly. */
  static final int LARGEST = 1 << 20;

  private Values() {}

  /** Throws a {@link Fault} when a value is too large to be passed on. */
  static void limit(String what, JsonNode value) {
    if (sizeOf(value, LARGEST) > LARGEST) {
      throw new Fault(WorkflowError.runtime(what + " is larger than " + LARGEST + " characters."));
    }
  }

  /** The value after a transformation, null when it is what it was before. */
  static @Nullable JsonNode unlessSame(JsonNode before, JsonNode after) {
    return after.equals(before) ? null : after;
  }

  /** The text of an optional field; null when it is missing or null. */
  static @Nullable String optional(JsonNode object, String field) {
    JsonNode value = object.path(field);
    return value.isMissingNode() || value.isNull() ? null : value.asText();
  }

  /** About how long the JSON of a value is; gives up counting past a limit. */
  private static long sizeOf(JsonNode value, long limit) {
    if (value.isTextual()) {
      return value.textValue().length() + 2L;
    }
    long size = 4;
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        size += field.getKey().length() + 4L + sizeOf(field.getValue(), limit - size);
        if (size > limit) {
          return size;
        }
      }
    } else {
      for (JsonNode element : value) {
        size += 1 + sizeOf(element, limit - size);
        if (size > limit) {
          return size;
        }
      }
    }
    return size;
  }
}
