package io.twinloop.projections.bus;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * Events that are in the history and long after had no effect and are no dead letters: whatever
 * carried them has lost them, such as a topic that was deleted with what was on it. They are sent
 * again with the same ids; one that is only late has its effect once all the same.
 */
public final class LostEvents {

  /**
   * Shorter than the inbox is kept, which is a day or longer: what had its effect is still known.
   */
  private static final Duration FARTHEST_BACK = Duration.ofHours(12);

  /** A transaction that recorded events may end so much later than it began. */
  private static final Duration LATE_COMMIT = Duration.ofMinutes(5);

  /** What is only late, as consumers are behind, must not become much more by this. */
  private static final int AT_ONCE = 200;

  /**
   * Index integration_event_by_recording, then primary key of inbox. By their own time too: a
   * history that is replayed from the journal records what is long over.
   */
  private static final String LOST =
      """
      SELECT event FROM integration_event e
      WHERE recorded_at > now() - make_interval(secs => ?)
        AND recorded_at < now() - make_interval(secs => ?)
        AND time > now() - make_interval(secs => ?)
        AND NOT EXISTS (SELECT FROM inbox WHERE consumer_group = ? AND event_id = e.id)
        AND NOT EXISTS (SELECT FROM dead_letter WHERE consumer_group = ? AND event_id = e.id)
      ORDER BY xid, ordinal LIMIT ?
      """;

  private final Database database;
  private final EventBus bus;
  private final BusSettings settings;
  private final LongSupplier nanoTime;

  /** All recorded before this, by {@link #nanoTime}, had their effect. */
  private volatile long settledUntil;

  /**
   * @param nanoTime such as System::nanoTime
   */
  public LostEvents(Database database, EventBus bus, BusSettings settings, LongSupplier nanoTime) {
    this.database = database;
    this.bus = bus;
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.settledUntil = nanoTime.getAsLong() - FARTHEST_BACK.toNanos();
  }

  /** Looks once, and answers how many were sent again; the stage fails when one could not be. */
  public CompletionStage<Integer> sendAgain() {
    long now = nanoTime.getAsLong();
    return find(Duration.ofNanos(now - settledUntil))
        .thenCompose(
            lost -> {
              if (lost.isEmpty()) {
                settledUntil = now - settings.lostAfter().plus(LATE_COMMIT).toNanos();
              }
              return CompletableFuture.allOf(
                      lost.stream()
                          .map(event -> bus.publish(event).toCompletableFuture())
                          .toArray(CompletableFuture<?>[]::new))
                  .thenApply(sent -> lost.size());
            });
  }

  private CompletionStage<List<IntegrationEvent>> find(Duration back) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                LOST,
                row ->
                    CloudEventCodec.decode(row.getString("event").getBytes(StandardCharsets.UTF_8)),
                (double) back.toSeconds(),
                (double) settings.lostAfter().toSeconds(),
                (double) FARTHEST_BACK.toSeconds(),
                settings.consumerGroup(),
                settings.consumerGroup(),
                AT_ONCE));
  }
}
