package io.twinloop.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.IntStream;

/** What entities that do nothing take of the heap. */
final class IdleHeap {

  private static final int COLLECTIONS = 3;

  private IdleHeap() {}

  /**
   * Bytes of heap for each of so many KPIs that were defined and then left alone.
   *
   * @param postgresUrl of a database with the journal's tables, in which they are not yet
   * @param active most that stay in memory; the others are passivated
   */
  static double bytesPerKpi(String postgresUrl, int kpis, int active) throws Exception {
    try (EntityHost host = EntityHost.start(postgresUrl, active)) {
      host.define(List.of("first-of-" + active)); // classes and connections
      long before = used();
      List<String> ids =
          IntStream.range(0, kpis).mapToObj(number -> "idle-" + active + "-" + number).toList();
      host.defineAll(ids);
      return Math.max(1, used() - before) / (double) kpis;
    }
  }

  private static long used() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
