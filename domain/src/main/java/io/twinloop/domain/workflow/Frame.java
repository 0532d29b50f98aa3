package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A task that has begun and is not over, or the workflow itself as the outermost one. Frames refer
 * to the one around them by id, so they make a tree; as long as tasks run one after another the
 * tree is a stack.
 *
 * @param ref which visit of which task; id and position of the workflow are empty
 * @param parent id of the frame around it, null for the workflow
 * @param deadline when it times out, null when it may take for ever
 * @param rawInput what came in
 * @param input what {@code input.from} made of it
 * @param data the value at hand: first the input, then what its last subtask or its own act yielded
 * @param progress how far it is with its subtasks, null for a task that has none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Frame(
    TaskRef ref,
    @Nullable String parent,
    String name,
    Instant startedAt,
    @Nullable Deadline deadline,
    JsonNode rawInput,
    JsonNode input,
    JsonNode data,
    State state,
    @Nullable Progress progress) {

  static final String ROOT = "";

  /**
   * Ready → Waiting | Acted for a task that acts, Running ⇄ Raised | Waiting for one that runs
   * others; any → Failed.
   */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = Running.class, name = "running"),
    @JsonSubTypes.Type(value = Waiting.class, name = "waiting"),
    @JsonSubTypes.Type(value = Acted.class, name = "acted"),
    @JsonSubTypes.Type(value = Raised.class, name = "raised"),
    @JsonSubTypes.Type(value = Failed.class, name = "failed")
  })
  public sealed interface State {}

  /** To act next. */
  public record Ready() implements State {}

  /** Going through its subtasks. */
  public record Running() implements State {}

  /** Until something comes from outside. */
  public record Waiting(Pending pending) implements State {}

  /** Its act is done, its data is the raw output. */
  public record Acted() implements State {}

  /** One of its subtasks raised an error nobody has looked at yet. */
  public record Raised(WorkflowError error) implements State {}

  /** It raised an error itself, or let one pass. */
  public record Failed(WorkflowError error) implements State {}

  /**
   * How far a task is with its subtasks.
   *
   * @param next position of the subtask that comes next or is open now, or exit, or end
   * @param handling true when a {@code try} is past its catch
   * @param retries how often a {@code try} has been tried again
   * @param attempt the attempt its subtasks belong to
   * @param highestAttempt the highest attempt seen at or under it
   * @param visits how often each subtask was come by, in this attempt
   * @param variables what expressions in its subtasks may name besides the usual
   */
  public record Progress(
      String next,
      boolean handling,
      int retries,
      int attempt,
      int highestAttempt,
      Map<String, Integer> visits,
      Map<String, JsonNode> variables) {

    public Progress {
      visits = Collections.unmodifiableMap(new LinkedHashMap<>(visits));
      variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    static Progress beginning(String next, int attempt) {
      return new Progress(next, false, 0, attempt, attempt, Map.of(), Map.of());
    }

    Progress goingOn(String nextPosition, int attemptSeen) {
      return new Progress(
          nextPosition,
          handling,
          retries,
          attempt,
          Math.max(highestAttempt, attemptSeen),
          visits,
          variables);
    }

    Progress visiting(String position) {
      Map<String, Integer> counted = new LinkedHashMap<>(visits);
      counted.merge(position, 1, Integer::sum);
      return new Progress(next, handling, retries, attempt, highestAttempt, counted, variables);
    }

    /** With visits counted elsewhere, where they are more. */
    Progress visited(Map<String, Integer> counts) {
      Map<String, Integer> counted = new LinkedHashMap<>(visits);
      counts.forEach((position, count) -> counted.merge(position, count, Math::max));
      return new Progress(next, handling, retries, attempt, highestAttempt, counted, variables);
    }

    Progress handling(String firstOfHandler, String variable, JsonNode error, int attemptSeen) {
      Map<String, JsonNode> named = new LinkedHashMap<>(variables);
      named.put(variable, error);
      int highest = Math.max(highestAttempt, attemptSeen);
      return new Progress(firstOfHandler, true, retries, attempt, highest, visits, named);
    }

    Progress anew(String firstOfBody, int retry, int attemptSeen) {
      int highest = Math.max(highestAttempt, attemptSeen);
      return new Progress(firstOfBody, false, retry, attempt, highest, Map.of(), variables);
    }

    Progress inAttempt(int nextAttempt) {
      return new Progress(next, handling, retries, nextAttempt, nextAttempt, visits, variables);
    }
  }

  String id() {
    return ref.id();
  }

  boolean isRoot() {
    return parent == null;
  }

  /** The highest attempt seen at or under this frame. */
  int highestAttempt() {
    return progress == null ? ref.attempt() : progress.highestAttempt();
  }

  /** How far it is; only asked of tasks that run others. */
  Progress steps() {
    if (progress == null) {
      throw new IllegalStateException("The task '" + ref.id() + "' runs no others.");
    }
    return progress;
  }

  Frame with(State newState) {
    return new Frame(
        ref, parent, name, startedAt, deadline, rawInput, input, data, newState, progress);
  }

  Frame with(State newState, JsonNode newData) {
    return new Frame(
        ref, parent, name, startedAt, deadline, rawInput, input, newData, newState, progress);
  }

  Frame with(Deadline newDeadline) {
    return new Frame(
        ref, parent, name, startedAt, newDeadline, rawInput, input, data, state, progress);
  }

  Frame with(Progress newProgress) {
    return new Frame(
        ref, parent, name, startedAt, deadline, rawInput, input, data, state, newProgress);
  }

  /** The same frame in a later attempt, ready to act or to go on with its subtasks. */
  Frame again(int attempt, @Nullable Deadline newDeadline) {
    return new Frame(
        progress == null ? ref.again(attempt) : ref,
        parent,
        name,
        startedAt,
        newDeadline,
        rawInput,
        input,
        progress == null ? input : data,
        progress == null ? new Ready() : new Running(),
        progress);
  }
}
