package io.twinloop.client.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.client.demo.Cases.Event;
import io.twinloop.client.demo.Cases.Year;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Work;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The year before today, as it is told to the twin. */
class YearTest {

  private static final Instant NOW = Instant.parse("2026-03-31T09:14:00Z");
  private static final Company COMPANY = CompanyBuilder.build(7, LocalDate.of(2026, 3, 31));

  @Test
  void shouldTellTheSameYearAgainLater() {
    Measure kpi = COMPANY.kpis().get(0);
    Map<Instant, Double> first = new TreeMap<>();
    new Series(7).year(kpi, NOW, first::put);
    Map<Instant, Double> second = new TreeMap<>();
    new Series(7).year(kpi, NOW.plus(Duration.ofDays(2)), second::put);
    assertThat(first).hasSizeBetween(3_000, 3_200);
    assertThat(second).hasSizeBetween(3_000, 3_200);
    second.keySet().retainAll(first.keySet());
    assertThat(second).hasSizeGreaterThan(2_900);
    assertThat(first).containsAllEntriesOf(second);
  }

  @Test
  void shouldHaveNoHourThatADetectorOfFourDeviationsWouldFind() {
    for (Measure kpi : COMPANY.kpis()) {
      List<Double> values = new ArrayList<>();
      new Series(7).year(kpi, NOW, (at, value) -> values.add(value));
      for (int i = values.size() - 400; i < values.size(); i += 3) {
        assertThat(Math.abs(z(values.subList(i - 720, i), values.get(i)))).isLessThan(3);
      }
    }
  }

  private static double z(List<Double> before, double value) {
    double mean = before.stream().mapToDouble(each -> each).average().orElseThrow();
    double squares = before.stream().mapToDouble(each -> (each - mean) * (each - mean)).sum();
    return (value - mean) / Math.sqrt(squares / before.size());
  }

  @Test
  void shouldSpendAboutNineTenthsOfABudgetInAYear() {
    for (Company.Unit unit : COMPANY.withBudget()) {
      double[] sum = {0};
      new Series(7).bookings(unit, NOW, (at, amount) -> sum[0] += amount);
      assertThat(sum[0] / unit.budgetEur()).isBetween(0.87, 0.93);
    }
  }

  @Test
  void shouldEndEveryCaseOrLeaveItOpenWithinItsSla() {
    for (Work process : COMPANY.processes()) {
      Year year = new Cases(COMPANY).year(process, NOW);
      Map<String, List<Event>> cases =
          year.events().stream().collect(Collectors.groupingBy(Event::caseId));
      assertThat(cases).hasSizeGreaterThan(80);
      Map<String, Cases.Open> open =
          year.open().stream().collect(Collectors.toMap(Cases.Open::caseId, each -> each));
      assertThat(open).hasSizeGreaterThanOrEqualTo(15);
      cases.forEach(
          (id, events) -> {
            assertThat(events).isSortedAccordingTo((a, b) -> a.at().compareTo(b.at()));
            assertThat(events.get(events.size() - 1).at()).isBeforeOrEqualTo(NOW);
            List<String> activities = events.stream().map(Event::activity).toList();
            if (open.containsKey(id)) {
              assertThat(activities)
                  .isEqualTo(process.activities().subList(0, open.get(id).next()));
              Duration age = Duration.between(open.get(id).began(), NOW);
              assertThat(age.toSeconds()).isLessThan((long) (process.slaDays() * 86_400));
            } else {
              assertThat(activities).isEqualTo(process.activities());
            }
          });
    }
  }

  @Test
  void shouldBreachTheSlaInAFewCasesOfTheYear() {
    long late = 0;
    long all = 0;
    for (Work process : COMPANY.processes()) {
      Map<String, List<Event>> cases =
          new Cases(COMPANY)
              .year(process, NOW).events().stream().collect(Collectors.groupingBy(Event::caseId));
      all += cases.size();
      late +=
          cases.values().stream()
              .map(each -> Duration.between(each.get(0).at(), each.get(each.size() - 1).at()))
              .filter(length -> length.toSeconds() > process.slaDays() * 86_400)
              .count();
    }
    assertThat((double) late / all).isBetween(0.005, 0.08);
  }
}
