package io.twinloop.domain.process;

/**
 * Quantiles by linear interpolation between the two nearest values: definition 7 of Hyndman and Fan
 * (1996), the one of PostgreSQL's {@code percentile_cont}.
 */
final class Quantiles {

  private Quantiles() {}

  /**
   * The quantile of sorted values, of which there is at least one.
   *
   * @param p from 0 to 1
   */
  static double of(long[] sorted, int size, double p) {
    double place = p * (size - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(below + 1, size - 1);
    return sorted[below] + (place - below) * (sorted[above] - (double) sorted[below]);
  }
}
