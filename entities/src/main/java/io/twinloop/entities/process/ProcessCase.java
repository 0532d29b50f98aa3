package io.twinloop.entities.process;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.CaseTrack;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.ClusterShardingSettings;
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

/** A case of a process, such as one invoice on its way. Absent → Open ⇄ Closed. */
public final class ProcessCase
    extends EventSourcedBehaviorWithEnforcedReplies<
        ProcessCase.Command, ProcessCase.Event, ProcessCase.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "ProcessCase");

  /** Cases held by a node: a log brings many, and most are not asked again. */
  private static final int HELD = 10_000;

  /** Starts the cases' shards on nodes with the role {@code entities}, a proxy on the others. */
  public static void init(ActorSystem<?> system, ClusterSharding sharding, Clock clock) {
    ClusterShardingSettings settings = ClusterShardingSettings.create(system);
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock))
            .withRole("entities")
            .withSettings(
                settings.withPassivationStrategy(
                    settings.passivationStrategySettings().withActiveEntityLimit(HELD))));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new ProcessCase(context, id, clock));
  }

  /** The id of the entity that is this case: senders choose any text for a case's id. */
  public static String idOf(String processId, String caseId) {
    return EntityIds.derived("case", processId, caseId);
  }

  // Commands

  public sealed interface Command extends CborSerializable {}

  /**
   * Takes events; those it has taken before change nothing.
   *
   * @param events at least one, in order of time
   * @param serviceLevel of the process, as far as the sender knows
   */
  public record Take(
      String processId,
      String caseId,
      List<CaseEvent> events,
      Mode mode,
      ServiceLevel serviceLevel,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command, Repeatable {
    public Take {
      events = List.copyOf(events);
    }
  }

  /** Judges the case by the service level of its process, which may be another one now. */
  public record Judge(ServiceLevel serviceLevel, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  /** The time has come at which the case has taken longer than it may, if it is still open. */
  public record Wake(Cause cause, ActorRef<Reply> replyTo) implements Command, Repeatable {}

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  /** Events taken. */
  public record Taken(long seqNr, int accepted, int unchanged) implements Reply {}

  /** Looked at. */
  public record Judged(long seqNr, boolean breached) implements Reply {}

  /** The case as it is. */
  public record Current(Known known, boolean open, long seqNr) implements Reply {}

  public record Rejected(String code, String sentence) implements Reply {}

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    String processId();

    String caseId();

    Instant at();

    Cause cause();
  }

  /**
   * Events of one delivery.
   *
   * @param events those that are new, in order of time; none where all that is new is the end
   * @param ended whether the case is over after them
   * @param live whether what follows from them is told to the outside
   * @param dueAt when the case has to be woken to be judged; absent where it need not be
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record EventsTaken(
      String processId,
      String caseId,
      List<CaseEvent> events,
      int unchanged,
      boolean ended,
      boolean live,
      ServiceLevel serviceLevel,
      @Nullable Instant dueAt,
      Instant at,
      Cause cause)
      implements Event {
    public EventsTaken {
      events = List.copyOf(events);
    }

    @Override
    public State applyTo(State state) {
      Known before = state.known();
      CaseTrack track =
          before == null ? CaseTrack.first(events).track() : before.track().take(events).track();
      Known known =
          new Known(
              processId,
              caseId,
              new CaseTrack(track.startedAt(), track.lastAt(), ended, track.keys()),
              live,
              serviceLevel,
              before != null && before.breached());
      return ended ? new Closed(known) : new Open(known);
    }
  }

  /** The case is over, or is over anew: it took from its first to its last event. */
  public record CaseClosed(
      String processId,
      String caseId,
      Instant startedAt,
      Instant endedAt,
      double durationDays,
      boolean live,
      Instant at,
      Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Closed(state.known());
    }
  }

  /**
   * The case goes by another service level.
   *
   * @param dueAt when the case has to be woken to be judged; absent where it need not be
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record ServiceLevelChanged(
      String processId,
      String caseId,
      ServiceLevel serviceLevel,
      @Nullable Instant dueAt,
      Instant at,
      Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.known().with(serviceLevel));
    }
  }

  /**
   * The case took longer than it may; this is said once of a case.
   *
   * @param live whether the outside is told
   * @param correlationId of the loop it begins
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SlaBreached(
      String processId,
      String caseId,
      SlaBreach breach,
      @Nullable String ownerUnitId,
      boolean live,
      String correlationId,
      Instant at,
      Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.known().inBreach());
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    /** What is known of it; nothing before its first event. */
    @Nullable Known known();

    /** This state of the case, with more known. */
    State with(Known known);
  }

  public record Absent() implements State {
    @Override
    public @Nullable Known known() {
      return null;
    }

    @Override
    public State with(Known known) {
      return new Open(known);
    }
  }

  public record Open(Known known) implements State {
    @Override
    public State with(Known known) {
      return new Open(known);
    }
  }

  public record Closed(Known known) implements State {
    @Override
    public State with(Known known) {
      return new Closed(known);
    }
  }

  /**
   * What every case with an event knows. Its events themselves are in the read model.
   *
   * @param live whether its last delivery was
   * @param breached whether it has taken longer than it may
   */
  public record Known(
      String processId,
      String caseId,
      CaseTrack track,
      boolean live,
      ServiceLevel serviceLevel,
      boolean breached) {

    Known with(ServiceLevel next) {
      return new Known(processId, caseId, track, live, next, breached);
    }

    Known inBreach() {
      return new Known(processId, caseId, track, live, serviceLevel, true);
    }

    /** When it has to be woken; only a live case that is not over and not late can still be. */
    @Nullable Instant dueAt() {
      return track.ended() || !live || breached || serviceLevel.days() == null
          ? null
          : track.deadline(serviceLevel.days());
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private ProcessCase(ActorContext<Command> context, String id, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
    this.context = context;
    this.id = id;
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
        .onCommand(Take.class, this::begin)
        .onCommand(Judge.class, command -> absent(command.replyTo()))
        .onCommand(Wake.class, command -> absent(command.replyTo()))
        .onCommand(Get.class, command -> absent(command.replyTo()));
    commands
        .forAnyState()
        .onCommand(Take.class, this::record)
        .onCommand(Judge.class, this::judge)
        .onCommand(Wake.class, this::wake)
        .onCommand(Get.class, this::get);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  private ReplyEffect<Event, State> begin(State state, Take command) {
    return take(state, command, CaseTrack.first(command.events()));
  }

  private ReplyEffect<Event, State> record(State state, Take command) {
    return take(state, command, state.known().track().take(command.events()));
  }

  private ReplyEffect<Event, State> take(State state, Take command, CaseTrack.Taken taken) {
    if (taken.track().keys().size() > CaseTrack.MOST_EVENTS) {
      return Effect()
          .reply(
              command.replyTo(),
              new Rejected(
                  REFUSED,
                  "Case '%s' of process '%s' would have %d events; at most %d are kept of a case."
                      .formatted(
                          command.caseId(),
                          command.processId(),
                          taken.track().keys().size(),
                          CaseTrack.MOST_EVENTS)));
    }
    Known before = state.known();
    boolean nothingNew =
        before != null
            && taken.events().isEmpty()
            && before.track().ended() == taken.track().ended();
    List<Event> events = new ArrayList<>();
    Instant now = clock.instant();
    Known known = before;
    if (nothingNew) {
      known = goBy(known, command.serviceLevel(), now, command.cause(), events);
    } else {
      Instant newest = command.events().get(command.events().size() - 1).at();
      known =
          new Known(
              command.processId(),
              command.caseId(),
              taken.track(),
              command.mode().isLive(newest, now),
              command.serviceLevel(),
              before != null && before.breached());
      events.add(eventsTaken(known, taken, now, command.cause()));
      if (known.track().ended() && !isSamePeriod(state, known)) {
        events.add(closed(known, now, command.cause()));
      }
    }
    judge(known, now, command.cause(), events);
    return Effect()
        .persist(events)
        .thenReply(
            command.replyTo(),
            next -> new Taken(seqNr(), taken.events().size(), taken.unchanged()));
  }

  private static EventsTaken eventsTaken(
      Known known, CaseTrack.Taken taken, Instant now, Cause cause) {
    return new EventsTaken(
        known.processId(),
        known.caseId(),
        taken.events(),
        taken.unchanged(),
        known.track().ended(),
        known.live(),
        known.serviceLevel(),
        known.dueAt(),
        now,
        cause);
  }

  private static CaseClosed closed(Known known, Instant now, Cause cause) {
    return new CaseClosed(
        known.processId(),
        known.caseId(),
        known.track().startedAt(),
        known.track().lastAt(),
        known.track().durationDays(),
        known.live(),
        now,
        cause);
  }

  private static boolean isSamePeriod(State state, Known known) {
    return state instanceof Closed closed
        && closed.known().track().startedAt().equals(known.track().startedAt())
        && closed.known().track().lastAt().equals(known.track().lastAt());
  }

  private ReplyEffect<Event, State> judge(State state, Judge command) {
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    Known known = goBy(state.known(), command.serviceLevel(), now, command.cause(), events);
    judge(known, now, command.cause(), events);
    return judged(events, command.replyTo());
  }

  private ReplyEffect<Event, State> wake(State state, Wake command) {
    Instant now = clock.instant();
    Known known = state.known();
    Instant dueAt = known.dueAt();
    if (dueAt != null && now.isBefore(dueAt)) {
      return Effect()
          .reply(
              command.replyTo(),
              new Rejected(
                  WRONG_STATE,
                  "Case '%s' of process '%s' has until %s."
                      .formatted(known.caseId(), known.processId(), dueAt)));
    }
    List<Event> events = new ArrayList<>();
    judge(known, now, command.cause(), events);
    return judged(events, command.replyTo());
  }

  private ReplyEffect<Event, State> judged(List<Event> events, ActorRef<Reply> replyTo) {
    return Effect()
        .persist(events)
        .thenReply(replyTo, next -> new Judged(seqNr(), next.known().breached()));
  }

  /** The case as it goes by this service level, which is told where it is another one. */
  private static Known goBy(
      Known known, ServiceLevel serviceLevel, Instant now, Cause cause, List<Event> events) {
    if (known.serviceLevel().equals(serviceLevel)) {
      return known;
    }
    Known next = known.with(serviceLevel);
    events.add(
        new ServiceLevelChanged(
            known.processId(), known.caseId(), serviceLevel, next.dueAt(), now, cause));
    return next;
  }

  /** Tells a breach that was not told before. */
  private static void judge(Known known, Instant now, Cause cause, List<Event> events) {
    double actualDays = known.track().elapsedDays(known.live(), now);
    if (!known.breached() && known.serviceLevel().isBreachedBy(actualDays)) {
      events.add(
          new SlaBreached(
              known.processId(),
              known.caseId(),
              new SlaBreach(actualDays, known.serviceLevel().days()),
              known.serviceLevel().ownerUnitId(),
              known.live(),
              cause.correlationIdOr(
                  EntityIds.derived("case-breach", known.processId(), known.caseId())),
              now,
              cause));
    }
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    return Effect()
        .reply(command.replyTo(), new Current(state.known(), state instanceof Open, seqNr()));
  }

  private ReplyEffect<Event, State> absent(ActorRef<Reply> replyTo) {
    return Effect()
        .reply(replyTo, new Rejected(NOT_FOUND, "There is no case with the key '" + id + "'."));
  }

  private long seqNr() {
    return lastSequenceNumber(context);
  }

  // Housekeeping

  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(100, 1);
  }
}
