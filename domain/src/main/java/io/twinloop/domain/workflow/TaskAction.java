package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.OpenTasks.OpenTask;
import java.util.List;

/**
 * What a person does with a human task, and what follows from it where the task is open to them.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = TaskAction.Claim.class, name = "claim"),
  @JsonSubTypes.Type(value = TaskAction.Release.class, name = "release"),
  @JsonSubTypes.Type(value = TaskAction.Delegate.class, name = "delegate"),
  @JsonSubTypes.Type(value = TaskAction.Complete.class, name = "complete"),
  @JsonSubTypes.Type(value = TaskAction.Reject.class, name = "reject")
})
public sealed interface TaskAction {

  /** What follows, for a task that this person may touch. */
  TaskDecision on(OpenTask task, String taskId, String person);

  /** Whether it takes one of the candidates; the others only hand a task on or back. */
  default boolean forCandidates() {
    return true;
  }

  /** Takes the task. */
  record Claim() implements TaskAction {
    @Override
    public TaskDecision on(OpenTask task, String taskId, String person) {
      return assigned(task, person);
    }
  }

  /** Gives the task back. */
  record Release() implements TaskAction {
    @Override
    public TaskDecision on(OpenTask task, String taskId, String person) {
      return task.assignee() == null ? new TaskDecision.Unchanged() : new TaskDecision.Released();
    }

    @Override
    public boolean forCandidates() {
      return false;
    }
  }

  /** Hands the task to somebody, who need not be a candidate. */
  record Delegate(String to) implements TaskAction {
    @Override
    public TaskDecision on(OpenTask task, String taskId, String person) {
      return assigned(task, to);
    }

    @Override
    public boolean forCandidates() {
      return false;
    }
  }

  /** Has done what was asked. */
  record Complete(JsonNode output) implements TaskAction {
    @Override
    public TaskDecision on(OpenTask task, String taskId, String person) {
      List<Problem> problems = task.task().problems(output);
      return problems.isEmpty()
          ? new TaskDecision.Told(new Signal.HumanTaskCompleted(task.ref(), output, person))
          : new TaskDecision.Refused(TaskDecision.Reason.UNFIT, unfit(taskId), problems);
    }
  }

  /** Refuses to do it. */
  record Reject(String reason) implements TaskAction {
    @Override
    public TaskDecision on(OpenTask task, String taskId, String person) {
      return new TaskDecision.Told(new Signal.HumanTaskRejected(task.ref(), person, reason));
    }
  }

  /** That what was submitted is not what the form asks for. */
  static String unfit(String taskId) {
    return "What was submitted for task '%s' does not satisfy its form.".formatted(taskId);
  }

  private static TaskDecision assigned(OpenTask task, String to) {
    return to.equals(task.assignee())
        ? new TaskDecision.Unchanged()
        : new TaskDecision.Assigned(to);
  }
}
