package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a unit will have spent by the end of the year. */
class SpendForecastTest {

  @Test
  void shouldGoOnAsItDidSoFar() {
    List<Sample> amounts = List.of(booked("2026-01-10", 600), booked("2026-03-31", 300));

    SpendForecast forecast = SpendForecast.of(amounts, Instant.parse("2026-04-01T00:00:00Z"));

    assertThat(forecast.spentEur()).isEqualTo(900);
    assertThat(forecast.forecastEur()).as("365 days after 90").isEqualTo(3650);
  }

  @Test
  void shouldLeaveOtherYearsAndWhatIsYetToComeAside() {
    List<Sample> amounts =
        List.of(booked("2025-12-31", 1_000), booked("2026-07-01", 50), booked("2026-09-01", 7));

    SpendForecast forecast = SpendForecast.of(amounts, Instant.parse("2026-07-02T12:00:00Z"));

    assertThat(forecast).isEqualTo(new SpendForecast(50, 100));
  }

  @Test
  void shouldNotTakeTheFirstBookingOfJanuaryForAHabit() {
    SpendForecast forecast =
        SpendForecast.of(List.of(booked("2026-01-01", 300)), Instant.parse("2026-01-02T00:00:00Z"));

    assertThat(forecast.forecastEur()).as("as if in 30 days").isEqualTo(3650);
  }

  private static Sample booked(String date, double amount) {
    return Sample.of(Instant.parse(date + "T00:00:00Z"), amount, "erp");
  }
}
