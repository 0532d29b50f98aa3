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
    // Two passes over values scaled by their largest: exact enough, and safe from overflow.
    double scale = Math.abs(value);
    boolean flat = true;
    for (int i = from; i < to; i++) {
      scale = Math.max(scale, Math.abs(before.get(i).value()));
      flat &= before.get(i).value() == before.get(from).value();
    }
    if (flat) {
      double level = before.get(from).value();
      return value == level
          ? Optional.empty()
          : Optional.of(new Anomaly(Severity.CRITICAL, value, level, null));
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
    double z = (value / scale - mean) / Math.sqrt(squares / count);
    if (Math.abs(z) <= spec.high()) {
      return Optional.empty();
    }
    Severity severity = Math.abs(z) > spec.critical() ? Severity.CRITICAL : Severity.HIGH;
    return Optional.of(new Anomaly(severity, value, mean * scale, z));
  }
}
