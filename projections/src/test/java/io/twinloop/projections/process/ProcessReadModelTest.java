package io.twinloop.projections.process;

import static io.twinloop.projections.TestPostgres.project;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.CaseClosing;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.CaseTrack;
import io.twinloop.domain.process.EventIdentity;
import io.twinloop.domain.process.LeadingEdge;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.domain.process.ToldEvent;
import io.twinloop.entities.Cause;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.entities.process.ProcessFlow;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.process.ProcessQueries.Activity;
import io.twinloop.projections.process.ProcessQueries.CaseRow;
import io.twinloop.projections.process.ProcessQueries.PairCount;
import io.twinloop.projections.process.ProcessQueries.Statistics;
import io.twinloop.projections.process.ProcessQueries.Totals;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Cases as the projection writes them, and the figures of their process. */
class ProcessReadModelTest {

  private static final Instant NINE = Instant.parse("2026-03-02T09:00:00Z");
  private static final Cause CAUSE = new Cause(null, "request-1", "ada");
  private static final String PROCESS = "invoices";

  private static ReadModels readModels;
  private static ProcessQueries queries;

  private final Map<String, TestJournal<ProcessCase.Event>> journals = new HashMap<>();
  private final Map<String, CaseTrack> tracks = new HashMap<>();

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
    queries = new ProcessQueries(readModels.database());
  }

  private static ToldEvent told(String activity, double hours) {
    Instant at = NINE.plus(Duration.ofSeconds(Math.round(hours * 3_600)));
    return new ToldEvent(activity, at, "ada", Phase.COMPLETE, false, null);
  }

  /** The event with which a case takes these. */
  private ProcessCase.EventsTaken taken(
      String caseId, boolean whole, @Nullable Instant dueAt, ToldEvent... told) {
    List<CaseEvent> events =
        new CaseClosing(whole, Set.of()).mark(EventIdentity.identify(List.of(told)));
    CaseTrack.Taken taken =
        tracks.containsKey(caseId) ? tracks.get(caseId).take(events) : CaseTrack.first(events);
    tracks.put(caseId, taken.track());
    return new ProcessCase.EventsTaken(
        PROCESS,
        caseId,
        taken.events(),
        taken.unchanged(),
        taken.track().ended(),
        true,
        ServiceLevel.NONE,
        dueAt,
        NINE,
        CAUSE);
  }

  private List<EventEnvelope<ProcessCase.Event>> write(ProcessCase.Event... events) {
    List<EventEnvelope<ProcessCase.Event>> group = new ArrayList<>();
    for (ProcessCase.Event event : events) {
      group.addAll(
          journals
              .computeIfAbsent(
                  event.caseId(),
                  id -> new TestJournal<>("ProcessCase", ProcessCase.idOf(PROCESS, id)))
              .write(event));
    }
    return group;
  }

  private void take(ProcessCase.Event... events) {
    project(readModels, new ProcessCaseReadModel(), write(events));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  private static Statistics statistics() {
    return join(queries.statistics(PROCESS)).orElseThrow();
  }

  // Figures

  @Test
  void shouldCountCasesEventsVariantsAndPairs() {
    take(
        taken("1", true, null, told("A", 0), told("B", 24)),
        taken("2", true, null, told("A", 0), told("B", 72), told("B", 96)),
        taken("3", false, null, told("A", 5), told("B", 6)));

    Statistics statistics = statistics();
    assertThat(statistics.totals()).isEqualTo(new Totals(3, 2, 0, 7, 1));
    assertThat(statistics.variants()).isEqualTo(2);
    assertThat(statistics.medianDays()).isCloseTo(2.5, within(1e-9));
    assertThat(statistics.meanDays()).isCloseTo(2.5, within(1e-9));
    assertThat(statistics.p95Days()).isCloseTo(3.85, within(1e-9));
    assertThat(statistics.activities())
        .containsExactly(new Activity("B", 4, 0, 3), new Activity("A", 3, 3, 0));
    assertThat(statistics.pairs())
        .containsExactly(new PairCount("A", "B", 3), new PairCount("B", "B", 1));
    assertThat(join(queries.pairs(PROCESS)))
        .contains(new LeadingEdge.Total(new Pair("A", "B"), 3, 97L * 3_600_000));
    assertThat(join(queries.statistics("other"))).isEmpty();
  }

  @Test
  void shouldPutALateEventInItsPlaceAndCountTheCaseAnew() {
    take(taken("1", true, null, told("A", 0), told("C", 24)));
    take(taken("1", false, null, told("B", 12)));

    assertThat(statistics().totals()).isEqualTo(new Totals(1, 1, 0, 3, 2));
    assertThat(statistics().variants()).isEqualTo(1);
    assertThat(statistics().pairs())
        .containsExactly(new PairCount("A", "B", 1), new PairCount("B", "C", 1));
  }

  @Test
  void shouldTakeAGroupTwiceWhenTheFirstWasNotCommitted() {
    List<EventEnvelope<ProcessCase.Event>> group =
        write(taken("1", true, null, told("A", 0), told("B", 24)));
    TestPostgres.project(readModels, new ProcessCaseReadModel(), group, false);
    project(readModels, new ProcessCaseReadModel(), group);

    assertThat(statistics().totals().events()).isEqualTo(2);
  }

  /** However a log is cut into deliveries and groups, the figures are those of the whole. */
  @Test
  void shouldComeToTheSameFiguresHoweverTheLogIsCut() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<Pair, Long> pairs = new HashMap<>();
    List<ProcessCase.Event> deliveries = new ArrayList<>();
    for (int c = 0; c < 30; c++) {
      List<ToldEvent> told = new ArrayList<>();
      for (int i = 0; i < 2 + random.nextInt(6); i++) {
        told.add(told("A" + random.nextInt(4), i));
      }
      for (int i = 1; i < told.size(); i++) {
        pairs.merge(new Pair(told.get(i - 1).activity(), told.get(i).activity()), 1L, Long::sum);
      }
      Collections.shuffle(told, random);
      for (ToldEvent event : told) {
        deliveries.add(taken("case " + c, false, null, event));
      }
    }
    for (int from = 0; from < deliveries.size(); ) {
      int to = Math.min(deliveries.size(), from + 1 + random.nextInt(12));
      take(deliveries.subList(from, to).toArray(ProcessCase.Event[]::new));
      from = to;
    }

    Map<Pair, Long> counted = new HashMap<>();
    statistics()
        .pairs()
        .forEach(pair -> counted.put(new Pair(pair.from(), pair.to()), pair.count()));
    assertThat(counted).as("seed %d", seed).isEqualTo(pairs);
  }

  // Waits

  @Test
  void shouldLookAtTheWaitsAgainOnlyWhenTheProcessHasMoved() {
    take(taken("1", true, null, told("A", 0), told("B", 24), told("C", 25)));
    ProcessQueries.Analysis first = join(queries.analysis(PROCESS)).orElseThrow();
    ProcessQueries.Analysis again = join(queries.analysis(PROCESS)).orElseThrow();
    take(taken("2", true, null, told("A", 0), told("C", 100)));
    ProcessQueries.Analysis moved = join(queries.analysis(PROCESS)).orElseThrow();

    assertThat(again).isSameAs(first);
    assertThat(first.sampled()).isFalse();
    assertThat(first.bottlenecks()).extracting(Bottleneck::from).containsExactly("A", "B");
    assertThat(moved.bottlenecks()).extracting(Bottleneck::to).containsExactly("C", "B", "C");
    assertThat(join(queries.analysis("other"))).isEmpty();
  }

  // Cases

  @Test
  void shouldListCasesInOrderOfTheirBeginningPageByPage() {
    take(
        taken("late", true, null, told("A", 9), told("B", 12)),
        taken("early", false, null, told("A", 1)),
        breached("late", true));

    List<CaseRow> all = join(queries.cases(PROCESS, null, null, Instant.EPOCH, "", 10));
    CaseRow first = all.get(0);
    assertThat(all).extracting(CaseRow::caseId).containsExactly("early", "late");
    assertThat(first.open()).isTrue();
    assertThat(all.get(1).lengthDays()).isCloseTo(0.125, within(1e-9));
    assertThat(all.get(1).breachedAt()).isEqualTo(NINE);
    assertThat(join(queries.cases(PROCESS, null, null, first.startedAt(), first.caseId(), 10)))
        .extracting(CaseRow::caseId)
        .containsExactly("late");
    assertThat(join(queries.cases(PROCESS, true, null, Instant.EPOCH, "", 10)))
        .extracting(CaseRow::caseId)
        .containsExactly("late");
    assertThat(join(queries.cases(PROCESS, false, true, Instant.EPOCH, "", 10)))
        .extracting(CaseRow::caseId)
        .containsExactly("early");
    assertThat(join(queries.cases(PROCESS, true, true, Instant.EPOCH, "", 10))).isEmpty();
  }

  private ProcessCase.SlaBreached breached(String caseId, boolean live) {
    return new ProcessCase.SlaBreached(
        PROCESS, caseId, new SlaBreach(8.24, 5), "billing", live, "loop-" + caseId, NINE, CAUSE);
  }

  @Test
  void shouldFindTheCasesAServiceLevelConcerns() {
    take(
        taken("short", true, null, told("A", 0), told("B", 24)),
        taken("long", true, null, told("A", 0), told("B", 72)),
        taken("known", true, null, told("A", 0), told("B", 72)),
        taken("open", false, null, told("A", 0)),
        breached("known", true));

    assertThat(join(queries.toJudge(PROCESS, 2.0, "", 10)))
        .containsExactlyInAnyOrder(
            ProcessCase.idOf(PROCESS, "long"), ProcessCase.idOf(PROCESS, "open"));
    assertThat(join(queries.toJudge(PROCESS, null, "", 10)))
        .containsExactly(ProcessCase.idOf(PROCESS, "open"));
  }

  /** A name may hold what no text of PostgreSQL does. */
  @Test
  void shouldNotBeHeldBackByANulCharacter() {
    take(taken("a\0b", true, null, told("A\0", 0), told("B", 1)));

    assertThat(join(queries.cases(PROCESS, null, null, Instant.EPOCH, "", 10))).hasSize(1);
    assertThat(join(queries.analysis(PROCESS)).orElseThrow().edges().get(0).from())
        .isEqualTo("A\0");
  }

  // Timers

  @Test
  void shouldSetMoveAndDropTheTimerOfACase() {
    Instant due = NINE.plus(Duration.ofDays(5));
    take(taken("1", false, due, told("A", 0)));
    assertThat(timers()).containsExactly("sla");
    take(taken("1", false, null, told("A", 1)));
    assertThat(timers()).isEmpty();
    take(
        new ProcessCase.ServiceLevelChanged(
            PROCESS, "1", new ServiceLevel(5.0, null), due, NINE, CAUSE));
    assertThat(timers()).containsExactly("sla");
    take(breached("1", true));
    assertThat(timers()).isEmpty();
  }

  private static List<String> timers() {
    return TestPostgres.rows(
        readModels, "SELECT timer_id FROM timer WHERE entity_type = 'ProcessCase'");
  }

  // The outside, and loops

  @Test
  void shouldTellOfALiveBreachOnceWithTheFieldsOfTheCatalogue() {
    List<EventEnvelope<ProcessCase.Event>> group =
        write(taken("1", true, null, told("A", 0)), breached("1", true));
    project(readModels, new ProcessCaseReadModel(), group);

    List<IntegrationEvent> sent =
        group.stream().flatMap(event -> ProcessCaseEvents.of(event).stream()).toList();
    assertThat(sent).hasSize(1);
    IntegrationEvent event = sent.get(0);
    assertThat(event.type()).isEqualTo("dto.process.sla_breach");
    assertThat(event.subject()).isEqualTo(PROCESS);
    assertThat(event.entityType()).isEqualTo("Process");
    assertThat(event.priority()).isEqualTo(Priority.CRITICAL);
    assertThat(event.correlationId()).isEqualTo("loop-1");
    assertThat(event.data().toString())
        .isEqualTo(
            "{\"process_id\":\"invoices\",\"case_id\":\"1\",\"actual_days\":8.24,\"sla_days\":5.0,"
                + "\"delay_days\":3.2,\"owner_unit_id\":\"billing\",\"breach_pct\":64.8}");
    LoopQueries.Story loop =
        join(new LoopQueries(readModels.database()).find("loop-1")).orElseThrow();
    assertThat(loop.loop().eventType()).isEqualTo("dto.process.sla_breach");
    assertThat(loop.loop().episodes()).isEqualTo(1);
    assertThat(TestPostgres.rows(readModels, "SELECT id FROM integration_event"))
        .containsExactly(event.id());
  }

  @Test
  void shouldTellNobodyOfABreachInHistory() {
    List<EventEnvelope<ProcessCase.Event>> group =
        write(taken("1", true, null, told("A", 0)), breached("1", false));
    project(readModels, new ProcessCaseReadModel(), group);

    assertThat(group.stream().flatMap(event -> ProcessCaseEvents.of(event).stream())).isEmpty();
    assertThat(join(new LoopQueries(readModels.database()).find("loop-1"))).isEmpty();
    assertThat(statistics().totals().breached()).isEqualTo(1);
  }

  @Test
  void shouldOpenAndCloseTheLoopOfABottleneck() {
    TestJournal<ProcessFlow.Event> flow = new TestJournal<>("ProcessFlow", PROCESS);
    Bottleneck bottleneck =
        new Bottleneck("A", "B", 40, 20.5, 90, 1_000, 0.4, Bottleneck.Kind.QUEUE, "40 cases …");
    List<EventEnvelope<ProcessFlow.Event>> group =
        flow.write(
            new ProcessFlow.BottleneckIdentified(bottleneck, "billing", "loop-b", NINE, CAUSE),
            new ProcessFlow.BottleneckLeft(bottleneck, "loop-b", NINE, CAUSE));
    project(readModels, new ProcessFlowReadModel(), group);

    IntegrationEvent event = ProcessFlowEvents.of(group.get(0)).get(0);
    assertThat(event.type()).isEqualTo("dto.process.bottleneck_identified");
    assertThat(event.data().path("kind").textValue()).isEqualTo("queue");
    assertThat(event.data().path("share_of_wait").doubleValue()).isEqualTo(0.4);
    LoopQueries.Story loop =
        join(new LoopQueries(readModels.database()).find("loop-b")).orElseThrow();
    assertThat(loop.steps())
        .extracting(LoopQueries.Step::phase)
        .containsExactly("sense", "measure");
  }
}
