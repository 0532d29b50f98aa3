package io.twinloop.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How long a read model takes to have an event, from the answer that says it is durable. Commands
 * come at a steady rate meanwhile; one at a time is followed.
 */
final class ReadModelLag {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int POLL_MILLIS = 1;

  /** Turns are not to fall into step with what they measure. */
  private static final int[] PAUSES_MILLIS = {1, 7, 3, 11, 5};

  private static final String SEEN =
      "SELECT coalesce(max(seq_nr), 0) FROM read_model_progress WHERE persistence_id = ?";

  private final EntityHost host;
  private final RawPostgres postgres;

  ReadModelLag(EntityHost host, RawPostgres postgres) {
    this.host = host;
    this.postgres = postgres;
  }

  /**
   * Milliseconds of each event that was followed.
   *
   * @param kpiIds that take the commands, and are followed in turn
   * @param perSecond commands; infinite for as many as 256 in flight make
   */
  List<Double> millis(List<String> kpiIds, double perSecond, Duration time) throws Exception {
    Load load = new Load();
    Load.Generator generator = host.steadily(load, kpiIds, perSecond);
    List<Double> millis = new ArrayList<>();
    try (Connection connection = postgres.connect("");
        PreparedStatement seen = connection.prepareStatement(SEEN)) {
      long end = System.nanoTime() + time.toNanos();
      for (int turn = 0; System.nanoTime() < end || millis.isEmpty(); turn++) {
        String kpiId = kpiIds.get(turn % kpiIds.size());
        long seqNr = host.sample(kpiId, turn);
        millis.add(untilSeen(seen, kpiId, seqNr));
        TimeUnit.MILLISECONDS.sleep(PAUSES_MILLIS[turn % PAUSES_MILLIS.length]);
      }
    } finally {
      load.end();
      generator.awaitEnd();
    }
    load.check();
    return millis;
  }

  private static double untilSeen(PreparedStatement seen, String kpiId, long seqNr)
      throws SQLException, InterruptedException {
    long from = System.nanoTime();
    seen.setString(1, "Kpi|" + kpiId);
    while (number(seen) < seqNr) {
      if (System.nanoTime() - from > PATIENCE.toNanos()) {
        throw new IllegalStateException("The read model has no event " + seqNr + " of " + kpiId);
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    return (System.nanoTime() - from) / 1e6;
  }

  private static long number(PreparedStatement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }
}
