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

  private static SampleStep of(Instant from, List<Sample> samples) {
    double mean = 0;
    double minimum = Double.POSITIVE_INFINITY;
    double maximum = Double.NEGATIVE_INFINITY;
    int count = 0;
    for (Sample sample : samples) {
      count++;
      mean += (sample.value() - mean) / count;
      minimum = Math.min(minimum, sample.value());
      maximum = Math.max(maximum, sample.value());
    }
    return new SampleStep(from, count, mean, minimum, maximum);
  }

  private static Instant beginning(Sample sample, Duration length) {
    long millis = length.toMillis();
    return Instant.ofEpochMilli(Math.floorDiv(sample.timestamp().toEpochMilli(), millis) * millis);
  }
}
