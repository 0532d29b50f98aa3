package io.twinloop.domain.kpi;

import java.util.List;
import java.util.Optional;

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
    int to = before.size();
    int from = Math.max(0, to - spec.window());
    int count = to - from;
    if (count < spec.minimum()) {
      return Optional.empty();
    }
    double level = before.get(from).value();
    double largest = 0;
    boolean flat = true;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(before.get(i).value()));
      flat &= before.get(i).value() == level;
    }
    if (flat) {
      return value == level
          ? Optional.empty()
          : Optional.of(new Anomaly(Severity.CRITICAL, value, level, null));
    }
    // Two passes over the distances from the first value, scaled by a power of two. Both steps are
    // exact where it matters: huge values do not overflow, close ones do not cancel out.
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
    double z = (value * scale - first - mean) / Math.sqrt(squares / count);
    if (Math.abs(z) <= spec.high()) {
      return Optional.empty();
    }
    Severity severity = Math.abs(z) > spec.critical() ? Severity.CRITICAL : Severity.HIGH;
    double baselineMean = (first + mean) / scale;
    return Optional.of(new Anomaly(severity, value, baselineMean, Double.isFinite(z) ? z : null));
  }
}
