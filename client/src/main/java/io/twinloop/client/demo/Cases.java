package io.twinloop.client.demo;

import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Company.Work;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The cases of a company's processes in the year before today, as a function of the seed and the
 * time alone. A case takes about half of what its SLA allows, one in 25 more than all of it. Cases
 * that are not over stop at the last activity that has happened.
 */
final class Cases {

  private static final long DAY_SECONDS = 86_400;

  /** So many cases wait for the day on which the demo runs, besides those the year left open. */
  private static final int WAITING = 15;

  private final Company company;

  Cases(Company company) {
    this.company = company;
  }

  /** One step of a case. */
  record Event(String caseId, String activity, Instant at, String resource) {}

  /**
   * A case that is not over.
   *
   * @param next the place of its next activity among those of its process
   */
  record Open(String processId, String caseId, Instant began, int next) {}

  /** A year of a process: what happened, in order of time, and the cases that are not over. */
  record Year(List<Event> events, List<Open> open) {}

  Year year(Work process, Instant now) {
    List<Event> events = new ArrayList<>();
    List<Open> open = new ArrayList<>();
    long today = Math.floorDiv(now.getEpochSecond(), DAY_SECONDS);
    for (long day = today - 364; day <= today; day++) {
      Dice dice = Dice.of(company.seed(), process.id() + "@" + day);
      int begin =
          (int) (process.casesPerDay() * (isWorkingDay(day) ? 1 : 0.2) + dice.between(0.0, 1.0));
      for (int each = 0; each < begin; each++) {
        Instant began =
            Instant.ofEpochSecond(day * DAY_SECONDS + dice.between(7 * 3600, 18 * 3600));
        String caseId = "%s-%d".formatted(LocalDate.ofEpochDay(day), each + 1);
        // What is still open must not be late by itself: what goes wrong today is the story's.
        boolean late = dice.chance(0.04) && day < today - 2 * process.slaDays();
        double share = late ? dice.between(1.1, 1.6) : dice.between(0.3, 0.75);
        tell(process, caseId, began, days(process.slaDays() * share), now, dice, events, open);
      }
    }
    Dice dice = Dice.of(company.seed(), process.id() + "@waiting");
    for (int each = 1; each <= WAITING; each++) {
      Instant began = now.minus(days(process.slaDays() * dice.between(0.3, 0.7)));
      String caseId = "waiting-%d-%d".formatted(now.getEpochSecond(), each);
      tell(process, caseId, began, days(process.slaDays()), now, dice, events, open);
    }
    events.sort(Comparator.comparing(Event::at));
    return new Year(events, open);
  }

  /** Who works on an activity: the same few people, each on the activities of their own. */
  String resource(Work process, int activity, double chance) {
    List<Person> team = company.membersOf(process.ownerId());
    int own = (int) (chance * Math.min(3, team.size()));
    return team.get((activity * 2 + own) % team.size()).id();
  }

  private void tell(
      Work process,
      String caseId,
      Instant began,
      Duration length,
      Instant now,
      Dice dice,
      List<Event> events,
      List<Open> open) {
    int steps = process.activities().size();
    if (began.isAfter(now)) {
      return;
    }
    // The hand-over in the middle is where cases wait longest.
    int bottleneck = 1 + steps / 2;
    double[] gaps = new double[steps];
    double sum = 0;
    for (int i = 1; i < steps; i++) {
      gaps[i] = dice.between(0.5, 1.5) * (i == bottleneck ? 4 : 1);
      sum += gaps[i];
    }
    double passed = 0;
    for (int i = 0; i < steps; i++) {
      passed += gaps[i];
      Instant at = began.plusSeconds((long) (length.toSeconds() * passed / sum));
      String resource = resource(process, i, dice.between(0.0, 1.0));
      if (at.isAfter(now)) {
        open.add(new Open(process.id(), caseId, began, i));
        return;
      }
      events.add(new Event(caseId, process.activities().get(i), at, resource));
    }
  }

  private static boolean isWorkingDay(long day) {
    DayOfWeek name = Instant.ofEpochSecond(day * DAY_SECONDS).atZone(ZoneOffset.UTC).getDayOfWeek();
    return name != DayOfWeek.SATURDAY && name != DayOfWeek.SUNDAY;
  }

  private static Duration days(double days) {
    return Duration.ofSeconds((long) (days * DAY_SECONDS));
  }
}
