package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What reaches a waiting instance from outside. It names what it answers by the visit and the
 * attempt; a signal for anything that is no longer awaited has no effect.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Signal.CallAnswered.class, name = "call-answered"),
  @JsonSubTypes.Type(value = Signal.CallFailed.class, name = "call-failed"),
  @JsonSubTypes.Type(value = Signal.TimerFired.class, name = "timer-fired"),
  @JsonSubTypes.Type(value = Signal.HumanTaskCompleted.class, name = "human-task-completed"),
  @JsonSubTypes.Type(value = Signal.HumanTaskRejected.class, name = "human-task-rejected")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface Signal {

  /**
   * A call was answered, well or badly.
   *
   * @param status HTTP status; 200 for answers that are not HTTP
   * @param content the answer; for a KPI {@code {value, timestamp}}
   */
  record CallAnswered(TaskRef ref, int status, Map<String, String> headers, JsonNode content)
      implements Signal {
    public CallAnswered {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }

    /** An answer that is not HTTP. */
    public CallAnswered(TaskRef ref, JsonNode content) {
      this(ref, 200, Map.of(), content);
    }
  }

  /** A call got no answer. */
  record CallFailed(TaskRef ref, WorkflowError error) implements Signal {}

  /** An instant has come; see {@link Execution#timers()}. */
  record TimerFired(String timerId) implements Signal {}

  /**
   * A person did what was asked, with data that satisfies the form ({@link HumanTask#problems}).
   *
   * @param by who, null when that is not known
   */
  record HumanTaskCompleted(TaskRef ref, JsonNode data, @Nullable String by) implements Signal {}

  /** A person refused; the task raises {@link WorkflowError#TASK_REJECTED}. */
  record HumanTaskRejected(TaskRef ref, @Nullable String by, @Nullable String reason)
      implements Signal {}

  /** The signal that brings the outcome of an HTTP call. */
  static Signal of(TaskRef ref, HttpAnswer answer) {
    if (answer instanceof HttpAnswer.Received received) {
      return new CallAnswered(ref, received.status(), received.headers(), received.content());
    }
    return new CallFailed(ref, ((HttpAnswer.CallFailed) answer).error());
  }
}
