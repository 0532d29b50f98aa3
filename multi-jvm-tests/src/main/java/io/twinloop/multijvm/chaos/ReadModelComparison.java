package io.twinloop.multijvm.chaos;

import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * Compares the read models that nodes wrote during disturbances with those that follow from the
 * journal: an event that was skipped, or counted twice, makes a difference.
 */
final class ReadModelComparison {

  private static final int SHOWN = 5;

  /** What is compared of each table: rows as text. What depends on when it was read is left out. */
  private static final Map<String, String> ROWS = new LinkedHashMap<>();

  static {
    ROWS.put(
        "read_model_progress", "SELECT (persistence_id, seq_nr)::text FROM read_model_progress");
    ROWS.put("kpi", "SELECT (id, definition::text, owner_node_id, retired)::text FROM kpi");
    ROWS.put(
        "kpi_episode",
        """
        SELECT (id, kpi_id, correlation_id, live, opened_at, severity, value, closed_at,
          closed_value)::text FROM kpi_episode
        """);
    ROWS.put(
        "loop",
        """
        SELECT (correlation_id, episodes, open_episodes, workflows, open_workflows, state,
          sensed_at, decided_at, acted_at, measured_at, first_at, last_at)::text FROM loop
        """);
    ROWS.put(
        "loop_step",
        "SELECT (correlation_id, persistence_id, seq_nr, phase, what, at)::text FROM loop_step");
    ROWS.put(
        "workflow",
        """
        SELECT (id, definition, status, entity_id, correlation_id, started_at, ended_at, seq_nr,
          output::text)::text FROM workflow
        """);
    ROWS.put(
        "workflow_step", "SELECT (workflow_id, seq_nr, at, name, event)::text FROM workflow_step");
    ROWS.put(
        "task",
        "SELECT (id, workflow_id, title, state, assignee, created_at, ended_at, ref)::text FROM task");
    ROWS.put(
        "org_node",
        """
        SELECT (id, seq_nr, type, label, properties::text, valid_from, valid_until)::text
        FROM org_node
        """);
    ROWS.put(
        "org_relation",
        """
        SELECT (source_id, seq_nr, relation, target_id, properties::text, valid_from,
          valid_until)::text FROM org_relation
        """);
    ROWS.put("org_node_history", "SELECT (node_id, seq_nr, at, what)::text FROM org_node_history");
  }

  private ReadModelComparison() {}

  /** What differs, one sentence for each table. */
  static List<String> differences(DataSource shown, DataSource replayed) throws SQLException {
    List<String> differences = new ArrayList<>();
    try (Connection nodes = shown.getConnection();
        Connection replay = replayed.getConnection()) {
      for (Map.Entry<String, String> table : ROWS.entrySet()) {
        compare(
            table.getKey(),
            rows(nodes, table.getValue()),
            rows(replay, table.getValue()),
            differences);
      }
      compare("kpi_sample_chunk", samples(nodes), samples(replay), differences);
    }
    return differences;
  }

  private static void compare(
      String table,
      Map<String, Integer> shown,
      Map<String, Integer> replayed,
      List<String> differences) {
    List<String> missing = new ArrayList<>();
    List<String> tooMuch = new ArrayList<>();
    replayed.forEach(
        (row, times) -> {
          if (shown.getOrDefault(row, 0) < times) {
            missing.add(row);
          }
        });
    shown.forEach(
        (row, times) -> {
          if (replayed.getOrDefault(row, 0) < times) {
            tooMuch.add(row);
          }
        });
    if (!missing.isEmpty() || !tooMuch.isEmpty()) {
      differences.add(
          "%s differs from a replay of the journal: %d rows missing %s, %d that should not be there %s"
              .formatted(table, missing.size(), some(missing), tooMuch.size(), some(tooMuch)));
    }
  }

  private static List<String> some(List<String> rows) {
    return rows.subList(0, Math.min(SHOWN, rows.size()));
  }

  private static Map<String, Integer> rows(Connection connection, String query)
      throws SQLException {
    Map<String, Integer> rows = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      while (result.next()) {
        rows.merge(result.getString(1), 1, Integer::sum);
      }
    }
    return rows;
  }

  /** Samples one by one: how an hour is cut and packed depends on the groups events came in. */
  private static Map<String, Integer> samples(Connection connection) throws SQLException {
    Map<String, Integer> rows = new TreeMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                """
                SELECT kpi_id || ' ' || hour || ' ' AS hour, array_agg(samples ORDER BY piece) AS pieces
                FROM kpi_sample_chunk GROUP BY kpi_id, kpi_sample_chunk.hour
                """)) {
      while (result.next()) {
        String hour = result.getString("hour");
        for (Sample sample :
            SampleChunk.unpackAll((byte[][]) result.getArray("pieces").getArray())) {
          rows.merge(hour + sample, 1, Integer::sum);
        }
      }
    }
    return rows;
  }
}
