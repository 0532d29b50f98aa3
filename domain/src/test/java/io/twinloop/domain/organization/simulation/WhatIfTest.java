package io.twinloop.domain.organization.simulation;

import static io.twinloop.domain.organization.NodeType.ORGANIZATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.NodeType.ROLE;
import static io.twinloop.domain.organization.NodeType.VENDOR;
import static io.twinloop.domain.organization.RelationType.DEPENDS_ON;
import static io.twinloop.domain.organization.RelationType.EXECUTES_PROCESS;
import static io.twinloop.domain.organization.RelationType.HAS_ROLE;
import static io.twinloop.domain.organization.RelationType.MANAGES;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.domain.organization.RelationType.REPORTS_TO;
import static io.twinloop.domain.organization.RelationType.SUPPLIED_BY;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.simulation.BlastRadius.Dependent;
import io.twinloop.domain.organization.simulation.Change.ChangeAutomation;
import io.twinloop.domain.organization.simulation.Change.ChangeHeadcount;
import io.twinloop.domain.organization.simulation.Change.ChangeSla;
import io.twinloop.domain.organization.simulation.Change.CloseUnit;
import io.twinloop.domain.organization.simulation.Change.DropVendor;
import io.twinloop.domain.organization.simulation.Change.MergeUnits;
import io.twinloop.domain.organization.simulation.Change.MovePeople;
import io.twinloop.domain.organization.simulation.Change.MoveUnit;
import io.twinloop.domain.organization.simulation.Change.Part;
import io.twinloop.domain.organization.simulation.Change.SplitUnit;
import io.twinloop.domain.organization.simulation.Figures.SpanOfControl;
import io.twinloop.domain.organization.simulation.Figures.UnitFigures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What changes would make of an organisation, before and after. */
class WhatIfTest {

  /**
   * Acme: finance (led by fay) with accounting (led by ann, who leads abe and amy) and treasury;
   * sales (led by sam, who leads sue), of which a headcount of 40 is known. Accounting owns
   * invoices, on which payments depend; the bank supplies those.
   */
  private static Sketch acme() {
    return new Sketch()
        .has(ORGANIZATION, "acme")
        .unit("finance", "acme", "{'budget': 1000}")
        .unit("accounting", "finance", "{'budget': 500, 'headcount_min': 3, 'kind': 'team'}")
        .unit("treasury", "finance", "{'budget': 200}")
        .unit("sales", "acme", "{'headcount': 40, 'headcount_min': 35, 'fte': 36.5, 'cost': 90000}")
        .people("finance", "fay")
        .people("accounting", "ann", "abe", "amy")
        .people("treasury", "tom")
        .people("sales", "sam", "sue")
        .link("fay", MANAGES, "finance")
        .link("ann", MANAGES, "accounting")
        .link("sam", MANAGES, "sales")
        .link("sue", REPORTS_TO, "sam")
        .has(ROLE, "clerk", "treasurer")
        .link("abe", HAS_ROLE, "clerk")
        .link("tom", HAS_ROLE, "treasurer")
        .described(PROCESS, "invoices", "{'sla_days': 5, 'avg_duration_days': 8.2}")
        .described(PROCESS, "payments", "{'sla_days': 2, 'avg_duration_days': 1}")
        .link("accounting", OWNS_PROCESS, "invoices")
        .link("treasury", OWNS_PROCESS, "payments")
        .link("payments", DEPENDS_ON, "invoices")
        .link("abe", EXECUTES_PROCESS, "invoices")
        .described(VENDOR, "bank", "{'annual_value_eur': 120}")
        .link("payments", SUPPLIED_BY, "bank");
  }

  // Figures

  @Test
  void shouldDescribeTheOrganisationAsItIs() {
    Figures figures = acme().simulate(new ChangeSla("invoices", 5)).before();

    assertThat(figures)
        .isEqualTo(
            new Figures(
                45,
                43.5,
                90000.0,
                1700.0,
                120.0,
                4,
                2,
                // fay leads ann and tom, ann abe and amy, sam sue
                new SpanOfControl(3, 1.67, 2),
                0,
                0,
                1,
                1,
                0,
                0,
                0,
                List.of()));
  }

  @Test
  void shouldLeaveOutWhatIsNotKnown() {
    Figures figures =
        new Sketch()
            .has(PROCESS, "invoices")
            .simulate(new ChangeAutomation("invoices", "manual"))
            .after();

    assertThat(figures.cost()).isNull();
    assertThat(figures.budget()).isNull();
    assertThat(figures.vendorCost()).isNull();
    assertThat(figures.spanOfControl()).isNull();
    assertThat(figures.depth()).isZero();
    assertThat(figures.manualProcesses()).isEqualTo(1);
  }

  @Test
  void shouldCountWhoBelongsToSeveralUnitsOnce() {
    Sketch sketch = acme().link("tom", RelationType.BELONGS_TO, "accounting");

    Figures figures = sketch.simulate(new ChangeSla("invoices", 5)).before();

    assertThat(figures.headcount()).isEqualTo(45);
    assertThat(figures.fte()).isEqualTo(43.5);
  }

  @Test
  void shouldLeaveOutWhoDoesNotCountWhereverHeGoes() {
    Sketch sketch = acme().guest("treasury", "ida");

    Outcome outcome =
        sketch.simulate(
            new MergeUnits(List.of("treasury"), "finance"),
            new MovePeople(List.of("ida"), "sales"));

    assertThat(outcome.before().headcount()).isEqualTo(45);
    assertThat(outcome.after().headcount()).isEqualTo(45);
    assertThat(outcome.after().fte()).isEqualTo(43.5);
    assertThat(unit(outcome.after(), "sales").headcount()).isEqualTo(40);
    assertThat(unit(outcome.after(), "sales").people()).isEqualTo(3);
  }

  @Test
  void shouldSurviveACircleThatIsThereAlready() {
    Sketch sketch =
        new Sketch()
            .has(ORGANIZATION_UNIT, "hen", "egg", "nest")
            .link("hen", PART_OF, "egg")
            .link("egg", PART_OF, "hen")
            .people("hen", "ada");

    Outcome outcome = sketch.simulate(new MoveUnit("hen", "nest"));

    assertThat(outcome.before().depth()).isEqualTo(1);
    assertThat(outcome.after().depth()).as("nest, hen, egg").isEqualTo(3);
  }

  // Units

  @Test
  void shouldMoveAUnitUnderAnother() {
    Outcome outcome = acme().simulate(new MoveUnit("accounting", "sales"));

    assertThat(unit(outcome.before(), "accounting").partOfIds()).containsExactly("finance");
    assertThat(unit(outcome.after(), "accounting").partOfIds()).containsExactly("sales");
    assertThat(outcome.after().headcount()).isEqualTo(outcome.before().headcount());
    // fay leads tom, ann abe and amy, sam sue and ann
    assertThat(outcome.after().spanOfControl()).isEqualTo(new SpanOfControl(3, 1.67, 2));
    assertThat(outcome.organizationId()).isEqualTo("acme");
  }

  @Test
  void shouldMakeLinesDeeperAndSpansWider() {
    Outcome outcome = acme().simulate(new MoveUnit("sales", "accounting"));

    assertThat(outcome.after().depth()).isEqualTo(3);
    assertThat(outcome.after().spanOfControl())
        .as("ann leads abe, amy and sam")
        .isEqualTo(new SpanOfControl(3, 2, 3));
  }

  @Test
  void shouldMergeUnitsWithAllTheyHave() {
    Outcome outcome = acme().simulate(new MergeUnits(List.of("accounting", "treasury"), "sales"));

    assertThat(unit(outcome.after(), "sales"))
        .isEqualTo(
            new UnitFigures(
                "sales", "The sales", 44, 42.5, 6, 38L, 700.0, List.of("acme"), List.of("sam")));
    assertThat(outcome.after().units()).isEqualTo(2);
    assertThat(outcome.after().headcount()).isEqualTo(45);
    assertThat(outcome.after().budget()).isEqualTo(1700);
    assertThat(outcome.after().processesWithoutOwner()).isZero();
    assertThat(outcome.after().touchedUnits()).extracting(UnitFigures::id).containsExactly("sales");
  }

  @Test
  void shouldKeepAManagerWhereTheUnitThatIsMergedIntoHasNone() {
    Outcome outcome = acme().simulate(new MergeUnits(List.of("accounting"), "treasury"));

    assertThat(unit(outcome.after(), "treasury").managerIds()).containsExactly("ann");
    assertThat(outcome.after().unitsWithoutManager()).isZero();
  }

  @Test
  void shouldSplitAUnitAndLeaveTheRest() {
    Part part =
        new Part("ledger", "Ledger", List.of("amy"), List.of("invoices"), List.of(), null, 100.0);

    Outcome outcome = acme().simulate(new SplitUnit("accounting", List.of(part)));

    assertThat(unit(outcome.after(), "ledger"))
        .isEqualTo(
            new UnitFigures(
                "ledger", "Ledger", 1, 1, 1, null, 100.0, List.of("finance"), List.of()));
    assertThat(unit(outcome.after(), "accounting").people()).isEqualTo(2);
    assertThat(unit(outcome.after(), "accounting").budget()).isEqualTo(400);
    assertThat(outcome.after().headcount()).isEqualTo(45);
    assertThat(outcome.after().budget()).isEqualTo(1700);
    assertThat(outcome.after().unitsUnderMinimum()).isEqualTo(1);
    assertThat(outcome.after().unitsWithoutManager()).isEqualTo(2);
  }

  @Test
  void shouldSplitAHeadcountWhosePeopleAreNotKnown() {
    Part north = new Part("north", "North", List.of(), List.of(), List.of(), 15L, null);
    Part south = new Part("south", "South", List.of("sue"), List.of(), List.of(), 20L, null);

    Outcome outcome = acme().simulate(new SplitUnit("sales", List.of(north, south)));

    assertThat(unit(outcome.after(), "sales").headcount()).isEqualTo(5);
    assertThat(unit(outcome.after(), "north").headcount()).isEqualTo(15);
    assertThat(unit(outcome.after(), "south").headcount()).isEqualTo(20);
    assertThat(outcome.after().headcount()).isEqualTo(45);
  }

  @Test
  void shouldCloseAUnitWhosePeopleLeave() {
    Outcome outcome = acme().simulate(new CloseUnit("treasury", null));

    assertThat(outcome.after().headcount()).isEqualTo(44);
    assertThat(outcome.after().vacancies()).as("nobody is treasurer").isEqualTo(1);
    assertThat(outcome.after().processesWithoutOwner()).isEqualTo(1);
    assertThat(outcome.after().budget()).isEqualTo(1500);
  }

  @Test
  void shouldLetSubUnitsGoUpWhenTheirUnitIsClosed() {
    Outcome outcome =
        acme().simulate(new CloseUnit("finance", null), new ChangeHeadcount("treasury", 2));

    assertThat(unit(outcome.after(), "treasury").partOfIds()).containsExactly("acme");
    assertThat(outcome.after().depth()).isEqualTo(1);
  }

  @Test
  void shouldHandOverWhatAClosedUnitHas() {
    Outcome outcome = acme().simulate(new CloseUnit("sales", "treasury"));

    assertThat(unit(outcome.after(), "treasury").headcount()).isEqualTo(41);
    assertThat(outcome.after().headcount()).isEqualTo(45);
    assertThat(outcome.after().unitsUnderMinimum()).isZero();
  }

  // People, processes, vendors

  @Test
  void shouldMovePeopleAndEndTheirLinesToThoseWhoStay() {
    Outcome outcome = acme().simulate(new MovePeople(List.of("sam"), "treasury"));

    assertThat(unit(outcome.after(), "sales").headcount()).isEqualTo(39);
    assertThat(unit(outcome.after(), "sales").managerIds()).isEmpty();
    assertThat(unit(outcome.after(), "treasury").headcount()).isEqualTo(2);
    assertThat(outcome.after().unitsWithoutManager()).isEqualTo(2);
    assertThat(outcome.after().spanOfControl())
        .as("fay leads ann, tom and sam, ann abe and amy; nobody sue")
        .isEqualTo(new SpanOfControl(2, 2.5, 3));
  }

  @Test
  void shouldKeepLinesAmongThoseWhoMoveTogether() {
    Outcome outcome = acme().simulate(new MovePeople(List.of("sam", "sue"), "treasury"));

    assertThat(outcome.after().spanOfControl().managers()).as("fay, ann, sam").isEqualTo(3);
  }

  @Test
  void shouldMoveWhoIsThereAlreadyNowhere() {
    Outcome outcome = acme().simulate(new MovePeople(List.of("sam"), "sales"));

    assertThat(outcome.after()).isEqualTo(outcome.before());
  }

  @Test
  void shouldSeeAUnitFallUnderItsMinimum() {
    Outcome outcome = acme().simulate(new ChangeHeadcount("sales", 34));

    assertThat(outcome.after().headcount()).isEqualTo(39);
    assertThat(outcome.after().unitsUnderMinimum()).isEqualTo(1);
  }

  @Test
  void shouldSeeAProcessComeUnderItsSla() {
    Outcome outcome = acme().simulate(new ChangeSla("invoices", 9), new ChangeSla("payments", 0.5));

    assertThat(outcome.before().processesOverSla()).isEqualTo(1);
    assertThat(outcome.after().processesOverSla()).isEqualTo(1);
  }

  @Test
  void shouldMissTheVendorThatIsDropped() {
    Outcome outcome = acme().simulate(new DropVendor("bank"));

    assertThat(outcome.before().processesWithoutVendor()).isZero();
    assertThat(outcome.after().processesWithoutVendor()).isEqualTo(1);
    assertThat(outcome.after().vendorCost()).isNull();
    assertThat(outcome.organizationId()).isEqualTo("acme");
  }

  @Test
  void shouldBuildOneChangeOnTheOther() {
    Part part = new Part("ledger", "Ledger", List.of("amy"), List.of(), List.of(), null, null);

    Outcome outcome =
        acme()
            .simulate(
                new SplitUnit("accounting", List.of(part)),
                new MoveUnit("ledger", "sales"),
                new MovePeople(List.of("abe"), "ledger"));

    assertThat(unit(outcome.after(), "ledger").partOfIds()).containsExactly("sales");
    assertThat(unit(outcome.after(), "ledger").people()).isEqualTo(2);
  }

  // Who is reached

  @Test
  void shouldNameWhomAChangeReachesAndWhy() {
    BlastRadius radius = acme().simulate(new DropVendor("bank")).blastRadius();

    assertThat(radius.named()).containsExactly("bank");
    assertThat(radius.dependent())
        .containsExactly(
            new Dependent("payments", "Process", SUPPLIED_BY, "bank"),
            new Dependent("treasury", "OrganizationUnit", OWNS_PROCESS, "payments"));
    assertThat(radius.nodes()).isEqualTo(3);
    assertThat(radius.byType())
        .isEqualTo(new TreeMap<>(Map.of("OrganizationUnit", 1, "Process", 1, "Vendor", 1)));
    assertThat(radius.complete()).isTrue();
  }

  @Test
  void shouldGoOnFromAUnitToWhatDependsOnItsProcesses() {
    BlastRadius radius = acme().simulate(new CloseUnit("accounting", null)).blastRadius();

    assertThat(radius.dependent())
        .extracting(Dependent::id)
        .containsExactly("abe", "amy", "ann", "invoices", "payments", "treasury");
  }

  @Test
  void shouldReachTheRolesOfWhoIsMoved() {
    BlastRadius radius = acme().simulate(new MovePeople(List.of("tom"), "sales")).blastRadius();

    assertThat(radius.dependent()).contains(new Dependent("treasurer", "Role", HAS_ROLE, "tom"));
  }

  @Test
  void shouldListTheNearestAndCountTheRest() {
    String[] crowd = IntStream.range(0, 1_500).mapToObj(i -> "p" + i).toArray(String[]::new);

    BlastRadius radius =
        acme().people("sales", crowd).simulate(new ChangeHeadcount("sales", 7)).blastRadius();

    assertThat(radius.complete()).isFalse();
    assertThat(radius.dependent()).hasSize(BlastRadius.MOST);
    assertThat(radius.nodes()).isEqualTo(1 + 1_500 + 2);
  }

  // Refusals

  @Test
  void shouldRefuseWhatIsNotThere() {
    assertThat(acme().refusals(new MoveUnit("moon", "acme")))
        .containsExactly("/changes/0/unitId: there is no node 'moon' then");
    assertThat(acme().refusals(new MovePeople(List.of("tom", "eve", "tom"), "acme")))
        .containsExactly(
            "/changes/0/personIds/1: there is no node 'eve' then",
            "/changes/0/personIds/2: 'tom' is named twice",
            "/changes/0/toId: 'acme' is a Organization, expected OrganizationUnit");
    assertThat(acme().refusals(new CloseUnit("sales", null), new MoveUnit("sales", "finance")))
        .as("gone by then")
        .containsExactly("/changes/1/unitId: there is no node 'sales' then");
  }

  @Test
  void shouldRefuseACircle() {
    assertThat(acme().refusals(new MoveUnit("finance", "treasury")))
        .containsExactly(
            "/changes/0/toId: PART_OF from 'finance' to 'treasury' would lead in a circle:"
                + " finance → treasury → finance");
    assertThat(acme().refusals(new MergeUnits(List.of("finance"), "treasury")))
        .containsExactly(
            "/changes/0/intoId: 'finance' cannot go up in 'treasury', which is part of it:"
                + " treasury → finance");
    assertThat(acme().refusals(new CloseUnit("sales", "sales")))
        .containsExactly("/changes/0/toId: 'sales' cannot go up in itself");
  }

  @Test
  void shouldRefuseValuesThatTheTwinWouldNotTake() {
    assertThat(acme().refusals(new ChangeSla("invoices", -1)))
        .containsExactly(
            "/changes/0: sla_days of a Process is -1, expected a number from 0 to 36500");
    assertThat(acme().refusals(new ChangeAutomation("invoices", "magic")))
        .containsExactly(
            "/changes/0: automation_level of a Process is 'magic', expected one of manual,"
                + " semi-auto, full-auto");
    assertThat(acme().refusals(new ChangeHeadcount("sales", -3))).hasSize(1);
  }

  @Test
  void shouldRefusePartsThatTheUnitDoesNotHave() {
    Part wrong =
        new Part("treasury", "T", List.of("tom"), List.of("payments"), List.of("sales"), 9L, 600.0);
    Part greedy = new Part("new", " ", List.of("amy"), List.of(), List.of(), null, null);
    Part twin = new Part("new", "New", List.of("amy"), List.of(), List.of(), null, null);

    assertThat(acme().refusals(new SplitUnit("accounting", List.of(wrong, greedy, twin))))
        .containsExactly(
            "/changes/0/parts/0/id: 'treasury' is taken, a part needs an id of its own",
            "/changes/0/parts/0/personIds/0: 'tom' is not of the unit 'accounting'",
            "/changes/0/parts/0/processIds/0: 'payments' is not of the unit 'accounting'",
            "/changes/0/parts/0/unitIds/0: 'sales' is not of the unit 'accounting'",
            "/changes/0/parts/1/label: label is missing or blank",
            "/changes/0/parts/2/id: 'new' is taken, a part needs an id of its own",
            "/changes/0/parts/2/personIds/0: 'amy' is taken already",
            "/changes/0/parts: the parts take a headcount of 11, but 'accounting' has 1 to give",
            "/changes/0/parts: the parts take a budget of 600, but 'accounting' has 500 to give");
  }

  // Any organisation, any changes

  @Test
  void shouldChangeNothingOfThePictureAndLoseNobodyWhoIsNotSentAway() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      Sketch sketch = anyOrganisation(random);
      Picture picture = sketch.picture();
      Figures before = outcome(picture, List.of()).before();
      List<Change> changes = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        changes.add(anyChange(random));
        if (!WhatIf.problems(picture, changes).isEmpty()) {
          changes.remove(changes.size() - 1);
        }
      }
      Outcome outcome = outcome(picture, changes);

      assertThat(outcome(picture, List.of()).after())
          .as("the picture after %s, seed %d", changes, seed)
          .isEqualTo(before);
      assertThat(outcome.after().headcount())
          .as("headcount after %s, seed %d", changes, seed)
          .isEqualTo(outcome.before().headcount());
      assertThat(outcome.after().depth())
          .as("no circle after %s, seed %d", changes, seed)
          .isBetween(1, outcome.after().units());
    }
  }

  private static Outcome outcome(Picture picture, List<Change> changes) {
    return ((WhatIf.Compared) WhatIf.simulate(picture, changes)).outcome();
  }

  private static Sketch anyOrganisation(Random random) {
    Sketch sketch = new Sketch().has(ORGANIZATION, "org");
    for (int i = 0; i < 8; i++) {
      String above = i == 0 || random.nextInt(4) == 0 ? "org" : "u" + random.nextInt(i);
      sketch.unit("u" + i, above, random.nextBoolean() ? "{'headcount': 5}" : "{}");
    }
    for (int i = 0; i < 20; i++) {
      sketch.people("u" + random.nextInt(8), "p" + i);
    }
    return sketch;
  }

  private static Change anyChange(Random random) {
    String unit = "u" + random.nextInt(8);
    String other = "u" + random.nextInt(8);
    return switch (random.nextInt(4)) {
      case 0 -> new MoveUnit(unit, other);
      case 1 -> new MergeUnits(List.of(unit), other);
      case 2 -> new CloseUnit(unit, other);
      default ->
          new SplitUnit(
              unit,
              List.of(
                  new Part(
                      "s" + random.nextInt(100),
                      "New",
                      List.of(),
                      List.of(),
                      List.of(),
                      (long) random.nextInt(4),
                      null)));
    };
  }

  private static UnitFigures unit(Figures figures, String id) {
    return figures.touchedUnits().stream()
        .filter(unit -> unit.id().equals(id))
        .findFirst()
        .orElseThrow();
  }
}
