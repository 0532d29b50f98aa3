package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One advance of one instance: decides a step from where the execution stands, applies it, and goes
 * on until nothing is left to do but wait. Because every decision reads only the execution, the
 * steps taken so far can be cut anywhere and the next run goes on from there.
 */
final class Run {

  /** Steps taken without waiting after which the workflow is held to run away. */
  static final int MOST_STEPS = 10_000;

  private final WorkflowModel model;
  private final Instant now;
  private final long seed;
  private final List<Step> steps = new ArrayList<>();
  private Execution execution;

  Run(WorkflowModel model, Execution execution, Instant now, long seed) {
    this.model = model;
    this.execution = execution;
    this.now = now;
    this.seed = seed;
  }

  List<Step> steps() {
    return List.copyOf(steps);
  }

  // Ways in

  void start(WorkflowRuntime runtime, JsonNode input) {
    JsonNode data = null;
    WorkflowError refusal = null;
    Deadline deadline = null;
    try {
      model.check("/input", "The workflow's input", input);
      Expressions.Arguments arguments = Names.ofWorkflow(model, runtime, input, now).arguments();
      data = Values.unlessSame(input, model.transform("/input/from", input, arguments));
      deadline = deadline(Frame.ROOT, model.document().path("timeout"), input, arguments);
    } catch (Fault e) {
      refusal = e.error().at("/input");
    }
    take(
        new Step.Started(
            model.namespace(),
            model.name(),
            model.version(),
            runtime,
            input,
            data,
            model.body(),
            deadline,
            refusal));
  }

  /** Takes in a signal; does nothing when it is for something no longer awaited. */
  void receive(Signal signal) {
    if (signal instanceof Signal.TimerFired fired) {
      fire(fired.timerId());
    } else if (signal instanceof Signal.CallAnswered answered) {
      awaiting(answered.ref())
          .filter(Run::awaitsAnswer)
          .ifPresent(frame -> completeOr(frame, () -> answerOf(frame, answered), null));
    } else if (signal instanceof Signal.CallFailed failed) {
      awaiting(failed.ref())
          .filter(Run::awaitsAnswer)
          .ifPresent(frame -> fault(frame, failed.error()));
    } else if (signal instanceof Signal.HumanTaskCompleted done) {
      awaiting(done.ref())
          .filter(frame -> pending(frame) instanceof Pending.Human)
          .ifPresent(frame -> completeOr(frame, done::data, done.by()));
    } else if (signal instanceof Signal.HumanTaskRejected rejected) {
      awaiting(rejected.ref())
          .filter(frame -> pending(frame) instanceof Pending.Human)
          .ifPresent(frame -> fault(frame, rejection(rejected)));
    }
  }

  /** Goes on from the step that failed. */
  void retry() {
    if (execution.frames().isEmpty()) {
      return; // its input was refused, there is no step to go on from
    }
    Frame innermost = execution.innermost();
    Map<String, Deadline> deadlines = new TreeMap<>();
    for (Frame frame : execution.frames()) {
      if (frame.deadline() != null) {
        deadlines.put(frame.id(), deadlineIn(frame.id(), frame.deadline().allowed()));
      }
    }
    take(new Step.Retried(innermost.ref(), innermost.highestAttempt() + 1, deadlines));
  }

  /** Goes on again from where a task began. */
  void rewind(Checkpoint checkpoint, boolean ended) {
    List<Frame> frames =
        checkpoint.frames().stream()
            .map(
                frame ->
                    frame.deadline() == null
                        ? frame
                        : frame.with(deadlineIn(frame.id(), frame.deadline().allowed())))
            .toList();
    take(
        new Step.Rewound(
            checkpoint.position(), checkpoint.name(), frames, checkpoint.context(), ended));
  }

  /** Ends a waiting task with the output it had in another run, as it was after transformation. */
  void replay(TaskRef ref, JsonNode output, @Nullable String by) {
    awaiting(ref)
        .ifPresent(
            frame -> {
              try {
                conclude(frame, output, output, null, by);
              } catch (Fault e) {
                fault(frame, e.error());
              }
            });
  }

  /** Lets a waiting task raise the error it raised in another run. */
  void fail(TaskRef ref, WorkflowError error) {
    awaiting(ref).ifPresent(frame -> fault(frame, error.at(frame.ref().position())));
  }

  void untilItWaits() {
    if (execution.frames().isEmpty() && execution.error().isPresent()) {
      take(new Step.Faulted(execution.error().get(), model.name()));
    }
    while (!execution.ended()) {
      Frame frame = execution.current();
      if (frame.state() instanceof Frame.Waiting waiting && !firesAtOnce(waiting.pending())) {
        return;
      }
      if (steps.size() >= MOST_STEPS) {
        WorkflowError error =
            WorkflowError.runtime(
                "The workflow took "
                    + MOST_STEPS
                    + " steps without waiting for anything; is it"
                    + " going in circles?");
        take(new Step.Faulted(error.at(frame.ref().position()), frame.name()));
        return;
      }
      goOn(frame);
    }
  }

  private void take(Step step) {
    steps.add(step);
    execution = execution.apply(step, now);
  }

  // Deciding

  private void goOn(Frame frame) {
    Frame.State state = frame.state();
    if (state instanceof Frame.Ready) {
      act(frame);
    } else if (state instanceof Frame.Acted) {
      completeOr(frame, frame::data, null);
    } else if (state instanceof Frame.Raised raised) {
      handle(frame, raised.error());
    } else if (state instanceof Frame.Waiting waiting) {
      wake(frame, waiting.pending());
    } else {
      forward(frame);
    }
  }

  /** A task with subtasks (or the workflow) goes to the next of them, or is done. */
  private void forward(Frame frame) {
    String next = frame.steps().next();
    if (Flow.isPosition(next)) {
      begin(frame, model.task(next));
    } else if (frame.isRoot()) {
      end(frame);
    } else {
      completeOr(frame, frame::data, null);
    }
  }

  private void begin(Frame around, TaskDefinition task) {
    TaskRef ref = Execution.refUnder(around, task);
    JsonNode rawInput = around.data();
    JsonNode definition = task.definition();
    Expressions.Arguments arguments =
        Names.inside(around, model, execution, now).withTask(task, rawInput).arguments();
    try {
      if (definition.has("if")
          && !model.expressions().holds(definition.get("if").asText(), rawInput, arguments)) {
        take(new Step.TaskSkipped(ref, around.id(), task.name(), task.successor()));
        return;
      }
      model.check(task.position() + "/input", "The input of '" + task.name() + "'", rawInput);
      JsonNode input = model.transform(task.position() + "/input/from", rawInput, arguments);
      Deadline deadline =
          deadline(ref.id() + "@" + ref.attempt(), definition.path("timeout"), input, arguments);
      take(
          new Step.TaskStarted(
              ref,
              around.id(),
              task.name(),
              Values.unlessSame(rawInput, input),
              task.body(),
              deadline));
    } catch (Fault e) {
      take(
          new Step.TaskFaulted(
              ref, around.id(), task.name(), raisedAt(task.position(), e.error())));
    }
  }

  private void act(Frame frame) {
    TaskDefinition task = model.task(frame.ref().position());
    String key = frame.ref().idempotencyKey(execution.known().workflowId());
    try {
      switch (task.kind()) {
        case SET -> complete(frame, resolved(frame, task.definition().get("set")), null, null);
        case SWITCH -> complete(frame, frame.data(), chosen(frame, task), null);
        case RAISE -> throw new Fault(errorOf(frame, task));
        case WAIT ->
            take(
                new Step.WaitStarted(
                    frame.ref(),
                    frame.name(),
                    timer(
                        frame, "wait", now.plus(duration(frame, task.definition().get("wait"))))));
        case EMIT ->
            take(new Step.EventEmitted(frame.ref(), frame.name(), key, event(frame, task, key)));
        case CALL_HTTP ->
            take(new Step.CallRequested(frame.ref(), frame.name(), key, httpCall(frame, task)));
        case HUMAN_TASK ->
            take(
                new Step.HumanTaskRequested(
                    frame.ref(),
                    frame.name(),
                    key,
                    CustomFunctions.humanTask(
                        arguments(frame, task), task.definition().get("with").get("form"), now)));
        case NOTIFY ->
            take(
                new Step.NotificationRequested(
                    frame.ref(),
                    frame.name(),
                    key,
                    CustomFunctions.notification(arguments(frame, task))));
        case READ_KPI ->
            take(
                new Step.KpiReadRequested(
                    frame.ref(), frame.name(), key, CustomFunctions.kpi(arguments(frame, task))));
        case RUN_WORKFLOW ->
            take(
                new Step.WorkflowRequested(
                    frame.ref(), frame.name(), key, childWorkflow(frame, task, key)));
        case DO, TRY -> throw new IllegalStateException("A " + task.kind() + " acts by its tasks.");
      }
    } catch (Fault e) {
      fault(frame, e.error());
    }
  }

  // Ending a task

  private void completeOr(Frame frame, Supplier<JsonNode> rawOutput, @Nullable String by) {
    try {
      complete(frame, rawOutput.get(), null, by);
    } catch (Fault e) {
      fault(frame, e.error());
    }
  }

  private void complete(
      Frame frame, JsonNode rawOutput, @Nullable String chosen, @Nullable String by) {
    TaskDefinition task = model.task(frame.ref().position());
    Names names = Names.of(frame, model, execution, now).withOutcome(frame, rawOutput, by);
    JsonNode output = model.transform(task.position() + "/output/as", rawOutput, names.arguments());
    conclude(frame, rawOutput, output, chosen, by);
  }

  private void conclude(
      Frame frame,
      JsonNode rawOutput,
      JsonNode output,
      @Nullable String chosen,
      @Nullable String by) {
    TaskDefinition task = model.task(frame.ref().position());
    Names names = Names.of(frame, model, execution, now).withOutcome(frame, rawOutput, by);
    String whose = " of '" + task.name() + "'";
    model.check(task.position() + "/output", "The output" + whose, output);
    Values.limit("The output" + whose, output);
    JsonNode context = null;
    if (task.definition().path("export").has("as")) {
      Expressions.Arguments arguments = names.with("output", output).arguments();
      context = model.transform(task.position() + "/export/as", output, arguments);
      model.check(task.position() + "/export", "The exported context" + whose, context);
      Values.limit("The exported context" + whose, context);
    }
    String directive = chosen == null ? task.then() : task.target(chosen);
    String next =
        frame.progress() != null && frame.progress().next().equals(Flow.END) ? Flow.END : directive;
    take(
        new Step.TaskCompleted(
            frame.ref(), task.name(), Values.unlessSame(frame.data(), output), context, next, by));
  }

  private void end(Frame workflow) {
    try {
      Expressions.Arguments arguments = Names.inside(workflow, model, execution, now).arguments();
      JsonNode output = model.transform("/output/as", workflow.data(), arguments);
      model.check("/output", "The workflow's output", output);
      Values.limit("The workflow's output", output);
      take(new Step.Completed(output));
    } catch (Fault e) {
      take(new Step.Faulted(e.error().at("/output"), workflow.name()));
    }
  }

  // Errors

  private void fault(Frame frame, WorkflowError error) {
    take(
        new Step.TaskFaulted(
            frame.ref(),
            String.valueOf(frame.parent()),
            frame.name(),
            raisedAt(frame.ref().position(), error)));
  }

  private static WorkflowError raisedAt(String position, WorkflowError error) {
    return error.instance() == null ? error.at(position) : error;
  }

  /** An error has come up to this frame: it is tried again, handled, or goes further up. */
  private void handle(Frame frame, WorkflowError error) {
    if (frame.isRoot()) {
      take(new Step.Faulted(error, nameOfOrigin(error, frame)));
      return;
    }
    TaskDefinition task = model.task(frame.ref().position());
    if (task.kind() != TaskDefinition.Kind.TRY || frame.steps().handling()) {
      fault(frame, error);
      return;
    }
    try {
      CatchClause clause = new CatchClause(model, task.definition().get("catch"));
      Expressions.Arguments arguments =
          Names.of(frame, model, execution, now)
              .with(clause.variable(), error.toJson())
              .arguments();
      if (!clause.takes(error, frame.input(), arguments)) {
        fault(frame, error);
        return;
      }
      int retry = frame.steps().retries() + 1;
      SplittableRandom random = new SplittableRandom(seed ^ (31L * frame.id().hashCode() + retry));
      Optional<Instant> due = clause.retryAt(retry, frame, arguments, random);
      if (due.isPresent()) {
        Timer timer = timer(frame, "retry" + retry, due.get());
        String first = String.valueOf(task.body());
        take(new Step.TaskRetryScheduled(frame.ref(), frame.name(), error, retry, timer, first));
      } else if (clause.retries() && task.handler() == null) {
        fault(frame, error);
      } else {
        String handler = task.handler() == null ? Flow.EXIT : task.handler();
        take(new Step.ErrorCaught(frame.ref(), frame.name(), error, clause.variable(), handler));
      }
    } catch (Fault e) {
      fault(frame, e.error());
    }
  }

  private static String nameOfOrigin(WorkflowError error, Frame workflow) {
    String instance = error.instance();
    if (instance == null || !instance.startsWith("/do/")) {
      return workflow.name();
    }
    String last = instance.substring(instance.lastIndexOf('/') + 1);
    return last.replace("~1", "/").replace("~0", "~");
  }

  private static WorkflowError rejection(Signal.HumanTaskRejected rejected) {
    String who = rejected.by() == null ? "Somebody" : rejected.by();
    String why = rejected.reason() == null ? "." : ": " + rejected.reason();
    return new WorkflowError(
        WorkflowError.TASK_REJECTED, 409, "Task rejected", who + " rejected the task" + why, null);
  }

  // Timers

  private boolean firesAtOnce(Pending pending) {
    return pending.endsBy().filter(timer -> !timer.dueAt().isAfter(now)).isPresent();
  }

  private void fire(String timerId) {
    for (Frame frame : execution.frames()) {
      Deadline deadline = frame.deadline();
      if (deadline != null && deadline.timer().id().equals(timerId)) {
        expire(frame, deadline.allowed());
        return;
      }
      if (frame.state() instanceof Frame.Waiting waiting && isFor(waiting.pending(), timerId)) {
        wake(frame, waiting.pending());
        return;
      }
    }
  }

  private static boolean isFor(Pending pending, String timerId) {
    return pending.endsBy().filter(timer -> timer.id().equals(timerId)).isPresent();
  }

  private void wake(Frame frame, Pending pending) {
    if (pending instanceof Pending.Retry) {
      take(new Step.TaskRetried(frame.ref(), frame.name(), frame.highestAttempt() + 1));
    } else {
      completeOr(frame, frame::data, null);
    }
  }

  private void expire(Frame frame, Duration allowed) {
    if (frame.isRoot()) {
      WorkflowError error =
          WorkflowError.timeout("The workflow was not done within " + allowed + ".");
      take(new Step.Faulted(error.at("/timeout"), execution.current().name()));
    } else {
      fault(
          frame,
          WorkflowError.timeout("'" + frame.name() + "' was not done within " + allowed + "."));
    }
  }

  private static Timer timer(Frame frame, String purpose, Instant due) {
    return new Timer(frame.id() + "@" + frame.ref().attempt() + ":" + purpose, due);
  }

  private Deadline deadlineIn(String owner, Duration allowed) {
    Instant due = now.plus(allowed);
    return new Deadline(new Timer(owner + ":deadline:" + due, due), allowed);
  }

  private @Nullable Deadline deadline(
      String owner, JsonNode declared, JsonNode input, Expressions.Arguments arguments) {
    JsonNode after = model.component("timeouts", declared).path("after");
    if (after.isMissingNode()) {
      return null;
    }
    return deadlineIn(owner, durationOf(model.expressions().resolve(after, input, arguments)));
  }

  private Duration duration(Frame frame, JsonNode declared) {
    return durationOf(resolved(frame, declared));
  }

  private static Duration durationOf(JsonNode value) {
    try {
      return Durations.read(value);
    } catch (IllegalArgumentException e) {
      throw new Fault(WorkflowError.expression(String.valueOf(e.getMessage())));
    }
  }

  // What tasks do

  private @Nullable String chosen(Frame frame, TaskDefinition task) {
    Expressions.Arguments arguments = argumentsOf(frame);
    String otherwise = null;
    for (JsonNode named : task.definition().get("switch")) {
      JsonNode candidate = named.elements().next();
      String then = candidate.path("then").asText(Flow.CONTINUE);
      if (!candidate.has("when")) {
        otherwise = then;
      } else if (model
          .expressions()
          .holds(candidate.get("when").asText(), frame.input(), arguments)) {
        return then;
      }
    }
    return otherwise;
  }

  private WorkflowError errorOf(Frame frame, TaskDefinition task) {
    JsonNode declared = model.component("errors", task.definition().at("/raise/error"));
    JsonNode error = resolved(frame, declared);
    return new WorkflowError(
        error.path("type").asText(),
        error.path("status").asInt(),
        Values.optional(error, "title"),
        Values.optional(error, "detail"),
        null);
  }

  private EmittedEvent event(Frame frame, TaskDefinition task, String key) {
    JsonNode with = resolved(frame, task.definition().at("/emit/event/with"));
    return EmittedEvent.of(with, execution.known(), key, now);
  }

  private HttpCall httpCall(Frame frame, TaskDefinition task) {
    Deadline deadline = frame.deadline();
    return HttpRequests.request(
        model,
        task.definition().get("with"),
        frame.input(),
        deadline == null ? null : Duration.between(now, deadline.timer().dueAt()),
        part -> resolved(frame, part));
  }

  private ChildWorkflow childWorkflow(Frame frame, TaskDefinition task, String key) {
    JsonNode workflow = resolved(frame, task.definition().at("/run/workflow"));
    return ChildWorkflow.of(workflow, execution.known(), key);
  }

  private JsonNode arguments(Frame frame, TaskDefinition task) {
    return resolved(frame, CustomFunctions.templateOf(task.definition().get("with")));
  }

  private Optional<Frame> awaiting(TaskRef ref) {
    return execution
        .frame(ref.id())
        .filter(frame -> frame.ref().attempt() == ref.attempt())
        .filter(frame -> frame.state() instanceof Frame.Waiting);
  }

  private static Pending pending(Frame frame) {
    return ((Frame.Waiting) frame.state()).pending();
  }

  private static boolean awaitsAnswer(Frame frame) {
    return pending(frame) instanceof Pending.Http
        || pending(frame) instanceof Pending.Kpi
        || pending(frame) instanceof Pending.Child;
  }

  private static JsonNode answerOf(Frame frame, Signal.CallAnswered answer) {
    if (pending(frame) instanceof Pending.Child) {
      return frame.data(); // nobody waits for its outcome, so the value at hand goes on
    }
    return pending(frame) instanceof Pending.Http http
        ? HttpRequests.output(http.call(), answer)
        : answer.content();
  }

  // Data

  private JsonNode resolved(Frame frame, JsonNode template) {
    return model.expressions().resolve(template, frame.input(), argumentsOf(frame));
  }

  private Expressions.Arguments argumentsOf(Frame frame) {
    return Names.of(frame, model, execution, now).arguments();
  }
}
