package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One thing an instance did, kept as one event. A step carries a value only where it is new: where
 * a value is null the one at hand goes on unchanged, so data passes through a workflow without
 * being written at every step.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Step.Started.class, name = "started"),
  @JsonSubTypes.Type(value = Step.TaskStarted.class, name = "task-started"),
  @JsonSubTypes.Type(value = Step.TaskSkipped.class, name = "task-skipped"),
  @JsonSubTypes.Type(value = Step.TaskCompleted.class, name = "task-completed"),
  @JsonSubTypes.Type(value = Step.TaskFaulted.class, name = "task-faulted"),
  @JsonSubTypes.Type(value = Step.ErrorCaught.class, name = "error-caught"),
  @JsonSubTypes.Type(value = Step.TaskRetryScheduled.class, name = "task-retry-scheduled"),
  @JsonSubTypes.Type(value = Step.TaskRetried.class, name = "task-retried"),
  @JsonSubTypes.Type(value = Step.WaitStarted.class, name = "wait-started"),
  @JsonSubTypes.Type(value = Step.CallRequested.class, name = "call-requested"),
  @JsonSubTypes.Type(value = Step.KpiReadRequested.class, name = "kpi-read-requested"),
  @JsonSubTypes.Type(value = Step.WorkflowRequested.class, name = "workflow-requested"),
  @JsonSubTypes.Type(value = Step.HumanTaskRequested.class, name = "human-task-requested"),
  @JsonSubTypes.Type(value = Step.NotificationRequested.class, name = "notification-requested"),
  @JsonSubTypes.Type(value = Step.EventEmitted.class, name = "event-emitted"),
  @JsonSubTypes.Type(value = Step.Completed.class, name = "completed"),
  @JsonSubTypes.Type(value = Step.Faulted.class, name = "faulted"),
  @JsonSubTypes.Type(value = Step.Retried.class, name = "retried"),
  @JsonSubTypes.Type(value = Step.Rewound.class, name = "rewound")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface Step {

  /** The instance after this step; copies facts, decides nothing. */
  Execution applyTo(Execution execution, Instant at);

  /** What the list of steps shows of it. */
  default Optional<HistoryEntry> history() {
    return Optional.empty();
  }

  /**
   * The workflow began.
   *
   * @param input the raw input
   * @param data what {@code input.from} made of it, null when nothing
   * @param next position of the first task, or exit
   * @param deadline when the workflow times out, null when it may take for ever
   * @param refusal why the input can't be taken, null when it can; then nothing is opened
   */
  record Started(
      String namespace,
      String name,
      String version,
      WorkflowRuntime runtime,
      JsonNode input,
      @Nullable JsonNode data,
      String next,
      @Nullable Deadline deadline,
      @Nullable WorkflowError refusal)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      JsonNode taken = data == null ? input : data;
      Frame workflow =
          new Frame(
              new TaskRef(Frame.ROOT, Frame.ROOT, 1),
              null,
              name,
              at,
              deadline,
              input,
              taken,
              taken,
              new Frame.Running(),
              Frame.Progress.beginning(next, 1));
      return new Execution(
          Execution.Status.RUNNING,
          runtime,
          input,
          JsonNodeFactory.instance.objectNode(),
          refusal == null ? List.of(workflow) : List.of(),
          null,
          refusal);
    }
  }

  /**
   * A task began.
   *
   * @param parent id of the task around it, empty for the workflow
   * @param input what {@code input.from} made of the value at hand, null when nothing
   * @param next position of its first subtask, null for a task that has none
   */
  record TaskStarted(
      TaskRef ref,
      String parent,
      String name,
      @Nullable JsonNode input,
      @Nullable String next,
      @Nullable Deadline deadline)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame around = execution.open(parent);
      JsonNode taken = input == null ? around.data() : input;
      Frame frame =
          new Frame(
              ref,
              parent,
              name,
              at,
              deadline,
              around.data(),
              taken,
              taken,
              next == null ? new Frame.Ready() : new Frame.Running(),
              next == null ? null : Frame.Progress.beginning(next, ref.attempt()));
      return execution.with(around.with(around.steps().visiting(ref.position()))).opening(frame);
    }

    @Override
    public Optional<HistoryEntry> history() {
      return Optional.of(new HistoryEntry(name, HistoryEntry.Event.STARTED));
    }
  }

  /** A task's condition did not hold, so it was passed by. */
  record TaskSkipped(TaskRef ref, String parent, String name, String next) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame around = execution.open(parent);
      Frame.Progress passed = around.steps().visiting(ref.position());
      return execution.with(around.with(passed.goingOn(next, 0)));
    }
  }

  /**
   * A task ended well.
   *
   * @param output its transformed output, null when that is the value it had at hand
   * @param context the context it exported, null when that is unchanged
   * @param next position of what follows in the list around it, or exit, or end
   * @param by who completed it, for a human task where that is known
   */
  record TaskCompleted(
      TaskRef ref,
      String name,
      @Nullable JsonNode output,
      @Nullable JsonNode context,
      String next,
      @Nullable String by)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame frame = execution.open(ref.id());
      Frame around = execution.open(String.valueOf(frame.parent()));
      Set<String> gone = execution.inside(ref.id());
      gone.add(ref.id());
      Frame goneOn =
          around
              .with(new Frame.Running(), output == null ? frame.data() : output)
              .with(around.steps().goingOn(next, execution.highestAttemptOf(gone)));
      Execution closed = execution.with(goneOn).without(gone);
      return context == null ? closed : closed.withContext(context);
    }

    @Override
    public Optional<HistoryEntry> history() {
      return Optional.of(new HistoryEntry(name, HistoryEntry.Event.COMPLETED));
    }
  }

  /** A task raised an error, or let the error of a subtask pass; it may not even have begun. */
  record TaskFaulted(TaskRef ref, String parent, String name, WorkflowError error) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Set<String> failed = execution.inside(ref.id());
      failed.add(ref.id());
      return execution.with(
          frame -> {
            if (failed.contains(frame.id())) {
              return frame.with(new Frame.Failed(error));
            }
            return frame.id().equals(parent) ? frame.with(new Frame.Raised(error)) : frame;
          });
    }

    @Override
    public Optional<HistoryEntry> history() {
      return Optional.of(new HistoryEntry(name, HistoryEntry.Event.FAULTED));
    }
  }

  /**
   * A {@code try} caught an error and goes on with its handler.
   *
   * @param variable the name under which the handler's expressions see the error
   * @param next position of the handler's first task, or exit
   */
  record ErrorCaught(TaskRef ref, String name, WorkflowError error, String variable, String next)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame frame = execution.open(ref.id());
      Set<String> gone = execution.inside(ref.id());
      Frame.Progress handling =
          frame.steps().handling(next, variable, error.toJson(), execution.highestAttemptOf(gone));
      return execution
          .without(gone)
          .with(frame.with(new Frame.Running(), frame.input()).with(handling));
    }
  }

  /**
   * A {@code try} caught an error and will begin again.
   *
   * @param retry 1 for the first retry
   * @param timer when it will
   * @param next position of the first task to try
   */
  record TaskRetryScheduled(
      TaskRef ref, String name, WorkflowError error, int retry, Timer timer, String next)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame frame = execution.open(ref.id());
      Set<String> gone = execution.inside(ref.id());
      Frame.Progress anew = frame.steps().anew(next, retry, execution.highestAttemptOf(gone));
      return execution
          .without(gone)
          .with(frame.with(new Frame.Waiting(new Pending.Retry(timer)), frame.input()).with(anew));
    }
  }

  /** A {@code try} began again; its subtasks belong to a new attempt. */
  record TaskRetried(TaskRef ref, String name, int attempt) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      Frame frame = execution.open(ref.id());
      return execution.with(frame.with(new Frame.Running()).with(frame.steps().inAttempt(attempt)));
    }
  }

  /** A {@code wait} began. */
  record WaitStarted(TaskRef ref, String name, Timer timer) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return waiting(execution, ref, new Pending.Pause(timer));
    }
  }

  /** An HTTP call is to be made; the answer comes as a {@link Signal}. */
  record CallRequested(TaskRef ref, String name, String idempotencyKey, HttpCall call)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return waiting(execution, ref, new Pending.Http(call));
    }
  }

  /** The current value of a KPI is asked for; it comes as a {@link Signal}. */
  record KpiReadRequested(TaskRef ref, String name, String idempotencyKey, String kpiId)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return waiting(execution, ref, new Pending.Kpi(kpiId));
    }
  }

  /** Another workflow is to begin; that it has comes as a {@link Signal}. */
  record WorkflowRequested(TaskRef ref, String name, String idempotencyKey, ChildWorkflow workflow)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return waiting(execution, ref, new Pending.Child(workflow));
    }
  }

  /** Somebody is asked to do something; what comes of it comes as a {@link Signal}. */
  record HumanTaskRequested(TaskRef ref, String name, String idempotencyKey, HumanTask task)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return waiting(execution, ref, new Pending.Human(task));
    }
  }

  /** A notification is to be sent; the workflow does not wait for it. */
  record NotificationRequested(
      TaskRef ref, String name, String idempotencyKey, Notification notification) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return execution.with(execution.open(ref.id()).with(new Frame.Acted()));
    }
  }

  /** An event is to be published; the workflow does not wait for it. */
  record EventEmitted(TaskRef ref, String name, String idempotencyKey, EmittedEvent event)
      implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return execution.with(execution.open(ref.id()).with(new Frame.Acted(), event.toJson()));
    }
  }

  /** The workflow ended well. */
  record Completed(JsonNode output) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return new Execution(
          Execution.Status.COMPLETED,
          execution.runtime(),
          execution.input(),
          execution.context(),
          List.of(),
          output,
          null);
    }
  }

  /**
   * The workflow ended in an error nobody caught. What was open stays known, so it can go on.
   *
   * @param failedTask name of the task the error comes from, or of the workflow
   */
  record Faulted(WorkflowError error, String failedTask) implements Step {

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return execution.with(Execution.Status.FAULTED, error);
    }
  }

  /**
   * A faulted workflow goes on from the step that failed.
   *
   * @param ref the innermost open task
   * @param attempt the attempt it is in from now on
   * @param deadlines new deadlines by the ids of the open tasks that have one
   */
  record Retried(TaskRef ref, int attempt, Map<String, Deadline> deadlines) implements Step {

    public Retried {
      deadlines = Collections.unmodifiableMap(new LinkedHashMap<>(deadlines));
    }

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return execution
          .with(Execution.Status.RUNNING, null)
          .with(
              frame -> {
                Deadline deadline = deadlines.get(frame.id());
                if (!frame.id().equals(ref.id())) {
                  return frame.again(frame.ref().attempt(), deadline);
                }
                Frame again = frame.again(attempt, deadline);
                return again.progress() == null
                    ? again
                    : again.with(again.steps().inAttempt(attempt));
              });
    }
  }

  /**
   * A workflow goes on again from an earlier task; what it did since stays its history.
   *
   * @param position of the task, which begins next
   * @param name of the task
   * @param frames what is open from now on, with deadlines that begin anew
   * @param context {@code $context} from now on
   * @param ended whether the workflow had ended
   */
  record Rewound(String position, String name, List<Frame> frames, JsonNode context, boolean ended)
      implements Step {

    public Rewound {
      frames = List.copyOf(frames);
    }

    @Override
    public Execution applyTo(Execution execution, Instant at) {
      return new Execution(
          Execution.Status.RUNNING,
          execution.runtime(),
          execution.input(),
          context,
          frames,
          null,
          null);
    }
  }

  private static Execution waiting(Execution execution, TaskRef ref, Pending pending) {
    return execution.with(execution.open(ref.id()).with(new Frame.Waiting(pending)));
  }
}
