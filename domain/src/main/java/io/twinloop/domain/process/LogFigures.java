package io.twinloop.domain.process;

import io.twinloop.domain.process.Trace.Step;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What cases add to the counts of their process, or take away from them: so a case that gets
 * another event is taken out as it was and put in as it is.
 */
public final class LogFigures {

  /** Two activities, one directly after the other. */
  public record Pair(String from, String to) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int first = from.compareTo(other.from);
      return first == 0 ? to.compareTo(other.to) : first;
    }
  }

  /** How often an activity was done, and how often it was the first and the last of its case. */
  public record ActivityCount(long count, long firsts, long lasts) {
    ActivityCount plus(ActivityCount other) {
      return new ActivityCount(count + other.count, firsts + other.firsts, lasts + other.lasts);
    }

    public boolean isZero() {
      return count == 0 && firsts == 0 && lasts == 0;
    }
  }

  /** How often a pair occurred, and how long the cases waited in between, in milliseconds. */
  public record PairCount(long count, long waitMillis) {
    PairCount plus(PairCount other) {
      return new PairCount(count + other.count, waitMillis + other.waitMillis);
    }

    public boolean isZero() {
      return count == 0 && waitMillis == 0;
    }
  }

  private final SortedMap<String, ActivityCount> activities = new TreeMap<>();
  private final SortedMap<Pair, PairCount> pairs = new TreeMap<>();
  private final SortedMap<String, Long> variants = new TreeMap<>();

  /** Counts a case in. */
  public void add(List<CaseEvent> events) {
    count(Trace.of(events), 1);
  }

  /** Counts a case out. */
  public void remove(List<CaseEvent> events) {
    count(Trace.of(events), -1);
  }

  private void count(Trace trace, int sign) {
    List<Step> steps = trace.steps();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      activities.merge(
          step.activity(),
          new ActivityCount(sign, i == 0 ? sign : 0, i == steps.size() - 1 ? sign : 0),
          ActivityCount::plus);
      if (i > 0) {
        Step before = steps.get(i - 1);
        pairs.merge(
            new Pair(before.activity(), step.activity()),
            new PairCount(sign, sign * (Trace.waitMicros(before, step) / 1_000)),
            PairCount::plus);
      }
    }
    if (!steps.isEmpty()) {
      variants.merge(variantId(trace), (long) sign, Long::sum);
    }
  }

  /** A short name of the trace's variant. */
  private static String variantId(Trace trace) {
    return Long.toHexString(EventIdentity.digest(trace.variant()));
  }

  /** Changes by activity, in order of name; those without change may be among them. */
  public SortedMap<String, ActivityCount> activities() {
    return activities;
  }

  /** Changes by pair, in order of names. */
  public SortedMap<Pair, PairCount> pairs() {
    return pairs;
  }

  /** Changes of the number of cases by variant. */
  public SortedMap<String, Long> variants() {
    return variants;
  }
}
