package io.twinloop.projections.retention;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleBatch;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.domain.kpi.SampleStep;
import io.twinloop.entities.Cause;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.Sql;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.projections.kpi.KpiReadModel;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RetentionTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause(null, "request-1", "ada");
  private static final Duration YEAR = Duration.ofDays(365);

  private static ReadModels readModels;
  private static KpiQueries queries;

  private final MovableClock clock = new MovableClock(NOON);
  private final MovableClock machine = new MovableClock(NOON);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

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
  }

  private static RetentionSettings settings(String hocon) {
    Config config = ConfigFactory.parseString(hocon);
    return RetentionSettings.of(config.withFallback(ConfigFactory.defaultReference()));
  }

  private long run(String hocon) {
    Retention.Run run = runAll(hocon);
    assertThat(run.failures()).isZero();
    return run.deleted();
  }

  private Retention.Run runAll(String hocon) {
    return join(
        new Retention(readModels.database(), settings(hocon), clock, machine, metrics).run());
  }

  /** A KPI with a sample every six hours from one instant to another, 0, 1, 2 … in value. */
  private static List<Sample> kpi(String id, Instant from, Instant to) {
    List<Sample> samples = new ArrayList<>();
    for (Instant at = from; !at.isAfter(to); at = at.plus(Duration.ofHours(6))) {
      samples.add(Sample.of(at, samples.size(), "test"));
    }
    take(id, samples);
    return samples;
  }

  private static void take(String id, List<Sample> samples) {
    TestJournal<Kpi.Event> journal = new TestJournal<>("Kpi", id);
    KpiDefinition definition =
        new KpiDefinition(
            id, "1", null, Polarity.TARGET, null, null, null, null, null, DetectorSpec.DEFAULT);
    TestPostgres.project(
        readModels,
        new KpiReadModel(),
        journal.write(
            new Kpi.Defined(definition, NOON, CAUSE),
            new Kpi.SamplesTaken(SampleBatch.of(samples), 0, null, NOON, CAUSE)));
  }

  private static List<Sample> kept(String id) {
    return join(queries.samples(id, null, null, 1_000_000));
  }

  @Test
  void shouldKeepAYearBeforeTheNewestSampleAndDaysOfWhatIsOlder() {
    List<Sample> samples = kpi("old", NOON.minus(YEAR).minus(Duration.ofDays(30)), NOON);
    Instant since = NOON.minus(YEAR);

    assertThat(run("")).isEqualTo(120);

    assertThat(kept("old"))
        .isEqualTo(samples.stream().filter(each -> !each.timestamp().isBefore(since)).toList());
    assertThat(join(queries.keptSince("old"))).contains(since);
    List<SampleStep> days = join(queries.days("old", null, null, 1_000));
    List<SampleStep> wanted =
        SampleStep.of(
            samples.stream().filter(each -> each.timestamp().isBefore(since)).toList(),
            SampleStep.DAY);
    assertThat(days).hasSameSizeAs(wanted);
    for (int i = 0; i < days.size(); i++) {
      assertThat(days.get(i).from()).isEqualTo(wanted.get(i).from());
      assertThat(days.get(i).count()).isEqualTo(wanted.get(i).count());
      assertThat(days.get(i).mean()).isCloseTo(wanted.get(i).mean(), within(1e-9));
      assertThat(days.get(i).maximum()).isEqualTo(wanted.get(i).maximum());
    }
  }

  @Test
  void shouldCountEachSampleOnceHoweverOftenItRunsAndADayGoesOn() {
    kpi("on", NOON.minus(YEAR).minus(Duration.ofDays(2)), NOON);
    run("");

    assertThat(run("")).isZero();
    clock.advance(Duration.ofHours(12));
    kpi("on", NOON.plus(Duration.ofHours(6)), NOON.plus(Duration.ofHours(12)));
    assertThat(run("")).isEqualTo(2);

    int rolledUp =
        join(queries.days("on", null, null, 1_000)).stream().mapToInt(SampleStep::count).sum();
    assertThat(rolledUp).isEqualTo(8 + 2);
    assertThat(join(queries.keptSince("on"))).contains(NOON.minus(YEAR).plus(Duration.ofHours(12)));
  }

  /** It is in several rows, and what is repeated in one of them counts once. */
  @Test
  void shouldRollUpAnHourOfManySamples() {
    Instant old = NOON.minus(YEAR).minus(Duration.ofDays(3));
    for (int group = 0; group < 10; group++) {
      List<Sample> samples = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        samples.add(Sample.of(old.plusSeconds(3L * (100 * group + i)), i, "test"));
      }
      samples.add(Sample.of(old, 1_000, "test"));
      take("many", samples);
    }
    take("many", List.of(Sample.of(NOON, 1, "test")));

    assertThat(run("")).isEqualTo(1);

    SampleStep day = join(queries.days("many", null, null, 10)).get(0);
    assertThat(day.count()).isEqualTo(1_000);
    assertThat(day.maximum()).isEqualTo(99);
    assertThat(kept("many")).hasSize(1);
  }

  @Test
  void shouldKeepTheSamplesOfAKpiThatEndedWhateverTheTime() {
    kpi("ended", NOON.minus(Duration.ofDays(3_000)), NOON.minus(Duration.ofDays(2_900)));
    clock.advance(Duration.ofDays(3_650));

    assertThat(run("")).isZero();
    assertThat(join(queries.keptSince("ended"))).isEmpty();
  }

  @Test
  void shouldKeepEverythingWhateverTimeAMistakenSampleNames() {
    List<Sample> samples = kpi("wild", NOON.minus(Duration.ofDays(9)), NOON);
    kpi("ended", NOON.minus(Duration.ofDays(3_000)), NOON.minus(Duration.ofDays(2_900)));
    Instant mistaken = Instant.parse("2062-03-01T12:00:00Z");
    kpi("wild", mistaken, mistaken);
    kpi("ended", mistaken, mistaken);
    kpi("to come", mistaken.minus(YEAR).minus(YEAR), mistaken);

    assertThat(run("")).isZero();

    assertThat(kept("wild")).hasSize(samples.size() + 1).containsAll(samples);
    assertThat(join(queries.keptSince("wild"))).isEmpty();
    assertThat(join(queries.keptSince("ended"))).isEmpty();
  }

  @Test
  void shouldGoOnWithTheOthersWhenOneKpiCanNotBeRolledUp() {
    for (String id : List.of("a", "broken", "z")) {
      kpi(id, NOON.minus(YEAR).minus(Duration.ofDays(1)), NOON);
    }
    TestPostgres.execute(
        readModels.forQueries(),
        "UPDATE kpi_sample_chunk SET samples = '\\xff' WHERE kpi_id = 'broken'",
        "INSERT INTO inbox VALUES ('twin', 'e', '2020-01-01T00:00:00Z')");

    Retention.Run run = runAll("");

    assertThat(run.failures()).isEqualTo(1);
    assertThat(run.deleted()).isEqualTo(4 + 4 + 1);
    assertThat(metrics.get("twinloop.retention.failures").counter().count()).isEqualTo(1);
    assertThat(metrics.get("twinloop.retention.last.run").gauge().value()).isZero();
    assertThat(join(queries.keptSince("z"))).contains(NOON.minus(YEAR));
    assertThat(join(queries.keptSince("broken"))).isEmpty();
  }

  @Test
  void shouldRollUpWhateverNumbersThereAre() {
    Instant old = NOON.minus(YEAR).minus(Duration.ofDays(3));
    kpi("vast", NOON, NOON);
    take("vast", List.of(Sample.of(old, 1e308, "a"), Sample.of(old, 1.5e308, "b")));
    run("");
    take("vast", List.of(Sample.of(old, -1.5e308, "c"), Sample.of(old, 1e308, "d")));
    take("tiny", List.of(Sample.of(old, Double.MIN_VALUE, "a"), Sample.of(NOON, 1, "a")));
    run("");
    take("tiny", List.of(Sample.of(old, -Double.MIN_VALUE, "b")));
    run("");

    SampleStep vast = join(queries.days("vast", null, null, 10)).get(0);
    assertThat(vast.count()).isEqualTo(4);
    assertThat(vast.mean()).isCloseTo(0.5e308, within(1e300));
    assertThat(vast.minimum()).isEqualTo(-1.5e308);
    SampleStep tiny = join(queries.days("tiny", null, null, 10)).get(0);
    assertThat(tiny.count()).isEqualTo(2);
    assertThat(tiny.mean()).isBetween(-Double.MIN_VALUE, Double.MIN_VALUE);
  }

  /** Read before it was rolled up and written back after, a sample would be counted twice. */
  @Test
  void shouldNotBringBackAnHourThatIsRolledUpWhileASampleIsAddedToIt() throws Exception {
    Instant old = NOON.minus(YEAR).minus(Duration.ofDays(3));
    take("met", List.of(Sample.of(old, 1, "first"), Sample.of(NOON, 1, "first")));
    Sample late = Sample.of(old.plusSeconds(60), 2, "late");
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (Connection retention = readModels.forQueries().getConnection()) {
      retention.setAutoCommit(false);
      Sql.update(
          retention,
          "DELETE FROM kpi_sample_chunk WHERE kpi_id = 'met' AND hour = ?",
          SampleChunk.hourOf(late));
      Future<?> adding = other.submit(() -> take("met", List.of(late)));
      await().until(RetentionTest::somebodyWaitsForALock);
      retention.commit();
      adding.get(10, TimeUnit.SECONDS);
    } finally {
      other.shutdownNow();
    }

    assertThat(kept("met")).hasSize(2).startsWith(late);
  }

  private static boolean somebodyWaitsForALock() {
    return TestPostgres.rows(
            readModels,
            """
            SELECT count(*) > 0 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """)
        .equals(List.of("t"));
  }

  @Test
  void shouldGoThroughEveryKpiInPortions() {
    Stream.iterate(0, i -> i + 1)
        .limit(7)
        .forEach(i -> kpi("k" + i, NOON.minus(YEAR).minus(Duration.ofDays(200)), NOON));

    assertThat(run("")).isEqualTo(7 * 800);
  }

  @Test
  void shouldDeleteRowsByTheirAgeAndLeaveTheYoung() {
    for (int day = 0; day < 10; day++) {
      String at = NOON.minus(Duration.ofDays(day)).toString();
      TestPostgres.execute(
          readModels.forQueries(),
          """
          INSERT INTO inbox VALUES ('twin', 'e%1$d', '%2$s')
          """
              .formatted(day, at),
          """
          INSERT INTO org_node_history VALUES ('n', %1$d, '%2$s', 'changed', '{}', 'ada', 'c', NULL)
          """
              .formatted(day, at),
          """
          INSERT INTO integration_event (id, type, subject, correlation_id, time, event)
          VALUES ('e%1$d', 't', 's', 'c', '%2$s', '{}')
          """
              .formatted(day, at));
    }

    long deleted =
        run("twinloop.retention { batch = 2, inbox = 5 d, history = 3 d, events = 0 d }");

    assertThat(deleted).isEqualTo(4 + 6);
    assertThat(TestPostgres.rows(readModels, "SELECT count(*) FROM inbox")).containsExactly("6");
    assertThat(TestPostgres.rows(readModels, "SELECT max(seq_nr) FROM org_node_history"))
        .containsExactly("3");
    assertThat(TestPostgres.rows(readModels, "SELECT count(*) FROM integration_event"))
        .containsExactly("10");
    assertThat(metrics.get("twinloop.retention.deleted").tag("rows", "inbox").counter().count())
        .isEqualTo(4);
    assertThat(metrics.get("twinloop.retention.last.run").gauge().value()).isPositive();
  }

  @Test
  void shouldFollowTheClockByWhichTheRowsWereWritten() {
    TestPostgres.execute(
        readModels.forQueries(),
        "INSERT INTO inbox VALUES ('twin', 'e', '" + NOON + "')",
        "INSERT INTO org_node_history VALUES"
            + " ('n', 1, '"
            + NOON
            + "', 'changed', '{}', 'ada', 'c', NULL)");
    String month = "twinloop.retention { inbox = 30 d, history = 30 d }";

    assertThat(run(month)).isZero();
    clock.advance(Duration.ofDays(31));
    assertThat(run(month)).isEqualTo(1);
    assertThat(TestPostgres.rows(readModels, "SELECT count(*) FROM inbox")).containsExactly("1");
    machine.advance(Duration.ofDays(31));
    assertThat(run(month)).isEqualTo(1);
  }

  @Test
  void shouldRefuseSettingsThatWouldEmptyATable() {
    assertThatThrownBy(() -> settings("twinloop.retention.samples = 1 h"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("twinloop.retention.samples");
    assertThatThrownBy(() -> settings("twinloop.retention.interval = 0"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("twinloop.retention.interval");
    assertThatThrownBy(() -> settings("twinloop.retention.batch = 0"))
        .isInstanceOf(ConfigException.class);
  }
}
