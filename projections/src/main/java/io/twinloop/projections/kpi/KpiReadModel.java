package io.twinloop.projections.kpi;

import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleChunk;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopWriter;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** KPIs, their samples in hourly chunks, their episodes, and their part in loops. */
public final class KpiReadModel extends ReadModel<Kpi.Event> {

  /** Primary key. */
  private static final String DEFINE =
      """
      INSERT INTO kpi (id, definition, owner_node_id) VALUES (?, ?::json, ?)
      ON CONFLICT (id) DO UPDATE
      SET definition = EXCLUDED.definition, owner_node_id = EXCLUDED.owner_node_id
      """;

  /** Primary key. */
  private static final String RETIRE = "UPDATE kpi SET retired = TRUE WHERE id = ?";

  /** Primary key; nobody else writes these rows, since a KPI belongs to one slice range. */
  private static final String READ_CHUNKS =
      """
      SELECT kpi_id, hour, samples FROM kpi_sample_chunk
      WHERE (kpi_id, hour) IN (SELECT * FROM unnest(?, ?))
      """;

  /** Primary key. */
  private static final String WRITE_CHUNKS =
      """
      INSERT INTO kpi_sample_chunk (kpi_id, hour, samples, count)
      SELECT * FROM unnest(?, ?, ?, ?)
      ON CONFLICT (kpi_id, hour) DO UPDATE SET samples = EXCLUDED.samples, count = EXCLUDED.count
      """;

  /** Primary key. */
  private static final String WRITE_EPISODE =
      """
      INSERT INTO kpi_episode (id, kpi_id, correlation_id, live, opened_at, severity, value,
        baseline_mean, z_score, closed_at, closed_value)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET severity = EXCLUDED.severity,
        closed_at = EXCLUDED.closed_at, closed_value = EXCLUDED.closed_value
      """;

  /** Hour of a KPI's samples: the key of a chunk. */
  private record Hour(String kpiId, long hour) implements Comparable<Hour> {
    @Override
    public int compareTo(Hour other) {
      return Comparator.comparing(Hour::kpiId).thenComparingLong(Hour::hour).compare(this, other);
    }
  }

  /** The samples of one hour. */
  private record Chunk(Hour hour, List<Sample> samples) {}

  @Override
  protected void write(Connection connection, List<EventEnvelope<Kpi.Event>> envelopes)
      throws SQLException {
    Map<Hour, List<Sample>> samples = new TreeMap<>();
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<Kpi.Event> envelope : envelopes) {
      String id = entityId(envelope);
      Kpi.Event event = envelope.event();
      if (event instanceof Kpi.Defined defined) {
        String json = Json.text(defined.definition());
        Sql.update(connection, DEFINE, id, json, defined.definition().ownerNodeId());
      } else if (event instanceof Kpi.SamplesTaken taken) {
        for (Sample sample : taken.samples().samples()) {
          samples
              .computeIfAbsent(new Hour(id, SampleChunk.hourOf(sample)), hour -> new ArrayList<>())
              .add(sample);
        }
      } else if (event instanceof Kpi.AnomalyOpened opened) {
        writeEpisode(connection, id, opened.episode());
      } else if (event instanceof Kpi.AnomalyWorsened worsened) {
        writeEpisode(connection, id, worsened.episode());
      } else if (event instanceof Kpi.AnomalyClosed closed) {
        writeEpisode(connection, id, closed.episode());
      } else if (event instanceof Kpi.Retired) {
        Sql.update(connection, RETIRE, id);
      }
      for (IntegrationEvent sent : KpiEvents.of(envelope)) {
        EventLog.record(connection, sent);
      }
      changes.addAll(KpiLoopChanges.of(envelope));
    }
    writeSamples(connection, samples);
    LoopWriter.write(connection, changes);
  }

  private static void writeSamples(Connection connection, Map<Hour, List<Sample>> added)
      throws SQLException {
    if (added.isEmpty()) {
      return;
    }
    List<String> kpiIds = added.keySet().stream().map(Hour::kpiId).toList();
    List<Long> hours = added.keySet().stream().map(Hour::hour).toList();
    Map<Hour, List<Sample>> merged = new TreeMap<>(added);
    List<Chunk> known =
        Sql.list(
            connection,
            READ_CHUNKS,
            row ->
                new Chunk(
                    new Hour(row.getString("kpi_id"), row.getLong("hour")),
                    SampleChunk.unpack(row.getBytes("samples"))),
            Sql.texts(connection, kpiIds),
            Sql.longs(connection, hours));
    known.forEach(chunk -> merged.merge(chunk.hour(), chunk.samples(), (n, k) -> concat(k, n)));
    List<byte[]> packed = new ArrayList<>(merged.size());
    List<Long> counts = new ArrayList<>(merged.size());
    for (List<Sample> chunk : merged.values()) {
      List<Sample> distinct = SampleChunk.merge(chunk, List.of());
      packed.add(SampleChunk.pack(distinct));
      counts.add((long) distinct.size());
    }
    Sql.update(
        connection,
        WRITE_CHUNKS,
        Sql.texts(connection, kpiIds),
        Sql.longs(connection, hours),
        Sql.bytes(connection, packed),
        Sql.longs(connection, counts));
  }

  private static List<Sample> concat(List<Sample> known, List<Sample> news) {
    List<Sample> all = new ArrayList<>(known);
    all.addAll(news);
    return all;
  }

  private static void writeEpisode(Connection connection, String kpiId, Episode episode)
      throws SQLException {
    Sql.update(
        connection,
        WRITE_EPISODE,
        episode.id(),
        kpiId,
        episode.correlationId(),
        episode.live(),
        episode.openedAt(),
        episode.severity().name(),
        episode.first().value(),
        episode.first().baselineMean(),
        episode.first().zScore(),
        episode.closedAt(),
        episode.closedValue());
  }
}
