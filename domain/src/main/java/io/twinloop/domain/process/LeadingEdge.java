package io.twinloop.domain.process;

import io.twinloop.domain.process.LogFigures.Pair;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which edge of a process holds its cases up the most, if any does so much that it is worth saying.
 *
 * @param share of all waiting it must have at least, 0 to 1
 * @param count how often it must have occurred at least
 * @param margin by what share of its total another one must exceed the edge that leads, so that two
 *     alike don't take turns
 */
public record LeadingEdge(double share, long count, double margin) {

  /** How often an edge occurred, and how long cases waited on it altogether. */
  public record Total(Pair pair, long count, long waitMillis) {}

  /** The edge that leads now, given the one that led before. */
  public Optional<Pair> among(List<Total> totals, @Nullable Pair before) {
    double all = totals.stream().mapToDouble(Total::waitMillis).sum();
    List<Total> real =
        totals.stream()
            .filter(total -> total.count() >= count && total.waitMillis() > 0)
            .filter(total -> total.waitMillis() >= share * all)
            .sorted(
                Comparator.comparingLong(Total::waitMillis).reversed().thenComparing(Total::pair))
            .toList();
    if (real.isEmpty()) {
      return Optional.empty();
    }
    Total top = real.get(0);
    return real.stream()
        .filter(total -> total.pair().equals(before))
        .filter(total -> top.waitMillis() <= total.waitMillis() * (1 + margin))
        .findFirst()
        .or(() -> Optional.of(top))
        .map(Total::pair);
  }
}
