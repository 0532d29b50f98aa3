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
    Baseline baseline = Baseline.of(spec, before, value);
    if (baseline == null) {
      return Optional.empty();
    }
    if (baseline.isFlat()) {
      return value == baseline.mean()
          ? Optional.empty()
          : Optional.of(new Anomaly(Severity.CRITICAL, value, baseline.mean(), null));
    }
    double z = baseline.z(value);
    if (Math.abs(z) <= spec.high()) {
      return Optional.empty();
    }
    Severity severity = Math.abs(z) > spec.critical() ? Severity.CRITICAL : Severity.HIGH;
    return Optional.of(new Anomaly(severity, value, baseline.mean(), z));
  }

  /**
   * How far {@code value} lies from its baseline: |z|, 0 where the baseline is too short, {@link
   * Backtest#FLAT} where it is flat and the value another.
   */
  static double score(DetectorSpec spec, List<Sample> before, double value) {
    Baseline baseline = Baseline.of(spec, before, value);
    if (baseline == null || value == baseline.mean()) {
      return 0;
    }
    return baseline.isFlat() ? Backtest.FLAT : Math.abs(baseline.z(value));
  }

  /**
   * Mean and deviation of the samples before a value. Both are taken of values divided by the
   * largest among them, in two passes: exact enough, and safe from overflow.
   *
   * @param scale the largest size among the samples and the value
   * @param scaledMean mean of the scaled samples
   * @param scaledDeviation population deviation of the scaled samples; 0 when all are the same
   */
  private record Baseline(double scale, double scaledMean, double scaledDeviation) {

    static @Nullable Baseline of(DetectorSpec spec, List<Sample> before, double value) {
      int to = before.size();
      int from = Math.max(0, to - spec.window());
      int count = to - from;
      if (count < spec.minimum()) {
        return null;
      }
      double first = before.get(from).value();
      double scale = Math.abs(value);
      boolean flat = true;
      for (int i = from; i < to; i++) {
        scale = Math.max(scale, Math.abs(before.get(i).value()));
        flat &= before.get(i).value() == first;
      }
      if (flat) {
        return new Baseline(1, first, 0);
      }
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += before.get(i).value() / scale;
      }
      double mean = sum / count;
      double squares = 0;
      for (int i = from; i < to; i++) {
        double difference = before.get(i).value() / scale - mean;
        squares += difference * difference;
      }
      return new Baseline(scale, mean, Math.sqrt(squares / count));
    }

    boolean isFlat() {
      return scaledDeviation == 0;
    }

    double mean() {
      return scaledMean * scale;
    }

    double z(double value) {
      return (value / scale - scaledMean) / scaledDeviation;
    }
  }
}
