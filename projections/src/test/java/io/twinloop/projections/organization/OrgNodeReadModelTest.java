package io.twinloop.projections.organization;

import static io.twinloop.domain.organization.NodeType.IT_SYSTEM;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PERSON;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.RelationType.BELONGS_TO;
import static io.twinloop.domain.organization.RelationType.DEPENDS_ON;
import static io.twinloop.domain.organization.RelationType.MEASURED_BY;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.domain.organization.RelationType.REPORTS_TO;
import static io.twinloop.domain.organization.RelationType.USES_SYSTEM;
import static io.twinloop.projections.organization.Organisation.join;
import static io.twinloop.projections.organization.Organisation.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.identity.Scope;
import io.twinloop.projections.organization.OrgGraph.Direction;
import io.twinloop.projections.organization.OrgGraph.Found;
import io.twinloop.projections.organization.OrgNodeQueries.Filter;
import io.twinloop.projections.organization.OrgNodeQueries.HistoryRow;
import io.twinloop.projections.organization.OrgNodeQueries.NodeRow;
import io.twinloop.projections.organization.OrgNodeQueries.NodeThen;
import io.twinloop.projections.organization.OrgNodeQueries.TargetRow;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The organisation in SQL answers as its nodes' events say, for now and for any instant. */
class OrgNodeReadModelTest {

  private static final Set<RelationType> ALL = EnumSet.allOf(RelationType.class);
  private static final int PLENTY = 1_000;

  @TempDir private static Path folder;
  private static Organisation twin;
  private static OrgNodeQueries queries;
  private static OrgGraph graph;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new Organisation(folder);
    queries = new OrgNodeQueries(twin.database());
    graph = new OrgGraph(twin.database());
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  @BeforeEach
  void empty() {
    twin.empty();
  }

  @Test
  void shouldListNodesInOrderOfIdPageByPage() {
    twin.has(PERSON, "c", "a", "b").settle();

    assertThat(ids(nodes(new Filter(null, null, null), AsOf.NOW, "", 2))).containsExactly("a", "b");
    assertThat(ids(nodes(new Filter(null, null, null), AsOf.NOW, "b", 2))).containsExactly("c");
  }

  @Test
  void shouldListNodesOfOneType() {
    twin.has(PERSON, "ada").has(PROCESS, "approval").settle();

    assertThat(list("Process", null, null)).containsExactly("approval");
  }

  @Test
  void shouldFindTextInLabelAndIdWhateverItsCase() {
    twin.has(PERSON, "ada", "bob").settle();
    twin.changed("bob", "100%_ADAmant", NodeProperties.NONE).settle();

    assertThat(list(null, "ADA", null)).containsExactly("ada", "bob");
    assertThat(list(null, "%_a", null)).containsExactly("bob");
    assertThat(list(null, "a%", null)).isEmpty();
  }

  @Test
  void shouldFindWhatIsWithinAUnit() {
    twin.has(ORGANIZATION, "acme")
        .has(ORGANIZATION_UNIT, "sales", "north", "crew", "factory")
        .has(PERSON, "ada", "bob", "eve")
        .has(PROCESS, "offer", "weld")
        .related("sales", PART_OF, "acme")
        .related("factory", PART_OF, "acme")
        .related("north", PART_OF, "sales")
        .related("crew", PART_OF, "north")
        .related("ada", BELONGS_TO, "crew")
        .related("bob", BELONGS_TO, "sales")
        .related("eve", BELONGS_TO, "factory")
        .related("north", OWNS_PROCESS, "offer")
        .related("factory", OWNS_PROCESS, "weld")
        .settle();

    assertThat(list(null, null, "sales")).containsExactly("ada", "bob", "crew", "north", "offer");
    assertThat(list("Person", null, "north")).containsExactly("ada");
    assertThat(list("Person", null, "acme")).containsExactly("ada", "bob", "eve");
    assertThat(list(null, null, "nobody")).isEmpty();
  }

  @Test
  void shouldEndTheSearchWithinUnitsThatAreEachPartOfTheOther() {
    twin.has(ORGANIZATION_UNIT, "hen", "egg")
        .related("hen", PART_OF, "egg")
        .related("egg", PART_OF, "hen")
        .settle();

    assertThat(list(null, null, "hen")).containsExactly("egg");
  }

  @Test
  void shouldShowTheOrganisationAsItWas() {
    twin.has(ORGANIZATION_UNIT, "north", "south").has(PERSON, "ada").settle();
    twin.at("2026-02-01T00:00:00Z").related("ada", BELONGS_TO, "north", with("fte", 1)).settle();
    twin.at("2026-03-01T00:00:00Z")
        .relationChanged("ada", BELONGS_TO, "north", with("fte", 0.5))
        .changed("ada", "Ada the second", with("seniority", "senior"))
        .settle();
    twin.at("2026-04-01T00:00:00Z")
        .unrelated("ada", BELONGS_TO, "north")
        .related("ada", BELONGS_TO, "south")
        .settle();
    twin.at("2026-05-01T00:00:00Z").retired("ada").settle();

    assertThat(then("ada", "2025-12-31T23:59:59Z")).isEmpty();
    assertThat(then("ada", "2026-01-15T00:00:00Z").orElseThrow().relations()).isEmpty();
    NodeThen february = then("ada", "2026-02-15T00:00:00Z").orElseThrow();
    assertThat(february.node().label()).isEqualTo("The ada");
    assertThat(february.relations())
        .extracting(TargetRow::targetId, row -> row.properties().path("fte").doubleValue())
        .containsExactly(tuple("north", 1.0));
    NodeThen march = then("ada", "2026-03-01T00:00:00Z").orElseThrow();
    assertThat(march.node().label()).isEqualTo("Ada the second");
    assertThat(march.node().properties().path("seniority").textValue()).isEqualTo("senior");
    assertThat(march.relations().get(0).properties().path("fte").doubleValue()).isEqualTo(0.5);
    assertThat(march.relations().get(0).validFrom())
        .isEqualTo(Instant.parse("2026-02-01T00:00:00Z"));
    assertThat(then("ada", "2026-04-01T00:00:00Z").orElseThrow().relations())
        .extracting(TargetRow::targetId)
        .containsExactly("south");
    assertThat(then("ada", "2026-05-01T00:00:00Z")).isEmpty();
    assertThat(join(queries.node("ada", AsOf.NOW))).isEmpty();
    assertThat(ids(nodes(within("north"), asOf("2026-03-15T00:00:00Z"), "", PLENTY)))
        .containsExactly("ada");
    assertThat(ids(nodes(within("north"), asOf("2026-04-15T00:00:00Z"), "", PLENTY))).isEmpty();
  }

  @Test
  void shouldEndRelationsOfARetiredNodeInBothDirections() {
    twin.has(ORGANIZATION_UNIT, "crew")
        .has(ORGANIZATION, "acme")
        .has(PERSON, "ada")
        .related("crew", PART_OF, "acme")
        .related("ada", BELONGS_TO, "crew")
        .settle();
    twin.at("2026-02-01T00:00:00Z").retired("crew").settle();

    assertThat(twin.texts("SELECT source_id FROM org_relation WHERE valid_until IS NULL"))
        .as("what others say of themselves stays said")
        .containsExactly("ada");
    assertThat(around("ada", 3, ALL)).containsExactly("ada");
    assertThat(around("acme", 3, ALL)).containsExactly("acme");
    assertThat(around("acme", 3, ALL, asOf("2026-01-15T00:00:00Z")))
        .containsExactly("acme", "crew", "ada");
  }

  @Test
  void shouldForgetTheTimeAfterAnEndThatWasToldLate() {
    twin.has(PROCESS, "pick", "pack")
        .related("pick", DEPENDS_ON, "pack")
        .at("2026-03-01T00:00:00Z")
        .unrelated("pick", DEPENDS_ON, "pack", Instant.parse("2026-02-01T00:00:00Z"))
        .settle();

    assertThat(then("pick", "2026-01-31T23:59:59Z").orElseThrow().relations()).hasSize(1);
    assertThat(then("pick", "2026-02-01T00:00:00Z").orElseThrow().relations()).isEmpty();
  }

  @Test
  void shouldWalkTheGraphLevelByLevelInBothDirections() {
    twin.has(ORGANIZATION_UNIT, "crew")
        .has(PERSON, "ada", "bob")
        .has(PROCESS, "pick", "pack")
        .has(IT_SYSTEM, "scanner")
        .related("ada", BELONGS_TO, "crew")
        .related("bob", BELONGS_TO, "crew")
        .related("ada", REPORTS_TO, "bob")
        .related("crew", OWNS_PROCESS, "pick")
        .related("pick", DEPENDS_ON, "pack")
        .related("pack", USES_SYSTEM, "scanner")
        .settle();

    assertThat(around("crew", 0, ALL)).containsExactly("crew");
    assertThat(around("crew", 1, ALL)).containsExactly("crew", "ada", "bob", "pick");
    assertThat(relationsAround("crew", 1))
        .containsExactlyInAnyOrder(
            "ada BELONGS_TO crew",
            "bob BELONGS_TO crew",
            "crew OWNS_PROCESS pick",
            "ada REPORTS_TO bob");
    assertThat(around("crew", 2, ALL)).containsExactly("crew", "ada", "bob", "pick", "pack");
    assertThat(around("scanner", 3, EnumSet.of(USES_SYSTEM, DEPENDS_ON)))
        .containsExactly("scanner", "pack", "pick");
    assertThat(join(graph.around("nobody", 1, Direction.BOTH, ALL, AsOf.NOW, PLENTY))).isEmpty();
  }

  @Test
  void shouldTakeAKpiForAnEndAndNotForTheNodeOfItsId() {
    twin.has(PROCESS, "pick", "pack")
        .has(PERSON, "speed")
        .hasKpi("speed", "Picks per hour")
        .related("pick", MEASURED_BY, "speed")
        .related("pack", MEASURED_BY, "speed")
        .settle();

    Found found =
        join(graph.around("pick", 5, Direction.BOTH, ALL, AsOf.NOW, PLENTY)).orElseThrow();

    assertThat(found.nodes())
        .extracting(NodeRow::id, NodeRow::type, NodeRow::label)
        .containsExactly(
            tuple("pick", "Process", "The pick"), tuple("speed", "KPI", "Picks per hour"));
    assertThat(relationsAround("pick", 5)).containsExactly("pick MEASURED_BY speed");
    assertThat(around("speed", 5, ALL)).as("the person").containsExactly("speed");
  }

  @Test
  void shouldTellThatAGraphIsLargerThanWanted() {
    twin.has(ORGANIZATION_UNIT, "crew").has(PERSON, "ada", "bob", "eve");
    List.of("ada", "bob", "eve").forEach(id -> twin.related(id, BELONGS_TO, "crew"));
    twin.settle();

    assertThat(
            join(graph.around("crew", 1, Direction.BOTH, ALL, AsOf.NOW, 4))
                .orElseThrow()
                .complete())
        .isTrue();
    assertThat(
            join(graph.around("crew", 1, Direction.BOTH, ALL, AsOf.NOW, 3))
                .orElseThrow()
                .complete())
        .isFalse();
    for (Scope scope :
        List.of(Scope.WITHOUT_PEOPLE, Scope.within(Set.of("crew", "ada"), Set.of()))) {
      assertThat(
              join(graph.within(scope).around("crew", 1, Direction.BOTH, ALL, AsOf.NOW, 2))
                  .orElseThrow()
                  .complete())
          .as("what %s don't see doesn't count", scope)
          .isTrue();
    }
  }

  @Test
  void shouldRememberWhatHappenedWhenAndWhy() {
    twin.has(PROCESS, "pick", "pack").settle();
    twin.execute(
        "INSERT INTO integration_event (id, type, subject, correlation_id, time, event)"
            + " VALUES ('event-7', 'bpa.sla.resolved', 'pick', 'loop-7', now(), '{}')");
    twin.at("2026-02-01T00:00:00Z")
        .because(new Cause("loop-7", "event-7", "bpa"))
        .changed("pick", "The pick", with("avg_duration_days", 1.5))
        .because(new Cause(null, "request-8", "eve"))
        .related("pick", DEPENDS_ON, "pack", with("is_blocking", true))
        .relationChanged("pick", DEPENDS_ON, "pack", NodeProperties.NONE)
        .unrelated("pick", DEPENDS_ON, "pack")
        .related("pick", DEPENDS_ON, "pack")
        .retired("pick")
        .settle();

    List<HistoryRow> history = join(queries.history("pick", 0, PLENTY));

    assertThat(history)
        .extracting(HistoryRow::revision, HistoryRow::what)
        .containsExactly(
            tuple(1L, "created"),
            tuple(2L, "changed"),
            tuple(3L, "related"),
            tuple(4L, "relation changed"),
            tuple(5L, "relation ended"),
            tuple(6L, "related"),
            tuple(7L, "retired"));
    HistoryRow changed = history.get(1);
    assertThat(changed.at()).isEqualTo(Instant.parse("2026-02-01T00:00:00Z"));
    assertThat(changed.detail().at("/properties/avg_duration_days/after").doubleValue())
        .isEqualTo(1.5);
    assertThat(changed.actor()).isEqualTo("bpa");
    assertThat(changed.correlationId()).isEqualTo("loop-7");
    assertThat(changed.eventType()).isEqualTo("bpa.sla.resolved");
    assertThat(history.get(2).eventType()).isNull();
    assertThat(history.get(2).correlationId()).isNull();
    assertThat(history.get(3).detail().at("/before/properties/is_blocking").booleanValue())
        .isTrue();
    assertThat(history.get(6).detail().at("/ended/0/targetId").textValue()).isEqualTo("pack");
    assertThat(join(queries.history("pick", 5, 1)))
        .extracting(HistoryRow::revision)
        .containsExactly(6L);
    OrgNodeQueries own = queries.within(Scope.within(Set.of("pick"), Set.of()));
    assertThat(join(own.history("pick", 0, 2)))
        .extracting(HistoryRow::revision)
        .containsExactly(1L, 2L);
    List<HistoryRow> rest = join(own.history("pick", 2, 2));
    assertThat(rest).extracting(HistoryRow::revision).as("others are of pack").containsExactly(7L);
    assertThat(rest.get(0).detail().path("ended")).isEmpty();
  }

  @Test
  void shouldKeepANodesTimesInOrderWhenAClockIsBehind() {
    twin.at("2026-02-01T00:00:00Z").has(PERSON, "ada").settle();
    Instant late = twin.now();
    twin.changed("ada", "Ada the second", NodeProperties.NONE).settle();
    twin.execute("UPDATE org_node SET valid_from = valid_from + interval '1 s' WHERE seq_nr = 2");
    twin.changed("ada", "Ada the third", NodeProperties.NONE).settle();

    assertThat(
            then("ada", late.plus(Duration.ofSeconds(1)).toString()).orElseThrow().node().label())
        .isEqualTo("Ada the third");
  }

  @Test
  void shouldAnswerLikeTheEventsForAnyHistoryAndAnyInstant() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < 10; run++) {
      twin.empty();
      List<String> ids = randomHistory(random);
      twin.settle(1 + random.nextInt(40));
      for (int look = 0; look < 20; look++) {
        Instant instant = Organisation.START.plusSeconds(random.nextInt(130));
        AsOf asOf = look == 0 ? AsOf.NOW : new AsOf(instant);
        Instant then = look == 0 ? twin.now() : instant;
        String id = ids.get(random.nextInt(ids.size()));

        assertThat(join(queries.node(id, asOf)).map(OrgNodeReadModelTest::told))
            .as("seed %d, '%s' at %s", seed, id, then)
            .isEqualTo(expected(twin.stateAt(id, then)));
      }
    }
  }

  /** Processes that are created, changed, related, unrelated and retired, one step a second. */
  private static List<String> randomHistory(Random random) {
    List<String> ids = List.of("p0", "p1", "p2", "p3");
    twin.has(PROCESS, ids.toArray(String[]::new));
    for (int step = 1; step < 120; step++) {
      twin.at(Organisation.START.plusSeconds(step));
      String id = ids.get(random.nextInt(ids.size()));
      String other = ids.get(random.nextInt(ids.size()));
      if (!(twin.stateAt(id, twin.now()) instanceof OrgNode.Present present)) {
        continue;
      }
      boolean holds =
          present.node().relations().stream().anyMatch(held -> held.is(DEPENDS_ON, other));
      NodeProperties properties = with("step", step);
      int what = random.nextInt(60);
      if (what == 0) {
        twin.retired(id);
      } else if (what < 15) {
        twin.changed(id, "Step " + step, properties);
      } else if (!holds) {
        twin.related(id, DEPENDS_ON, other, properties);
      } else if (random.nextBoolean()) {
        twin.relationChanged(id, DEPENDS_ON, other, properties);
      } else {
        twin.unrelated(id, DEPENDS_ON, other);
      }
    }
    return ids;
  }

  private static Optional<List<String>> expected(OrgNode.State state) {
    if (!(state instanceof OrgNode.Present present)) {
      return Optional.empty();
    }
    List<String> told = new ArrayList<>();
    told.add(present.node().content().label() + " " + present.node().content().properties());
    present.node().relations().stream()
        .sorted(Comparator.comparing(Relation::targetId))
        .forEach(held -> told.add(held.targetId() + " " + held.properties() + held.validFrom()));
    return Optional.of(told);
  }

  private static List<String> told(NodeThen then) {
    List<String> told = new ArrayList<>();
    told.add(then.node().label() + " " + then.node().properties());
    then.relations()
        .forEach(row -> told.add(row.targetId() + " " + row.properties() + row.validFrom()));
    return told;
  }

  private static List<NodeRow> nodes(Filter filter, AsOf asOf, String after, int limit) {
    return join(queries.nodes(filter, asOf, after, limit));
  }

  private static List<String> list(String type, String text, String within) {
    return ids(nodes(new Filter(type, text, within), AsOf.NOW, "", PLENTY));
  }

  private static Filter within(String id) {
    return new Filter(null, null, id);
  }

  private static List<String> ids(List<NodeRow> nodes) {
    return nodes.stream().map(NodeRow::id).toList();
  }

  private static Optional<NodeThen> then(String id, String instant) {
    return join(queries.node(id, asOf(instant)));
  }

  private static AsOf asOf(String instant) {
    return new AsOf(Instant.parse(instant));
  }

  private static List<String> around(String id, int depth, Set<RelationType> types) {
    return around(id, depth, types, AsOf.NOW);
  }

  private static List<String> around(String id, int depth, Set<RelationType> types, AsOf asOf) {
    return ids(
        join(graph.around(id, depth, Direction.BOTH, types, asOf, PLENTY)).orElseThrow().nodes());
  }

  private static List<String> relationsAround(String id, int depth) {
    return join(graph.around(id, depth, Direction.BOTH, ALL, AsOf.NOW, PLENTY))
        .orElseThrow()
        .relations()
        .stream()
        .map(row -> row.sourceId() + " " + row.relation() + " " + row.targetId())
        .toList();
  }
}
