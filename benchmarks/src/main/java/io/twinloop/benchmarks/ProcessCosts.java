package io.twinloop.benchmarks;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The CPU that a load took from the node, from PostgreSQL and from whoever made it: steadier than a
 * rate on a machine that does something else meanwhile.
 */
final class ProcessCosts {

  /** Every process of the server but the postmaster: they are on this machine. */
  private static final String PROCESSES = "SELECT pid FROM pg_stat_activity";

  private final long node;
  private final RawPostgres postgres;
  private long nodeBefore;
  private long loadBefore;
  private Map<Long, Long> postgresBefore = Map.of();

  ProcessCosts(long node, RawPostgres postgres) {
    this.node = node;
    this.postgres = postgres;
  }

  /** Microseconds of CPU. */
  record Micros(double node, double postgres, double load) {
    Micros per(double steps) {
      return new Micros(node / steps, postgres / steps, load / steps);
    }
  }

  void begin() throws SQLException {
    postgresBefore = ofPostgres();
    nodeBefore = micros(node);
    loadBefore = micros(ProcessHandle.current().pid());
  }

  /** What was taken since {@link #begin}. */
  Micros end() throws SQLException {
    double ofNode = micros(node) - nodeBefore;
    double ofLoad = micros(ProcessHandle.current().pid()) - loadBefore;
    double ofPostgres = 0;
    for (Map.Entry<Long, Long> process : ofPostgres().entrySet()) {
      ofPostgres += process.getValue() - postgresBefore.getOrDefault(process.getKey(), 0L);
    }
    return new Micros(ofNode, ofPostgres, ofLoad);
  }

  private Map<Long, Long> ofPostgres() throws SQLException {
    List<Long> pids = postgres.numbers(PROCESSES);
    Map<Long, Long> micros = new HashMap<>();
    pids.forEach(pid -> micros.put(pid, micros(pid)));
    return micros;
  }

  private static long micros(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(process -> process.info().totalCpuDuration())
        .orElse(Duration.ZERO)
        .dividedBy(1_000)
        .toNanos();
  }
}
