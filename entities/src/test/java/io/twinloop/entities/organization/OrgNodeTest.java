package io.twinloop.entities.organization;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.organization.OrgNode.Absent;
import io.twinloop.entities.organization.OrgNode.Accepted;
import io.twinloop.entities.organization.OrgNode.ChangeHeadcount;
import io.twinloop.entities.organization.OrgNode.Command;
import io.twinloop.entities.organization.OrgNode.ConcernRaised;
import io.twinloop.entities.organization.OrgNode.ConcernSettled;
import io.twinloop.entities.organization.OrgNode.Current;
import io.twinloop.entities.organization.OrgNode.Event;
import io.twinloop.entities.organization.OrgNode.Get;
import io.twinloop.entities.organization.OrgNode.NodeChanged;
import io.twinloop.entities.organization.OrgNode.NodeCreated;
import io.twinloop.entities.organization.OrgNode.NodeRetired;
import io.twinloop.entities.organization.OrgNode.Patch;
import io.twinloop.entities.organization.OrgNode.Present;
import io.twinloop.entities.organization.OrgNode.Put;
import io.twinloop.entities.organization.OrgNode.Rejected;
import io.twinloop.entities.organization.OrgNode.Relate;
import io.twinloop.entities.organization.OrgNode.Related;
import io.twinloop.entities.organization.OrgNode.RelationChanged;
import io.twinloop.entities.organization.OrgNode.Remind;
import io.twinloop.entities.organization.OrgNode.Reply;
import io.twinloop.entities.organization.OrgNode.ResolveSla;
import io.twinloop.entities.organization.OrgNode.Retire;
import io.twinloop.entities.organization.OrgNode.RetiredNode;
import io.twinloop.entities.organization.OrgNode.SlaResolved;
import io.twinloop.entities.organization.OrgNode.State;
import io.twinloop.entities.organization.OrgNode.Unrelate;
import io.twinloop.entities.organization.OrgNode.Unrelated;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OrgNodeTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static ActorTestKit system;

  private MovableClock clock;
  private EntityBench<Command, Event, State, Reply> node;

  @BeforeAll
  static void start() {
    system = EntityBench.newSystem();
  }

  @AfterAll
  static void stop() {
    system.shutdownTestKit();
  }

  @BeforeEach
  void placeOnTheBench() {
    clock = new MovableClock(NOON);
    node =
        new EntityBench<>(
            system.system(), PersistenceId.of("OrgNode", "ada"), OrgNode.create("ada", clock));
  }

  // Every command in every state

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Absent.class, List.of(),
                  Present.class, List.of(person("{'fte': 1}"), worksIn("billing")),
                  RetiredNode.class, List.of(person("{'fte': 1}"), OrgNodeTest::retire)))
          .row(
              Absent.class,
              "Put",
              person("{}"),
              "Accepted",
              List.of(NodeCreated.class),
              Present.class)
          .row(Absent.class, "Put nonsense", person("{'fte': -1}"), "Rejected(refused)")
          .row(Absent.class, "Patch", patch("{'label': 'B'}"), "Rejected(not-found)")
          .row(Absent.class, "Relate", worksIn("billing"), "Rejected(not-found)")
          .row(Absent.class, "Unrelate", leaves("billing"), "Rejected(not-found)")
          .row(Absent.class, "ChangeHeadcount", headcount(-1, "e1"), "Rejected(not-found)")
          .row(Absent.class, "ResolveSla", resolved(1.5, "e1"), "Rejected(not-found)")
          .row(Absent.class, "Remind", OrgNodeTest::remind, "Rejected(not-found)")
          .row(
              Absent.class,
              "Put what is worrying",
              process("{'sla_days': 5, 'avg_duration_days': 8.2}"),
              "Accepted",
              List.of(NodeCreated.class, ConcernRaised.class),
              Present.class)
          .row(Absent.class, "Retire", OrgNodeTest::retire, "Rejected(not-found)")
          .row(Absent.class, "Get", Get::new, "Rejected(not-found)")
          .row(
              Present.class,
              "Put other content",
              person("{'fte': 0.5}"),
              "Accepted",
              List.of(NodeChanged.class),
              Present.class)
          .row(Present.class, "Put the same", person("{'fte': 1.0}"), "Accepted")
          .row(Present.class, "Put nonsense", person("{'fte': -1}"), "Rejected(refused)")
          .row(Present.class, "Put another type", put(NodeType.ROLE), "Rejected(already-exists)")
          .row(
              Present.class,
              "Patch",
              patch("{'label': 'B'}"),
              "Accepted",
              List.of(NodeChanged.class),
              Present.class)
          .row(Present.class, "Patch nothing", patch("{}"), "Accepted")
          .row(Present.class, "Patch nonsense", patch("{'label': 5}"), "Rejected(refused)")
          .row(
              Present.class,
              "Relate",
              worksIn("sales"),
              "Accepted",
              List.of(Related.class),
              Present.class)
          .row(Present.class, "Relate again", worksIn("billing"), "Accepted")
          .row(
              Present.class,
              "Relate otherwise",
              relate(RelationType.BELONGS_TO, "billing", NodeType.ORGANIZATION_UNIT, "{'a': 1}"),
              "Accepted",
              List.of(RelationChanged.class),
              Present.class)
          .row(
              Present.class,
              "Relate wrong ends",
              relate(RelationType.BELONGS_TO, "cook", NodeType.ROLE, "{}"),
              "Rejected(refused)")
          .row(
              Present.class,
              "Unrelate",
              leaves("billing"),
              "Accepted",
              List.of(Unrelated.class),
              Present.class)
          .row(Present.class, "Unrelate what is not related", leaves("sales"), "Accepted")
          .row(Present.class, "ChangeHeadcount of a person", headcount(-1, "e1"), "Accepted")
          .row(
              Present.class,
              "ResolveSla",
              resolved(1.5, "e1"),
              "Accepted",
              List.of(NodeChanged.class, SlaResolved.class),
              Present.class)
          .row(Present.class, "Remind of no deadline", OrgNodeTest::remind, "Accepted")
          .row(
              Present.class,
              "Retire",
              OrgNodeTest::retire,
              "Accepted",
              List.of(NodeRetired.class),
              RetiredNode.class)
          .row(Present.class, "Get", Get::new, "Current")
          .row(RetiredNode.class, "Put", person("{}"), "Rejected(wrong-state)")
          .row(RetiredNode.class, "Patch", patch("{'label': 'B'}"), "Rejected(wrong-state)")
          .row(RetiredNode.class, "Relate", worksIn("billing"), "Rejected(wrong-state)")
          .row(RetiredNode.class, "Unrelate", leaves("billing"), "Accepted")
          .row(RetiredNode.class, "ChangeHeadcount", headcount(1, "e1"), "Rejected(wrong-state)")
          .row(RetiredNode.class, "ResolveSla", resolved(1.5, "e1"), "Rejected(wrong-state)")
          .row(RetiredNode.class, "Remind", OrgNodeTest::remind, "Accepted")
          .row(RetiredNode.class, "Retire again", OrgNodeTest::retire, "Accepted")
          .row(RetiredNode.class, "Get", Get::new, "Current");

  /** What ends a concern, in a node that has one. */
  private static final Lifecycle<Command, Reply> WORRIED =
      new Lifecycle<Command, Reply>(
              Map.of(Present.class, List.of(process("{'sla_days': 5, 'avg_duration_days': 8.2}"))))
          .row(
              Present.class,
              "Patch what is worrying",
              patch("{'properties': {'avg_duration_days': 4}}"),
              "Accepted",
              List.of(NodeChanged.class, ConcernSettled.class),
              Present.class)
          .row(
              Present.class,
              "ResolveSla",
              resolved(1.5, "e1"),
              "Accepted",
              List.of(NodeChanged.class, SlaResolved.class, ConcernSettled.class),
              Present.class)
          .row(
              Present.class,
              "Retire",
              OrgNodeTest::retire,
              "Accepted",
              List.of(ConcernSettled.class, NodeRetired.class),
              RetiredNode.class);

  static Stream<Arguments> rows() {
    return Stream.of(LIFECYCLE, WORRIED)
        .flatMap(table -> table.rows().map(row -> Arguments.of(row, table)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(
      Row<Command, Reply> row, Lifecycle<Command, Reply> table) {
    table.wayTo(row.state()).forEach(node::run);
    assertThat(node.state()).isInstanceOf(row.state());

    var result = node.run(row.command());

    String answer =
        result.reply() instanceof Rejected rejected
            ? "Rejected(" + rejected.code() + ")"
            : result.reply().getClass().getSimpleName();
    assertThat(answer).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    if (result.reply() instanceof Accepted accepted) {
      assertThat(accepted.unchanged()).isEqualTo(result.events().isEmpty());
      assertThat(accepted.seqNr()).isEqualTo(node.stored().size());
      assertThat(accepted.revision()).as("counts changes").isEqualTo(node.stored().size());
    }
    assertThat(node.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    Set<String> missing =
        LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class);
    missing.retainAll(WORRIED.neverExercised(State.class, Command.class, Event.class, Reply.class));
    assertThat(missing).isEmpty();
  }

  // Content

  @Test
  void shouldTellWhatIsCreatedWhatIsChangedAndWhatStays() {
    assertThat(node.ask(Accepted.class, person("{'fte': 1}")))
        .isEqualTo(new Accepted(1, 1, true, false));
    assertThat(node.ask(Accepted.class, person("{'fte': 1}")))
        .isEqualTo(new Accepted(1, 1, false, true));
    assertThat(node.ask(Accepted.class, person("{'fte': 0.5}")))
        .isEqualTo(new Accepted(2, 2, false, false));
    assertThat(node.ask(Accepted.class, worksIn("billing")))
        .as("a new relation")
        .isEqualTo(new Accepted(3, 3, true, false));
  }

  @Test
  void shouldKeepHistoryOfWhatChangedWhenAndWhy() {
    node.run(person("{'fte': 1, 'seniority': 'senior'}"));
    clock.advance(Duration.ofDays(1));

    NodeChanged event =
        (NodeChanged)
            node.run(patch("{'properties': {'fte': 0.5, 'seniority': null, 'team': 'x'}}")).event();

    assertThat(event.at()).isEqualTo(NOON.plus(Duration.ofDays(1)));
    assertThat(event.cause()).isEqualTo(CAUSE);
    assertThat(event.change().label()).isNull();
    assertThat(JSON.valueToTree(event.change().properties()).toString())
        .isEqualTo(
            "{\"fte\":{\"before\":1,\"after\":0.5},"
                + "\"seniority\":{\"before\":\"senior\"},"
                + "\"team\":{\"after\":\"x\"}}");
  }

  @Test
  void shouldKeepRelationsWhenItsContentIsReplaced() {
    node.run(person("{'fte': 1}"));
    node.run(worksIn("billing"));

    node.run(person("{}"));

    Current current = node.ask(Current.class, Get::new);
    assertThat(current.content().properties()).isEqualTo(NodeProperties.NONE);
    assertThat(current.relations()).hasSize(1);
  }

  @Test
  void shouldShowItselfAsItIsAndAsItWasWhenRetired() {
    node.run(person("{'fte': 1}"));
    node.run(worksIn("billing"));
    NodeContent content =
        new NodeContent(NodeType.PERSON, "P. 17", NodeProperties.of(json("{'fte': 1}")));
    Relation relation =
        new Relation(
            RelationType.BELONGS_TO,
            "billing",
            NodeType.ORGANIZATION_UNIT,
            NodeProperties.NONE,
            NOON);

    assertThat(node.ask(Current.class, Get::new))
        .isEqualTo(new Current(content, List.of(relation), 2, false));
    NodeRetired retired = (NodeRetired) node.run(OrgNodeTest::retire).event();
    assertThat(retired.ended()).containsExactly(relation);
    assertThat(node.ask(Current.class, Get::new))
        .isEqualTo(new Current(content, List.of(), 3, true));
  }

  // Refusals

  @Test
  void shouldQuoteWhatItRefuses() {
    assertRefused(Get::new, NOT_FOUND, "no node 'ada'");
    assertRefused(person("{'fte': 7}"), REFUSED, "fte of a Person is 7");
    assertRefused(put(NodeType.KPI), REFUSED, "'KPI'");
    node.run(person("{}"));
    assertRefused(put(NodeType.ROLE), ALREADY_EXISTS, "'ada' is a Person", "a Role");
    assertRefused(patch("{'properties': {'x': 1e400}}"), REFUSED, "x is Infinity");
    assertRefused(patch("{'type': 'Role'}"), REFUSED, "'Person' to 'Role'");
    assertRefused(
        relate(RelationType.BELONGS_TO, "cook", NodeType.ROLE, "{}"),
        REFUSED,
        "BELONGS_TO goes from Person to OrganizationUnit",
        "'ada' is a Person",
        "'cook' a Role");
    assertRefused(
        relate(RelationType.REPORTS_TO, "ada", NodeType.PERSON, "{}"),
        REFUSED,
        "both ends are 'ada'");
    assertRefused(
        relate(
            RelationType.BELONGS_TO,
            "billing",
            NodeType.ORGANIZATION_UNIT,
            "{'since_date': 'once'}"),
        REFUSED,
        "since_date",
        "'once'");
    assertRefused(since(Instant.MIN), REFUSED, "validFrom is -1000000000-01-01", "1900 to 2199");
    node.run(OrgNodeTest::retire);
    assertRefused(person("{}"), WRONG_STATE, "'ada'", "retired");
  }

  @Test
  void shouldRefuseEveryChangeMeantForAnotherRevision() {
    assertRefused(
        to -> new Put(NodeType.PERSON, "P. 17", NodeProperties.NONE, 1L, CAUSE, to),
        REVISION_MISMATCH,
        "'ada'",
        "revision 1",
        "it is at 0");
    node.run(to -> new Put(NodeType.PERSON, "P. 17", NodeProperties.NONE, 0L, CAUSE, to));
    for (Function<ActorRef<Reply>, Command> outdated :
        List.<Function<ActorRef<Reply>, Command>>of(
            to -> new Put(NodeType.PERSON, "B", NodeProperties.NONE, 0L, CAUSE, to),
            to -> new Patch(json("{'label': 'B'}"), 0L, CAUSE, to),
            to ->
                new Relate(
                    RelationType.HAS_ROLE,
                    "cook",
                    NodeType.ROLE,
                    NodeProperties.NONE,
                    null,
                    0L,
                    CAUSE,
                    to),
            to -> new Unrelate(RelationType.HAS_ROLE, "cook", null, 0L, CAUSE, to),
            to -> new Retire(0L, CAUSE, to))) {
      assertRefused(outdated, REVISION_MISMATCH, "revision 0", "it is at 1");
    }
    assertThat(node.ask(Accepted.class, to -> new Retire(1L, CAUSE, to)).revision()).isEqualTo(2);
  }

  // Relations in time

  @Test
  void shouldKeepSinceWhenARelationHolds() {
    node.run(person("{}"));
    Instant longAgo = NOON.minus(Duration.ofDays(400));

    assertThat(related(since(longAgo)).validFrom()).isEqualTo(longAgo);
    assertThat(node.run(worksIn("billing")).events()).as("no time given: as it was").isEmpty();
    RelationChanged changed = (RelationChanged) node.run(since(NOON)).event();
    assertThat(changed.before().validFrom()).isEqualTo(longAgo);
    assertThat(changed.after().validFrom()).isEqualTo(NOON);
  }

  @Test
  void shouldEndARelationWhenItEnded() {
    node.run(person("{}"));
    node.run(since(NOON.minus(Duration.ofDays(400))));
    Instant yesterday = NOON.minus(Duration.ofDays(1));

    assertRefused(until(NOON.plusSeconds(1)), REFUSED, "2026-03-01T12:00:01Z", "to now");
    assertRefused(
        until(NOON.minus(Duration.ofDays(401))), REFUSED, "validUntil is 2025-01-24T12:00:00Z");
    Unrelated ended = (Unrelated) node.run(until(yesterday)).event();

    assertThat(ended.validUntil()).isEqualTo(yesterday);
    assertThat(ended.at()).isEqualTo(NOON);
    assertThat(ended.relation().validFrom()).isEqualTo(NOON.minus(Duration.ofDays(400)));
  }

  @Test
  void shouldEndNowWhatEndsWithoutATime() {
    node.run(person("{}"));
    node.run(worksIn("billing"));
    clock.advance(Duration.ofHours(1));

    Unrelated ended = (Unrelated) node.run(leaves("billing")).event();

    assertThat(ended.validUntil()).isEqualTo(NOON.plus(Duration.ofHours(1)));
  }

  @Test
  void shouldEndARelationThatIsYetToBeginAtItsBeginning() {
    node.run(person("{}"));
    Instant tomorrow = NOON.plus(Duration.ofDays(1));
    node.run(since(tomorrow));

    Unrelated ended = (Unrelated) node.run(leaves("billing")).event();

    assertThat(ended.validUntil()).as("it never held").isEqualTo(tomorrow);
  }

  @Test
  void shouldTellAKpiFromANodeWithTheSameId() {
    node.run(put(NodeType.PROCESS));

    assertThat(
            node.ask(Accepted.class, relate(RelationType.MEASURED_BY, "ada", NodeType.KPI, "{}"))
                .created())
        .isTrue();
  }

  // Concerns

  @Test
  void shouldRaiseABreachOnceAndSettleItInItsOwnLoop() {
    node.run(process("{'sla_days': 5, 'avg_duration_days': 4}"));
    clock.advance(Duration.ofDays(1));
    OpenConcern breach =
        raised(node.run(patch("{'properties': {'avg_duration_days': 8.2}}"))).concern();
    assertThat(breach.concern()).isEqualTo(new Concern.SlaExceeded(8.2, 5));
    assertThat(breach.correlationId()).isEqualTo("loop-1");
    assertThat(breach.since()).isEqualTo(NOON.plus(Duration.ofDays(1)));

    assertThat(node.run(patch("{'properties': {'avg_duration_days': 9}}")).events())
        .as("worse, but the same breach")
        .hasSize(1);

    var back =
        node.run(
            to ->
                new Patch(
                    json("{'properties': {'avg_duration_days': 5}}"),
                    null,
                    new Cause("loop-2", "request-2", "ada"),
                    to));
    assertThat(back.events())
        .last()
        .isEqualTo(
            new ConcernSettled(
                breach, 5.0, clock.instant(), new Cause("loop-2", "request-2", "ada")));
    OpenConcern next =
        raised(node.run(patch("{'properties': {'avg_duration_days': 6}}"))).concern();
    assertThat(next.id()).isNotEqualTo(breach.id());
  }

  @Test
  void shouldGiveTheSecondConcernOfAChangeALoopOfItsOwn() {
    var both =
        node.run(unit("{'headcount': 1, 'headcount_min': 2, 'budget': 10, 'forecast_eur': 11}"))
            .events();

    assertThat(both).hasSize(3);
    OpenConcern first = ((ConcernRaised) both.get(1)).concern();
    OpenConcern second = ((ConcernRaised) both.get(2)).concern();
    assertThat(first.correlationId()).isEqualTo("loop-1");
    assertThat(second.correlationId()).isEqualTo(second.id());
  }

  @Test
  void shouldCountALeaverOnceHoweverOftenItIsTold() {
    node.run(unit("{'headcount': 2, 'headcount_min': 2}"));

    var left = node.run(headcount(-1, "event-1"));
    assertThat(raised(left).concern().concern()).isEqualTo(new Concern.Understaffed(1, 2, "buyer"));
    assertThat(raised(left).concern().told()).isTrue();
    assertThat(node.run(headcount(-1, "event-1")).events()).isEmpty();
    assertThat(node.run(headcount(1, "event-2")).events())
        .last()
        .isInstanceOf(ConcernSettled.class);
    assertThat(node.run(headcount(-1, "event-1")).events()).as("still known").isEmpty();
  }

  @Test
  void shouldNotTellAVacancyThatTheRoleTells() {
    node.run(unit("{'headcount': 2, 'headcount_min': 2}"));

    var left = node.run(to -> new ChangeHeadcount(-1, "buyer", true, "event-1", CAUSE, to));

    assertThat(raised(left).concern().told()).isFalse();
  }

  @Test
  void shouldForgetTheOldestAdjustmentsOnly() {
    node.run(unit("{'headcount': 1000}"));
    for (int n = 0; n < 40; n++) {
      node.run(headcount(-1, "event-" + n));
    }

    assertThat(node.state().node().adjustments()).hasSize(32).contains("event-39", "event-8");
    assertThat(node.run(headcount(-1, "event-8")).events()).isEmpty();
    assertThat(node.recovered()).isEqualTo(node.state());
  }

  @Test
  void shouldEndABreachOfAnotherLoopWhenItIsResolvedInTime() {
    node.run(process("{'sla_days': 5, 'avg_duration_days': 4}"));

    assertThat(resolution(resolved(1.5, "e1")).endsEpisode()).isTrue();
    assertThat(resolution(resolved(6, "e2")).endsEpisode()).as("not in time").isFalse();
    assertThat(node.run(resolved(1.5, "e1")).events()).as("a repetition").isEmpty();
  }

  @Test
  void shouldLeaveTheEndOfItsOwnBreachToItsConcern() {
    node.run(process("{'sla_days': 5, 'avg_duration_days': 8.2}"));

    var events = node.run(resolved(1.5, "e1")).events();

    assertThat(events)
        .extracting(Object::getClass)
        .isEqualTo(List.of(NodeChanged.class, SlaResolved.class, ConcernSettled.class));
    assertThat(((SlaResolved) events.get(1)).endsEpisode()).isFalse();
  }

  @Test
  void shouldRemindOfADeadlineOnceAtEachStage() {
    node.run(
        to ->
            new Put(
                NodeType.COMPLIANCE_OBLIGATION,
                "Report",
                NodeProperties.of(json("{'deadline': '2026-05-01'}")),
                null,
                CAUSE,
                to));
    assertRefused(remindAt(30), WRONG_STATE, "due at 2026-04-01T00:00:00Z");

    for (int stage : List.of(30, 14, 7, 1)) {
      clock.moveTo(Instant.parse("2026-05-01T00:00:00Z").minus(Duration.ofDays(stage)));
      ConcernRaised reminder = raised(node.run(remindAt(stage)));
      assertThat(reminder.concern().concern())
          .isEqualTo(new Concern.DeadlineNear(Instant.parse("2026-05-01T00:00:00Z"), stage, stage));
      assertThat(reminder.again()).isEqualTo(stage != 30);
      assertThat(node.run(remindAt(stage)).events()).as("once").isEmpty();
    }
    assertThat(node.run(patch("{'properties': {'fulfilled': true}}")).events())
        .last()
        .isInstanceOf(ConcernSettled.class);
  }

  // Recovery

  @Test
  void shouldRecoverTheSameStateFromItsSnapshotAndJournal() {
    Random random = new Random(1);
    node.run(person("{}"));
    while (node.stored().size() < 100) {
      switch (random.nextInt(4)) {
        case 0 -> node.run(person("{'fte': " + random.nextDouble(2) + "}"));
        case 1 -> node.run(patch("{'properties': {'p" + random.nextInt(5) + "': [1, null]}}"));
        case 2 -> node.run(worksIn("unit-" + random.nextInt(5)));
        default -> node.run(leaves("unit-" + random.nextInt(5)));
      }
      clock.advance(Duration.ofSeconds(1));
    }
    State before = node.state();

    assertThat(node.recovered()).as("seed 1, snapshot and journal").isEqualTo(before);
    assertThat(node.recoveredFromSnapshotAlone()).as("seed 1, snapshot").isEqualTo(before);
  }

  private void assertRefused(
      Function<ActorRef<Reply>, Command> command, String code, String... words) {
    var result = node.run(command);
    Rejected rejected = result.replyOfType(Rejected.class);
    assertThat(rejected.code()).isEqualTo(code);
    assertThat(rejected.sentence()).contains(words);
    assertThat(result.events()).isEmpty();
  }

  private Relation related(Function<ActorRef<Reply>, Command> command) {
    return ((Related) node.run(command).event()).relation();
  }

  private static Function<ActorRef<Reply>, Command> person(String properties) {
    return to ->
        new Put(NodeType.PERSON, "P. 17", NodeProperties.of(json(properties)), null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> put(NodeType type) {
    return to -> new Put(type, "A label", NodeProperties.NONE, null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> patch(String mergePatch) {
    return to -> new Patch(json(mergePatch), null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> worksIn(String unitId) {
    return relate(RelationType.BELONGS_TO, unitId, NodeType.ORGANIZATION_UNIT, "{}");
  }

  private static Function<ActorRef<Reply>, Command> relate(
      RelationType relation, String targetId, NodeType targetType, String properties) {
    return to ->
        new Relate(
            relation,
            targetId,
            targetType,
            NodeProperties.of(json(properties)),
            null,
            null,
            CAUSE,
            to);
  }

  /** Works in billing since then. */
  private static Function<ActorRef<Reply>, Command> since(Instant validFrom) {
    return to ->
        new Relate(
            RelationType.BELONGS_TO,
            "billing",
            NodeType.ORGANIZATION_UNIT,
            NodeProperties.NONE,
            validFrom,
            null,
            CAUSE,
            to);
  }

  private static Function<ActorRef<Reply>, Command> leaves(String unitId) {
    return to -> new Unrelate(RelationType.BELONGS_TO, unitId, null, null, CAUSE, to);
  }

  /** Worked in billing until then. */
  private static Function<ActorRef<Reply>, Command> until(Instant validUntil) {
    return to -> new Unrelate(RelationType.BELONGS_TO, "billing", validUntil, null, CAUSE, to);
  }

  private static ConcernRaised raised(
      EventSourcedBehaviorTestKit.CommandResultWithReply<?, Event, ?, ?> result) {
    return (ConcernRaised) result.events().get(result.events().size() - 1);
  }

  private SlaResolved resolution(Function<ActorRef<Reply>, Command> command) {
    return node.run(command).events().stream()
        .filter(SlaResolved.class::isInstance)
        .map(SlaResolved.class::cast)
        .findFirst()
        .orElseThrow();
  }

  private static Function<ActorRef<Reply>, Command> process(String properties) {
    return to ->
        new Put(NodeType.PROCESS, "Approval", NodeProperties.of(json(properties)), null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> unit(String properties) {
    return to ->
        new Put(
            NodeType.ORGANIZATION_UNIT,
            "Purchasing",
            NodeProperties.of(json(properties)),
            null,
            CAUSE,
            to);
  }

  private static Function<ActorRef<Reply>, Command> headcount(int by, String eventId) {
    return to -> new ChangeHeadcount(by, "buyer", false, eventId, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> resolved(double days, String eventId) {
    return to ->
        new ResolveSla(days, json("{'avg_duration_days': " + days + "}"), eventId, CAUSE, to);
  }

  private static Command remind(ActorRef<Reply> replyTo) {
    return new Remind(30, CAUSE, replyTo);
  }

  private static Function<ActorRef<Reply>, Command> remindAt(int stageDays) {
    return to -> new Remind(stageDays, new Cause(null, "deadline", "timer"), to);
  }

  private static Command retire(ActorRef<Reply> replyTo) {
    return new Retire(null, CAUSE, replyTo);
  }

  private static ObjectNode json(String withSingleQuotes) {
    try {
      return (ObjectNode) JSON.readTree(withSingleQuotes.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(withSingleQuotes, e);
    }
  }
}
