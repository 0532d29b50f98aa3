package io.twinloop.projections.kpi;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.kpi.Anomaly;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleBatch;
import io.twinloop.domain.kpi.Severity;
import io.twinloop.entities.Cause;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.kpi.KpiQueries.EpisodeRow;
import io.twinloop.projections.kpi.KpiQueries.KpiRow;
import io.twinloop.projections.loop.LoopQueries;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KpiReadModelTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause(null, "request-1", "ada");
  private static final KpiDefinition DEFINITION = definition("Time to invoice", "billing");
  private static final Anomaly HIGH = new Anomaly(Severity.HIGH, 9.5, 5.0, 3.0);

  private static ReadModels readModels;
  private static KpiQueries queries;

  private TestJournal<Kpi.Event> invoice;
  private TestJournal<Kpi.Event> delay;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    queries = new KpiQueries(readModels.database());
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
    invoice = new TestJournal<>("Kpi", "invoice");
    delay = new TestJournal<>("Kpi", "delay");
  }

  // Definitions

  @Test
  void shouldKeepTheLatestDefinition() {
    project(invoice.write(defined(definition("Old", "sales")), defined(DEFINITION)));

    KpiRow row = join(queries.kpis(null, "", 10)).get(0);
    assertThat(row.id()).isEqualTo("invoice");
    assertThat(row.definition().get("name").asText()).isEqualTo("Time to invoice");
    assertThat(row.retired()).isFalse();
  }

  @Test
  void shouldFindTheKpisOfAnOwnerPageByPage() {
    project(delay.write(defined(definition("Delay", "billing"))));
    project(invoice.write(defined(DEFINITION), new Kpi.Retired(NOON, CAUSE)));
    project(new TestJournal<Kpi.Event>("Kpi", "other").write(defined(definition("Other", "hr"))));

    assertThat(join(queries.kpis("billing", "", 1)))
        .extracting(KpiRow::id)
        .containsExactly("delay");
    assertThat(join(queries.kpis("billing", "delay", 9)))
        .containsExactly(
            new KpiRow("invoice", join(queries.kpis(null, "delay", 1)).get(0).definition(), true));
  }

  /** A name may hold what no text of PostgreSQL does; everything behind it would wait for ever. */
  @Test
  void shouldNotBeHeldBackByANulCharacter() {
    project(invoice.write(defined(definition("a\0b", "billing\0"))));

    assertThat(join(queries.kpis(null, "", 10)))
        .singleElement()
        .satisfies(row -> assertThat(row.definition().get("name").asText()).isEqualTo("a\0b"));
  }

  // Samples

  @Test
  void shouldMergeTheDeliveriesOfAnHourIntoOneChunk() {
    project(invoice.write(taken(at(0, 1), at(1, 2))));
    project(invoice.write(taken(at(2, 3)), taken(at(3, 4))));

    assertThat(samples("invoice")).containsExactly(at(0, 1), at(1, 2), at(2, 3), at(3, 4));
    assertThat(chunks()).containsExactly("invoice|4");
  }

  /** What came first isn't written again with each group, however many come in an hour. */
  @Test
  void shouldDivideAnHourOfManySamplesIntoPieces() {
    List<Sample> all = new ArrayList<>();
    for (int group = 0; group < 20; group++) {
      Sample[] some = new Sample[50];
      for (int i = 0; i < some.length; i++) {
        some[i] = Sample.of(NOON.plusSeconds(all.size() * 3L + 3), all.size(), "counter");
        all.add(some[i]);
      }
      project(invoice.write(taken(some)));
    }
    Sample repeated = Sample.of(NOON.plusSeconds(3), 99, "counter");
    Sample late = Sample.of(NOON.plusSeconds(1), -1, "counter");
    project(invoice.write(taken(repeated, late)));

    assertThat(chunks()).hasSizeBetween(5, 20);
    assertThat(samples("invoice")).hasSize(1_001).startsWith(late).endsWith(all.get(999));
    assertThat(samples("invoice").subList(1, 1_001)).isEqualTo(all);
    assertThat(join(queries.samples("invoice", NOON, null, 2))).containsExactly(late, all.get(0));
  }

  @Test
  void shouldPutSamplesThatComeLateInTheirPlace() {
    project(invoice.write(taken(at(50, 5), at(110, 11))));
    project(invoice.write(taken(at(-70, -7), at(10, 1), at(60, 6))));

    assertThat(samples("invoice"))
        .containsExactly(at(-70, -7), at(10, 1), at(50, 5), at(60, 6), at(110, 11));
    assertThat(chunks()).containsExactly("invoice|1", "invoice|2", "invoice|2");
  }

  @Test
  void shouldKeepTheFirstOfSamplesWithTheSameTimeAndSource() {
    Sample other = new Sample(NOON, 99, "manual", 0.5);
    project(invoice.write(taken(at(0, 1)), taken(at(0, 2), other)));
    project(invoice.write(taken(at(0, 3))));

    assertThat(samples("invoice")).containsExactly(at(0, 1), other);
  }

  @Test
  void shouldKeepTheSamplesOfManyKpisApartInOneGroup() {
    List<EventEnvelope<Kpi.Event>> group = new ArrayList<>();
    List<TestJournal<Kpi.Event>> kpis =
        IntStream.range(0, 50).mapToObj(n -> new TestJournal<Kpi.Event>("Kpi", "k" + n)).toList();
    for (int round = 0; round < 5; round++) {
      for (int n = 0; n < kpis.size(); n++) {
        group.addAll(kpis.get(n).write(taken(at(round * 30, n))));
      }
    }
    project(group);

    IntStream.range(0, 50)
        .forEach(
            n ->
                assertThat(samples("k" + n))
                    .containsExactly(at(0, n), at(30, n), at(60, n), at(90, n), at(120, n)));
  }

  @Test
  void shouldCountAGroupOnceThatCameAgainAfterARollback() {
    List<EventEnvelope<Kpi.Event>> group =
        invoice.write(defined(DEFINITION), taken(at(0, 9.5)), opened("e1"));
    TestPostgres.project(readModels, new KpiReadModel(), group, false);
    assertThat(samples("invoice")).isEmpty();

    project(group);

    assertThat(samples("invoice")).containsExactly(at(0, 9.5));
    assertThat(loop("loop-e1").episodes()).isEqualTo(1);
    assertThat(loop("loop-e1").state()).isEqualTo("open");
  }

  @Test
  void shouldAnswerTheRangeAskedForBothEndsIncluded() {
    project(invoice.write(taken(at(0, 0), at(10, 1), at(20, 2), at(70, 7), at(130, 13))));

    assertThat(join(queries.samples("invoice", minute(10), minute(70), 10)))
        .containsExactly(at(10, 1), at(20, 2), at(70, 7));
    assertThat(join(queries.samples("invoice", minute(10), null, 2)))
        .containsExactly(at(10, 1), at(20, 2));
    assertThat(join(queries.samples("nobody", null, null, 10))).isEmpty();
  }

  @Test
  void shouldTakeSamplesFromTheFirstToTheLastYear() {
    Sample first = new Sample(Instant.parse("1900-01-01T00:00:00Z"), 1, "old", 1);
    Sample last = new Sample(Instant.parse("2200-12-31T23:59:59.999999Z"), 2, "new", 1);
    project(invoice.write(taken(first, last)));

    assertThat(samples("invoice")).containsExactly(first, last);
  }

  // Episodes

  @Test
  void shouldFollowAnEpisodeToItsEnd() {
    project(invoice.write(opened("e1")));
    EpisodeRow open = episodes().get(0);
    Episode worse = episode("e1").worsened(Severity.CRITICAL);
    project(
        invoice.write(
            new Kpi.AnomalyWorsened(
                worse, minute(5), new Anomaly(Severity.CRITICAL, 12, 5.0, 4.0), NOON, CAUSE),
            new Kpi.AnomalyClosed(worse.closed(minute(9), 5.5), minute(9), CAUSE)));

    assertThat(open)
        .isEqualTo(new EpisodeRow("e1", "loop-e1", true, NOON, "HIGH", 9.5, 5.0, 3.0, null, null));
    assertThat(episodes())
        .containsExactly(
            new EpisodeRow("e1", "loop-e1", true, NOON, "CRITICAL", 9.5, 5.0, 3.0, minute(9), 5.5));
  }

  @Test
  void shouldListEpisodesInOrderOfTheirOpening() {
    project(invoice.write(openedAt("late", minute(60)), openedAt("early", minute(1))));
    project(delay.write(opened("another")));

    assertThat(episodes()).extracting(EpisodeRow::episodeId).containsExactly("early", "late");
    assertThat(join(queries.episodes("invoice", minute(1), null, null, 10)))
        .extracting(EpisodeRow::episodeId)
        .containsExactly("late");
    assertThat(join(queries.episodes("invoice", null, minute(1), minute(59), 10)))
        .extracting(EpisodeRow::episodeId)
        .containsExactly("early");
  }

  // Loops

  @Test
  void shouldOpenALoopOfWhichTheEventAndTheEvidenceAreKnown() {
    project(invoice.write(opened("e1")));

    LoopQueries.Story story = story("loop-e1");
    LoopQueries.Loop loop = story.loop();
    assertThat(loop.eventType()).isEqualTo("dto.kpi.anomaly_detected");
    assertThat(loop.entityId()).isEqualTo("invoice");
    assertThat(loop.entityType()).isEqualTo("KPI");
    assertThat(loop.priority()).isEqualTo("high");
    assertThat(loop.sensedAt()).isEqualTo(NOON);
    assertThat(loop.state()).isEqualTo("open");
    var detail = story.steps().get(0).detail();
    assertThat(detail.get("value").asDouble()).isEqualTo(9.5);
    assertThat(detail.get("baselineMean").asDouble()).isEqualTo(5.0);
    assertThat(detail.get("zScore").asDouble()).isEqualTo(3.0);
    assertThat(sent()).containsExactly(detail.get("eventId").asText());
  }

  @Test
  void shouldLeaveEpisodesOfThePastOutOfLoopsAndOffTheBus() {
    Episode past = Episode.opened("e1", "loop-e1", false, NOON, HIGH);
    project(
        invoice.write(
            new Kpi.AnomalyOpened(past, DEFINITION, NOON, CAUSE),
            new Kpi.AnomalyClosed(past.closed(minute(1), 5.0), NOON, CAUSE)));

    assertThat(episodes()).hasSize(1);
    assertThat(join(new LoopQueries(readModels.database()).find("loop-e1"))).isEmpty();
    assertThat(sent()).isEmpty();
  }

  @Test
  void shouldMeasureHowMuchOfTheDistanceIsGone() {
    project(
        invoice.write(
            opened("e1"),
            new Kpi.AnomalyClosed(episode("e1").closed(minute(9), 5.9), minute(9), CAUSE)));

    assertThat(loop("loop-e1").effect()).isEqualTo(0.8, org.assertj.core.data.Offset.offset(1e-9));
    assertThat(loop("loop-e1").measuredAt()).isEqualTo(minute(9));
    assertThat(loop("loop-e1").state()).as("no workflow has answered it").isEqualTo("open");
  }

  @Test
  void shouldShowTheSampleThatAWorkflowMeasured() {
    project(
        invoice.write(
            opened("e1"),
            new Kpi.SamplesTaken(
                SampleBatch.of(List.of(new Sample(minute(5), 6, "bpa.wf-1", 1))),
                0,
                "event-7",
                minute(6),
                new Cause("loop-e1", "event-7", "bpa"))));

    assertThat(story("loop-e1").steps())
        .extracting(LoopQueries.Step::what)
        .containsExactly("anomaly opened", "measured");
  }

  // Progress

  @Test
  void shouldTellHowFarItIs() {
    ReadModelProgress progress = new ReadModelProgress(readModels.database());
    project(invoice.write(defined(DEFINITION), taken(at(0, 1))));

    assertThat(join(progress.await(Map.of("Kpi|invoice", 2L), Duration.ZERO))).isTrue();
    assertThat(join(progress.await(Map.of("Kpi|invoice", 3L), Duration.ZERO))).isFalse();
    assertThat(join(progress.await(Map.of("Kpi|delay", 1L), Duration.ZERO))).isFalse();

    var waiting = progress.await(Map.of("Kpi|invoice", 3L, "Kpi|delay", 1L), Duration.ofSeconds(9));
    project(
        Stream.concat(
                invoice.write(taken(at(1, 1))).stream(), delay.write(taken(at(1, 1))).stream())
            .toList());
    assertThat(join(waiting)).isTrue();
  }

  // The language of these tests

  private static void project(List<EventEnvelope<Kpi.Event>> group) {
    TestPostgres.project(readModels, new KpiReadModel(), group);
  }

  private static KpiDefinition definition(String name, String owner) {
    return new KpiDefinition(
        name, "days", owner, null, 5.0, 6.0, 8.0, null, null, DetectorSpec.DEFAULT);
  }

  private static Kpi.Event defined(KpiDefinition definition) {
    return new Kpi.Defined(definition, NOON, CAUSE);
  }

  private static Kpi.Event taken(Sample... samples) {
    return new Kpi.SamplesTaken(SampleBatch.of(List.of(samples)), 0, null, NOON, CAUSE);
  }

  private static Sample at(int minute, double value) {
    return new Sample(minute(minute), value, "erp", 1.0);
  }

  private static Instant minute(int minute) {
    return NOON.plus(Duration.ofMinutes(minute));
  }

  private static Episode episode(String id) {
    return Episode.opened(id, "loop-" + id, true, NOON, HIGH);
  }

  private static Kpi.Event opened(String id) {
    return openedAt(id, NOON);
  }

  private static Kpi.Event openedAt(String id, Instant at) {
    Episode episode = Episode.opened(id, "loop-" + id, true, at, HIGH);
    return new Kpi.AnomalyOpened(episode, DEFINITION, at, CAUSE);
  }

  private static List<Sample> samples(String kpiId) {
    return join(queries.samples(kpiId, null, null, 10_000));
  }

  private static List<EpisodeRow> episodes() {
    return join(queries.episodes("invoice", null, null, null, 100));
  }

  private static List<String> chunks() {
    return TestPostgres.rows(
        readModels, "SELECT kpi_id, count FROM kpi_sample_chunk ORDER BY kpi_id, hour");
  }

  private static LoopQueries.Story story(String correlationId) {
    return join(new LoopQueries(readModels.database()).find(correlationId)).orElseThrow();
  }

  private static LoopQueries.Loop loop(String correlationId) {
    return story(correlationId).loop();
  }

  private static List<String> sent() {
    return join(
            new EventQueries(readModels.database())
                .after(
                    EventQueries.Place.BEGINNING, new EventQueries.Filter(null, null, null), 100))
        .stream()
        .map(event -> event.event().get("id").asText())
        .toList();
  }
}
