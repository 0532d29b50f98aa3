package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The human tasks of an instance that wait for a person, and who has them. A visit of a step may
 * ask for several one after the other; each has an id of its own.
 *
 * @param byId in the order they were asked for
 * @param seen how many there were so far, done ones too; numbers the next
 */
public record OpenTasks(Map<String, OpenTask> byId, int seen) {

  /** Before any was asked for. */
  public static final OpenTasks NONE = new OpenTasks(Map.of(), 0);

  /**
   * One of them.
   *
   * @param assignee who has it, null while nobody does
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record OpenTask(TaskRef ref, HumanTask task, @Nullable String assignee) {

    /** Whether someone else has it, so that this person must not touch it. */
    public boolean isHeldByOtherThan(String person) {
      return assignee != null && !assignee.equals(person);
    }
  }

  public OpenTasks {
    byId = Collections.unmodifiableMap(new LinkedHashMap<>(byId));
  }

  /** The open task with this id. */
  public Optional<OpenTask> find(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** With one more, held by whom the definition names. */
  public OpenTasks with(String id, Step.HumanTaskRequested asked) {
    Map<String, OpenTask> more = new LinkedHashMap<>(byId);
    more.put(id, new OpenTask(asked.ref(), asked.task(), asked.task().assignee()));
    return new OpenTasks(more, seen + 1);
  }

  /** Those the execution still waits for: the others are done, or gone with a task around them. */
  public OpenTasks awaitedBy(Execution execution) {
    List<TaskRef> awaited =
        execution.pendingHumanTasks().stream().map(Execution.PendingHumanTask::ref).toList();
    Map<String, OpenTask> left = new LinkedHashMap<>(byId);
    left.values().removeIf(task -> !awaited.contains(task.ref()));
    return new OpenTasks(left, seen);
  }

  /** With one of them in other hands, or in nobody's; one that is not open changes nothing. */
  public OpenTasks assigned(String id, @Nullable String assignee) {
    Map<String, OpenTask> changed = new LinkedHashMap<>(byId);
    changed.computeIfPresent(id, (same, task) -> new OpenTask(task.ref(), task.task(), assignee));
    return new OpenTasks(changed, seen);
  }
}
