package io.twinloop.multijvm.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Random;

/** Which fault comes next, to which node, after how long a rest: the same for the same seed. */
public final class ChaosPlan {

  private static final int SHORTEST_REST_MILLIS = 2_000;
  private static final int REST_SPREAD_MILLIS = 4_000;

  /**
   * One step.
   *
   * @param fault what happens
   * @param victim number of the node, from 0, where it happens to one
   * @param rest how long the cluster is left in peace before
   */
  public record Step(Fault fault, int victim, Duration rest) {}

  private final Random chance;
  private final List<Fault> faults;
  private final int nodes;

  public ChaosPlan(long seed, List<Fault> faults, int nodes) {
    if (faults.isEmpty()) {
      throw new IllegalArgumentException("There is no fault to choose from.");
    }
    this.chance = new Random(seed);
    this.faults = List.copyOf(faults);
    this.nodes = nodes;
  }

  public Step next() {
    int total = faults.stream().mapToInt(Fault::weight).sum();
    int place = chance.nextInt(total);
    Fault chosen = faults.get(0);
    for (Fault fault : faults) {
      if (place < fault.weight()) {
        chosen = fault;
        break;
      }
      place -= fault.weight();
    }
    return new Step(
        chosen,
        chance.nextInt(nodes),
        Duration.ofMillis(SHORTEST_REST_MILLIS + chance.nextInt(REST_SPREAD_MILLIS)));
  }
}
