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

    /**
     * Whether it is only for people named one by one, and not for this one. Who holds a role, is of
     * a unit or manages somebody is not known here, so a task for these is for everybody.
     */
    boolean isForOthersThan(String person) {
      HumanTask.Candidates candidates = task.candidates();
      return assignee == null
          && candidates.role() == null
          && candidates.unit() == null
          && candidates.managerOf() == null
          && !candidates.users().isEmpty()
          && !candidates.users().contains(person);
    }
  }

  public OpenTasks {
    byId = Collections.unmodifiableMap(new LinkedHashMap<>(byId));
  }

  /** The open task with this id. */
  public Optional<OpenTask> find(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /**
   * What follows when a person does something with a task.
   *
   * @param named whether it is known who the person is; else anybody may be a candidate
   */
  public TaskDecision decide(String id, TaskAction action, String person, boolean named) {
    OpenTask task = byId.get(id);
    if (task == null) {
      return new TaskDecision.Refused(
          TaskDecision.Reason.GONE,
          "There is no open task '%s'; it is done or never was.".formatted(id));
    }
    if (task.isHeldByOtherThan(person)) {
      return new TaskDecision.Refused(
          TaskDecision.Reason.NOT_YOURS,
          "Task '%s' is held by '%s'.".formatted(id, task.assignee()));
    }
    if (named && action.forCandidates() && task.isForOthersThan(person)) {
      return new TaskDecision.Refused(
          TaskDecision.Reason.NOT_YOURS,
          "Task '%s' is for %s, not for '%s'."
              .formatted(id, String.join(", ", task.task().candidates().users()), person));
    }
    return action.on(task, id, person);
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
