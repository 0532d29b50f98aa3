package io.twinloop.client.demo;

import io.twinloop.client.demo.Company.Measure;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.function.BiConsumer;

/**
 * The usual course of a company's figures: a function of the seed, the figure and the time alone,
 * so the year before today can be told again and again and is always the same.
 *
 * <p>A KPI is its level, ±10 % over the day (highest at 14 h UTC), 8 % less at week-ends, and
 * triangular noise of at most ±2 %. Noise has ends on purpose: a detector that looks for 4
 * deviations finds none in it.
 */
final class Series {

  private static final double DAY = 0.10;
  private static final double WEEKEND = 0.08;
  private static final double NOISE = 0.02;

  /** Enough for a detector that looks at a month; more would only make a newcomer wait. */
  private static final int HOURLY_DAYS = 50;

  private static final int HIGHEST_HOUR = 14;

  private final long seed;

  Series(long seed) {
    this.seed = seed;
  }

  /** The usual value at an instant, to two decimals, in the KPI's unit. */
  double usual(Measure kpi, Instant at) {
    OffsetDateTime time = at.atOffset(ZoneOffset.UTC);
    double hour = time.getHour() + time.getMinute() / 60.0 - HIGHEST_HOUR;
    double day = 1 + DAY * Math.cos(2 * Math.PI * hour / 24);
    double week = isWeekend(time.getDayOfWeek()) ? 1 - WEEKEND : 1;
    long place = at.getEpochSecond() * 2;
    double noise =
        1 + NOISE * (Dice.at(seed, kpi.id(), place) + Dice.at(seed, kpi.id(), place + 1) - 1);
    return cents(kpi.level() * day * week * noise);
  }

  /**
   * The values of the year before {@code until}, in order of time: every full hour of the last
   * {@value #HOURLY_DAYS} days, every fourth hour before.
   */
  void year(Measure kpi, Instant until, BiConsumer<Instant, Double> sink) {
    long last = until.getEpochSecond() / 3600;
    for (long hour = last - 364 * 24; hour <= last; hour++) {
      if (hour % 4 == 0 || hour > last - HOURLY_DAYS * 24) {
        Instant at = Instant.ofEpochSecond(hour * 3600);
        sink.accept(at, usual(kpi, at));
      }
    }
  }

  /**
   * What a unit books at noon of each day of the year before {@code until}, in euro: over a year
   * about 90 % of its budget.
   */
  void bookings(Company.Unit unit, Instant until, BiConsumer<Instant, Double> sink) {
    String kpi = Company.spendKpi(unit.id());
    double usual = 0.9 * unit.budgetEur() / 365;
    long last = Math.floorDiv(until.getEpochSecond() - 12 * 3600, 86_400);
    for (long day = last - 364; day <= last; day++) {
      double factor = 0.8 + 0.4 * Dice.at(seed, kpi, day);
      sink.accept(Instant.ofEpochSecond(day * 86_400 + 12 * 3600), cents(usual * factor));
    }
  }

  private static boolean isWeekend(DayOfWeek day) {
    return day == DayOfWeek.SATURDAY || day == DayOfWeek.SUNDAY;
  }

  private static double cents(double value) {
    return Math.rint(value * 100) / 100;
  }
}
