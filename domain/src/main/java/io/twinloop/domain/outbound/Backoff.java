package io.twinloop.domain.outbound;

import java.time.Duration;

/**
 * Pauses that double from try to try, each shortened at random by up to a half, so that those who
 * failed together don't come again together.
 *
 * @param first pause after the first try, longer than nothing
 * @param longest pause there is, no shorter than the first
 */
public record Backoff(Duration first, Duration longest) {

  private static final int MOST_DOUBLINGS = 30;

  public Backoff {
    if (first.isZero() || first.isNegative() || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException(
          "Expected pauses longer than nothing, the longest no shorter than the first, not %s and %s."
              .formatted(first, longest));
    }
  }

  /**
   * The pause after a try.
   *
   * @param attempt the number of the try, from 1
   * @param random from 0 (included) to 1
   */
  public Duration after(int attempt, double random) {
    int doublings = Math.min(Math.max(attempt - 1, 0), MOST_DOUBLINGS);
    double whole =
        Math.min((double) longest.toMillis(), Math.scalb((double) first.toMillis(), doublings));
    return Duration.ofMillis(Math.max(1, Math.round(whole * (1 - random / 2))));
  }
}
