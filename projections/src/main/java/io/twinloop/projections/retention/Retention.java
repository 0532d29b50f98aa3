package io.twinloop.projections.retention;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.domain.kpi.SampleStep;
import io.twinloop.projections.Database;
import io.twinloop.projections.Database.DatabaseException;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what is older than a site keeps it, in many short transactions: a long one would hold
 * back every reader of the journal.
 *
 * <p>Samples are kept by the newest of their own KPI, so that a KPI that ended is not emptied by
 * and by. One with a time that is still to come does not count, else a single mistaken year would
 * make everything too old. What becomes too old is rolled up by day first.
 *
 * <p>Each kind of rows and each KPI goes by itself: what fails is told and counted, and tried again
 * at the next run; the others go on.
 */
public final class Retention {

  private static final Logger LOG = LoggerFactory.getLogger(Retention.class);

  private static final Duration HOUR = Duration.ofHours(1);
  private static final int KPIS_AT_ONCE = 500;
  private static final int HOURS_AT_ONCE = 500;

  /** Primary keys: of each KPI its first hour and the last that is not of times to come. */
  private static final String AGED =
      """
      SELECT k.id, oldest.hour AS oldest, newest.hour AS newest FROM (
        SELECT id FROM kpi WHERE id > ? ORDER BY id LIMIT ?) k
      CROSS JOIN LATERAL (
        SELECT hour FROM kpi_sample_chunk WHERE kpi_id = k.id ORDER BY hour LIMIT 1) oldest
      CROSS JOIN LATERAL (
        SELECT hour FROM kpi_sample_chunk WHERE kpi_id = k.id AND hour <= ?
        ORDER BY hour DESC LIMIT 1) newest
      WHERE oldest.hour < newest.hour - ?
      ORDER BY k.id
      """;

  /** Primary key. */
  private static final String LAST_OF_PAGE =
      "SELECT max(id) AS id FROM (SELECT id FROM kpi WHERE id > ? ORDER BY id LIMIT ?) page";

  /**
   * Primary key; what a read model is just adding to is waited for, and comes with the addition.
   */
  private static final String TAKE =
      """
      WITH taken AS (
        DELETE FROM kpi_sample_chunk WHERE (kpi_id, hour, piece) IN (
          SELECT kpi_id, hour, piece FROM kpi_sample_chunk WHERE kpi_id = ? AND hour IN (
            SELECT DISTINCT hour FROM kpi_sample_chunk WHERE kpi_id = ? AND hour < ?
            ORDER BY hour LIMIT ?)
          ORDER BY hour, piece FOR UPDATE)
        RETURNING hour, piece, samples)
      SELECT array_agg(samples ORDER BY piece) AS pieces FROM taken GROUP BY hour ORDER BY hour
      """;

  /** Primary key. */
  private static final String BEGUN =
      """
      SELECT day, count, mean, minimum, maximum FROM kpi_sample_day
      WHERE kpi_id = ? AND day = ANY (?)
      """;

  /** Primary key. */
  private static final String ROLL_UP =
      """
      INSERT INTO kpi_sample_day (kpi_id, day, count, mean, minimum, maximum)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (kpi_id, day) DO UPDATE SET count = EXCLUDED.count, mean = EXCLUDED.mean,
        minimum = EXCLUDED.minimum, maximum = EXCLUDED.maximum
      """;

  /** Primary key. Whoever has this row rolls up the KPI, nobody else at the same time. */
  private static final String KEPT_SINCE =
      """
      INSERT INTO kpi_samples_kept AS k (kpi_id, since) VALUES (?, ?)
      ON CONFLICT (kpi_id) DO UPDATE SET since = greatest(k.since, EXCLUDED.since)
      """;

  private final Database database;
  private final RetentionSettings settings;
  private final Clock clock;
  private final Clock machine;
  private final MeterRegistry metrics;
  private final Counter failures;
  private final AtomicLong lastRun = new AtomicLong();

  /**
   * @param clock the product's: most rows carry its time
   * @param machine the machines'
   */
  public Retention(
      Database database,
      RetentionSettings settings,
      Clock clock,
      Clock machine,
      MeterRegistry metrics) {
    this.database = database;
    this.settings = settings;
    this.clock = clock;
    this.machine = machine;
    this.metrics = metrics;
    this.failures =
        Counter.builder("twinloop.retention.failures")
            .description("Kinds of rows and KPIs of which something too old was left, run by run")
            .register(metrics);
    Gauge.builder("twinloop.retention.last.run", lastRun, AtomicLong::get)
        .baseUnit("seconds")
        .description("when everything too old was last gone, since 1970 UTC; 0 for not yet")
        .register(metrics);
  }

  /**
   * What a run came to.
   *
   * @param deleted rows
   * @param failures kinds of rows and KPIs of which something too old is left, each told in the log
   */
  public record Run(long deleted, int failures) {
    private static final Run NOTHING = new Run(0, 0);

    private Run and(Run other) {
      return new Run(deleted + other.deleted, failures + other.failures);
    }
  }

  /** Deletes what is too old by now; fails when the database is away. */
  public CompletionStage<Run> run() {
    CompletionStage<Run> done = byItself("samples", samples(""));
    for (AgingRows rows : AgingRows.values()) {
      Duration age = settings.ages().get(rows);
      if (!age.isZero()) {
        Clock writtenBy = rows.isOfTheMachine() ? machine : clock;
        Instant before = writtenBy.instant().minus(age);
        done = then(done, sum -> sum(sum, byItself(rows.settingName(), rows(rows, before, 0))));
      }
    }
    return done.thenApplyAsync(
        run -> {
          if (run.failures() == 0) {
            lastRun.set(machine.instant().getEpochSecond());
          }
          return run;
        },
        Runnable::run);
  }

  /** A failure is told and counted; that the database is away ends the whole run. */
  private CompletionStage<Run> byItself(String what, CompletionStage<Run> work) {
    return work.handleAsync(
        (run, failure) -> {
          if (failure == null) {
            return run;
          }
          Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
          if (cause instanceof DatabaseException database && database.isConnectionLost()) {
            throw new CompletionException(cause);
          }
          LOG.warn("What is too old of {} stays for now: {}", what, String.valueOf(cause));
          failures.increment();
          return new Run(0, 1);
        },
        Runnable::run);
  }

  private CompletionStage<Run> rows(AgingRows rows, Instant before, long deletedBefore) {
    return then(
        database.inTransaction(
            connection -> Sql.update(connection, rows.delete(), before, settings.batch())),
        deleted -> {
          count(rows.settingName(), deleted);
          return deleted < settings.batch()
              ? CompletableFuture.completedStage(new Run(deletedBefore + deleted, 0))
              : rows(rows, before, deletedBefore + deleted);
        });
  }

  private record Aged(String kpiId, long oldest, long keptFrom) {}

  /** Page by page through all KPIs. */
  private CompletionStage<Run> samples(String after) {
    long hours = settings.samples().toHours();
    if (hours == 0) {
      return CompletableFuture.completedStage(Run.NOTHING);
    }
    CompletionStage<Run> here =
        then(
            database.inTransaction(
                connection ->
                    Sql.list(
                        connection,
                        AGED,
                        row ->
                            new Aged(
                                row.getString("id"),
                                row.getLong("oldest"),
                                row.getLong("newest") - hours),
                        after,
                        KPIS_AT_ONCE,
                        clock.instant().getEpochSecond() / HOUR.toSeconds(),
                        hours)),
            aged -> {
              CompletionStage<Run> done = CompletableFuture.completedStage(Run.NOTHING);
              for (Aged kpi : aged) {
                String what = "the samples of '" + kpi.kpiId() + "'";
                done = then(done, sum -> sum(sum, byItself(what, rollUp(kpi, 0))));
              }
              return done;
            });
    return then(
        here,
        sum ->
            then(
                lastAfter(after),
                last ->
                    last.isEmpty()
                        ? CompletableFuture.completedStage(sum)
                        : sum(sum, samples(last.get()))));
  }

  private CompletionStage<Optional<String>> lastAfter(String after) {
    return database.inTransaction(
        connection ->
            Sql.list(
                    connection,
                    LAST_OF_PAGE,
                    row -> Optional.ofNullable(row.getString("id")),
                    after,
                    KPIS_AT_ONCE)
                .get(0));
  }

  private CompletionStage<Run> rollUp(Aged kpi, long before) {
    return then(
        database.inTransaction(connection -> rollUpSome(connection, kpi)),
        hours -> {
          count("sample-hours", hours);
          return hours < HOURS_AT_ONCE
              ? CompletableFuture.completedStage(new Run(before + hours, 0))
              : rollUp(kpi, before + hours);
        });
  }

  private static int rollUpSome(Connection connection, Aged kpi) throws SQLException {
    Sql.update(
        connection,
        KEPT_SINCE,
        kpi.kpiId(),
        Instant.ofEpochSecond(kpi.keptFrom() * HOUR.toSeconds()));
    List<byte[][]> hours =
        Sql.list(
            connection,
            TAKE,
            row -> Sql.bytes(row, "pieces"),
            kpi.kpiId(),
            kpi.kpiId(),
            kpi.keptFrom(),
            HOURS_AT_ONCE);
    List<Sample> samples =
        hours.stream().flatMap(pieces -> SampleChunk.unpackAll(pieces).stream()).toList();
    for (SampleStep day : goneOn(connection, kpi, SampleStep.of(samples, SampleStep.DAY))) {
      Sql.update(
          connection,
          ROLL_UP,
          kpi.kpiId(),
          number(day),
          day.count(),
          day.mean(),
          day.minimum(),
          day.maximum());
    }
    return hours.size();
  }

  /** These days, each together with what it had before. */
  private static List<SampleStep> goneOn(Connection connection, Aged kpi, List<SampleStep> days)
      throws SQLException {
    List<SampleStep> all =
        Sql.list(
            connection,
            BEGUN,
            row ->
                new SampleStep(
                    Instant.ofEpochSecond(row.getLong("day") * SampleStep.DAY.toSeconds()),
                    row.getInt("count"),
                    row.getDouble("mean"),
                    row.getDouble("minimum"),
                    row.getDouble("maximum")),
            kpi.kpiId(),
            Sql.longs(connection, days.stream().map(Retention::number).toList()));
    all.addAll(days);
    all.sort(Comparator.comparing(SampleStep::from));
    return SampleStep.together(all, SampleStep.DAY);
  }

  private static long number(SampleStep day) {
    return day.from().getEpochSecond() / SampleStep.DAY.toSeconds();
  }

  private void count(String what, int deleted) {
    metrics.counter("twinloop.retention.deleted", "rows", what).increment(deleted);
  }

  private static CompletionStage<Run> sum(Run before, CompletionStage<Run> more) {
    return more.thenApplyAsync(before::and, Runnable::run);
  }

  private static <A, B> CompletionStage<B> then(
      CompletionStage<A> stage, Function<A, CompletionStage<B>> next) {
    return stage.thenComposeAsync(next, Runnable::run);
  }
}
