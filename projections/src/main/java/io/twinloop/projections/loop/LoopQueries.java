package io.twinloop.projections.loop;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.serialization.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Questions about loops: one with all its steps, many, and how well they close. */
public final class LoopQueries {

  private static final String COLUMNS =
      """
      SELECT correlation_id, event_type, entity_id, entity_type, priority, state, sensed_at,
        decided_at, acted_at, measured_at, first_at, last_at, episodes, workflows, effect
      FROM loop
      """;

  /** Primary key. */
  private static final String ONE = COLUMNS + "WHERE correlation_id = ?";

  /** Primary key, then time. */
  private static final String STEPS =
      """
      SELECT at, phase, what, detail FROM loop_step
      WHERE correlation_id = ?
      ORDER BY at, persistence_id, seq_nr
      """;

  /** Index loop_by_time, or by state or entity where the question is narrower. */
  private static final String LIST =
      COLUMNS
          + """
          WHERE (first_at, correlation_id) > (?, ?)
            AND (?::text IS NULL OR entity_id = ?) AND (?::text IS NULL OR state = ?)
            AND (?::text[] IS NULL OR entity_id = ANY(?))
          ORDER BY first_at, correlation_id LIMIT ?
          """;

  /** Reads every sensed loop once. */
  private static final String STATISTICS =
      """
      SELECT event_type,
        count(*) FILTER (WHERE state = 'open') AS open,
        count(*) FILTER (WHERE state = 'closed') AS closed,
        count(*) FILTER (WHERE state = 'closed' AND last_at - sensed_at <= CASE priority
          WHEN 'critical' THEN interval '1 minute'
          WHEN 'high' THEN interval '15 minutes'
          WHEN 'medium' THEN interval '1 hour' END) AS within_priority_time,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM last_at - sensed_at))
          FILTER (WHERE state = 'closed') AS median_sec_to_close,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY effect)
          FILTER (WHERE state = 'closed') AS median_effect
      FROM loop WHERE event_type IS NOT NULL GROUP BY event_type ORDER BY event_type
      """;

  private final Database database;
  private final Scope scope;

  public LoopQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private LoopQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public LoopQueries within(Scope narrower) {
    return new LoopQueries(database, narrower);
  }

  /**
   * A loop in a row. Times say when each phase was first (sense, decide) or last (act, measure)
   * heard of; {@code effect} is the share of the distance from the baseline that is gone.
   */
  public record Loop(
      String correlationId,
      @Nullable String eventType,
      @Nullable String entityId,
      @Nullable String entityType,
      @Nullable String priority,
      String state,
      @Nullable Instant sensedAt,
      @Nullable Instant decidedAt,
      @Nullable Instant actedAt,
      @Nullable Instant measuredAt,
      Instant firstAt,
      Instant lastAt,
      int episodes,
      int workflows,
      @Nullable Double effect) {}

  /** One step of a loop. */
  public record Step(Instant at, String phase, String what, JsonNode detail) {}

  /** A loop with all its steps, in order of time. */
  public record Story(Loop loop, List<Step> steps) {}

  /** How the loops of one event type fare; times in seconds. */
  public record Statistics(
      String eventType,
      long open,
      long closed,
      long withinPriorityTime,
      @Nullable Double medianSecToClose,
      @Nullable Double medianEffect) {}

  /** The loop with this correlation id. */
  public CompletionStage<Optional<Story>> find(String correlationId) {
    return database.inTransaction(
        connection -> {
          Optional<Loop> loop =
              Sql.one(connection, ONE, LoopQueries::loop, correlationId)
                  .filter(there -> scope.hasEntity(there.entityId()));
          if (loop.isEmpty()) {
            return Optional.empty();
          }
          List<Step> steps = Sql.list(connection, STEPS, LoopQueries::step, correlationId);
          return Optional.of(new Story(loop.get(), steps));
        });
  }

  /** Loops in order of their beginning, after the one named. */
  public CompletionStage<List<Loop>> list(
      @Nullable String entityId,
      @Nullable String state,
      Instant afterTime,
      String afterId,
      int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                LIST,
                LoopQueries::loop,
                afterTime,
                afterId,
                entityId,
                entityId,
                state,
                state,
                scope.entityIds(connection),
                scope.entityIds(connection),
                limit));
  }

  /** How loops fare, by the type of event that began them. */
  public CompletionStage<List<Statistics>> statistics() {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                STATISTICS,
                row ->
                    new Statistics(
                        row.getString("event_type"),
                        row.getLong("open"),
                        row.getLong("closed"),
                        row.getLong("within_priority_time"),
                        Sql.number(row, "median_sec_to_close"),
                        Sql.number(row, "median_effect"))));
  }

  private static Loop loop(ResultSet row) throws SQLException {
    return new Loop(
        row.getString("correlation_id"),
        row.getString("event_type"),
        row.getString("entity_id"),
        row.getString("entity_type"),
        row.getString("priority"),
        row.getString("state"),
        Sql.instant(row, "sensed_at"),
        Sql.instant(row, "decided_at"),
        Sql.instant(row, "acted_at"),
        Sql.instant(row, "measured_at"),
        Sql.instant(row, "first_at"),
        Sql.instant(row, "last_at"),
        row.getInt("episodes"),
        row.getInt("workflows"),
        Sql.number(row, "effect"));
  }

  private static Step step(ResultSet row) throws SQLException {
    return new Step(
        Sql.instant(row, "at"),
        row.getString("phase"),
        row.getString("what"),
        Json.tree(row.getString("detail")));
  }
}
