package io.twinloop.entities.workflow;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.NOT_YOURS;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.Checkpoint;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.Problem;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.TaskAction;
import io.twinloop.domain.workflow.TaskDecision;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
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
 * One run of a workflow. Absent → Running ⇄ Suspended → Ended (completed, faulted, cancelled), and
 * back to Running by a retry or a rerun.
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

    /** The revision the command is meant for; absent where any will do. */
    default @Nullable Long expectedRevision() {
      return null;
    }
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
      implements Command, Repeatable {}

  /** What it waited for has come from outside. */
  public record Take(Signal signal, Cause cause, @Nullable ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Makes sure that it is awake: a run that recovers asks again for what it waits for. Refused
   * while an answer is out, so that the sender comes again.
   */
  public record Wake(ActorRef<Reply> replyTo) implements Command, Repeatable {}

  /** Does something with one of its human tasks. */
  public record HandleTask(
      String taskId,
      TaskAction action,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  public record Suspend(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Resume(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Cancel(
      String reason, @Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  /** Tries the task again at which it faulted. */
  public record Retry(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Goes on again from an earlier task; see {@link Reruns}.
   *
   * @param expectedRevision the one whose history the checkpoint was found in
   */
  public record Rerun(
      Checkpoint checkpoint, Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  /** Goes on by another version of its definition. */
  public record Migrate(
      String version,
      String source,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

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
      return new Running(Instance.begun(run, source, input));
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

  /** It goes on by another version of its definition, the one the run names now. */
  public record RunMigrated(Run run, String source, String from, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.instance().migrated(this));
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

  // Behaviour

  private static final Map<TaskDecision.Reason, String> CODES =
      Map.of(
          TaskDecision.Reason.GONE, WRONG_STATE,
          TaskDecision.Reason.NOT_YOURS, NOT_YOURS,
          TaskDecision.Reason.UNFIT, REFUSED);

  private final ActorContext<Command> context;
  private final String id;
  private final Outside outside;
  private final Clock clock;

  private WorkflowInstance(ActorContext<Command> context, String id, Outside outside, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
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
        .onCommand(HandleTask.class, ifCurrent(this::handleTask))
        .onCommand(Suspend.class, ifCurrent(this::suspend))
        .onCommand(Cancel.class, ifCurrent(this::cancel))
        .onCommand(Rerun.class, ifCurrent(this::rerunWaiting))
        .onCommand(Migrate.class, ifCurrent(this::migrate));
    commands
        .forStateType(Suspended.class)
        .onCommand(Resume.class, ifCurrent(this::resume))
        .onCommand(Cancel.class, ifCurrent(this::cancel))
        .onCommand(Rerun.class, ifCurrent(this::rerun))
        .onCommand(Migrate.class, ifCurrent(this::migrate));
    commands
        .forStateType(Ended.class)
        .onCommand(Retry.class, ifCurrent(this::retry))
        .onCommand(Rerun.class, ifCurrent(this::rerun))
        .onCommand(Migrate.class, ifCurrent(this::migrateFaulted))
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

  private interface Handler<S extends State, C extends Command>
      extends BiFunction<S, C, ReplyEffect<Event, State>> {}

  /** A handler that is asked only when the command was meant for the run as it is. */
  private <S extends State, C extends Command> Handler<S, C> ifCurrent(Handler<S, C> handler) {
    return (state, command) -> {
      Long expected = command.expectedRevision();
      long revision = lastSequenceNumber(context);
      return expected == null || expected == revision
          ? handler.apply(state, command)
          : refuse(
              command,
              REVISION_MISMATCH,
              "Expected workflow '%s' at revision %d, but it is at %d."
                  .formatted(id, expected, revision));
    };
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

  /** Lets the stepper go on with a signal; one that comes late or twice moves nothing. */
  private ReplyEffect<Event, State> take(Running state, Take command) {
    return advance(state, command.signal(), command.cause(), command);
  }

  private ReplyEffect<Event, State> advance(
      Running state, Signal signal, Cause cause, Command command) {
    Instant now = clock.instant();
    List<Step> steps = state.instance().advance(signal, now, seed());
    return steps.isEmpty() ? unchanged(state, command) : goOn(state, steps, now, cause, command);
  }

  /** Keeps the steps, asks the outside what they ask for, replies. */
  private ReplyEffect<Event, State> goOn(
      State state, List<Step> steps, Instant now, Cause cause, Command command) {
    Instance instance = state.instance();
    var effect =
        Effect()
            .persist(stepped(instance.run(), instance.tasks().seen(), steps, now, cause))
            .thenRun(this::askOutside);
    return command.replyTo() == null
        ? effect.thenNoReply()
        : effect.thenReply(command.replyTo(), next -> accepted(next, false));
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

  private ReplyEffect<Event, State> handleTask(Running state, HandleTask command) {
    Cause cause = command.cause();
    Run run = state.instance().run();
    TaskDecision decision =
        state
            .instance()
            .tasks()
            .decide(command.taskId(), command.action(), cause.actor(), cause.hasNamedActor());
    if (decision instanceof TaskDecision.Refused refused) {
      String code = CODES.get(refused.reason());
      return Effect()
          .reply(command.replyTo(), new Rejected(code, refused.sentence(), refused.problems()));
    }
    if (decision instanceof TaskDecision.Assigned assigned) {
      return changed(
          new TaskAssigned(run, command.taskId(), assigned.to(), clock.instant(), cause), command);
    }
    if (decision instanceof TaskDecision.Released) {
      return changed(new TaskReleased(run, command.taskId(), clock.instant(), cause), command);
    }
    return decision instanceof TaskDecision.Told told
        ? advance(state, told.signal(), cause, command)
        : unchanged(state, command);
  }

  private ReplyEffect<Event, State> suspend(Running state, Suspend command) {
    return changed(
        new RunSuspended(state.instance().run(), clock.instant(), command.cause()), command);
  }

  private ReplyEffect<Event, State> resume(Suspended state, Resume command) {
    return Effect()
        .persist(new RunResumed(state.instance().run(), clock.instant(), command.cause()))
        .thenRun(this::askOutside)
        .thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> cancel(State state, Cancel command) {
    return changed(
        new RunCancelled(
            state.instance().run(), command.reason(), clock.instant(), command.cause()),
        command);
  }

  private ReplyEffect<Event, State> retry(Ended state, Retry command) {
    if (state.status() != Status.FAULTED) {
      return notNow(state, command);
    }
    Instant now = clock.instant();
    List<Step> steps = state.instance().retry(now, seed());
    return steps.isEmpty()
        ? refuse(
            command,
            WRONG_STATE,
            "Workflow '%s' can't be retried: its input was refused. Start another one."
                .formatted(id))
        : goOn(state, steps, now, command.cause(), command);
  }

  private ReplyEffect<Event, State> rerunWaiting(Running state, Rerun command) {
    return state.status() == Status.WAITING ? rerun(state, command) : notNow(state, command);
  }

  private ReplyEffect<Event, State> rerun(State state, Rerun command) {
    Checkpoint checkpoint = command.checkpoint();
    Optional<String> obstacle = state.instance().obstacleTo(checkpoint);
    if (obstacle.isPresent()) {
      return refuse(command, REFUSED, obstacle.get());
    }
    Instant now = clock.instant();
    List<Step> steps = state.instance().rerun(checkpoint, state.status().isEnd(), now, seed());
    return goOn(state, steps, now, command.cause(), command);
  }

  private ReplyEffect<Event, State> migrateFaulted(Ended state, Migrate command) {
    return state.status() == Status.FAULTED ? migrate(state, command) : notNow(state, command);
  }

  private ReplyEffect<Event, State> migrate(State state, Migrate command) {
    Run run = state.instance().run();
    if (run.version().equals(command.version())) {
      return unchanged(state, command);
    }
    Optional<String> obstacle = state.instance().obstacleTo(command.source());
    if (obstacle.isPresent()) {
      return refuse(command, REFUSED, obstacle.get());
    }
    Run moved = run.with(command.version());
    return changed(
        new RunMigrated(moved, command.source(), run.version(), clock.instant(), command.cause()),
        command);
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
    return unchanged(state, command);
  }

  private ReplyEffect<Event, State> unchanged(State state, Command command) {
    return command.replyTo() == null
        ? Effect().noReply()
        : Effect().reply(command.replyTo(), accepted(state, false));
  }

  private ReplyEffect<Event, State> changed(Event event, Command command) {
    return Effect().persist(event).thenReply(command.replyTo(), next -> accepted(next, false));
  }

  private ReplyEffect<Event, State> absent(State state, Command command) {
    return refuse(command, NOT_FOUND, "There is no workflow '" + id + "'.");
  }

  private ReplyEffect<Event, State> notNow(State state, Command command) {
    return refuse(
        command,
        WRONG_STATE,
        "Workflow '%s' is %s and can't %s now."
            .formatted(id, state.status().name().toLowerCase(Locale.ROOT), words(command)));
  }

  /** A command as it stands in a sentence: to claim a task is to "claim task". */
  private static String words(Command command) {
    String name =
        command instanceof HandleTask handled
            ? handled.action().getClass().getSimpleName() + " task"
            : command.getClass().getSimpleName();
    return name.toLowerCase(Locale.ROOT);
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
