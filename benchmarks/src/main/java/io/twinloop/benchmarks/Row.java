package io.twinloop.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One figure of the report.
 *
 * @param id stable, for programs
 * @param what it is, for people
 * @param unit of the values
 * @param values one of each round
 * @param beside the row it is compared with, measured in the same rounds; null for such a row
 *     itself
 */
record Row(String id, String what, String unit, List<Double> values, @Nullable Row beside) {

  Row {
    values = List.copyOf(values);
    if (values.isEmpty() || (beside != null && beside.values.size() != values.size())) {
      throw new IllegalArgumentException("row " + id + " has " + values.size() + " values");
    }
  }

  /** The value in the middle of all rounds. */
  double median() {
    return median(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /**
   * The median of the rounds' ratios: a round shares its noise between both. 1 for a row that is
   * compared with nothing.
   */
  double ratio() {
    return median(ratios());
  }

  /** The ratio of each round. */
  double[] ratios() {
    return IntStream.range(0, values.size())
        .mapToDouble(i -> beside == null ? 1 : values.get(i) / beside.values.get(i))
        .toArray();
  }

  /** The value in the middle; of an even number the mean of the two there. */
  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** The value that a share of all don't exceed, by nearest rank; {@code share} above 0 to 1. */
  static double quantile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
  }
}
