package io.twinloop.domain.kpi;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The default rule in its plainest form, over a whole series in order: what {@link Sensing} has to
 * agree with.
 */
final class OrderedSeries {

  /** A run of samples out of band. */
  record Run(Instant from, Instant until, Severity first, Severity worst) {
    boolean isOpen() {
      return until == null;
    }

    boolean holds(Sample sample) {
      return !sample.timestamp().isBefore(from) && (isOpen() || sample.timestamp().isBefore(until));
    }
  }

  private OrderedSeries() {}

  static List<Run> runsOf(List<Sample> series) {
    List<Run> runs = new ArrayList<>();
    Run run = null;
    for (int i = 0; i < series.size(); i++) {
      Instant at = series.get(i).timestamp();
      Severity severity = judge(series.subList(Math.max(0, i - 30), i), series.get(i).value());
      if (severity == null) {
        if (run != null) {
          runs.add(new Run(run.from, at, run.first, run.worst));
        }
        run = null;
      } else if (run == null) {
        run = new Run(at, null, severity, severity);
      } else if (severity == Severity.CRITICAL) {
        run = new Run(run.from, null, run.first, severity);
      }
    }
    if (run != null) {
      runs.add(run);
    }
    return runs;
  }

  private static Severity judge(List<Sample> baseline, double value) {
    if (baseline.size() < 7) {
      return null;
    }
    double mean = baseline.stream().mapToDouble(Sample::value).average().orElseThrow();
    double variance =
        baseline.stream()
            .mapToDouble(sample -> (sample.value() - mean) * (sample.value() - mean))
            .average()
            .orElseThrow();
    boolean flat = baseline.stream().mapToDouble(Sample::value).distinct().count() == 1;
    if (flat) {
      return value == baseline.get(0).value() ? null : Severity.CRITICAL;
    }
    double z = Math.abs(value - mean) / Math.sqrt(variance);
    return z > 3.5 ? Severity.CRITICAL : z > 2.5 ? Severity.HIGH : null;
  }
}
