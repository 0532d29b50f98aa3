package io.twinloop.multijvm.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.multijvm.Twin;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Brings what callers began to its end, after the last of them has gone: KPIs are calm again, every
 * task is completed, read models and consumers have come to the end of what there is.
 */
public final class Settling {

  private static final Duration LOOK = Duration.ofMillis(300);

  /** How often in a row nothing may be under way before it is believed. */
  private static final int BELIEVED_AFTER = 5;

  /** Everything that goes on by itself and is not at its end yet. */
  private static final String UNDER_WAY =
      """
      SELECT 'open loops' AS what, count(*) AS number FROM loop
        WHERE episodes > 0 AND state <> 'closed'
      UNION ALL SELECT 'running workflows', count(*) FROM workflow WHERE ended_at IS NULL
      UNION ALL SELECT 'loops with live episodes without workflow', count(*) FROM (
        SELECT correlation_id, count(*) AS episodes FROM kpi_episode WHERE live GROUP BY 1) e
        WHERE episodes > (
          SELECT count(*) FROM workflow w WHERE w.correlation_id = e.correlation_id)
      UNION ALL SELECT 'entities whose read model is behind', count(*) FROM (
        SELECT persistence_id, max(seq_nr) AS seq_nr FROM event_journal GROUP BY 1) journal
        LEFT JOIN read_model_progress p USING (persistence_id)
        WHERE p.seq_nr IS DISTINCT FROM journal.seq_nr
      UNION ALL SELECT 'events without their effect', count(*) FROM integration_event e
        WHERE type IN (
            SELECT DISTINCT type FROM integration_event JOIN inbox ON event_id = id)
          AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = e.id)
      UNION ALL SELECT 'events told that nobody took', count(*) FROM unnest(?) AS told (id)
        WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = told.id)
      """;

  private final List<Twin> twins;
  private final String postgresUrl;

  public Settling(List<Twin> twins, String postgresUrl) {
    this.twins = List.copyOf(twins);
    this.postgresUrl = postgresUrl;
  }

  /**
   * Waits until nothing is under way, at most so long.
   *
   * @param told ids of events that were sent to the twin
   * @return what still is when patience ends, in words; empty when all has settled
   */
  public String settle(List<String> kpiIds, List<String> told, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    int quiet = 0;
    int calm = 0;
    String last = "";
    while (quiet < BELIEVED_AFTER) {
      Twin twin = twins.get(calm++ % twins.size());
      boolean asked = calmAndComplete(twin, kpiIds);
      String underWay = underWay(told);
      quiet = underWay.isEmpty() && asked ? quiet + 1 : 0;
      if (!underWay.isEmpty()) {
        last = underWay;
      }
      if (System.nanoTime() > deadline) {
        return last.isEmpty() ? "the nodes don't answer" : last;
      }
      pause();
    }
    return "";
  }

  /** True when nothing was left to do, and that was answered. */
  private static boolean calmAndComplete(Twin twin, List<String> kpiIds) {
    try {
      boolean calm = true;
      for (String kpi : kpiIds) {
        JsonNode state = twin.get("/api/v1/kpis/" + kpi).body();
        if (!state.path("state").asText().equals("tracking")) {
          calm = false;
          twin.takeSamples(kpi, "calm-again", List.of(new Twin.Point(Instant.now(), 100)));
        }
      }
      for (JsonNode task : twin.openTasks()) {
        calm = false;
        twin.completeTask(
            task.get("id").asText(),
            Twin.object().put("resolution", "seen").put("measured_value", 100));
      }
      return calm;
    } catch (UncheckedIOException | IllegalStateException notNow) {
      return false;
    }
  }

  private String underWay(List<String> told) {
    try (Connection connection = StoredHistory.dataSource(postgresUrl).getConnection();
        PreparedStatement statement = connection.prepareStatement(UNDER_WAY)) {
      statement.setArray(1, connection.createArrayOf("text", told.toArray()));
      try (ResultSet rows = statement.executeQuery()) {
        List<String> words = new ArrayList<>();
        while (rows.next()) {
          if (rows.getLong("number") > 0) {
            words.add(rows.getLong("number") + " " + rows.getString("what"));
          }
        }
        return String.join(", ", words);
      }
    } catch (SQLException e) {
      return "PostgreSQL doesn't answer: " + e.getMessage();
    }
  }

  private static void pause() {
    try {
      TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
