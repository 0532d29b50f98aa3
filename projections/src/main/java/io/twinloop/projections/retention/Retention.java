package io.twinloop.projections.retention;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.domain.kpi.SampleStep;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Deletes what is older than a site keeps it, in many short transactions: a long one would hold
 * back every reader of the journal.
 *
 * <p>Samples are kept by the newest of their own KPI, so that a KPI that ended is not emptied by
 * and by. What becomes too old is rolled up by day first.
 */
public final class Retention {

  private static final int KPIS_AT_ONCE = 500;
  private static final int CHUNKS_AT_ONCE = 500;

  /** Primary keys: of each KPI its first and its last chunk. */
  private static final String AGED =
      """
      SELECT k.id, oldest.hour AS oldest, newest.hour AS newest FROM (
        SELECT id FROM kpi WHERE id > ? ORDER BY id LIMIT ?) k
      CROSS JOIN LATERAL (
        SELECT hour FROM kpi_sample_chunk WHERE kpi_id = k.id ORDER BY hour LIMIT 1) oldest
      CROSS JOIN LATERAL (
        SELECT hour FROM kpi_sample_chunk WHERE kpi_id = k.id ORDER BY hour DESC LIMIT 1) newest
      WHERE oldest.hour < newest.hour - ?
      ORDER BY k.id
      """;

  /** Primary key. */
  private static final String LAST_OF_PAGE =
      "SELECT max(id) AS id FROM (SELECT id FROM kpi WHERE id > ? ORDER BY id LIMIT ?) page";

  /** Primary key. */
  private static final String TAKE =
      """
      DELETE FROM kpi_sample_chunk WHERE (kpi_id, hour) IN (
        SELECT kpi_id, hour FROM kpi_sample_chunk WHERE kpi_id = ? AND hour < ?
        ORDER BY hour LIMIT ? FOR UPDATE)
      RETURNING samples
      """;

  /** Primary key. A day that was begun before goes on. */
  private static final String ROLL_UP =
      """
      INSERT INTO kpi_sample_day AS d (kpi_id, day, count, mean, minimum, maximum)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (kpi_id, day) DO UPDATE SET
        count = d.count + EXCLUDED.count,
        mean = (d.mean * d.count + EXCLUDED.mean * EXCLUDED.count) / (d.count + EXCLUDED.count),
        minimum = least(d.minimum, EXCLUDED.minimum),
        maximum = greatest(d.maximum, EXCLUDED.maximum)
      """;

  /** Primary key. */
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
    Gauge.builder("twinloop.retention.last.run", lastRun, AtomicLong::get)
        .baseUnit("seconds")
        .description("when everything too old was last gone, since 1970 UTC; 0 for not yet")
        .register(metrics);
  }

  /** Deletes what is too old by now; answers how many rows. */
  public CompletionStage<Long> run() {
    CompletionStage<Long> done = samples("");
    for (AgingRows rows : AgingRows.values()) {
      Duration age = settings.ages().get(rows);
      if (!age.isZero()) {
        Clock writtenBy = rows.isOfTheMachine() ? machine : clock;
        Instant before = writtenBy.instant().minus(age);
        done = then(done, sum -> sum(sum, rows(rows, before, 0)));
      }
    }
    return done.thenApplyAsync(
        deleted -> {
          lastRun.set(machine.instant().getEpochSecond());
          return deleted;
        },
        Runnable::run);
  }

  private CompletionStage<Long> rows(AgingRows rows, Instant before, long deletedBefore) {
    return then(
        database.inTransaction(
            connection -> Sql.update(connection, rows.delete(), before, settings.batch())),
        deleted -> {
          count(rows.settingName(), deleted);
          return deleted < settings.batch()
              ? CompletableFuture.completedStage(deletedBefore + deleted)
              : rows(rows, before, deletedBefore + deleted);
        });
  }

  private record Aged(String kpiId, long oldest, long keptFrom) {}

  /** Page by page through all KPIs. */
  private CompletionStage<Long> samples(String after) {
    long hours = settings.samples().toHours();
    if (hours == 0) {
      return CompletableFuture.completedStage(0L);
    }
    CompletionStage<Long> here =
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
                        hours)),
            aged -> {
              CompletionStage<Long> done = CompletableFuture.completedStage(0L);
              for (Aged kpi : aged) {
                done = then(done, sum -> sum(sum, rollUp(kpi, 0)));
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

  private CompletionStage<Long> rollUp(Aged kpi, long before) {
    return then(
        database.inTransaction(connection -> rollUpSome(connection, kpi)),
        chunks -> {
          count("samples", chunks);
          return chunks < CHUNKS_AT_ONCE
              ? CompletableFuture.completedStage(before + chunks)
              : rollUp(kpi, before + chunks);
        });
  }

  private static int rollUpSome(Connection connection, Aged kpi) throws SQLException {
    List<byte[]> chunks =
        Sql.list(
            connection,
            TAKE,
            row -> row.getBytes("samples"),
            kpi.kpiId(),
            kpi.keptFrom(),
            CHUNKS_AT_ONCE);
    List<Sample> samples = new ArrayList<>();
    for (byte[] chunk : chunks) {
      samples.addAll(SampleChunk.unpack(chunk));
    }
    samples.sort(Comparator.comparing(Sample::timestamp));
    for (SampleStep day : SampleStep.of(samples, SampleStep.DAY)) {
      Sql.update(
          connection,
          ROLL_UP,
          kpi.kpiId(),
          day.from().getEpochSecond() / SampleStep.DAY.toSeconds(),
          day.count(),
          day.mean(),
          day.minimum(),
          day.maximum());
    }
    Sql.update(
        connection,
        KEPT_SINCE,
        kpi.kpiId(),
        Instant.ofEpochSecond(kpi.keptFrom() * Duration.ofHours(1).toSeconds()));
    return chunks.size();
  }

  private void count(String what, int deleted) {
    metrics.counter("twinloop.retention.deleted", "rows", what).increment(deleted);
  }

  private static CompletionStage<Long> sum(long before, CompletionStage<Long> more) {
    return more.thenApplyAsync(deleted -> before + deleted, Runnable::run);
  }

  private static <A, B> CompletionStage<B> then(
      CompletionStage<A> stage, Function<A, CompletionStage<B>> next) {
    return stage.thenComposeAsync(next, Runnable::run);
  }
}
