package io.twinloop.entities.process;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.RecentCases;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
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
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.jspecify.annotations.Nullable;

/** How the cases of one process go through, as they end. Flowing ⇄ HeldUp. */
public final class ProcessFlow
    extends EventSourcedBehaviorWithEnforcedReplies<
        ProcessFlow.Command, ProcessFlow.Event, ProcessFlow.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "ProcessFlow");

  /** Starts the flows' shards on nodes with the role {@code entities}, a proxy on the others. */
  public static void init(ClusterSharding sharding, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock)).withRole("entities"));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new ProcessFlow(context, id, clock));
  }

  // Commands

  public sealed interface Command extends CborSerializable {}

  /** A case that ended; {@code live} where the outside may be told what follows from it. */
  public record Ended(RecentCases.Closed closed, boolean live) {}

  /** Cases ended. Telling it again changes nothing. */
  public record Close(List<Ended> cases, Cause cause, ActorRef<Reply> replyTo)
      implements Command, Repeatable {
    public Close {
      cases = List.copyOf(cases);
    }
  }

  /**
   * Where cases wait the most now.
   *
   * @param bottleneck absent where nothing holds them up so much that it is worth saying
   * @param ownerUnitId the unit that owns the process, where one does
   */
  public record Lead(
      @Nullable Bottleneck bottleneck,
      @Nullable String ownerUnitId,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  /**
   * The flow as it is.
   *
   * @param bottleneck the one that was identified last and has not been left
   */
  public record Current(RecentCases recent, @Nullable Bottleneck bottleneck, long seqNr)
      implements Reply {}

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Instant at();

    Cause cause();
  }

  /**
   * A case that ended, and the mean of the last {@value RecentCases#SIZE} that ended, with it.
   *
   * @param meanDays in days of 24 hours
   */
  public record Averaged(RecentCases.Closed closed, boolean live, double meanDays) {}

  /** Cases ended that are among the last ones. */
  public record CasesEnded(List<Averaged> cases, Instant at, Cause cause) implements Event {
    public CasesEnded {
      cases = List.copyOf(cases);
    }

    @Override
    public State applyTo(State state) {
      RecentCases recent = state.recent();
      for (Averaged averaged : cases) {
        recent = recent.with(averaged.closed());
      }
      return state.with(recent);
    }
  }

  /** Another place holds the cases up the most. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record BottleneckIdentified(
      Bottleneck bottleneck,
      @Nullable String ownerUnitId,
      String correlationId,
      Instant at,
      Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new HeldUp(state.recent(), bottleneck, correlationId);
    }
  }

  /** The place that held the cases up the most does so no more. */
  public record BottleneckLeft(Bottleneck bottleneck, String correlationId, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Flowing(state.recent());
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    RecentCases recent();

    /** This state, after further cases. */
    State with(RecentCases recent);

    default @Nullable Bottleneck bottleneck() {
      return null;
    }
  }

  public record Flowing(RecentCases recent) implements State {
    @Override
    public State with(RecentCases recent) {
      return new Flowing(recent);
    }
  }

  public record HeldUp(RecentCases recent, Bottleneck bottleneck, String correlationId)
      implements State {
    @Override
    public State with(RecentCases recent) {
      return new HeldUp(recent, bottleneck, correlationId);
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private ProcessFlow(ActorContext<Command> context, String id, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
    this.context = context;
    this.id = id;
    this.clock = clock;
  }

  @Override
  public State emptyState() {
    return new Flowing(RecentCases.NONE);
  }

  @Override
  public CommandHandlerWithReply<Command, Event, State> commandHandler() {
    var commands = newCommandHandlerWithReplyBuilder();
    commands
        .forAnyState()
        .onCommand(Close.class, this::close)
        .onCommand(Lead.class, this::lead)
        .onCommand(Get.class, this::get);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  private ReplyEffect<Event, State> close(State state, Close command) {
    RecentCases recent = state.recent();
    List<Averaged> averaged = new ArrayList<>();
    for (Ended ended : command.cases()) {
      RecentCases next = recent.with(ended.closed());
      if (!next.equals(recent)) {
        averaged.add(new Averaged(ended.closed(), ended.live(), next.meanDays()));
      }
      recent = next;
    }
    return tell(
        averaged.isEmpty()
            ? List.of()
            : List.of(new CasesEnded(averaged, clock.instant(), command.cause())),
        command.replyTo());
  }

  private ReplyEffect<Event, State> lead(State state, Lead command) {
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    if (!placeOf(state.bottleneck()).equals(placeOf(command.bottleneck()))) {
      if (state instanceof HeldUp before) {
        events.add(
            new BottleneckLeft(before.bottleneck(), before.correlationId(), now, command.cause()));
      }
      if (command.bottleneck() != null) {
        events.add(identified(events.size(), command, now));
      }
    }
    return tell(events, command.replyTo());
  }

  private BottleneckIdentified identified(int before, Lead command, Instant now) {
    // The number this event will have makes the loop's id: the same place may lead twice.
    long number = seqNr() + before + 1;
    return new BottleneckIdentified(
        command.bottleneck(),
        command.ownerUnitId(),
        command.cause().correlationIdOr(EntityIds.derived("bottleneck", id, Long.toString(number))),
        now,
        command.cause());
  }

  private static Optional<Pair> placeOf(@Nullable Bottleneck bottleneck) {
    return Optional.ofNullable(bottleneck).map(at -> new Pair(at.from(), at.to()));
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    return tell(List.of(), command.replyTo());
  }

  private ReplyEffect<Event, State> tell(List<Event> events, ActorRef<Reply> replyTo) {
    return Effect()
        .persist(events)
        .thenReply(replyTo, next -> new Current(next.recent(), next.bottleneck(), seqNr()));
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
