package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One task of a definition, its references resolved.
 *
 * @param position JSON pointer to it
 * @param definition what stands under its name
 * @param siblings positions of the tasks of its list by name
 * @param successor what {@code continue} means for it: the next position, or {@link Flow#EXIT}
 * @param body first position of the list it runs, {@link Flow#EXIT} when that is empty, null when
 *     it runs none
 * @param handler likewise for the list a {@code catch} runs, null when it runs none
 */
record TaskDefinition(
    String position,
    String name,
    Kind kind,
    JsonNode definition,
    Map<String, String> siblings,
    String successor,
    @Nullable String body,
    @Nullable String handler) {

  enum Kind {
    DO,
    SET,
    SWITCH,
    TRY,
    WAIT,
    RAISE,
    EMIT,
    CALL_HTTP,
    HUMAN_TASK,
    NOTIFY,
    READ_KPI,
    RUN_WORKFLOW
  }

  /** Where a directive leads: a position, {@link Flow#EXIT} or {@link Flow#END}. */
  String target(String directive) {
    return switch (directive) {
      case Flow.CONTINUE -> successor;
      case Flow.EXIT, Flow.END -> directive;
      default -> siblings.get(directive);
    };
  }

  /** Where to go after it when nothing chose otherwise. */
  String then() {
    return target(definition.path("then").asText(Flow.CONTINUE));
  }
}
