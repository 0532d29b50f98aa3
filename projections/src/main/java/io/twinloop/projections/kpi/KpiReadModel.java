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
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** KPIs, their samples in chunks of an hour at most, their episodes, and their part in loops. */
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

  /**
   * An hour's last piece takes more while it is shorter, in bytes: with what one group brings it
   * mostly stays below the 2 kB from which PostgreSQL writes a value out of line.
   */
  private static final int FULL_PIECE = 1024;

  /**
   * Primary key. A KPI belongs to one slice range, so only retention writes these rows too: either
   * waits for the other, else samples would be counted into their day and stay.
   */
  private static final String LAST_PIECES =
      """
      SELECT c.kpi_id, c.hour, c.piece, c.samples
      FROM unnest(?, ?) AS wanted (kpi_id, hour) CROSS JOIN LATERAL (
        SELECT * FROM kpi_sample_chunk WHERE kpi_id = wanted.kpi_id AND hour = wanted.hour
        ORDER BY piece DESC LIMIT 1 FOR UPDATE) c
      """;

  /** Primary key. */
  private static final String WRITE_PIECES =
      """
      INSERT INTO kpi_sample_chunk (kpi_id, hour, piece, samples, count)
      SELECT * FROM unnest(?, ?, ?, ?, ?)
      ON CONFLICT (kpi_id, hour, piece)
      DO UPDATE SET samples = EXCLUDED.samples, count = EXCLUDED.count
      """;

  /** Primary key. */
  private static final String WRITE_EPISODES =
      """
      INSERT INTO kpi_episode (id, kpi_id, correlation_id, live, opened_at, severity, value,
        baseline_mean, z_score, closed_at, closed_value)
      SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET severity = EXCLUDED.severity,
        closed_at = EXCLUDED.closed_at, closed_value = EXCLUDED.closed_value
      """;

  /** Hour of a KPI's samples: the key of its pieces. */
  private record Hour(String kpiId, long hour) implements Comparable<Hour> {
    @Override
    public int compareTo(Hour other) {
      return Comparator.comparing(Hour::kpiId).thenComparingLong(Hour::hour).compare(this, other);
    }
  }

  /** An episode and its KPI. */
  private record Told(String kpiId, Episode episode) {}

  /** Packed samples of one hour: all of it, or what came one after the other. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, only carried
  private record Piece(Hour hour, long number, byte[] samples) {

    /** The first piece of an hour. */
    static Piece first(Hour hour, List<Sample> samples) {
      return new Piece(hour, 0, SampleChunk.add(null, samples));
    }

    /** The piece with more samples, or the next one where it is full. */
    Piece with(List<Sample> more) {
      return samples.length < FULL_PIECE
          ? new Piece(hour, number, SampleChunk.add(samples, more))
          : new Piece(hour, number + 1, SampleChunk.add(null, more));
    }
  }

  @Override
  protected void write(Connection connection, List<EventEnvelope<Kpi.Event>> envelopes)
      throws SQLException {
    Map<Hour, List<Sample>> samples = new HashMap<>();
    Map<String, Told> episodes = new LinkedHashMap<>(); // by id, as the last event tells them
    List<IntegrationEvent> sent = new ArrayList<>();
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<Kpi.Event> envelope : envelopes) {
      String id = entityId(envelope);
      Kpi.Event event = envelope.event();
      if (event instanceof Kpi.Defined defined) {
        String json = Json.text(defined.definition());
        Sql.update(connection, DEFINE, id, json, defined.definition().ownerNodeId());
      } else if (event instanceof Kpi.SamplesTaken taken) {
        sort(id, taken.samples().samples(), samples);
      } else if (event instanceof Kpi.AnomalyOpened opened) {
        episodes.put(opened.episode().id(), new Told(id, opened.episode()));
      } else if (event instanceof Kpi.AnomalyWorsened worsened) {
        episodes.put(worsened.episode().id(), new Told(id, worsened.episode()));
      } else if (event instanceof Kpi.AnomalyClosed closed) {
        episodes.put(closed.episode().id(), new Told(id, closed.episode()));
      } else if (event instanceof Kpi.Retired) {
        Sql.update(connection, RETIRE, id);
      }
      sent.addAll(KpiEvents.of(envelope));
      changes.addAll(KpiLoopChanges.of(envelope));
    }
    writeSamples(connection, samples);
    writeEpisodes(connection, List.copyOf(episodes.values()));
    EventLog.record(connection, sent);
    LoopWriter.write(connection, changes);
  }

  /** Puts samples to those of their hours; neighbours mostly share theirs. */
  private static void sort(String kpiId, List<Sample> samples, Map<Hour, List<Sample>> hours) {
    for (int from = 0, to; from < samples.size(); from = to) {
      long hour = SampleChunk.hourOf(samples.get(from));
      to = from + 1;
      while (to < samples.size() && SampleChunk.hourOf(samples.get(to)) == hour) {
        to++;
      }
      hours
          .computeIfAbsent(new Hour(kpiId, hour), first -> new ArrayList<>())
          .addAll(samples.subList(from, to));
    }
  }

  private static void writeSamples(Connection connection, Map<Hour, List<Sample>> added)
      throws SQLException {
    if (added.isEmpty()) {
      return;
    }
    // Always in the same order, so that two groups never wait for each other's rows in a circle.
    List<Hour> keys = added.keySet().stream().sorted().toList();
    Map<Hour, Piece> last = new HashMap<>();
    Sql.list(
            connection,
            LAST_PIECES,
            row ->
                new Piece(
                    new Hour(row.getString("kpi_id"), row.getLong("hour")),
                    row.getLong("piece"),
                    row.getBytes("samples")),
            Sql.texts(connection, keys.stream().map(Hour::kpiId).toList()),
            Sql.longs(connection, keys.stream().map(Hour::hour).toList()))
        .forEach(piece -> last.put(piece.hour(), piece));
    List<Piece> pieces =
        keys.stream()
            .map(
                key ->
                    last.containsKey(key)
                        ? last.get(key).with(added.get(key))
                        : Piece.first(key, added.get(key)))
            .toList();
    Sql.update(
        connection,
        WRITE_PIECES,
        Sql.texts(connection, keys.stream().map(Hour::kpiId).toList()),
        Sql.longs(connection, keys.stream().map(Hour::hour).toList()),
        Sql.longs(connection, pieces.stream().map(Piece::number).toList()),
        Sql.bytes(connection, pieces.stream().map(Piece::samples).toList()),
        Sql.longs(
            connection, pieces.stream().map(piece -> SampleChunk.count(piece.samples())).toList()));
  }

  private static void writeEpisodes(Connection connection, List<Told> told) throws SQLException {
    if (told.isEmpty()) {
      return;
    }
    List<Episode> episodes = told.stream().map(Told::episode).toList();
    Sql.update(
        connection,
        WRITE_EPISODES,
        column(connection, "text", episodes, Episode::id),
        column(connection, "text", told, Told::kpiId),
        column(connection, "text", episodes, Episode::correlationId),
        column(connection, "bool", episodes, Episode::live),
        instants(connection, episodes, Episode::openedAt),
        column(connection, "text", episodes, episode -> episode.severity().name()),
        column(connection, "float8", episodes, episode -> episode.first().value()),
        column(connection, "float8", episodes, episode -> episode.first().baselineMean()),
        column(connection, "float8", episodes, episode -> episode.first().zScore()),
        instants(connection, episodes, Episode::closedAt),
        column(connection, "float8", episodes, Episode::closedValue));
  }

  private static <T> Array column(
      Connection connection, String type, List<T> rows, Function<T, @Nullable Object> value)
      throws SQLException {
    return connection.createArrayOf(type, rows.stream().map(value).toArray());
  }

  private static Array instants(
      Connection connection, List<Episode> rows, Function<Episode, @Nullable Instant> value)
      throws SQLException {
    List<@Nullable Instant> column = new ArrayList<>(rows.size());
    rows.forEach(row -> column.add(value.apply(row)));
    return Sql.instants(connection, column);
  }
}
