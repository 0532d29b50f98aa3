package io.twinloop.domain.process;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The cases of a process that ended last, and how long they took.
 *
 * @param cases in the order they ended, at most {@value #SIZE}
 */
public record RecentCases(List<Closed> cases) {

  /** How many cases the average of a process is taken over. */
  public static final int SIZE = 30;

  /** No case yet. */
  public static final RecentCases NONE = new RecentCases(List.of());

  /** A case that ended, its duration in days of 24 hours. */
  public record Closed(String caseId, Instant endedAt, double durationDays) {}

  private static final Comparator<Closed> BY_END =
      Comparator.comparing(Closed::endedAt).thenComparing(Closed::caseId);

  public RecentCases {
    cases = List.copyOf(cases);
  }

  /**
   * These and one more; the same ones where it is known, or ended before all of them and there is
   * no room. A case that ends again counts as it ended last.
   */
  public RecentCases with(Closed closed) {
    List<Closed> next = new ArrayList<>(cases);
    for (Closed known : cases) {
      if (known.caseId().equals(closed.caseId())) {
        if (!known.endedAt().isBefore(closed.endedAt())
            && known.durationDays() >= closed.durationDays()) {
          return this;
        }
        next.remove(known);
      }
    }
    next.add(closed);
    next.sort(BY_END);
    if (next.size() > SIZE) {
      next.remove(0);
    }
    return next.equals(cases) ? this : new RecentCases(next);
  }

  /** The mean duration, in days of 24 hours; there must be a case. */
  public double meanDays() {
    return cases.stream().mapToDouble(Closed::durationDays).average().orElseThrow();
  }
}
