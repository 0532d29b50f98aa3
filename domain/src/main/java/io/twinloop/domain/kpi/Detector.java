package io.twinloop.domain.kpi;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Judges one value against the samples before it.
 *
 * <p>The rule: z = (value − mean) / deviation over the window before the value, with the population
 * deviation. A flat baseline has no deviation; any other value is then {@link Severity#CRITICAL}
 * without a z-score.
 */
public final class Detector {

  private Detector() {}

  /**
   * Judges {@code value} against the last samples of {@code before}, which is in order of time.
   *
   * @return the anomaly, or empty where the value is in band or the baseline is too short
   */
  public static Optional<Anomaly> judge(DetectorSpec spec, List<Sample> before, double value) {
    Baseline baseline = Baseline.of(spec, before);
    if (baseline == null) {
      return Optional.empty();
    }
    if (baseline.isFlat()) {
      return value == baseline.level()
          ? Optional.empty()
          : Optional.of(new Anomaly(Severity.CRITICAL, value, baseline.level(), null));
    }
    double z = baseline.z(value);
    if (Math.abs(z) <= spec.high()) {
      return Optional.empty();
    }
    Severity severity = Math.abs(z) > spec.critical() ? Severity.CRITICAL : Severity.HIGH;
    return Optional.of(
        new Anomaly(severity, value, baseline.level(), Double.isFinite(z) ? z : null));
  }

  /**
   * How far {@code value} lies from its baseline: |z|, 0 where the baseline is too short, {@link
   * Backtest#FLAT} where it is flat and the value another.
   */
  static double score(DetectorSpec spec, List<Sample> before, double value) {
    Baseline baseline = Baseline.of(spec, before);
    if (baseline == null || value == baseline.level()) {
      return 0;
    }
    return baseline.isFlat() ? Backtest.FLAT : Math.min(Backtest.FLAT, Math.abs(baseline.z(value)));
  }

  /**
   * Mean and deviation of the samples before a value. Two passes over the distances from the first
   * value, scaled by a power of two: huge values do not overflow, close ones do not cancel out.
   *
   * @param scale the power of two
   * @param first the first value, scaled
   * @param mean mean distance from the first value, scaled
   * @param deviation population deviation, scaled; 0 when all are the same
   */
  private record Baseline(double scale, double first, double mean, double deviation) {

    static @Nullable Baseline of(DetectorSpec spec, List<Sample> before) {
      int to = before.size();
      int from = Math.max(0, to - spec.window());
      int count = to - from;
      if (count < spec.minimum()) {
        return null;
      }
      double level = before.get(from).value();
      double largest = 0;
      boolean flat = true;
      for (int i = from; i < to; i++) {
        largest = Math.max(largest, Math.abs(before.get(i).value()));
        flat &= before.get(i).value() == level;
      }
      if (flat) {
        return new Baseline(1, level, 0, 0);
      }
      double scale = Math.scalb(1.0, -Math.getExponent(largest));
      double first = level * scale;
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += before.get(i).value() * scale - first;
      }
      double mean = sum / count;
      double squares = 0;
      for (int i = from; i < to; i++) {
        double distance = before.get(i).value() * scale - first - mean;
        squares += distance * distance;
      }
      return new Baseline(scale, first, mean, Math.sqrt(squares / count));
    }

    boolean isFlat() {
      return deviation == 0;
    }

    /** The mean in the values' own scale. */
    double level() {
      return (first + mean) / scale;
    }

    /** The distance of a value from the mean in deviations, signed; may be infinite. */
    double z(double value) {
      return (value * scale - first - mean) / deviation;
    }
  }
}
