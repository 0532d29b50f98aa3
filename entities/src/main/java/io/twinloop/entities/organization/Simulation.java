package io.twinloop.entities.organization;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;

import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.simulation.Change;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.javadsl.CommandHandlerWithReply;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehaviorWithEnforcedReplies;
import org.apache.pekko.persistence.typed.javadsl.ReplyEffect;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.jspecify.annotations.Nullable;

/**
 * A what-if: changes of the organisation that somebody asks about. Unasked → Requested → Finished |
 * Failed.
 *
 * <p>It only remembers. Who follows its events computes the outcome and tells it, as often as that
 * may come; the first outcome stays. Nothing of the organisation itself changes.
 */
public final class Simulation
    extends EventSourcedBehaviorWithEnforcedReplies<
        Simulation.Command, Simulation.Event, Simulation.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "Simulation");

  /** Starts the simulations' shards on nodes with the role {@code entities}. */
  public static void init(ClusterSharding sharding, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock)).withRole("entities"));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new Simulation(context, id, clock));
  }

  // Commands

  public sealed interface Command extends CborSerializable {
    ActorRef<Reply> replyTo();
  }

  /**
   * Asks what the changes would make of the organisation.
   *
   * @param asOf the instant at which the organisation is taken, not in the future; absent means now
   * @param changes made one after the other; 1 to {@value WhatIf#MOST_CHANGES}
   */
  public record Request(
      String name,
      @Nullable Instant asOf,
      List<Change> changes,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {
    public Request {
      changes = List.copyOf(changes);
    }
  }

  /** Tells what came of it. */
  public record Finish(Outcome outcome, Cause cause, ActorRef<Reply> replyTo) implements Command {}

  /** Tells why nothing can come of it. */
  public record Fail(List<Problem> problems, Cause cause, ActorRef<Reply> replyTo)
      implements Command {
    public Fail {
      problems = List.copyOf(problems);
    }
  }

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  /** Done, or so already. */
  public record Accepted(Plan plan, long seqNr) implements Reply {}

  /**
   * The simulation as it is.
   *
   * @param correlationId of the loop it belongs to
   * @param endedAt absent while it is requested
   * @param outcome absent unless it is finished
   * @param problems why it failed; empty otherwise
   */
  public record Current(
      Plan plan,
      String correlationId,
      Instant requestedAt,
      @Nullable Instant endedAt,
      @Nullable Outcome outcome,
      List<Problem> problems,
      long seqNr)
      implements Reply {
    public Current {
      problems = List.copyOf(problems);
    }
  }

  public record Rejected(String code, String sentence) implements Reply {}

  // Events

  /**
   * What is asked.
   *
   * @param asOf the instant at which the organisation is taken, to the microsecond
   */
  public record Plan(String name, Instant asOf, List<Change> changes) {
    public Plan {
      changes = List.copyOf(changes);
    }
  }

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Plan plan();

    Instant at();

    Cause cause();
  }

  public record SimulationRequested(Plan plan, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Requested(plan, at, cause);
    }
  }

  public record SimulationFinished(Plan plan, Outcome outcome, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Finished((Requested) state, outcome, at);
    }
  }

  public record SimulationFailed(Plan plan, List<Problem> problems, Instant at, Cause cause)
      implements Event {
    public SimulationFailed {
      problems = List.copyOf(problems);
    }

    @Override
    public State applyTo(State state) {
      return new Failed((Requested) state, problems, at);
    }
  }

  // States

  public sealed interface State extends CborSerializable {}

  public record Unasked() implements State {}

  public record Requested(Plan plan, Instant at, Cause cause) implements State {}

  public record Finished(Requested request, Outcome outcome, Instant at) implements State {}

  public record Failed(Requested request, List<Problem> problems, Instant at) implements State {
    public Failed {
      problems = List.copyOf(problems);
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private Simulation(ActorContext<Command> context, String id, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
    this.context = context;
    this.id = id;
    this.clock = clock;
  }

  @Override
  public State emptyState() {
    return new Unasked();
  }

  @Override
  public CommandHandlerWithReply<Command, Event, State> commandHandler() {
    var commands = newCommandHandlerWithReplyBuilder();
    commands
        .forStateType(Unasked.class)
        .onCommand(Request.class, this::request)
        .onCommand(Finish.class, command -> unasked(command.replyTo()))
        .onCommand(Fail.class, command -> unasked(command.replyTo()))
        .onCommand(Get.class, command -> unasked(command.replyTo()));
    commands
        .forStateType(Requested.class)
        .onCommand(Request.class, this::requestAgain)
        .onCommand(Finish.class, this::finish)
        .onCommand(Fail.class, this::fail)
        .onCommand(Get.class, this::get);
    commands
        .forStateType(Finished.class)
        .onCommand(Request.class, (state, command) -> requestAgain(state.request(), command))
        .onCommand(Finish.class, (state, command) -> unchanged(state.request(), command))
        .onCommand(Fail.class, (state, command) -> unchanged(state.request(), command))
        .onCommand(Get.class, this::get);
    commands
        .forStateType(Failed.class)
        .onCommand(Request.class, (state, command) -> requestAgain(state.request(), command))
        .onCommand(Finish.class, (state, command) -> unchanged(state.request(), command))
        .onCommand(Fail.class, (state, command) -> unchanged(state.request(), command))
        .onCommand(Get.class, this::get);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  private ReplyEffect<Event, State> request(Unasked state, Request command) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    Instant asOf = command.asOf() == null ? now : command.asOf().truncatedTo(ChronoUnit.MICROS);
    if (asOf.isAfter(now)) {
      return rejected(
          REFUSED,
          "at is %s, expected no instant after now, %s.".formatted(asOf, now),
          command.replyTo());
    }
    int changes = command.changes().size();
    if (changes < 1 || changes > WhatIf.MOST_CHANGES) {
      return rejected(
          REFUSED,
          "There are %d changes, expected 1 to %d.".formatted(changes, WhatIf.MOST_CHANGES),
          command.replyTo());
    }
    Plan plan = new Plan(command.name(), asOf, command.changes());
    return changed(new SimulationRequested(plan, now, command.cause()), command.replyTo());
  }

  /** The same request again is answered as the first was. */
  private ReplyEffect<Event, State> requestAgain(Requested state, Request command) {
    Plan plan = state.plan();
    boolean same =
        plan.name().equals(command.name())
            && plan.changes().equals(command.changes())
            && (command.asOf() == null
                || command.asOf().truncatedTo(ChronoUnit.MICROS).equals(plan.asOf()));
    return same
        ? unchanged(state, command)
        : rejected(
            ALREADY_EXISTS,
            "Simulation '" + id + "' asks something else already; choose another id.",
            command.replyTo());
  }

  private ReplyEffect<Event, State> finish(Requested state, Finish command) {
    return changed(
        new SimulationFinished(state.plan(), command.outcome(), clock.instant(), command.cause()),
        command.replyTo());
  }

  private ReplyEffect<Event, State> fail(Requested state, Fail command) {
    return changed(
        new SimulationFailed(state.plan(), command.problems(), clock.instant(), command.cause()),
        command.replyTo());
  }

  private ReplyEffect<Event, State> get(Requested state, Get command) {
    return current(state, null, null, List.of(), command);
  }

  private ReplyEffect<Event, State> get(Finished state, Get command) {
    return current(state.request(), state.at(), state.outcome(), List.of(), command);
  }

  private ReplyEffect<Event, State> get(Failed state, Get command) {
    return current(state.request(), state.at(), null, state.problems(), command);
  }

  private ReplyEffect<Event, State> current(
      Requested request,
      @Nullable Instant endedAt,
      @Nullable Outcome outcome,
      List<Problem> problems,
      Get command) {
    return Effect()
        .reply(
            command.replyTo(),
            new Current(
                request.plan(),
                request.cause().correlationIdOr(id),
                request.at(),
                endedAt,
                outcome,
                problems,
                seqNr()));
  }

  private ReplyEffect<Event, State> changed(Event event, ActorRef<Reply> replyTo) {
    return Effect().persist(event).thenReply(replyTo, next -> new Accepted(event.plan(), seqNr()));
  }

  private ReplyEffect<Event, State> unchanged(Requested request, Command command) {
    return Effect().reply(command.replyTo(), new Accepted(request.plan(), seqNr()));
  }

  private ReplyEffect<Event, State> unasked(ActorRef<Reply> replyTo) {
    return rejected(NOT_FOUND, "There is no simulation '" + id + "'.", replyTo);
  }

  private ReplyEffect<Event, State> rejected(
      String code, String sentence, ActorRef<Reply> replyTo) {
    return Effect().reply(replyTo, new Rejected(code, sentence));
  }

  private long seqNr() {
    return lastSequenceNumber(context);
  }

  // Housekeeping

  /** Two events at most: nothing that a snapshot would shorten. */
  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.disabled();
  }
}
