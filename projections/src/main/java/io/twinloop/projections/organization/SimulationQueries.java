package io.twinloop.projections.organization;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Questions to the simulations: which there are. */
public final class SimulationQueries {

  /** Index simulation_by_time. */
  private static final String LIST =
      """
      SELECT id, name, at, state, requested_at, ended_at, correlation_id FROM simulation
      WHERE (requested_at, id) > (?, ?) AND (?::text IS NULL OR state = ?)
      ORDER BY requested_at, id LIMIT ?
      """;

  private final Database database;

  public SimulationQueries(Database database) {
    this.database = database;
  }

  /**
   * A simulation in short.
   *
   * @param at the instant at which the organisation was taken
   * @param state requested, finished or failed
   */
  public record SimulationRow(
      String id,
      String name,
      Instant at,
      String state,
      Instant requestedAt,
      @Nullable Instant endedAt,
      String correlationId) {

    private static SimulationRow of(ResultSet row) throws SQLException {
      return new SimulationRow(
          row.getString("id"),
          row.getString("name"),
          Sql.instant(row, "at"),
          row.getString("state"),
          Sql.instant(row, "requested_at"),
          Sql.instant(row, "ended_at"),
          row.getString("correlation_id"));
    }
  }

  /** Simulations in the order they were requested, after one of them. */
  public CompletionStage<List<SimulationRow>> simulations(
      @Nullable String state, Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(connection, LIST, SimulationRow::of, afterTime, afterId, state, state, limit));
  }
}
