package io.twinloop.entities.workflow;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.NOT_YOURS;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.OpenTasks;
import io.twinloop.domain.workflow.OpenTasks.OpenTask;
import io.twinloop.domain.workflow.Problem;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.entities.Cause;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.RecoveryCompleted;
import org.apache.pekko.persistence.typed.javadsl.CommandHandlerWithReply;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehaviorWithEnforcedReplies;
import org.apache.pekko.persistence.typed.javadsl.ReplyEffect;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.apache.pekko.persistence.typed.javadsl.SignalHandler;
import org.jspecify.annotations.Nullable;

/**
 * One run of a workflow. Absent → Running ⇄ Suspended → Ended (completed, faulted, cancelled).
 *
 * <p>The stepper of the domain decides; each step it takes is an event. What a step asks of the
 * outside is asked after the step is durable, and asked again after a crash, with the same key.
 */
public final class WorkflowInstance
    extends EventSourcedBehaviorWithEnforcedReplies<
        WorkflowInstance.Command, WorkflowInstance.Event, WorkflowInstance.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "WorkflowInstance");

  /** The release, for expressions that ask for it. */
  private static final String PRODUCT_VERSION = "0.1.0";

  public static void init(ClusterSharding sharding, Outside outside, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), outside, clock))
            .withRole("entities"));
  }

  public static Behavior<Command> create(String id, Outside outside, Clock clock) {
    return Behaviors.setup(context -> new WorkflowInstance(context, id, outside, clock));
  }

  /** The workflow a task belongs to, empty for what is no id of a task. */
  public static Optional<String> workflowOf(String taskId) {
    int end = taskId.lastIndexOf('~');
    return end > 0 ? Optional.of(taskId.substring(0, end)) : Optional.empty();
  }

  // Commands

  public sealed interface Command extends CborSerializable {
    /** Who waits for the reply; nobody where the run sent it to itself. */
    @Nullable ActorRef<Reply> replyTo();
  }

  /** Starts it; a second start of the same id changes nothing. */
  public record Start(
      String namespace,
      String name,
      String version,
      String source,
      JsonNode input,
      @Nullable String entityId,
      @Nullable String entityType,
      String correlationId,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  /** What it waited for has come from outside. */
  public record Take(Signal signal, Cause cause, @Nullable ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Makes sure that it is awake: a run that recovers asks again for what it waits for. Refused
   * while an answer is out, so that the sender comes again.
   */
  public record Wake(ActorRef<Reply> replyTo) implements Command {}

  public record ClaimTask(String taskId, Cause cause, ActorRef<Reply> replyTo) implements Command {}

  public record ReleaseTask(String taskId, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record DelegateTask(String taskId, String to, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record CompleteTask(String taskId, JsonNode output, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record RejectTask(String taskId, String reason, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Suspend(Cause cause, ActorRef<Reply> replyTo) implements Command {}

  public record Resume(Cause cause, ActorRef<Reply> replyTo) implements Command {}

  public record Cancel(String reason, Cause cause, ActorRef<Reply> replyTo) implements Command {}

  /** Tries the task again at which it faulted. */
  public record Retry(Cause cause, ActorRef<Reply> replyTo) implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  public record Accepted(Status status, long seqNr, boolean created) implements Reply {}

  /**
   * The run as it is.
   *
   * @param output once it is completed
   * @param error once it is faulted
   */
  @JsonInclude(JsonInclude.Include.NON_NULL) // else another node reads no output as JSON's null
  public record Current(
      Run run,
      Status status,
      long seqNr,
      JsonNode input,
      @Nullable JsonNode output,
      @Nullable WorkflowError error)
      implements Reply {}

  /** Refused; {@code problems} name the places in what was submitted. */
  public record Rejected(String code, String sentence, List<Problem> problems) implements Reply {
    Rejected(String code, String sentence) {
      this(code, sentence, List.of());
    }
  }

  /** Where a run stands. */
  public enum Status {
    RUNNING,
    WAITING,
    SUSPENDED,
    COMPLETED,
    FAULTED,
    CANCELLED;

    public boolean isEnd() {
      return compareTo(COMPLETED) >= 0;
    }
  }

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Run run();

    Instant at();

    Cause cause();
  }

  public record Started(Run run, String source, JsonNode input, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Running(new Instance(run, source, input, Execution.notStarted(), OpenTasks.NONE));
    }
  }

  /**
   * It took a step.
   *
   * @param taskId of the human task the step asks for; absent for every other step
   */
  public record Stepped(Run run, Step step, @Nullable String taskId, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      Instance instance = state.instance().stepped(this);
      if (step instanceof Step.Completed) {
        return new Ended(instance, Status.COMPLETED);
      }
      if (step instanceof Step.Faulted) {
        return new Ended(instance, Status.FAULTED);
      }
      return new Running(instance);
    }
  }

  /** Somebody has the task now: who claimed it, or to whom it was delegated. */
  public record TaskAssigned(Run run, String taskId, String assignee, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.instance().assigned(taskId, assignee));
    }
  }

  public record TaskReleased(Run run, String taskId, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.instance().assigned(taskId, null));
    }
  }

  public record RunSuspended(Run run, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Suspended(state.instance());
    }
  }

  public record RunResumed(Run run, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Running(state.instance());
    }
  }

  public record RunCancelled(Run run, String reason, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Ended(state.instance(), Status.CANCELLED);
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    /** What is known of the run; nothing before it is started. */
    @Nullable Instance instance();

    Status status();

    /** This state of the run, with more known. */
    State with(Instance instance);
  }

  public record Absent() implements State {
    @Override
    public @Nullable Instance instance() {
      return null;
    }

    @Override
    public Status status() {
      return Status.RUNNING;
    }

    @Override
    public State with(Instance instance) {
      return new Running(instance);
    }
  }

  public record Running(Instance instance) implements State {
    @Override
    public Status status() {
      return instance.requests().isEmpty() ? Status.WAITING : Status.RUNNING;
    }

    @Override
    public State with(Instance next) {
      return new Running(next);
    }
  }

  public record Suspended(Instance instance) implements State {
    @Override
    public Status status() {
      return Status.SUSPENDED;
    }

    @Override
    public State with(Instance next) {
      return new Suspended(next);
    }
  }

  public record Ended(Instance instance, Status status) implements State {
    @Override
    public State with(Instance next) {
      return new Ended(next, status);
    }
  }

  /**
   * What every started run knows.
   *
   * @param source of its definition, which never changes under it
   */
  public record Instance(
      Run run, String source, JsonNode input, Execution execution, OpenTasks tasks) {

    Instance stepped(Stepped event) {
      Execution next = execution.apply(event.step(), event.at());
      OpenTasks asked =
          event.step() instanceof Step.HumanTaskRequested request
              ? tasks.with(event.taskId(), request)
              : tasks;
      return new Instance(run, source, input, next, asked.awaitedBy(next));
    }

    Instance assigned(String taskId, @Nullable String assignee) {
      return new Instance(run, source, input, execution, tasks.assigned(taskId, assignee));
    }

    /** What was asked of the outside and is not answered. */
    List<Execution.Waiting> requests() {
      return execution.waiting().stream().filter(Outside::isAsked).toList();
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Outside outside;
  private final Clock clock;

  private WorkflowInstance(ActorContext<Command> context, String id, Outside outside, Clock clock) {
    super(
        PersistenceId.of(KEY.name(), id),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
    this.context = context;
    this.id = id;
    this.outside = outside;
    this.clock = clock;
  }

  @Override
  public State emptyState() {
    return new Absent();
  }

  @Override
  public CommandHandlerWithReply<Command, Event, State> commandHandler() {
    var commands = newCommandHandlerWithReplyBuilder();
    commands
        .forStateType(Absent.class)
        .onCommand(Start.class, (state, command) -> start(command))
        .onAnyCommand(this::absent);
    commands
        .forAnyState()
        .onCommand(Start.class, this::startedAlready)
        .onCommand(Get.class, this::get);
    commands
        .forStateType(Running.class)
        .onCommand(Take.class, this::take)
        .onCommand(Wake.class, this::wake)
        .onCommand(ClaimTask.class, this::claim)
        .onCommand(ReleaseTask.class, this::release)
        .onCommand(DelegateTask.class, this::delegate)
        .onCommand(CompleteTask.class, this::complete)
        .onCommand(RejectTask.class, this::reject)
        .onCommand(Suspend.class, this::suspend)
        .onCommand(Cancel.class, this::cancel);
    commands
        .forStateType(Suspended.class)
        .onCommand(Resume.class, this::resume)
        .onCommand(Cancel.class, this::cancel);
    commands
        .forStateType(Ended.class)
        .onCommand(Retry.class, this::retry)
        .onCommand(Take.class, this::tooLate)
        .onCommand(Wake.class, this::tooLate);
    commands.forAnyState().onAnyCommand(this::notNow);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  /** After a crash, what was asked of the outside and not answered is asked again. */
  @Override
  public SignalHandler<State> signalHandler() {
    return newSignalHandlerBuilder()
        .onSignal(RecoveryCompleted.instance(), this::askOutside)
        .build();
  }

  private ReplyEffect<Event, State> start(Start command) {
    Instant now = clock.instant();
    Run run =
        new Run(
            command.namespace(),
            command.name(),
            command.version(),
            command.entityId(),
            command.entityType(),
            command.correlationId(),
            now);
    List<Step> steps =
        Stepper.start(
            WorkflowModels.of(command.source()),
            new WorkflowRuntime(id, command.correlationId(), now, PRODUCT_VERSION),
            command.input(),
            now,
            seed());
    List<Event> events = new ArrayList<>();
    events.add(new Started(run, command.source(), command.input(), now, command.cause()));
    events.addAll(stepped(run, 0, steps, now, command.cause()));
    return Effect()
        .persist(events)
        .thenRun(this::askOutside)
        .thenReply(command.replyTo(), next -> accepted(next, true));
  }

  private ReplyEffect<Event, State> startedAlready(State state, Start command) {
    return Effect().reply(command.replyTo(), accepted(state, false));
  }

  private ReplyEffect<Event, State> take(Running state, Take command) {
    return advance(state, command.signal(), command.cause(), command.replyTo());
  }

  /** Lets the stepper go on with a signal; one that comes late or twice moves nothing. */
  private ReplyEffect<Event, State> advance(
      Running state, Signal signal, Cause cause, @Nullable ActorRef<Reply> replyTo) {
    Instance instance = state.instance();
    Instant now = clock.instant();
    List<Step> steps =
        Stepper.advance(
            WorkflowModels.of(instance.source()), instance.execution(), signal, now, seed());
    if (steps.isEmpty()) {
      return replyTo == null ? Effect().noReply() : Effect().reply(replyTo, accepted(state, false));
    }
    var effect =
        Effect()
            .persist(stepped(instance.run(), instance.tasks().seen(), steps, now, cause))
            .thenRun(this::askOutside);
    return replyTo == null
        ? effect.thenNoReply()
        : effect.thenReply(replyTo, next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> wake(Running state, Wake command) {
    boolean waits = !state.instance().requests().isEmpty();
    return Effect()
        .reply(
            command.replyTo(),
            waits
                ? new Rejected(WRONG_STATE, "Workflow '" + id + "' still waits for an answer.")
                : accepted(state, false));
  }

  private ReplyEffect<Event, State> claim(Running state, ClaimTask command) {
    Cause cause = command.cause();
    return withTask(
        state,
        command.taskId(),
        cause,
        command.replyTo(),
        task ->
            cause.actor().equals(task.assignee())
                ? Effect().reply(command.replyTo(), accepted(state, false))
                : assign(state, command.taskId(), cause.actor(), cause, command.replyTo()));
  }

  private ReplyEffect<Event, State> release(Running state, ReleaseTask command) {
    return withTask(
        state,
        command.taskId(),
        command.cause(),
        command.replyTo(),
        task ->
            task.assignee() == null
                ? Effect().reply(command.replyTo(), accepted(state, false))
                : Effect()
                    .persist(
                        new TaskReleased(
                            state.instance().run(),
                            command.taskId(),
                            clock.instant(),
                            command.cause()))
                    .thenReply(command.replyTo(), next -> accepted(next, false)));
  }

  private ReplyEffect<Event, State> delegate(Running state, DelegateTask command) {
    return withTask(
        state,
        command.taskId(),
        command.cause(),
        command.replyTo(),
        task ->
            command.to().equals(task.assignee())
                ? Effect().reply(command.replyTo(), accepted(state, false))
                : assign(
                    state, command.taskId(), command.to(), command.cause(), command.replyTo()));
  }

  private ReplyEffect<Event, State> assign(
      Running state, String taskId, String to, Cause cause, ActorRef<Reply> replyTo) {
    return Effect()
        .persist(new TaskAssigned(state.instance().run(), taskId, to, clock.instant(), cause))
        .thenReply(replyTo, next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> complete(Running state, CompleteTask command) {
    return withTask(
        state,
        command.taskId(),
        command.cause(),
        command.replyTo(),
        task -> {
          List<Problem> problems = task.task().problems(command.output());
          if (!problems.isEmpty()) {
            String sentence =
                "What was submitted for task '%s' does not satisfy its form."
                    .formatted(command.taskId());
            return Effect().reply(command.replyTo(), new Rejected(REFUSED, sentence, problems));
          }
          Signal signal =
              new Signal.HumanTaskCompleted(task.ref(), command.output(), command.cause().actor());
          return advance(state, signal, command.cause(), command.replyTo());
        });
  }

  private ReplyEffect<Event, State> reject(Running state, RejectTask command) {
    return withTask(
        state,
        command.taskId(),
        command.cause(),
        command.replyTo(),
        task ->
            advance(
                state,
                new Signal.HumanTaskRejected(task.ref(), command.cause().actor(), command.reason()),
                command.cause(),
                command.replyTo()));
  }

  /** Work on a task that is open and not in the hands of another. */
  private ReplyEffect<Event, State> withTask(
      Running state,
      String taskId,
      Cause cause,
      ActorRef<Reply> replyTo,
      Function<OpenTask, ReplyEffect<Event, State>> work) {
    Optional<OpenTask> task = state.instance().tasks().find(taskId);
    if (task.isEmpty()) {
      String sentence =
          "There is no open task '%s' in workflow '%s'; it is done or never was."
              .formatted(taskId, id);
      return Effect().reply(replyTo, new Rejected(WRONG_STATE, sentence));
    }
    if (task.get().isHeldByOtherThan(cause.actor())) {
      String sentence = "Task '%s' is held by '%s'.".formatted(taskId, task.get().assignee());
      return Effect().reply(replyTo, new Rejected(NOT_YOURS, sentence));
    }
    return work.apply(task.get());
  }

  private ReplyEffect<Event, State> suspend(Running state, Suspend command) {
    return Effect()
        .persist(new RunSuspended(state.instance().run(), clock.instant(), command.cause()))
        .thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> resume(Suspended state, Resume command) {
    return Effect()
        .persist(new RunResumed(state.instance().run(), clock.instant(), command.cause()))
        .thenRun(this::askOutside)
        .thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> cancel(State state, Cancel command) {
    return Effect()
        .persist(
            new RunCancelled(
                state.instance().run(), command.reason(), clock.instant(), command.cause()))
        .thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> retry(Ended state, Retry command) {
    if (state.status() != Status.FAULTED) {
      return notNow(state, command);
    }
    Instance instance = state.instance();
    Instant now = clock.instant();
    List<Step> steps =
        Stepper.retry(WorkflowModels.of(instance.source()), instance.execution(), now, seed());
    if (steps.isEmpty()) {
      return refuse(
          command,
          WRONG_STATE,
          "Workflow '%s' can't be retried: its input was refused. Start another one."
              .formatted(id));
    }
    return Effect()
        .persist(stepped(instance.run(), instance.tasks().seen(), steps, now, command.cause()))
        .thenRun(this::askOutside)
        .thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    Instance instance = state.instance();
    return Effect()
        .reply(
            command.replyTo(),
            new Current(
                instance.run(),
                state.status(),
                lastSequenceNumber(context),
                instance.input(),
                instance.execution().output(),
                instance.execution().error().orElse(null)));
  }

  /** What it waited for no longer matters; whoever brings it need not come again. */
  private ReplyEffect<Event, State> tooLate(Ended state, Command command) {
    return command.replyTo() == null
        ? Effect().noReply()
        : Effect().reply(command.replyTo(), accepted(state, false));
  }

  private ReplyEffect<Event, State> absent(State state, Command command) {
    return refuse(command, NOT_FOUND, "There is no workflow '" + id + "'.");
  }

  private ReplyEffect<Event, State> notNow(State state, Command command) {
    return refuse(
        command,
        WRONG_STATE,
        "Workflow '%s' is %s and can't %s now."
            .formatted(
                id,
                state.status().name().toLowerCase(Locale.ROOT),
                words(command.getClass().getSimpleName())));
  }

  /** The name of a command as it stands in a sentence: ClaimTask is "claim task". */
  private static String words(String name) {
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }

  private ReplyEffect<Event, State> refuse(Command command, String code, String sentence) {
    ActorRef<Reply> replyTo = command.replyTo();
    return replyTo == null
        ? Effect().noReply()
        : Effect().reply(replyTo, new Rejected(code, sentence));
  }

  private List<Event> stepped(Run run, int tasksSeen, List<Step> steps, Instant now, Cause cause) {
    List<Event> events = new ArrayList<>(steps.size());
    int number = tasksSeen;
    for (Step step : steps) {
      String taskId = step instanceof Step.HumanTaskRequested ? id + "~" + ++number : null;
      events.add(new Stepped(run, step, taskId, now, cause));
    }
    return events;
  }

  /** The answers come back as signals to itself; asking twice is harmless by the key. */
  private void askOutside(State state) {
    if (!(state instanceof Running running)) {
      return;
    }
    for (Execution.Waiting waiting : running.instance().requests()) {
      Cause cause = new Cause(null, waiting.ref().idempotencyKey(id), "workflow");
      context.pipeToSelf(
          outside.ask(id, waiting), (signal, never) -> new Take(signal, cause, null));
    }
  }

  private Accepted accepted(State state, boolean created) {
    return new Accepted(state.status(), lastSequenceNumber(context), created);
  }

  /** Chance for the stepper's jitter: differs from step to step and from run to run. */
  private long seed() {
    return id.hashCode() * 31L + lastSequenceNumber(context);
  }

  // Housekeeping

  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(100, 1);
  }
}
