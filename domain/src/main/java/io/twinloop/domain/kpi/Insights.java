package io.twinloop.domain.kpi;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A KPI's recent samples in a few figures, in the KPI's unit unless said otherwise.
 *
 * @param count how many samples were looked at
 * @param mean arithmetic mean
 * @param deviation population standard deviation
 * @param minimum the smallest value
 * @param maximum the largest value
 * @param trendPerDay slope of the least-squares line, per day of 24 h; absent with fewer than two
 *     distinct times
 * @param onTarget share of samples on the good side of the target, 0 to 1; absent without target
 */
public record Insights(
    int count,
    double mean,
    double deviation,
    double minimum,
    double maximum,
    @Nullable Double trendPerDay,
    @Nullable Double onTarget) {

  private static final double SECONDS_PER_DAY = Duration.ofDays(1).toSeconds();

  /** The figures of at least one sample. */
  public static Insights of(KpiDefinition definition, List<Sample> samples) {
    double[] values = samples.stream().mapToDouble(Sample::value).toArray();
    double mean = mean(values);
    double squares = 0;
    double minimum = values[0];
    double maximum = values[0];
    for (double value : values) {
      squares += (value - mean) * (value - mean);
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
    }
    return new Insights(
        values.length,
        mean,
        Math.sqrt(squares / values.length),
        minimum,
        maximum,
        trend(samples, mean),
        onTarget(definition, values));
  }

  private static double mean(double[] values) {
    double mean = 0;
    for (int i = 0; i < values.length; i++) {
      mean += (values[i] - mean) / (i + 1);
    }
    return mean;
  }

  private static @Nullable Double trend(List<Sample> samples, double mean) {
    double[] days =
        samples.stream()
            .mapToDouble(
                sample ->
                    Duration.between(samples.get(0).timestamp(), sample.timestamp()).toMillis()
                        / 1e3
                        / SECONDS_PER_DAY)
            .toArray();
    double middle = mean(days);
    double covariance = 0;
    double variance = 0;
    for (int i = 0; i < days.length; i++) {
      covariance += (days[i] - middle) * (samples.get(i).value() - mean);
      variance += (days[i] - middle) * (days[i] - middle);
    }
    return variance == 0 ? null : covariance / variance;
  }

  private static @Nullable Double onTarget(KpiDefinition definition, double[] values) {
    Double target = definition.target();
    if (target == null || definition.polarity() == Polarity.TARGET) {
      return null;
    }
    boolean higher = definition.polarity() == Polarity.HIGHER_BETTER;
    int good = 0;
    for (double value : values) {
      good += (higher ? value >= target : value <= target) ? 1 : 0;
    }
    return (double) good / values.length;
  }
}
