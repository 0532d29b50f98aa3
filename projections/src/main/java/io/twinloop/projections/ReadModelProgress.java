package io.twinloop.projections;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** How far the read models follow the entities: lets a query wait for its own write. */
public final class ReadModelProgress {

  /** Primary key. */
  private static final String BEHIND =
      """
      SELECT count(*) FROM unnest(?, ?) AS wanted (persistence_id, seq_nr)
      LEFT JOIN read_model_progress p USING (persistence_id)
      WHERE coalesce(p.seq_nr, 0) < wanted.seq_nr
      """;

  /** One row per slice range of the projection. */
  private static final String OFFSETS =
      "SELECT projection_key, current_offset FROM pekko_projection_offset_store"
          + " WHERE projection_name = ?";

  /** Index of the journal by entity type, order and slice; then primary key. */
  private static final String WAITING =
      """
      SELECT EXISTS (
        SELECT 1 FROM event_journal j
        WHERE j.entity_type = ? AND j.slice BETWEEN ? AND ?
          AND (j.db_xid, j.ordinal) > (?::text::xid8, ?) AND NOT j.deleted
          AND j.db_timestamp <= ?::text::timestamptz
          AND j.seq_nr > coalesce((SELECT p.seq_nr FROM read_model_progress p
            WHERE p.persistence_id = j.persistence_id), 0))
      """;

  private static final String NOW = "SELECT clock_timestamp()::text";

  private static final int SLICES = 1024;

  private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

  private final Database database;
  private final Executor later =
      CompletableFuture.delayedExecutor(LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS);

  public ReadModelProgress(Database database) {
    this.database = database;
  }

  /**
   * Waits until the read models have these events.
   *
   * @param positions sequence number wanted, by persistence id
   * @return false when they have not within {@code atMost}
   */
  public CompletionStage<Boolean> await(Map<String, Long> positions, Duration atMost) {
    return look(List.copyOf(positions.entrySet()), System.nanoTime() + atMost.toNanos());
  }

  private CompletionStage<Boolean> look(List<Map.Entry<String, Long>> wanted, long deadline) {
    return database
        .inTransaction(
            connection ->
                Sql.list(
                        connection,
                        BEHIND,
                        row -> row.getLong(1),
                        Sql.texts(connection, wanted.stream().map(Map.Entry::getKey).toList()),
                        Sql.longs(connection, wanted.stream().map(Map.Entry::getValue).toList()))
                    .get(0))
        .thenCompose(
            behind -> {
              if (behind == 0) {
                return CompletableFuture.completedFuture(true);
              }
              if (System.nanoTime() >= deadline) {
                return CompletableFuture.completedFuture(false);
              }
              return CompletableFuture.runAsync(() -> {}, later)
                  .thenCompose(waited -> look(wanted, deadline));
            });
  }

  /**
   * Waits until a read model has every event of its entities that was stored before this call.
   *
   * @param projection the read model's name
   * @param entityType of its entities
   * @return false when it has not within {@code atMost}
   */
  public CompletionStage<Boolean> awaitAll(String projection, String entityType, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    return database
        .inTransaction(
            connection -> Sql.one(connection, NOW, row -> row.getString(1)).orElseThrow())
        .thenCompose(since -> lookForAll(projection, entityType, since, deadline));
  }

  private CompletionStage<Boolean> lookForAll(
      String projection, String entityType, String since, long deadline) {
    return database
        .inTransaction(
            connection -> {
              for (Range range : ranges(connection, projection)) {
                if (isWaiting(connection, entityType, range, since)) {
                  return true;
                }
              }
              return false;
            })
        .thenCompose(
            waiting -> {
              if (!waiting || System.nanoTime() >= deadline) {
                return CompletableFuture.completedFuture(!waiting);
              }
              return CompletableFuture.runAsync(() -> {}, later)
                  .thenCompose(waited -> lookForAll(projection, entityType, since, deadline));
            });
  }

  /** Slices, and the place of the last event written of them: transaction id and ordinal. */
  private record Range(int first, int last, String xid, long ordinal) {

    /** A key is {@code <entity type>-<first>-<last>}, an offset "xid:ordinal" in base64. */
    private static Range of(String key, String offset) {
      String[] keyParts = key.split("-", -1);
      String[] place =
          new String(Base64.getDecoder().decode(offset), StandardCharsets.UTF_8).split(":", -1);
      return new Range(
          Integer.parseInt(keyParts[1]),
          Integer.parseInt(keyParts[2]),
          place[0],
          Long.parseLong(place[1]));
    }
  }

  /** All slices; a range of which nothing was written yet is at the beginning. */
  private static List<Range> ranges(Connection connection, String projection) throws SQLException {
    List<Range> ranges =
        new ArrayList<>(
            Sql.list(
                connection,
                OFFSETS,
                row -> Range.of(row.getString(1), row.getString(2)),
                projection));
    ranges.sort(Comparator.comparingInt(Range::first));
    List<Range> gaps = new ArrayList<>();
    int next = 0;
    for (Range range : ranges) {
      if (range.first() > next) {
        gaps.add(new Range(next, range.first() - 1, "0", 0));
      }
      next = Math.max(next, range.last() + 1);
    }
    if (next < SLICES) {
      gaps.add(new Range(next, SLICES - 1, "0", 0));
    }
    ranges.addAll(gaps);
    return ranges;
  }

  private static boolean isWaiting(
      Connection connection, String entityType, Range range, String since) throws SQLException {
    return Sql.one(
            connection,
            WAITING,
            row -> row.getBoolean(1),
            entityType,
            range.first(),
            range.last(),
            range.xid(),
            range.ordinal(),
            since)
        .orElseThrow();
  }
}
