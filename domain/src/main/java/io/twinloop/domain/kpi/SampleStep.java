package io.twinloop.domain.kpi;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The samples of one step of time in a few figures, in the KPI's unit.
 *
 * @param from beginning of the step, a whole multiple of its length since 1970 UTC
 * @param count samples in it, at least 1
 * @param mean arithmetic mean
 * @param minimum smallest value
 * @param maximum largest value
 */
public record SampleStep(Instant from, int count, double mean, double minimum, double maximum) {

  /** The length of the steps in which old samples are kept. */
  public static final Duration DAY = Duration.ofDays(1);

  /** Divides samples in order of time into steps, the empty ones left out. */
  public static List<SampleStep> of(List<Sample> samples, Duration length) {
    List<SampleStep> steps = new ArrayList<>();
    int begin = 0;
    for (int i = 1; i <= samples.size(); i++) {
      Instant from = beginning(samples.get(begin), length);
      if (i == samples.size() || !beginning(samples.get(i), length).equals(from)) {
        steps.add(of(from, samples.subList(begin, i)));
        begin = i;
      }
    }
    return steps;
  }

  /** Puts steps in order of time together to steps of a whole number of their lengths. */
  public static List<SampleStep> together(List<SampleStep> steps, Duration length) {
    List<SampleStep> together = new ArrayList<>();
    for (SampleStep step : steps) {
      Instant from = beginning(step.from(), length);
      int last = together.size() - 1;
      if (last >= 0 && together.get(last).from().equals(from)) {
        together.set(last, together.get(last).and(step));
      } else {
        together.add(new SampleStep(from, step.count, step.mean, step.minimum, step.maximum));
      }
    }
    return together;
  }

  private SampleStep and(SampleStep other) {
    int all = count + other.count;
    return new SampleStep(
        from,
        all,
        nearer(mean, other.mean, (double) other.count / all),
        Math.min(minimum, other.minimum),
        Math.max(maximum, other.maximum));
  }

  private static SampleStep of(Instant from, List<Sample> samples) {
    double mean = 0;
    double minimum = Double.POSITIVE_INFINITY;
    double maximum = Double.NEGATIVE_INFINITY;
    int count = 0;
    for (Sample sample : samples) {
      count++;
      mean = nearer(mean, sample.value(), 1.0 / count);
      minimum = Math.min(minimum, sample.value());
      maximum = Math.max(maximum, sample.value());
    }
    return new SampleStep(from, count, mean, minimum, maximum);
  }

  /** A mean moved by this share of its way to another; finite wherever both are. */
  private static double nearer(double mean, double other, double share) {
    double apart = other - mean;
    return Double.isInfinite(apart) ? mean * (1 - share) + other * share : mean + apart * share;
  }

  private static Instant beginning(Sample sample, Duration length) {
    return beginning(sample.timestamp(), length);
  }

  private static Instant beginning(Instant at, Duration length) {
    long millis = length.toMillis();
    return Instant.ofEpochMilli(Math.floorDiv(at.toEpochMilli(), millis) * millis);
  }
}
