package io.twinloop.domain.process;

import io.twinloop.domain.process.Bottleneck.Kind;
import io.twinloop.domain.process.LogFigures.Pair;
import io.twinloop.domain.process.Trace.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The directly-follows graph of a process with the waits on its edges, and the bottlenecks it shows
 * (van der Aalst, <i>Process Mining</i>, 2nd ed. 2016, ch. 6 and 9).
 *
 * <p>A wait begins when one activity is done and ends when work on the next begins. What the kind
 * of a wait is, is judged by the log alone: a wait of always the same length is served by nobody;
 * one that ends with another resource is a hand-over; one whose resource was at work on something
 * else meanwhile is contention; of the rest it can only be said that cases queue.
 */
public final class ProcessGraph {

  /** The waits on one edge. */
  public record Edge(
      String from,
      String to,
      long frequency,
      long cases,
      double medianWaitHours,
      double p95WaitHours,
      double totalWaitHours) {}

  private static final double MICROS_PER_HOUR = 3_600_000_000.0;

  /** Fewer waits tell nothing about their regularity. */
  private static final int FEWEST_FOR_A_DELAY = 20;

  /** Nine of ten waits lie within this share of the median: nothing human is so regular. */
  private static final double WIDEST_DELAY = 0.05;

  private static final double SHORTEST_DELAY_HOURS = 0.1;

  /** What is true of at least this share of the waits gives them their kind. */
  private static final double MOSTLY = 0.5;

  private static final class Waits {
    final LongColumn from = new LongColumn();
    final LongColumn to = new LongColumn();
    final LongColumn resource = new LongColumn();
    final LongColumn lengths = new LongColumn();
    long cases;
    long lastCase = -1;
    long handOvers;
  }

  private static final long UNKNOWN = -1;

  private final Map<Pair, Waits> waits = new HashMap<>();
  private final Map<String, Integer> resources = new HashMap<>();
  private final List<LongColumn> worked = new ArrayList<>();
  private final double part;
  private long traces;

  /** A graph of all cases. */
  public ProcessGraph() {
    this(1);
  }

  /**
   * A graph of a sample of the cases; what is counted is scaled to all of them.
   *
   * @param part of the cases that is added, above 0 and at most 1
   */
  public ProcessGraph(double part) {
    if (!(part > 0 && part <= 1)) {
      throw new IllegalArgumentException("part is " + part + ", expected above 0 and at most 1");
    }
    this.part = part;
  }

  /** Adds a case. */
  public void add(Trace trace) {
    long number = traces++;
    List<Step> steps = trace.steps();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      int resource = step.resource() == null ? (int) UNKNOWN : numberOf(step.resource());
      if (resource != UNKNOWN) {
        worked.get(resource).add(CaseChunk.toMicros(step.at()));
      }
      if (i > 0) {
        add(number, steps.get(i - 1), step, resource);
      }
    }
  }

  private int numberOf(String resource) {
    return resources.computeIfAbsent(
        resource,
        name -> {
          worked.add(new LongColumn());
          return worked.size() - 1;
        });
  }

  private void add(long number, Step before, Step step, int resource) {
    Waits edge =
        waits.computeIfAbsent(new Pair(before.activity(), step.activity()), pair -> new Waits());
    edge.from.add(CaseChunk.toMicros(before.at()));
    edge.to.add(CaseChunk.toMicros(step.begunAt()));
    edge.resource.add(resource);
    edge.lengths.add(Trace.waitMicros(before, step));
    if (edge.lastCase != number) {
      edge.lastCase = number;
      edge.cases++;
    }
    if (resource != UNKNOWN
        && before.resource() != null
        && !before.resource().equals(step.resource())) {
      edge.handOvers++;
    }
  }

  /** The edges, the most frequent first. */
  public List<Edge> edges() {
    return waits.entrySet().stream()
        .map(entry -> edge(entry.getKey(), entry.getValue()))
        .sorted(
            Comparator.comparingLong(Edge::frequency)
                .reversed()
                .thenComparing(Edge::from)
                .thenComparing(Edge::to))
        .toList();
  }

  private Edge edge(Pair pair, Waits edge) {
    edge.lengths.sort();
    return new Edge(
        pair.from(),
        pair.to(),
        Math.round(edge.lengths.size() / part),
        Math.round(edge.cases / part),
        edge.lengths.quantile(0.5) / MICROS_PER_HOUR,
        edge.lengths.quantile(0.95) / MICROS_PER_HOUR,
        edge.lengths.sum() / part / MICROS_PER_HOUR);
  }

  /** The edges on which cases wait, the largest total first. */
  public List<Bottleneck> bottlenecks() {
    worked.forEach(LongColumn::sort);
    double all = waits.values().stream().mapToDouble(edge -> edge.lengths.sum()).sum();
    List<Bottleneck> found = new ArrayList<>();
    waits.forEach(
        (pair, edge) -> {
          if (edge.lengths.sum() > 0) {
            found.add(bottleneck(edge(pair, edge), edge, edge.lengths.sum() / all));
          }
        });
    found.sort(
        Comparator.comparingDouble(Bottleneck::totalWaitHours)
            .reversed()
            .thenComparing(Bottleneck::from)
            .thenComparing(Bottleneck::to));
    return found;
  }

  private Bottleneck bottleneck(Edge edge, Waits waited, double share) {
    double handedOver = (double) waited.handOvers / waited.lengths.size();
    double busy = busyShare(waited);
    Kind kind;
    if (isFixed(waited.lengths)) {
      kind = Kind.FIXED_DELAY;
    } else if (handedOver >= MOSTLY) {
      kind = Kind.HAND_OVER;
    } else if (busy >= MOSTLY) {
      kind = Kind.CONTENTION;
    } else {
      kind = Kind.QUEUE;
    }
    return new Bottleneck(
        edge.from(),
        edge.to(),
        edge.cases(),
        edge.medianWaitHours(),
        edge.p95WaitHours(),
        edge.totalWaitHours(),
        share,
        kind,
        evidence(edge, share, handedOver, busy));
  }

  private static boolean isFixed(LongColumn sorted) {
    double median = sorted.quantile(0.5);
    return sorted.size() >= FEWEST_FOR_A_DELAY
        && median >= SHORTEST_DELAY_HOURS * MICROS_PER_HOUR
        && sorted.quantile(0.95) - sorted.quantile(0.05) <= WIDEST_DELAY * median;
  }

  /** Of how many waits the one who went on with the case did something else meanwhile. */
  private double busyShare(Waits edge) {
    long busy = 0;
    for (int i = 0; i < edge.from.size(); i++) {
      long resource = edge.resource.get(i);
      if (resource != UNKNOWN
          && worked.get((int) resource).hasBetween(edge.from.get(i), edge.to.get(i))) {
        busy++;
      }
    }
    return (double) busy / edge.from.size();
  }

  private static String evidence(Edge edge, double share, double handedOver, double busy) {
    return String.format(
        Locale.ROOT,
        "%d cases waited here, %.1f h at the median and %.1f h at the 95th percentile: %.0f %% of"
            + " all waiting. In %.0f %% of the waits another resource went on with the case; in"
            + " %.0f %% the one who did was at work on other cases meanwhile.",
        edge.cases(),
        edge.medianWaitHours(),
        edge.p95WaitHours(),
        share * 100,
        handedOver * 100,
        busy * 100);
  }
}
