package io.twinloop.entities.organization;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.KnownProperties;
import io.twinloop.domain.organization.NodeChange;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
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
 * A node of the organisation, with the relations that go out from it. Absent → Present → Retired.
 */
public final class OrgNode
    extends EventSourcedBehaviorWithEnforcedReplies<OrgNode.Command, OrgNode.Event, OrgNode.State> {

  // Identity

  public static final EntityTypeKey<Command> KEY = EntityTypeKey.create(Command.class, "OrgNode");

  /** Starts the nodes' shards on nodes with the role {@code entities}, a proxy on the others. */
  public static void init(ClusterSharding sharding, Clock clock) {
    sharding.init(
        Entity.of(KEY, context -> create(context.getEntityId(), clock)).withRole("entities"));
  }

  public static Behavior<Command> create(String id, Clock clock) {
    return Behaviors.setup(context -> new OrgNode(context, id, clock));
  }

  // Commands

  public sealed interface Command extends CborSerializable {
    ActorRef<Reply> replyTo();

    /** The revision the command was meant for, absent where any is. */
    default @Nullable Long expectedRevision() {
      return null;
    }
  }

  /** Creates the node, or replaces its label and properties. Relations stay. */
  public record Put(
      NodeType type,
      String label,
      NodeProperties properties,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Changes parts of the node.
   *
   * @param mergePatch a JSON merge patch (RFC 7396) of {@code {type, label, properties}}
   */
  public record Patch(
      ObjectNode mergePatch, @Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Begins a relation to another node or a KPI, or changes it.
   *
   * @param targetType as the target itself says
   * @param validFrom since when it holds; absent means now, or for a relation that holds: unchanged
   */
  public record Relate(
      RelationType relation,
      String targetId,
      NodeType targetType,
      NodeProperties properties,
      @Nullable Instant validFrom,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Ends a relation.
   *
   * @param validUntil when it ended, not in the future; absent means now
   */
  public record Unrelate(
      RelationType relation,
      String targetId,
      @Nullable Instant validUntil,
      @Nullable Long expectedRevision,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command {}

  /** Takes the node out of the organisation; its relations end. */
  public record Retire(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command {}

  // Replies

  public sealed interface Reply extends CborSerializable {}

  /**
   * Done, or so already.
   *
   * @param created whether the node, or the relation, is new
   * @param unchanged whether all was so before: nothing was stored
   */
  public record Accepted(long revision, long seqNr, boolean created, boolean unchanged)
      implements Reply {}

  /** The node as it is, or as it was when it was retired. */
  public record Current(
      NodeContent content, List<Relation> relations, long revision, boolean retired)
      implements Reply {}

  public record Rejected(String code, String sentence) implements Reply {}

  // Events

  public sealed interface Event extends CborSerializable {
    State applyTo(State state);

    Instant at();

    Cause cause();
  }

  public record NodeCreated(NodeContent content, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(new Node(content, List.of(), 1));
    }
  }

  public record NodeChanged(NodeChange change, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().changed(change));
    }
  }

  /** A relation begins; it holds from its {@code validFrom}. */
  public record Related(Relation relation, Instant at, Cause cause) implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().replaced(Optional.empty(), Optional.of(relation)));
    }
  }

  /** What is said of a relation that holds was changed: the same type, to the same target. */
  public record RelationChanged(Relation before, Relation after, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().replaced(Optional.of(before), Optional.of(after)));
    }
  }

  /** A relation ended; it held from its {@code validFrom} until before {@code validUntil}. */
  public record Unrelated(Relation relation, Instant validUntil, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().replaced(Optional.of(relation), Optional.empty()));
    }
  }

  /** The node is gone, and with it the relations that went out from it: they held until now. */
  public record NodeRetired(List<Relation> ended, Instant at, Cause cause) implements Event {
    public NodeRetired {
      ended = List.copyOf(ended);
    }

    @Override
    public State applyTo(State state) {
      return new RetiredNode(state.node().retired());
    }
  }

  // States

  public sealed interface State extends CborSerializable {
    /** What is known of it; nothing before it is created. */
    @Nullable Node node();
  }

  public record Absent() implements State {
    @Override
    public @Nullable Node node() {
      return null;
    }
  }

  public record Present(Node node) implements State {}

  public record RetiredNode(Node node) implements State {}

  /**
   * What every node that was created knows.
   *
   * @param relations those that go out from it and have not ended
   * @param revision counts its changes
   */
  public record Node(NodeContent content, List<Relation> relations, long revision) {
    public Node {
      relations = List.copyOf(relations);
    }

    Optional<Relation> relation(RelationType type, String targetId) {
      return relations.stream().filter(relation -> relation.is(type, targetId)).findFirst();
    }

    Node changed(NodeChange change) {
      return new Node(content.with(change), relations, revision + 1);
    }

    Node replaced(Optional<Relation> before, Optional<Relation> after) {
      List<Relation> next = new ArrayList<>(relations);
      before.ifPresent(next::remove);
      after.ifPresent(next::add);
      return new Node(content, next, revision + 1);
    }

    Node retired() {
      return new Node(content, List.of(), revision + 1);
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private OrgNode(ActorContext<Command> context, String id, Clock clock) {
    super(
        PersistenceId.of(KEY.name(), id),
        SupervisorStrategy.restartWithBackoff(Duration.ofMillis(200), Duration.ofSeconds(5), 0.1));
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
        .onCommand(Put.class, ifCurrent(this::begin))
        .onCommand(Patch.class, command -> absent(command.replyTo()))
        .onCommand(Relate.class, command -> absent(command.replyTo()))
        .onCommand(Unrelate.class, command -> absent(command.replyTo()))
        .onCommand(Retire.class, command -> absent(command.replyTo()))
        .onCommand(Get.class, command -> absent(command.replyTo()));
    commands
        .forStateType(Present.class)
        .onCommand(Put.class, ifCurrent(this::put))
        .onCommand(Patch.class, ifCurrent(this::patch))
        .onCommand(Relate.class, ifCurrent(this::relate))
        .onCommand(Unrelate.class, ifCurrent(this::unrelate))
        .onCommand(Retire.class, ifCurrent(this::retire))
        .onCommand(Get.class, this::get);
    commands
        .forStateType(RetiredNode.class)
        .onCommand(Put.class, command -> retired(command.replyTo()))
        .onCommand(Patch.class, command -> retired(command.replyTo()))
        .onCommand(Relate.class, command -> retired(command.replyTo()))
        .onCommand(Unrelate.class, (state, command) -> unchanged(state, command.replyTo()))
        .onCommand(Retire.class, (state, command) -> unchanged(state, command.replyTo()))
        .onCommand(Get.class, this::get);
    return commands.build();
  }

  @Override
  public EventHandler<State, Event> eventHandler() {
    return newEventHandlerBuilder()
        .forAnyState()
        .onAnyEvent((state, event) -> event.applyTo(state));
  }

  /** A handler that is asked only when the command was meant for the node as it is. */
  private <S extends State, C extends Command> Handler<S, C> ifCurrent(Handler<S, C> handler) {
    return (state, command) -> {
      Long expected = command.expectedRevision();
      long revision = state.node() == null ? 0 : state.node().revision();
      return expected == null || expected == revision
          ? handler.apply(state, command)
          : rejected(
              REVISION_MISMATCH,
              "Expected node '%s' at revision %d, but it is at %d."
                  .formatted(id, expected, revision),
              command.replyTo());
    };
  }

  private interface Handler<S extends State, C extends Command>
      extends BiFunction<S, C, ReplyEffect<Event, State>> {}

  private ReplyEffect<Event, State> begin(State state, Put command) {
    NodeContent content = new NodeContent(command.type(), command.label(), command.properties());
    if (!content.problems().isEmpty()) {
      return invalid(Problem.sentence(content.problems()), command.replyTo());
    }
    return changed(
        new NodeCreated(content, clock.instant(), command.cause()), true, command.replyTo());
  }

  private ReplyEffect<Event, State> put(State state, Put command) {
    Node node = state.node();
    if (node.content().type() != command.type()) {
      return rejected(
          ALREADY_EXISTS,
          "'%s' is a %s and cannot become a %s; choose another id."
              .formatted(id, node.content().type().wireName(), command.type().wireName()),
          command.replyTo());
    }
    NodeContent content = new NodeContent(command.type(), command.label(), command.properties());
    if (!content.problems().isEmpty()) {
      return invalid(Problem.sentence(content.problems()), command.replyTo());
    }
    return change(state, content, command.cause(), command.replyTo());
  }

  private ReplyEffect<Event, State> patch(State state, Patch command) {
    NodeContent.Patched patched = state.node().content().patched(command.mergePatch());
    if (patched instanceof NodeContent.Sound sound) {
      return change(state, sound.content(), command.cause(), command.replyTo());
    }
    List<Problem> problems = ((NodeContent.Refused) patched).problems();
    return invalid(Problem.sentence(problems), command.replyTo());
  }

  private ReplyEffect<Event, State> change(
      State state, NodeContent content, Cause cause, ActorRef<Reply> replyTo) {
    Node node = state.node();
    if (node.content().equals(content)) {
      return unchanged(state, replyTo);
    }
    return changed(
        new NodeChanged(node.content().changeTo(content), clock.instant(), cause), false, replyTo);
  }

  private ReplyEffect<Event, State> relate(State state, Relate command) {
    Node node = state.node();
    Optional<String> wrongEnds =
        command
            .relation()
            .refusal(id, node.content().type(), command.targetId(), command.targetType());
    if (wrongEnds.isPresent()) {
      return invalid(wrongEnds.get(), command.replyTo());
    }
    List<Problem> problems = KnownProperties.problems(command.relation(), command.properties());
    if (!problems.isEmpty()) {
      return invalid(Problem.sentence(problems), command.replyTo());
    }
    Instant now = clock.instant();
    Optional<Relation> before = node.relation(command.relation(), command.targetId());
    Instant since =
        command.validFrom() != null
            ? command.validFrom()
            : before.map(Relation::validFrom).orElse(now);
    if (!Relation.isTime(since)) {
      return invalid(
          "validFrom is %s, expected a time from 1900 to 2199.".formatted(since),
          command.replyTo());
    }
    Relation relation =
        new Relation(
            command.relation(),
            command.targetId(),
            command.targetType(),
            command.properties(),
            since);
    if (before.isEmpty()) {
      return changed(new Related(relation, now, command.cause()), true, command.replyTo());
    }
    if (before.get().equals(relation)) {
      return unchanged(state, command.replyTo());
    }
    return changed(
        new RelationChanged(before.get(), relation, now, command.cause()),
        false,
        command.replyTo());
  }

  private ReplyEffect<Event, State> unrelate(State state, Unrelate command) {
    Node node = state.node();
    Optional<Relation> held = node.relation(command.relation(), command.targetId());
    if (held.isEmpty()) {
      return unchanged(state, command.replyTo());
    }
    Instant now = clock.instant();
    Instant since = held.get().validFrom();
    if (command.validUntil() != null
        && (command.validUntil().isBefore(since) || command.validUntil().isAfter(now))) {
      return invalid(
          "validUntil is %s, expected a time from %s, when the relation began, to now."
              .formatted(command.validUntil(), since),
          command.replyTo());
    }
    Instant until = command.validUntil() == null ? later(since, now) : command.validUntil();
    return changed(
        new Unrelated(held.get(), until.truncatedTo(ChronoUnit.MICROS), now, command.cause()),
        false,
        command.replyTo());
  }

  private ReplyEffect<Event, State> retire(State state, Retire command) {
    Node node = state.node();
    return changed(
        new NodeRetired(node.relations(), clock.instant(), command.cause()),
        false,
        command.replyTo());
  }

  private ReplyEffect<Event, State> get(State state, Get command) {
    Node node = state.node();
    return Effect()
        .reply(
            command.replyTo(),
            new Current(
                node.content(), node.relations(), node.revision(), state instanceof RetiredNode));
  }

  private ReplyEffect<Event, State> changed(Event event, boolean created, ActorRef<Reply> replyTo) {
    return Effect()
        .persist(event)
        .thenReply(replyTo, next -> new Accepted(next.node().revision(), seqNr(), created, false));
  }

  private ReplyEffect<Event, State> unchanged(State state, ActorRef<Reply> replyTo) {
    return Effect().reply(replyTo, new Accepted(state.node().revision(), seqNr(), false, true));
  }

  private ReplyEffect<Event, State> absent(ActorRef<Reply> replyTo) {
    return rejected(
        NOT_FOUND,
        "There is no node '" + id + "'. Create it with PUT /twin/nodes/" + id + ".",
        replyTo);
  }

  private ReplyEffect<Event, State> retired(ActorRef<Reply> replyTo) {
    return rejected(
        WRONG_STATE,
        "Node '" + id + "' is retired and cannot be changed; choose another id.",
        replyTo);
  }

  private ReplyEffect<Event, State> invalid(String sentence, ActorRef<Reply> replyTo) {
    return rejected(REFUSED, sentence, replyTo);
  }

  private ReplyEffect<Event, State> rejected(
      String code, String sentence, ActorRef<Reply> replyTo) {
    return Effect().reply(replyTo, new Rejected(code, sentence));
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
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
