package io.twinloop.entities.organization;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.ComplianceDeadline;
import io.twinloop.domain.organization.Headcount;
import io.twinloop.domain.organization.NodeChange;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Repeatable;
import io.twinloop.entities.Restarts;
import io.twinloop.serialization.CborSerializable;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
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
import org.apache.pekko.persistence.typed.javadsl.CommandHandlerWithReply;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehaviorWithEnforcedReplies;
import org.apache.pekko.persistence.typed.javadsl.ReplyEffect;
import org.apache.pekko.persistence.typed.javadsl.RetentionCriteria;
import org.jspecify.annotations.Nullable;

/**
 * A node of the organisation, with the relations that go out from it and what there is to worry
 * about. Absent → Present → Retired.
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

  /**
   * Changes a unit's {@code headcount} by so many, once. A headcount that is not known stays so.
   *
   * @param roleId of the one who came or left, absent where it is not known
   * @param toldElsewhere whether the role itself tells of its vacancy: one is enough
   * @param adjustmentId the same for a repetition, which then changes nothing
   */
  public record ChangeHeadcount(
      int by,
      @Nullable String roleId,
      boolean toldElsewhere,
      String adjustmentId,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command, Repeatable {}

  /**
   * A breach of a process's service level was resolved; what follows from it, once.
   *
   * @param resolutionDays how long it took, in days of 24 hours
   * @param measured the properties that follow, as a merge patch of them
   * @param adjustmentId the same for a repetition, which then changes nothing
   */
  public record ResolveSla(
      double resolutionDays,
      ObjectNode measured,
      String adjustmentId,
      Cause cause,
      ActorRef<Reply> replyTo)
      implements Command, Repeatable {}

  /** Reminds of an obligation's deadline, so many days before it. */
  public record Remind(int stageDays, Cause cause, ActorRef<Reply> replyTo)
      implements Command, Repeatable {}

  /** Takes the node out of the organisation; its relations end. */
  public record Retire(@Nullable Long expectedRevision, Cause cause, ActorRef<Reply> replyTo)
      implements Command {}

  public record Get(ActorRef<Reply> replyTo) implements Command, Repeatable {}

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
      return new Present(new Node(content, List.of(), 1, List.of(), List.of()));
    }
  }

  /**
   * The content changed.
   *
   * @param adjustmentId of a change that counts once, absent for others
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record NodeChanged(
      NodeChange change, @Nullable String adjustmentId, Instant at, Cause cause) implements Event {
    public NodeChanged(NodeChange change, Instant at, Cause cause) {
      this(change, null, at, cause);
    }

    @Override
    public State applyTo(State state) {
      return new Present(state.node().changed(change).adjusted(adjustmentId));
    }
  }

  /**
   * There is something to worry about, or an open concern is to be told again.
   *
   * @param content of the node then
   */
  public record ConcernRaised(
      OpenConcern concern, boolean again, NodeContent content, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().without(concern).with(concern));
    }
  }

  /**
   * A concern is over.
   *
   * @param value that is back within its limit, absent where none was measured
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record ConcernSettled(OpenConcern concern, @Nullable Double value, Instant at, Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().without(concern));
    }
  }

  /**
   * A breach of the process's service level was resolved.
   *
   * @param slaDays how long it may take, absent where the process has no service level
   * @param endsEpisode whether that ends a breach of its cause's loop; where the process's own
   *     concern belongs to that loop, its end is told by that concern
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SlaResolved(
      double resolutionDays,
      @Nullable Double slaDays,
      boolean endsEpisode,
      String adjustmentId,
      Instant at,
      Cause cause)
      implements Event {
    @Override
    public State applyTo(State state) {
      return new Present(state.node().adjusted(adjustmentId).next());
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
   * @param concerns those that are open
   * @param adjustments the last {@value #REMEMBERED_ADJUSTMENTS} that may be repeated
   */
  public record Node(
      NodeContent content,
      List<Relation> relations,
      long revision,
      List<OpenConcern> concerns,
      List<String> adjustments) {

    private static final int REMEMBERED_ADJUSTMENTS = 32;

    public Node {
      relations = List.copyOf(relations);
      // Snapshots of earlier releases know neither.
      concerns = concerns == null ? List.of() : List.copyOf(concerns);
      adjustments = adjustments == null ? List.of() : List.copyOf(adjustments);
    }

    Optional<Relation> relation(RelationType type, String targetId) {
      return relations.stream().filter(relation -> relation.is(type, targetId)).findFirst();
    }

    Node changed(NodeChange change) {
      return new Node(content.with(change), relations, revision, concerns, adjustments).next();
    }

    Node replaced(Optional<Relation> before, Optional<Relation> after) {
      List<Relation> next = new ArrayList<>(relations);
      before.ifPresent(next::remove);
      after.ifPresent(next::add);
      return new Node(content, next, revision, concerns, adjustments).next();
    }

    Node with(OpenConcern concern) {
      List<OpenConcern> next = new ArrayList<>(concerns);
      next.add(concern);
      return new Node(content, relations, revision, next, adjustments);
    }

    Node without(OpenConcern concern) {
      List<OpenConcern> next = new ArrayList<>(concerns);
      next.removeIf(open -> open.id().equals(concern.id()));
      return new Node(content, relations, revision, next, adjustments).next();
    }

    Node adjusted(@Nullable String adjustmentId) {
      if (adjustmentId == null) {
        return this;
      }
      List<String> known = new ArrayList<>(adjustments);
      known.add(adjustmentId);
      int forget = Math.max(0, known.size() - REMEMBERED_ADJUSTMENTS);
      return new Node(content, relations, revision, concerns, known.subList(forget, known.size()));
    }

    Node next() {
      return new Node(content, relations, revision + 1, concerns, adjustments);
    }

    Node retired() {
      return new Node(content, List.of(), revision, List.of(), adjustments).next();
    }
  }

  // Behaviour

  private final ActorContext<Command> context;
  private final String id;
  private final Clock clock;

  private OrgNode(ActorContext<Command> context, String id, Clock clock) {
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
        .onCommand(Put.class, ifCurrent(this::begin))
        .onCommand(Patch.class, command -> absent(command.replyTo()))
        .onCommand(Relate.class, command -> absent(command.replyTo()))
        .onCommand(Unrelate.class, command -> absent(command.replyTo()))
        .onCommand(ChangeHeadcount.class, command -> absent(command.replyTo()))
        .onCommand(ResolveSla.class, command -> absent(command.replyTo()))
        .onCommand(Remind.class, command -> absent(command.replyTo()))
        .onCommand(Retire.class, command -> absent(command.replyTo()))
        .onCommand(Get.class, command -> absent(command.replyTo()));
    commands
        .forStateType(Present.class)
        .onCommand(Put.class, ifCurrent(this::put))
        .onCommand(Patch.class, ifCurrent(this::patch))
        .onCommand(Relate.class, ifCurrent(this::relate))
        .onCommand(Unrelate.class, ifCurrent(this::unrelate))
        .onCommand(ChangeHeadcount.class, this::changeHeadcount)
        .onCommand(ResolveSla.class, this::resolveSla)
        .onCommand(Remind.class, this::remind)
        .onCommand(Retire.class, ifCurrent(this::retire))
        .onCommand(Get.class, this::get);
    commands
        .forStateType(RetiredNode.class)
        .onCommand(Put.class, command -> retired(command.replyTo()))
        .onCommand(Patch.class, command -> retired(command.replyTo()))
        .onCommand(Relate.class, command -> retired(command.replyTo()))
        .onCommand(Unrelate.class, (state, command) -> unchanged(state, command.replyTo()))
        .onCommand(ChangeHeadcount.class, command -> retired(command.replyTo()))
        .onCommand(ResolveSla.class, command -> retired(command.replyTo()))
        .onCommand(Remind.class, (state, command) -> unchanged(state, command.replyTo()))
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
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    events.add(new NodeCreated(content, now, command.cause()));
    telling(events, now, command.cause()).tell(List.of(), null, content);
    return changed(events, true, command.replyTo());
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
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    events.add(new NodeChanged(node.content().changeTo(content), now, cause));
    telling(events, now, cause).tell(node.concerns(), node.content(), content);
    return changed(events, false, replyTo);
  }

  private ReplyEffect<Event, State> changeHeadcount(State state, ChangeHeadcount command) {
    Node node = state.node();
    Optional<NodeContent> content = Headcount.changed(node.content(), command.by());
    if (node.adjustments().contains(command.adjustmentId()) || content.isEmpty()) {
      return unchanged(state, command.replyTo());
    }
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    events.add(
        new NodeChanged(
            node.content().changeTo(content.get()), command.adjustmentId(), now, command.cause()));
    telling(events, now, command.cause())
        .broughtAboutBy(command.roleId(), !command.toldElsewhere())
        .tell(node.concerns(), node.content(), content.get());
    return changed(events, false, command.replyTo());
  }

  private ReplyEffect<Event, State> resolveSla(State state, ResolveSla command) {
    Node node = state.node();
    if (node.adjustments().contains(command.adjustmentId())) {
      return unchanged(state, command.replyTo());
    }
    NodeContent.Patched patched = node.content().patchedProperties(command.measured());
    if (patched instanceof NodeContent.Refused refused) {
      return invalid(Problem.sentence(refused.problems()), command.replyTo());
    }
    NodeContent content = ((NodeContent.Sound) patched).content();
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    if (!content.equals(node.content())) {
      events.add(new NodeChanged(node.content().changeTo(content), now, command.cause()));
    }
    Double slaDays = content.number("sla_days");
    boolean isOwn =
        node.concerns().stream()
            .anyMatch(open -> open.correlationId().equals(command.cause().correlationId()));
    events.add(
        new SlaResolved(
            command.resolutionDays(),
            slaDays,
            slaDays != null && !SlaBreach.is(command.resolutionDays(), slaDays) && !isOwn,
            command.adjustmentId(),
            now,
            command.cause()));
    telling(events, now, command.cause()).tell(node.concerns(), node.content(), content);
    return changed(events, false, command.replyTo());
  }

  private ReplyEffect<Event, State> remind(State state, Remind command) {
    Node node = state.node();
    Instant now = clock.instant();
    Optional<ComplianceDeadline> deadline = ComplianceDeadline.of(node.content());
    if (deadline.isPresent() && now.isBefore(deadline.get().dueAt(command.stageDays()))) {
      return rejected(
          WRONG_STATE,
          "The reminder of '%s' %d days before its deadline is due at %s, not yet at %s."
              .formatted(id, command.stageDays(), deadline.get().dueAt(command.stageDays()), now),
          command.replyTo());
    }
    List<Event> events = new ArrayList<>();
    telling(events, now, command.cause()).tell(node.concerns(), node.content(), node.content());
    return events.isEmpty()
        ? unchanged(state, command.replyTo())
        : changed(events, false, command.replyTo());
  }

  private NodeConcerns telling(List<Event> events, Instant now, Cause cause) {
    return new NodeConcerns(id, seqNr() + 1, events, now, cause);
  }

  private ReplyEffect<Event, State> relate(State state, Relate command) {
    Node node = state.node();
    Instant now = clock.instant();
    Relation.Wanted wanted =
        new Relation.Wanted(
            command.relation(),
            command.targetId(),
            command.targetType(),
            command.properties(),
            command.validFrom());
    Optional<Relation> before = node.relation(command.relation(), command.targetId());
    Optional<String> refusal = wanted.refusal(id, node.content().type());
    if (refusal.isPresent()) {
      return invalid(refusal.get(), command.replyTo());
    }
    Relation relation = wanted.relation(before, now);
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
    Instant now = clock.instant();
    List<Event> events = new ArrayList<>();
    for (OpenConcern open : node.concerns()) {
      events.add(new ConcernSettled(open, null, now, command.cause()));
    }
    events.add(new NodeRetired(node.relations(), now, command.cause()));
    return changed(events, false, command.replyTo());
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
    return changed(List.of(event), created, replyTo);
  }

  private ReplyEffect<Event, State> changed(
      List<Event> events, boolean created, ActorRef<Reply> replyTo) {
    return Effect()
        .persist(events)
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
