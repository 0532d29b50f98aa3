package io.twinloop.projections.kpi;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.domain.kpi.SampleStep;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Questions to the KPIs' read models. */
public final class KpiQueries {

  /** Primary key. */
  private static final String KPIS =
      """
      SELECT id, definition, retired FROM kpi
      WHERE id > ? AND (?::text IS NULL OR owner_node_id = ?)
        AND (?::text[] IS NULL OR id = ANY(?))
      ORDER BY id LIMIT ?
      """;

  /** Primary key, in order of time. */
  private static final String HOURS =
      """
      SELECT array_agg(samples ORDER BY piece) AS pieces FROM kpi_sample_chunk
      WHERE kpi_id = ? AND hour BETWEEN ? AND ? GROUP BY hour ORDER BY hour
      """;

  /** Index kpi_episode_by_kpi. */
  private static final String EPISODES =
      """
      SELECT id, correlation_id, live, opened_at, severity, value, baseline_mean, z_score,
        closed_at, closed_value
      FROM kpi_episode
      WHERE kpi_id = ? AND opened_at > ? AND opened_at >= ? AND opened_at <= ?
      ORDER BY opened_at LIMIT ?
      """;

  /** Primary key. */
  private static final String KEPT_SINCE = "SELECT since FROM kpi_samples_kept WHERE kpi_id = ?";

  /** Primary key, in order of time. */
  private static final String DAYS =
      """
      SELECT day, count, mean, minimum, maximum FROM kpi_sample_day
      WHERE kpi_id = ? AND day BETWEEN ? AND ? ORDER BY day LIMIT ?
      """;

  private static final Instant FIRST = Instant.parse("1900-01-01T00:00:00Z");
  private static final Instant LAST = Instant.parse("2201-01-01T00:00:00Z");

  private final Database database;
  private final Scope scope;

  public KpiQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private KpiQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public KpiQueries within(Scope narrower) {
    return new KpiQueries(database, narrower);
  }

  /** A KPI as the read model has it. */
  public record KpiRow(String id, JsonNode definition, boolean retired) {}

  /** An episode; the times are those of samples, the values in the KPI's unit. */
  public record EpisodeRow(
      String episodeId,
      String correlationId,
      boolean live,
      Instant openedAt,
      String severity,
      double value,
      double baselineMean,
      @Nullable Double zScore,
      @Nullable Instant closedAt,
      @Nullable Double closedValue) {}

  /** KPIs in order of id, after {@code after}; only those of {@code owner} where it is given. */
  public CompletionStage<List<KpiRow>> kpis(@Nullable String owner, String after, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                KPIS,
                row ->
                    new KpiRow(
                        row.getString("id"),
                        Json.tree(row.getString("definition")),
                        row.getBoolean("retired")),
                after,
                owner,
                owner,
                scope.kpiIds(connection),
                scope.kpiIds(connection),
                limit));
  }

  /** The samples from {@code from} to {@code to}, both included, in order of time. */
  public CompletionStage<List<Sample>> samples(
      String kpiId, @Nullable Instant from, @Nullable Instant to, int limit) {
    Instant first = from == null ? FIRST : from;
    Instant last = to == null ? LAST : to;
    return database.inTransaction(connection -> read(connection, kpiId, first, last, limit));
  }

  private static List<Sample> read(
      Connection connection, String kpiId, Instant first, Instant last, int limit)
      throws SQLException {
    List<Sample> samples = new ArrayList<>();
    try (var statement = connection.prepareStatement(HOURS)) {
      statement.setFetchSize(24); // a day at once: an hour of many samples is large
      statement.setString(1, kpiId);
      statement.setLong(2, hourOf(first));
      statement.setLong(3, hourOf(last));
      try (ResultSet rows = statement.executeQuery()) {
        while (samples.size() < limit && rows.next()) {
          SampleChunk.unpackAll(Sql.bytes(rows, "pieces")).stream()
              .filter(sample -> !sample.timestamp().isBefore(first))
              .filter(sample -> !sample.timestamp().isAfter(last))
              .limit(limit - samples.size())
              .forEach(samples::add);
        }
      }
    }
    return samples;
  }

  /** Since when a KPI's samples are kept one by one; empty while all are. */
  public CompletionStage<Optional<Instant>> keptSince(String kpiId) {
    return database.inTransaction(
        connection -> Sql.one(connection, KEPT_SINCE, row -> Sql.instant(row, "since"), kpiId));
  }

  /** The days that are left of samples no longer kept, in order of time. */
  public CompletionStage<List<SampleStep>> days(
      String kpiId, @Nullable Instant from, @Nullable Instant to, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                DAYS,
                row ->
                    new SampleStep(
                        Instant.EPOCH.plus(SampleStep.DAY.multipliedBy(row.getLong("day"))),
                        row.getInt("count"),
                        row.getDouble("mean"),
                        row.getDouble("minimum"),
                        row.getDouble("maximum")),
                kpiId,
                dayOf(from == null ? FIRST : from),
                dayOf(to == null ? LAST : to),
                limit));
  }

  private static long dayOf(Instant instant) {
    return Math.floorDiv(instant.getEpochSecond(), SampleStep.DAY.toSeconds());
  }

  private static long hourOf(Instant instant) {
    return Math.floorDiv(instant.getEpochSecond(), 3_600L);
  }

  /**
   * Episodes in order of opening, opened after {@code after} and from {@code from} to {@code to}.
   */
  public CompletionStage<List<EpisodeRow>> episodes(
      String kpiId,
      @Nullable Instant after,
      @Nullable Instant from,
      @Nullable Instant to,
      int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                EPISODES,
                KpiQueries::episode,
                kpiId,
                after == null ? FIRST : after,
                from == null ? FIRST : from,
                to == null ? LAST : to,
                limit));
  }

  private static EpisodeRow episode(ResultSet row) throws SQLException {
    return new EpisodeRow(
        row.getString("id"),
        row.getString("correlation_id"),
        row.getBoolean("live"),
        Sql.instant(row, "opened_at"),
        row.getString("severity"),
        row.getDouble("value"),
        row.getDouble("baseline_mean"),
        Sql.number(row, "z_score"),
        Sql.instant(row, "closed_at"),
        Sql.number(row, "closed_value"));
  }
}
