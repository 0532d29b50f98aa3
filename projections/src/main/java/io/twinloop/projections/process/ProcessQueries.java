package io.twinloop.projections.process;

import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.CaseChunk;
import io.twinloop.domain.process.LeadingEdge;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.ProcessGraph;
import io.twinloop.domain.process.ProcessGraph.Edge;
import io.twinloop.domain.process.Trace;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the processes' read models. What takes a look at every case is kept until the
 * process gets another event.
 */
public final class ProcessQueries {

  /** Primary key. */
  private static final String TOTALS =
      "SELECT cases, closed, breached, events, revision FROM process WHERE id = ?";

  /** Primary key. */
  private static final String ACTIVITIES =
      """
      SELECT activity, count, firsts, lasts FROM process_activity
      WHERE process_id = ? AND count > 0 ORDER BY count DESC, activity
      """;

  /** Primary key. */
  private static final String PAIRS =
      """
      SELECT from_activity, to_activity, count, wait_millis FROM process_pair
      WHERE process_id = ? AND count > 0 ORDER BY count DESC, from_activity, to_activity
      """;

  /** Primary key. */
  private static final String VARIANTS =
      "SELECT count(*) FROM process_variant WHERE process_id = ? AND cases > 0";

  /** Primary key; every closed case of the process. */
  private static final String DURATIONS =
      """
      SELECT avg(length_micros) AS mean,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY length_micros::float8) AS at
      FROM process_case WHERE process_id = ? AND NOT open
      """;

  /** Primary key; the keys of entities are spread evenly, so those below a bound are a sample. */
  private static final String PACKED =
      "SELECT packed FROM process_case WHERE process_id = ? AND entity_id < ?";

  /** Index process_case_by_time, or process_case_breached where only breached ones are wanted. */
  private static final String CASES =
      """
      SELECT case_id, started_at, ended_at, length_micros, open, live, breached_at, events
      FROM process_case
      WHERE process_id = ? AND (started_at, case_id) > (?, ?)
        AND (?::boolean IS NULL OR open = ?) %s
      ORDER BY started_at, case_id LIMIT ?
      """;

  /** Primary key. */
  private static final String TO_JUDGE =
      """
      SELECT entity_id FROM process_case
      WHERE process_id = ? AND entity_id > ? AND breached_at IS NULL
        AND (length_micros > ? OR (open AND live))
      ORDER BY entity_id LIMIT ?
      """;

  /** Waits are looked at one by one up to so many events; beyond, those of a sample of cases. */
  private static final long MOST_EVENTS = 1_000_000;

  private static final int KEPT = 32;
  private static final double MICROS_PER_DAY = 86_400_000_000.0;

  private final Database database;
  private final Map<String, Analysis> analyses = new LinkedHashMap<>(KEPT, 0.75f, true);

  public ProcessQueries(Database database) {
    this.database = database;
  }

  /** Counts of a process, and how often they were moved. */
  public record Totals(long cases, long closed, long breached, long events, long revision) {}

  /** How often an activity was done, and was the first and the last of its case. */
  public record Activity(String activity, long frequency, long firsts, long lasts) {}

  /** How often one activity directly followed another. */
  public record PairCount(String from, String to, long count) {}

  /**
   * A process in figures.
   *
   * @param medianDays of the closed cases, in days of 24 hours like the others; absent without any
   */
  public record Statistics(
      Totals totals,
      long variants,
      @Nullable Double medianDays,
      @Nullable Double meanDays,
      @Nullable Double p95Days,
      List<Activity> activities,
      List<PairCount> pairs) {}

  /**
   * What a look at every case shows.
   *
   * @param sampled whether it was a sample of the cases, whose figures were scaled
   */
  public record Analysis(
      long revision, boolean sampled, List<Edge> edges, List<Bottleneck> bottlenecks) {}

  /** A case in a row. */
  public record CaseRow(
      String caseId,
      Instant startedAt,
      Instant endedAt,
      double lengthDays,
      boolean open,
      boolean live,
      @Nullable Instant breachedAt,
      int events) {}

  /** The counts of a process; empty when it has had no case. */
  public CompletionStage<Optional<Totals>> totals(String processId) {
    return database.inTransaction(connection -> totals(connection, processId));
  }

  private static Optional<Totals> totals(Connection connection, String processId)
      throws SQLException {
    return Sql.one(
        connection,
        TOTALS,
        row ->
            new Totals(
                row.getLong("cases"),
                row.getLong("closed"),
                row.getLong("breached"),
                row.getLong("events"),
                row.getLong("revision")),
        processId);
  }

  /** A process in figures; empty when it has had no case. */
  public CompletionStage<Optional<Statistics>> statistics(String processId) {
    return database.inTransaction(
        connection -> {
          Optional<Totals> totals = totals(connection, processId);
          if (totals.isEmpty()) {
            return Optional.empty();
          }
          List<Activity> activities = activities(connection, processId);
          List<PairCount> pairs =
              Sql.list(
                  connection,
                  PAIRS,
                  row ->
                      new PairCount(
                          row.getString("from_activity"),
                          row.getString("to_activity"),
                          row.getLong("count")),
                  processId);
          long variants =
              Sql.one(connection, VARIANTS, row -> row.getLong(1), processId).orElseThrow();
          return Sql.one(
              connection,
              DURATIONS,
              row -> {
                Double mean = Sql.number(row, "mean");
                return new Statistics(
                    totals.get(),
                    variants,
                    mean == null ? null : quantile(row, 0),
                    mean == null ? null : Double.valueOf(mean / MICROS_PER_DAY),
                    mean == null ? null : quantile(row, 1),
                    activities,
                    pairs);
              },
              processId);
        });
  }

  private static Double quantile(ResultSet row, int place) throws SQLException {
    Array at = row.getArray("at");
    return ((Double[]) at.getArray())[place] / MICROS_PER_DAY;
  }

  private static List<Activity> activities(Connection connection, String processId)
      throws SQLException {
    return Sql.list(
        connection,
        ACTIVITIES,
        row ->
            new Activity(
                row.getString("activity"),
                row.getLong("count"),
                row.getLong("firsts"),
                row.getLong("lasts")),
        processId);
  }

  /** The activities of a process, the most frequent first. */
  public CompletionStage<List<Activity>> activities(String processId) {
    return database.inTransaction(connection -> activities(connection, processId));
  }

  /** How often each pair of activities occurred, and how long cases waited in between. */
  public CompletionStage<List<LeadingEdge.Total>> pairs(String processId) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                PAIRS,
                row ->
                    new LeadingEdge.Total(
                        new Pair(row.getString("from_activity"), row.getString("to_activity")),
                        row.getLong("count"),
                        row.getLong("wait_millis")),
                processId));
  }

  /** The waits of a process and its bottlenecks; empty when it has had no case. */
  public CompletionStage<Optional<Analysis>> analysis(String processId) {
    return database.inTransaction(
        connection -> {
          Optional<Totals> totals = totals(connection, processId);
          if (totals.isEmpty()) {
            return Optional.empty();
          }
          Analysis kept;
          synchronized (analyses) {
            kept = analyses.get(processId);
          }
          if (kept != null && kept.revision() == totals.get().revision()) {
            return Optional.of(kept);
          }
          Analysis analysis = analyse(connection, processId, totals.get());
          synchronized (analyses) {
            analyses.put(processId, analysis);
            if (analyses.size() > KEPT) {
              analyses.remove(analyses.keySet().iterator().next());
            }
          }
          return Optional.of(analysis);
        });
  }

  private static Analysis analyse(Connection connection, String processId, Totals totals)
      throws SQLException {
    double part = Math.min(1, (double) MOST_EVENTS / Math.max(1, totals.events()));
    String bound = part < 1 ? String.format(Locale.ROOT, "%08x", (long) (part * 0x1p32)) : "g";
    ProcessGraph graph = new ProcessGraph(part);
    try (var statement = connection.prepareStatement(PACKED)) {
      statement.setFetchSize(500);
      statement.setString(1, processId);
      statement.setString(2, bound);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          graph.add(Trace.of(CaseChunk.unpack(rows.getBytes("packed"))));
        }
      }
    }
    return new Analysis(totals.revision(), part < 1, graph.edges(), graph.bottlenecks());
  }

  /**
   * Cases in order of their beginning, after the one named.
   *
   * @param breached only those that are late, or only those that are not; absent: both
   * @param open only those that are open, or only those that are not; absent: both
   */
  public CompletionStage<List<CaseRow>> cases(
      String processId,
      @Nullable Boolean breached,
      @Nullable Boolean open,
      Instant afterTime,
      String afterId,
      int limit) {
    String which = "";
    if (breached != null) {
      which = breached ? "AND breached_at IS NOT NULL" : "AND breached_at IS NULL";
    }
    String statement = CASES.formatted(which);
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                statement,
                row ->
                    new CaseRow(
                        row.getString("case_id"),
                        Sql.instant(row, "started_at"),
                        Sql.instant(row, "ended_at"),
                        row.getLong("length_micros") / MICROS_PER_DAY,
                        row.getBoolean("open"),
                        row.getBoolean("live"),
                        Sql.instant(row, "breached_at"),
                        row.getInt("events")),
                processId,
                afterTime,
                afterId,
                open,
                open,
                limit));
  }

  /**
   * The entities of cases that a service level concerns: those that are longer and not known to be
   * late, and those that can still become so; in order, after the one named.
   */
  CompletionStage<List<String>> toJudge(
      String processId, @Nullable Double slaDays, String after, int limit) {
    long longerThan = slaDays == null ? Long.MAX_VALUE : (long) (slaDays * MICROS_PER_DAY);
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                TO_JUDGE,
                row -> row.getString("entity_id"),
                processId,
                after,
                longerThan,
                limit));
  }
}
