package io.twinloop.projections.clock;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The time of everything this product records and waits for: the machine's, and what people moved
 * it ahead of that, where the site allows it. It is kept in the database, so that all nodes agree
 * and no restart goes back; it stays ahead also where moving is no longer allowed.
 */
public final class ProductClock extends Clock {

  /** The most it can be ahead in all. */
  public static final Duration FARTHEST = Duration.ofDays(3_660);

  /** Primary key. */
  private static final String AHEAD = "SELECT millis FROM clock_ahead";

  /** Primary key; nothing is changed when it would be too far ahead. */
  private static final String ADVANCE =
      """
      INSERT INTO clock_ahead (millis) VALUES (?)
      ON CONFLICT (only_row) DO UPDATE SET millis = clock_ahead.millis + EXCLUDED.millis
        WHERE clock_ahead.millis + EXCLUDED.millis <= ?
      RETURNING millis
      """;

  private final Clock machine;
  private final boolean movable;
  private volatile Duration ahead = Duration.ZERO;

  /**
   * @param machine the time it begins with
   * @param movable whether people may move it
   */
  public ProductClock(Clock machine, boolean movable) {
    this.machine = machine;
    this.movable = movable;
  }

  public boolean isMovable() {
    return movable;
  }

  /** How far it is ahead of the machine's; never negative. */
  public Duration ahead() {
    return ahead;
  }

  /** Takes over how far it was moved, here or on another node. */
  public CompletionStage<Void> follow(Database database) {
    return database
        .inTransaction(
            connection -> Sql.one(connection, AHEAD, row -> row.getLong("millis")).orElse(0L))
        .thenAccept(this::takeOver);
  }

  /**
   * Moves it on; done when that is durable.
   *
   * @param by positive, to the millisecond
   * @return false when it would be ahead of the machine's by more than {@link #FARTHEST}: it was
   *     not moved
   */
  public CompletionStage<Boolean> advance(Duration by, Database database) {
    if (by.compareTo(FARTHEST) > 0) {
      return CompletableFuture.completedFuture(false);
    }
    return database
        .inTransaction(
            connection ->
                Sql.one(
                    connection,
                    ADVANCE,
                    row -> row.getLong("millis"),
                    by.toMillis(),
                    FARTHEST.toMillis()))
        .thenApply(
            millis -> {
              millis.ifPresent(this::takeOver);
              return millis.isPresent();
            });
  }

  /** Never back: an answer that was overtaken by a later move changes nothing. */
  private synchronized void takeOver(long millis) {
    Duration stored = Duration.ofMillis(millis);
    if (stored.compareTo(ahead) > 0) {
      ahead = stored;
    }
  }

  @Override
  public Instant instant() {
    return machine.instant().plus(ahead);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("The product's time is UTC.");
  }
}
