package io.twinloop.projections;

import java.time.Duration;
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
}
