package io.twinloop.entities.workflow;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;

import io.twinloop.entities.Cause;
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

/**
 * A workflow definition in all its versions, each immutable. Unknown → Known.
 *
 * <p>The source has been parsed and found valid by the sender; the entity keeps it and guards that
 * a version never changes.
 */
public final class WorkflowDefinition
    extends EventSourcedBehaviorWithEnforcedReplies<
        WorkflowDefinition.Command, WorkflowDefinition.Event, WorkflowDefinition.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY =
      EntityTypeKey.create(Command.class, "WorkflowDefinition");

  /** The entity's id: both names, which have no colon. */
  public static String idOf(String namespace, String name) {
    return namespace + ":" + name;
  }

  public static void init(ClusterSharding sharding, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock)).withRole("entities"));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new WorkflowDefinition(context, id, clock));
  }

  // Commands

  public sealed interface Command extends CborSerializable {}

  /** Adds a version; the same source again changes nothing. */
  public record Register(String version, String source, Cause cause, ActorRef<Reply> replyTo)
      implements Command, Repeatable {}

  /** Asks for a version, or for the one registered last. */
  public record Get(@Nullable String version, ActorRef<Reply> replyTo)
      implements Command, Repeatable {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  public record Accepted(String version, long seqNr, boolean created) implements Reply {}

  public record Found(String version, String source) implements Reply {}

  public record Rejected(String code, String sentence) implements Reply {}

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Instant at();
  }

  public record VersionRegistered(String version, String source, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      List<Version> versions = new ArrayList<>(state.versions());
      versions.add(new Version(version, source));
      return new Known(List.copyOf(versions));
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    /** In the order they were registered. */
    List<Version> versions();

    /** The version named, or the one registered last. */
    default Optional<Version> version(@Nullable String wanted) {
      return versions().stream()
          .filter(version -> wanted == null || version.version().equals(wanted))
          .reduce((earlier, later) -> later);
    }
  }

  public record Unknown() implements State {
    @Override
    public List<Version> versions() {
      return List.of();
    }
  }

  public record Known(List<Version> versions) implements State {}

  /** One immutable version. */
  public record Version(String version, String source) {}

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private WorkflowDefinition(ActorContext<Command> context, String id, Clock clock) {
    super(PersistenceId.of(KEY.name(), id), Restarts.withBackoff());
    this.context = context;
    this.id = id;
    this.clock = clock;
  }

  @Override
  public State emptyState() {
    return new Unknown();
  }

  @Override
  public CommandHandlerWithReply<Command, Event, State> commandHandler() {
    return newCommandHandlerWithReplyBuilder()
        .forAnyState()
        .onCommand(Register.class, this::register)
        .onCommand(Get.class, this::get)
        .build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  private ReplyEffect<Event, State> register(State state, Register command) {
    Optional<Version> same = state.version(command.version());
    if (same.isPresent() && same.get().source().equals(command.source())) {
      return Effect()
          .reply(
              command.replyTo(),
              new Accepted(command.version(), lastSequenceNumber(context), false));
    }
    if (same.isPresent()) {
      return Effect()
          .reply(
              command.replyTo(),
              new Rejected(
                  ALREADY_EXISTS,
                  "Workflow definition '%s' has a version %s with another content; a version never changes, so give this one a new version."
                      .formatted(id, command.version())));
    }
    return Effect()
        .persist(
            new VersionRegistered(
                command.version(), command.source(), clock.instant(), command.cause()))
        .thenReply(
            command.replyTo(),
            next -> new Accepted(command.version(), lastSequenceNumber(context), true));
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    Optional<Version> found = state.version(command.version());
    Reply reply =
        found.isPresent()
            ? new Found(found.get().version(), found.get().source())
            : new Rejected(
                NOT_FOUND,
                command.version() == null
                    ? "There is no workflow definition '" + id + "'."
                    : "There is no version %s of workflow definition '%s'."
                        .formatted(command.version(), id));
    return Effect().reply(command.replyTo(), reply);
  }

  // Housekeeping

  @Override
  public RetentionCriteria retentionCriteria() {
    return RetentionCriteria.snapshotEvery(20, 1);
  }
}
