package io.twinloop.entities.kpi;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import io.twinloop.domain.kpi.Anomaly;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleBatch;
import io.twinloop.domain.kpi.Sensing;
import io.twinloop.domain.kpi.Sensing.Sensed;
import io.twinloop.domain.kpi.Sensing.Transition;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
import io.twinloop.entities.Snapshots;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
import org.jspecify.annotations.Nullable;

/** A KPI of one node. Undefined → Tracking ⇄ Breached → Retired. */
public final class Kpi
    extends EventSourcedBehaviorWithEnforcedReplies<Kpi.Command, Kpi.Event, Kpi.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY = EntityTypeKey.create(Command.class, "Kpi");

  /** Starts the KPIs' shards on nodes with the role {@code entities}, a proxy on the others. */
  public static void init(ClusterSharding sharding, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock)).withRole("entities"));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new Kpi(context, id, clock));
  }

  // Commands

  public sealed interface Command extends CborSerializable {}

  /** Defines the KPI, or changes its definition. */
  public record Define(
      KpiDefinition definition,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Takes measurements.
   *
   * @param commandId the same for a repetition of the same delivery, which then changes nothing;
   *     absent where a repetition would be a new delivery
   */
  public record Take(
      List<Measurement> measurements,
      Mode mode,
      @Nullable String commandId,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command, Repeatable {
    @Override
    public boolean mayRepeat() {
      return commandId != null;
    }
  }

  public record Retire(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  /** Defined or retired. */
  public record Accepted(long revision, long seqNr, boolean created) implements Reply {}

  /**
   * Samples taken.
   *
   * @param anomaly the episode open after them; where none is, the last they opened
   */
  public record Taken(long seqNr, int accepted, int unchanged, @Nullable Episode anomaly)
      implements Reply {}

  /**
   * The KPI as it is.
   *
   * @param latest its newest sample
   * @param episode the open one
   */
  public record Current(
      KpiDefinition definition,
      long revision,
      long seqNr,
      boolean retired,
      @Nullable Sample latest,
      @Nullable Episode episode)
      implements Reply {}

  public record Rejected(String code, String sentence) implements Reply {}

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Instant at();

    Cause cause();
  }

  public record Defined(KpiDefinition definition, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return state.tracked() == null
          ? new Tracking(new Tracked(definition, 1, Sensing.NOTHING, List.of()))
          : state.with(state.tracked().redefined(definition));
    }
  }

  /** One delivery of samples, in order of time. */
  public record SamplesTaken(
      SampleBatch samples, int unchanged, @Nullable String commandId, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.with(state.tracked().taken(this));
    }
  }

  /**
   * An episode began. Where another one is open, this is an older one that a late sample brought
   * out: it is closed by the next events, and the open one stays.
   */
  public record AnomalyOpened(Episode episode, KpiDefinition definition, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.told(episode);
    }
  }

  public record AnomalyWorsened(
      Episode episode, Instant sampleAt, Anomaly anomaly, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return state.told(episode);
    }
  }

  public record AnomalyClosed(Episode episode, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return state.told(episode);
    }
  }

  public record Retired(Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new RetiredKpi(state.tracked());
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    /** What is known of it; nothing before it is defined. */
    @Nullable Tracked tracked();

    /** This state of the KPI, with more known. */
    State with(Tracked tracked);

    /** This state after an episode was told to be as it is now. */
    default State told(Episode episode) {
      Tracked next = tracked().told(episode);
      return episode.isOpen() ? new Breached(next, episode) : with(next);
    }
  }

  public record Undefined() implements State {
    @Override
    public @Nullable Tracked tracked() {
      return null;
    }

    @Override
    public State with(Tracked tracked) {
      return new Tracking(tracked);
    }
  }

  public record Tracking(Tracked tracked) implements State {
    @Override
    public State with(Tracked tracked) {
      return new Tracking(tracked);
    }
  }

  public record Breached(Tracked tracked, Episode episode) implements State {
    @Override
    public State with(Tracked tracked) {
      return new Breached(tracked, episode);
    }

    @Override
    public State told(Episode other) {
      Tracked next = tracked.told(other);
      if (!other.id().equals(episode.id())) {
        return with(next);
      }
      return other.isOpen() ? new Breached(next, other) : new Tracking(next);
    }
  }

  public record RetiredKpi(Tracked tracked) implements State {
    @Override
    public State with(Tracked tracked) {
      return new RetiredKpi(tracked);
    }
  }

  /**
   * What every defined KPI knows.
   *
   * @param revision of the definition
   * @param deliveries the last {@value #REMEMBERED_DELIVERIES} that may be repeated
   */
  public record Tracked(
      KpiDefinition definition, long revision, Sensing sensing, List<Delivery> deliveries) {

    private static final int REMEMBERED_DELIVERIES = 32;

    /** The delivery known by that id; none where a repetition would be a new delivery. */
    Optional<Delivery> delivery(@Nullable String commandId) {
      return commandId == null
          ? Optional.empty()
          : deliveries.stream()
              .filter(delivery -> delivery.commandId().equals(commandId))
              .findFirst();
    }

    Tracked redefined(KpiDefinition next) {
      return new Tracked(next, revision + 1, sensing, deliveries);
    }

    Tracked told(Episode episode) {
      return new Tracked(definition, revision, sensing.told(episode), deliveries);
    }

    Tracked taken(SamplesTaken event) {
      Sensing remembered = sensing.remember(definition.detector(), event.samples().samples());
      if (event.commandId() == null) {
        return new Tracked(definition, revision, remembered, deliveries);
      }
      List<Delivery> known = new ArrayList<>(deliveries);
      known.add(new Delivery(event.commandId(), event.samples().size(), event.unchanged()));
      int forget = Math.max(0, known.size() - REMEMBERED_DELIVERIES);
      return new Tracked(
          definition, revision, remembered, List.copyOf(known.subList(forget, known.size())));
    }
  }

  /** A delivery of samples that was taken. */
  public record Delivery(String commandId, int accepted, int unchanged) {}

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private Kpi(ActorContext<Command> context, String id, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
    this.context = context;
    this.id = id;
    this.clock = clock;
  }

  @Override
  public State emptyState() {
    return new Undefined();
  }

  @Override
  public CommandHandlerWithReply<Command, Event, State> commandHandler() {
    var commands = newCommandHandlerWithReplyBuilder();
    commands
        .forStateType(Undefined.class)
        .onCommand(Take.class, command -> undefined(command.replyTo()))
        .onCommand(Retire.class, command -> undefined(command.replyTo()))
        .onCommand(Get.class, command -> undefined(command.replyTo()));
    commands
        .forStateType(RetiredKpi.class)
        .onCommand(Define.class, command -> retired(command.replyTo()))
        .onCommand(Take.class, command -> retired(command.replyTo()))
        .onCommand(Retire.class, this::retiredBefore)
        .onCommand(Get.class, this::get);
    commands
        .forAnyState()
        .onCommand(Define.class, this::define)
        .onCommand(Take.class, this::take)
        .onCommand(Retire.class, this::retire)
        .onCommand(Get.class, this::get);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  private ReplyEffect<Event, State> define(State state, Define command) {
    Tracked tracked = state.tracked();
    long revision = tracked == null ? 0 : tracked.revision();
    if (command.expectedRevision() != null && command.expectedRevision() != revision) {
      return outdated(command.expectedRevision(), revision, command.replyTo());
    }
    if (tracked != null && tracked.definition().equals(command.definition())) {
      return Effect().reply(command.replyTo(), new Accepted(revision, seqNr(), false));
    }
    return Effect()
        .persist(new Defined(command.definition(), clock.instant(), command.cause()))
        .thenReply(
            command.replyTo(),
            next -> new Accepted(next.tracked().revision(), seqNr(), tracked == null));
  }

  private ReplyEffect<Event, State> take(State state, Take command) {
    Tracked tracked = state.tracked();
    Optional<Delivery> repeated = tracked.delivery(command.commandId());
    if (repeated.isPresent()) {
      Delivery first = repeated.get();
      return Effect()
          .reply(
              command.replyTo(),
              new Taken(seqNr(), first.accepted(), first.unchanged(), openEpisode(state)));
    }
    Instant now = clock.instant();
    Sensed sensed =
        tracked
            .sensing()
            .sense(
                tracked.definition().detector(),
                tracked.sensing().stamp(command.measurements(), now));
    if (sensed.accepted().isEmpty()) {
      return Effect()
          .reply(command.replyTo(), new Taken(seqNr(), 0, sensed.unchanged(), openEpisode(state)));
    }
    List<Event> events = new ArrayList<>();
    events.add(
        new SamplesTaken(
            SampleBatch.of(sensed.accepted()),
            sensed.unchanged(),
            command.commandId(),
            now,
            command.cause()));
    Episode last = new Telling(state, command, now, events).tell(sensed.transitions());
    return Effect()
        .persist(events)
        .thenReply(
            command.replyTo(),
            next -> new Taken(seqNr(), sensed.accepted().size(), sensed.unchanged(), last));
  }

  /** Turns the transitions of one delivery into events. */
  private final class Telling {
    private final KpiDefinition definition;
    private final Take command;
    private final Instant now;
    private final List<Event> events;
    private @Nullable Episode open;
    private @Nullable Episode lastOpened;
    private @Nullable String loop;

    Telling(State state, Take command, Instant now, List<Event> events) {
      this.definition = state.tracked().definition();
      this.command = command;
      this.now = now;
      this.events = events;
      this.open = openEpisode(state);
      this.loop = command.cause().correlationId();
    }

    /** Answers the episode open after the transitions; where none is, the last they opened. */
    @Nullable Episode tell(List<Transition> transitions) {
      for (Transition transition : transitions) {
        if (transition instanceof Sensing.Opened first) {
          open = opened(first);
          lastOpened = open;
        } else if (transition instanceof Sensing.Worsened worse) {
          open = worsened(open, worse);
        } else if (transition instanceof Sensing.Closed back) {
          Episode over = closed(open, back);
          if (lastOpened != null && lastOpened.id().equals(over.id())) {
            lastOpened = over;
          }
          open = null;
        } else if (transition instanceof Sensing.Past past) {
          Episode episode = opened(past.opened());
          lastOpened =
              closed(
                  past.worsened() == null ? episode : worsened(episode, past.worsened()),
                  past.closed());
        }
      }
      return open == null ? lastOpened : open;
    }

    private Episode opened(Sensing.Opened first) {
      // The number this event will have makes the id: an instant may see two episodes open.
      long number = seqNr() + events.size() + 1;
      String episodeId = EntityIds.derived("episode", id, Long.toString(number));
      Episode episode =
          Episode.opened(
              episodeId,
              loop == null ? episodeId : loop,
              command.mode().isLive(first.at(), now),
              first.at(),
              first.anomaly());
      loop = null; // the delivery's own loop has one beginning; a further episode is another
      events.add(new AnomalyOpened(episode, definition, now, command.cause()));
      return episode;
    }

    private Episode worsened(Episode episode, Sensing.Worsened worse) {
      Episode next = episode.worsened(worse.anomaly().severity());
      events.add(new AnomalyWorsened(next, worse.at(), worse.anomaly(), now, command.cause()));
      return next;
    }

    private Episode closed(Episode episode, Sensing.Closed back) {
      Episode next = episode.closed(back.at(), back.value());
      events.add(new AnomalyClosed(next, now, command.cause()));
      return next;
    }
  }

  private ReplyEffect<Event, State> retire(State state, Retire command) {
    long revision = state.tracked().revision();
    if (command.expectedRevision() != null && command.expectedRevision() != revision) {
      return outdated(command.expectedRevision(), revision, command.replyTo());
    }
    return Effect()
        .persist(new Retired(clock.instant(), command.cause()))
        .thenReply(command.replyTo(), next -> new Accepted(revision, seqNr(), false));
  }

  private ReplyEffect<Event, State> retiredBefore(State state, Retire command) {
    return Effect()
        .reply(command.replyTo(), new Accepted(state.tracked().revision(), seqNr(), false));
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    Tracked tracked = state.tracked();
    List<Sample> recent = tracked.sensing().recent();
    return Effect()
        .reply(
            command.replyTo(),
            new Current(
                tracked.definition(),
                tracked.revision(),
                seqNr(),
                state instanceof RetiredKpi,
                recent.isEmpty() ? null : recent.get(recent.size() - 1),
                openEpisode(state)));
  }

  private ReplyEffect<Event, State> undefined(ActorRef<Reply> replyTo) {
    return Effect()
        .reply(
            replyTo,
            new Rejected(
                NOT_FOUND, "There is no KPI '" + id + "'. Define it with PUT /kpis/" + id + "."));
  }

  private ReplyEffect<Event, State> retired(ActorRef<Reply> replyTo) {
    return Effect()
        .reply(
            replyTo, new Rejected(WRONG_STATE, "KPI '" + id + "' is retired and takes no more."));
  }

  private ReplyEffect<Event, State> outdated(
      long expected, long revision, ActorRef<Reply> replyTo) {
    return Effect()
        .reply(
            replyTo,
            new Rejected(
                REVISION_MISMATCH,
                "Expected KPI '%s' at revision %d, but it is at %d."
                    .formatted(id, expected, revision)));
  }

  private static @Nullable Episode openEpisode(State state) {
    return state instanceof Breached breached ? breached.episode() : null;
  }

  private long seqNr() {
    return lastSequenceNumber(context);
  }

  // Housekeeping

  @Override
  public boolean shouldSnapshot(State state, Event event, long sequenceNr) {
    return Snapshots.isDue(id, sequenceNr);
  }
}
