package io.twinloop.domain.kpi;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/**
 * What a unit will have spent by the end of the calendar year (UTC), if it goes on as it did so
 * far: a straight line through the beginning of the year.
 *
 * <pre>forecast = spent × days of the year ÷ days so far</pre>
 *
 * <p>Fewer than {@value #FEWEST_DAYS} days so far count as so many: the first booking of January
 * says nothing about a year.
 *
 * @param spentEur the sum of the year's amounts until now
 * @param forecastEur the sum expected at its end, to the cent
 */
public record SpendForecast(double spentEur, double forecastEur) {

  private static final int FEWEST_DAYS = 30;

  /**
   * Forecasts from what was booked.
   *
   * @param amounts each one booked amount in EUR, by when it was booked; those of other years and
   *     those that are yet to come are left aside
   */
  public static SpendForecast of(List<Sample> amounts, Instant now) {
    Instant begin = yearBegin(now);
    Instant end = yearEnd(now);
    double spent =
        amounts.stream()
            .filter(each -> !each.timestamp().isBefore(begin) && !each.timestamp().isAfter(now))
            .mapToDouble(Sample::value)
            .sum();
    double year = Duration.between(begin, end).toMillis();
    double soFar =
        Math.max(Duration.between(begin, now).toMillis(), Duration.ofDays(FEWEST_DAYS).toMillis());
    return new SpendForecast(spent, Math.rint(spent * year / soFar * 100) / 100);
  }

  /** When the calendar year of this instant began, UTC. */
  public static Instant yearBegin(Instant now) {
    return newYear(now, 0);
  }

  private static Instant yearEnd(Instant now) {
    return newYear(now, 1);
  }

  private static Instant newYear(Instant now, int later) {
    int year = now.atOffset(ZoneOffset.UTC).getYear() + later;
    return LocalDate.of(year, 1, 1).atStartOfDay(ZoneOffset.UTC).toInstant();
  }
}
