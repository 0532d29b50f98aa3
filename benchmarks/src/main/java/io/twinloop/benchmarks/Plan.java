package io.twinloop.benchmarks;

import java.time.Duration;

/**
 * How much is measured. The figures of every row come from each round; more rounds make their
 * medians steadier.
 *
 * @param name as it stands in the report
 * @param rounds how often everything is measured, 1 or more
 * @param jvmWarmUp so long a node's first load isn't measured at all
 * @param warmUp a load that is measured over time runs so long before it counts
 * @param measured and so long while it counts
 * @param entities KPIs that share the commands
 * @param lines samples in the upload of a round
 * @param kpis KPIs that share the lines
 * @param loops anomalies sent one by one in a round
 * @param coldEntities entities recovered one by one in a round
 * @param idleEntities entities whose heap is measured, in the first round
 */
record Plan(
    String name,
    int rounds,
    Duration jvmWarmUp,
    Duration warmUp,
    Duration measured,
    int entities,
    int lines,
    int kpis,
    int loops,
    int coldEntities,
    int idleEntities) {

  /** The same with another number of rounds; say so after the option that chooses the plan. */
  Plan withRounds(int number) {
    return new Plan(
        name,
        number,
        jvmWarmUp,
        warmUp,
        measured,
        entities,
        lines,
        kpis,
        loops,
        coldEntities,
        idleEntities);
  }

  /** About five minutes on two cores, without a warm-up. */
  static final Plan FULL =
      new Plan(
          "full",
          5,
          Duration.ofSeconds(90),
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          1_000,
          300_000,
          50,
          100,
          60,
          100_000);

  /** One to two minutes: enough to see what has become several times slower. */
  static final Plan SHORT =
      new Plan(
          "short",
          3,
          Duration.ofSeconds(10),
          Duration.ofMillis(500),
          Duration.ofSeconds(1),
          500,
          60_000,
          50,
          30,
          20,
          20_000);

  /** Every row once; its figures say nothing. */
  static final Plan SHORTEST =
      new Plan(
          "shortest",
          1,
          Duration.ofMillis(100),
          Duration.ofMillis(100),
          Duration.ofSeconds(1),
          50,
          2_000,
          10,
          2,
          2,
          100);
}
