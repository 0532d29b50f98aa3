package io.twinloop.domain.process;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long it took to bring a process back within its service level, over a number of times.
 *
 * @param days each time, in days of 24 hours; at least one
 */
public record ResolutionTimes(List<Double> days) {

  public ResolutionTimes {
    days = List.copyOf(days);
    if (days.isEmpty()) {
      throw new IllegalArgumentException("no resolution time, expected at least one");
    }
  }

  /** Their mean in days, to two decimals. */
  public double meanDays() {
    double mean = days.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    return Math.rint(mean * 100) / 100;
  }

  /** How many of them are within the service level, in percent to one decimal; null without one. */
  public @Nullable Double compliancePercent(@Nullable Double slaDays) {
    if (slaDays == null) {
      return null;
    }
    long within = days.stream().filter(each -> !SlaBreach.is(each, slaDays)).count();
    return Math.rint(within * 1000.0 / days.size()) / 10;
  }
}
