package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where an instance stands. Pending → Running → Completed | Faulted, and back to Running by a retry
 * from Faulted, or from anywhere by going on again from an earlier task. Everything in it comes
 * from the steps that were applied; it holds what is open, never what is past.
 *
 * @param runtime what the instance knows of itself, null before it started
 * @param input the raw input of the workflow, null before it started
 * @param context {@code $context}, an empty object until a task exports one
 * @param frames open tasks, each after the one around it; the first is the workflow
 * @param output what the workflow yielded, null until it completed
 * @param fault the error it faulted with, or is about to for its input; else null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Execution(
    Status status,
    @Nullable WorkflowRuntime runtime,
    @Nullable JsonNode input,
    JsonNode context,
    List<Frame> frames,
    @Nullable JsonNode output,
    @Nullable WorkflowError fault) {

  /** How far the instance is altogether. */
  public enum Status {
    PENDING,
    RUNNING,
    COMPLETED,
    FAULTED
  }

  /** An open task and what it waits for. */
  public record Waiting(TaskRef ref, String name, Pending pending) {}

  /** A request out for an answer. */
  public record PendingCall(TaskRef ref, String idempotencyKey, HttpCall call) {}

  /** A person asked. */
  public record PendingHumanTask(TaskRef ref, String idempotencyKey, HumanTask task) {}

  private static final Execution NOT_STARTED =
      new Execution(
          Status.PENDING, null, null, JsonNodeFactory.instance.objectNode(), List.of(), null, null);

  public Execution {
    frames = List.copyOf(frames);
  }

  /** Where every instance stands before its first step. */
  public static Execution notStarted() {
    return NOT_STARTED;
  }

  /** The same instance after a step; copies facts, decides nothing. */
  public Execution apply(Step step, Instant at) {
    return step.applyTo(this, at);
  }

  @JsonIgnore
  public boolean ended() {
    return status == Status.COMPLETED || status == Status.FAULTED;
  }

  /** The error it faulted with. */
  public Optional<WorkflowError> error() {
    return Optional.ofNullable(fault);
  }

  /** Every open task that waits, with what for; empty once the instance ended. */
  public List<Waiting> waiting() {
    return waitingFrames()
        .map(frame -> new Waiting(frame.ref(), frame.name(), pendingOf(frame)))
        .toList();
  }

  /** Calls whose answers are awaited; after a crash they are made again under the same key. */
  public List<PendingCall> pendingCalls() {
    return waiting().stream()
        .filter(each -> each.pending() instanceof Pending.Http)
        .map(
            each ->
                new PendingCall(
                    each.ref(), key(each.ref()), ((Pending.Http) each.pending()).call()))
        .toList();
  }

  /** People whose work is awaited. */
  public List<PendingHumanTask> pendingHumanTasks() {
    return waiting().stream()
        .filter(each -> each.pending() instanceof Pending.Human)
        .map(
            each ->
                new PendingHumanTask(
                    each.ref(), key(each.ref()), ((Pending.Human) each.pending()).task()))
        .toList();
  }

  /** Instants at which it wants to be woken: ends of waits, retries, deadlines. */
  public List<Timer> timers() {
    if (ended()) {
      return List.of();
    }
    return frames.stream()
        .flatMap(
            frame ->
                Stream.of(
                    Optional.ofNullable(frame.deadline()).map(Deadline::timer), timerOf(frame)))
        .flatMap(Optional::stream)
        .toList();
  }

  private String key(TaskRef ref) {
    return ref.idempotencyKey(known().workflowId());
  }

  private Stream<Frame> waitingFrames() {
    return ended() ? Stream.of() : frames.stream().filter(f -> f.state() instanceof Frame.Waiting);
  }

  private static Pending pendingOf(Frame frame) {
    return ((Frame.Waiting) frame.state()).pending();
  }

  private static Optional<Timer> timerOf(Frame frame) {
    return frame.state() instanceof Frame.Waiting waiting
        ? waiting.pending().endsBy()
        : Optional.empty();
  }

  // For the stepper

  /** What the instance knows of itself; only asked once it started. */
  WorkflowRuntime known() {
    if (runtime == null) {
      throw new IllegalStateException("The instance has not started.");
    }
    return runtime;
  }

  JsonNode rawInput() {
    return input == null ? NullNode.instance : input;
  }

  Optional<Frame> frame(String id) {
    return frames.stream().filter(frame -> frame.id().equals(id)).findFirst();
  }

  /** A frame that must be there. */
  Frame open(String id) {
    return frame(id)
        .orElseThrow(() -> new IllegalStateException("The task '" + id + "' is not open."));
  }

  /** The innermost frame that has not failed: the one to go on with. */
  Frame current() {
    for (int i = frames.size() - 1; i >= 0; i--) {
      if (!(frames.get(i).state() instanceof Frame.Failed)) {
        return frames.get(i);
      }
    }
    throw new IllegalStateException("No task is open.");
  }

  Frame innermost() {
    return frames.get(frames.size() - 1);
  }

  /** The visit of a task that would come next under a frame. */
  static TaskRef refUnder(Frame parent, TaskDefinition task) {
    Frame.Progress progress = parent.steps();
    int visit = progress.visits().getOrDefault(task.position(), 0) + 1;
    String id = parent.id() + task.position().substring(parent.ref().position().length());
    return new TaskRef(task.position(), visit == 1 ? id : id + "#" + visit, progress.attempt());
  }

  // For the steps

  Execution with(Frame changed) {
    return with(frame -> frame.id().equals(changed.id()) ? changed : frame);
  }

  Execution with(UnaryOperator<Frame> change) {
    return withFrames(frames.stream().map(change).toList());
  }

  Execution opening(Frame frame) {
    List<Frame> more = new ArrayList<>(frames);
    more.add(frame);
    return withFrames(more);
  }

  Execution withFrames(List<Frame> newFrames) {
    return new Execution(status, runtime, input, context, newFrames, output, fault);
  }

  Execution withContext(JsonNode newContext) {
    return new Execution(status, runtime, input, newContext, frames, output, fault);
  }

  Execution with(Status newStatus, @Nullable WorkflowError newFault) {
    return new Execution(newStatus, runtime, input, context, frames, output, newFault);
  }

  /** Ids of the frames inside one. */
  Set<String> inside(String id) {
    Set<String> ids = new HashSet<>();
    for (Frame frame : frames) {
      if (frame.parent() != null && (frame.parent().equals(id) || ids.contains(frame.parent()))) {
        ids.add(frame.id());
      }
    }
    return ids;
  }

  Execution without(Set<String> ids) {
    return withFrames(frames.stream().filter(frame -> !ids.contains(frame.id())).toList());
  }

  int highestAttemptOf(Set<String> ids) {
    return frames.stream()
        .filter(frame -> ids.contains(frame.id()))
        .mapToInt(Frame::highestAttempt)
        .max()
        .orElse(0);
  }
}
