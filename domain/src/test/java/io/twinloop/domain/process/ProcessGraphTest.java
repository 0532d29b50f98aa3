package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.twinloop.domain.process.Bottleneck.Kind;
import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.LeadingEdge.Total;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.Trace.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Counts, waits and bottlenecks of a process. */
class ProcessGraphTest {

  private static final Instant NINE = Instant.parse("2026-03-02T09:00:00Z");

  private final ProcessGraph graph = new ProcessGraph();

  private static Step step(String activity, double hours, @Nullable String resource) {
    Instant at = NINE.plus(Duration.ofSeconds(Math.round(hours * 3_600)));
    return new Step(activity, at, at, resource);
  }

  private void wait(String from, String to, double since, double hours, String one, String other) {
    graph.add(new Trace(List.of(step(from, since, one), step(to, since + hours, other))));
  }

  @Test
  void shouldOrderPlacesByTheirWholeWaitAndShareItOut() {
    for (int i = 0; i < 10; i++) {
      graph.add(
          new Trace(
              List.of(step("A", 0, "x"), step("B", 1 + i, "y"), step("C", 1 + i + 0.5, "y"))));
    }

    List<Bottleneck> found = graph.bottlenecks();

    assertThat(found).extracting(Bottleneck::from).containsExactly("A", "B");
    assertThat(found.get(0).totalWaitHours()).isCloseTo(55, within(1e-9));
    assertThat(found.get(0).medianWaitHours()).isCloseTo(5.5, within(1e-9));
    assertThat(found.get(0).p95WaitHours()).isCloseTo(9.55, within(1e-9));
    assertThat(found.get(0).share()).isCloseTo(55 / 60.0, within(1e-9));
    assertThat(found.get(0).cases()).isEqualTo(10);
    assertThat(found.get(0).kind()).isEqualTo(Kind.HAND_OVER);
    assertThat(found.get(0).evidence())
        .startsWith("10 cases waited here, 5.5 h at the median and 9.6 h at the 95th percentile");
  }

  @Test
  void shouldCountACaseOnceThatWaitsTwice() {
    graph.add(
        new Trace(
            List.of(
                step("A", 0, null), step("B", 1, null), step("A", 2, null), step("B", 3, null))));

    assertThat(graph.edges().get(0).frequency()).isEqualTo(2);
    assertThat(graph.edges().get(0).cases()).isEqualTo(1);
  }

  @Test
  void shouldTellAWaitNobodyServesFromARealOne() {
    for (int i = 0; i < 40; i++) {
      wait("sent", "auto-closed", i, 336 + 0.01 * (i % 3), "ada", "system");
      wait("asked", "answered", i, 1 + 7 * (i % 11), "ada", "bob");
    }

    assertThat(graph.bottlenecks())
        .extracting(Bottleneck::kind)
        .containsExactly(Kind.FIXED_DELAY, Kind.HAND_OVER);
  }

  @Test
  void shouldSeeThatTheOneWhoIsWaitedForHasOtherCases() {
    for (int i = 0; i < 10; i++) {
      wait("opened", "decided", i, 20 + i * i, "ada", "ada");
    }

    assertThat(graph.bottlenecks().get(0).kind()).isEqualTo(Kind.CONTENTION);
  }

  @Test
  void shouldNotInventWhomACaseWaitsFor() {
    for (int i = 0; i < 10; i++) {
      wait("opened", "decided", i, 20 + i * i, null, null);
    }

    assertThat(graph.bottlenecks().get(0).kind()).isEqualTo(Kind.QUEUE);
  }

  @Test
  void shouldEndAWaitWhenWorkBegins() {
    Instant nine = NINE;
    Step first = new Step("A", nine, nine, null);
    Step second = new Step("B", nine.plusSeconds(3_600), nine.plusSeconds(36_000), null);
    Step overlapping = new Step("C", nine, nine.plusSeconds(72_000), null);
    graph.add(new Trace(List.of(first, second, overlapping)));

    assertThat(graph.bottlenecks()).hasSize(1);
    assertThat(graph.bottlenecks().get(0).totalWaitHours()).isEqualTo(1);
  }

  @Test
  void shouldHaveNoBottleneckWithoutCases() {
    assertThat(graph.bottlenecks()).isEmpty();
    assertThat(graph.edges()).isEmpty();
  }

  // Counts

  @Test
  void shouldCountOutWhatWasCountedIn() {
    List<CaseEvent> before =
        List.of(
            new CaseEvent("A", NINE, null, Phase.COMPLETE, false, 1),
            new CaseEvent("C", NINE.plusSeconds(50), null, Phase.COMPLETE, false, 2));
    List<CaseEvent> after =
        List.of(
            before.get(0),
            new CaseEvent("B", NINE.plusSeconds(20), null, Phase.COMPLETE, false, 3),
            before.get(1));
    LogFigures change = new LogFigures();
    change.remove(before);
    change.add(after);

    assertThat(change.activities().get("A").isZero()).isTrue();
    assertThat(change.activities().get("B")).isEqualTo(new LogFigures.ActivityCount(1, 0, 0));
    assertThat(change.pairs())
        .containsEntry(new Pair("A", "C"), new LogFigures.PairCount(-1, -50_000))
        .containsEntry(new Pair("A", "B"), new LogFigures.PairCount(1, 20_000))
        .containsEntry(new Pair("B", "C"), new LogFigures.PairCount(1, 30_000));
    assertThat(change.variants().values()).containsExactlyInAnyOrder(-1L, 1L);
  }

  // Who leads

  private static final LeadingEdge RULE = new LeadingEdge(0.2, 30, 0.1);
  private static final Pair ONE = new Pair("A", "B");
  private static final Pair OTHER = new Pair("B", "C");

  private static List<Total> totals(long one, long other) {
    return List.of(new Total(ONE, 100, one), new Total(OTHER, 100, other));
  }

  @Test
  void shouldLetTheLargestLeadIfItHasARealShare() {
    assertThat(RULE.among(totals(50, 70), null)).contains(OTHER);
    assertThat(RULE.among(List.of(new Total(ONE, 29, 70)), null)).isEmpty();
    assertThat(RULE.among(List.of(), null)).isEmpty();
    List<Total> many =
        LongStream.range(0, 10).mapToObj(i -> new Total(new Pair("A", "B" + i), 100, 10)).toList();
    assertThat(RULE.among(many, null)).isEmpty();
  }

  @Test
  void shouldNotLetTwoAlikeTakeTurns() {
    assertThat(RULE.among(totals(100, 109), ONE)).contains(ONE);
    assertThat(RULE.among(totals(100, 111), ONE)).contains(OTHER);
  }

  // The last cases

  @Test
  void shouldAverageTheLastThirtyAndTakeEachCaseOnce() {
    RecentCases recent = RecentCases.NONE;
    for (int i = 0; i < 40; i++) {
      recent = recent.with(closed("c" + i, i, i));
      recent = recent.with(closed("c" + i, i, i));
    }

    assertThat(recent.cases()).hasSize(30);
    assertThat(recent.meanDays()).isCloseTo(24.5, within(1e-9));
    assertThat(recent.with(closed("early", 1, 99))).isSameAs(recent);
    assertThat(recent.with(closed("c39", 50, 69)).meanDays()).isCloseTo(25.5, within(1e-9));
  }

  private static RecentCases.Closed closed(String id, int hours, double days) {
    return new RecentCases.Closed(id, NINE.plus(Duration.ofHours(hours)), days);
  }
}
