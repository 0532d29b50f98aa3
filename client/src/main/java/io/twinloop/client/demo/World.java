package io.twinloop.client.demo;

import io.twinloop.client.demo.Cases.Event;
import io.twinloop.client.demo.Cases.Open;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Work;
import io.twinloop.client.demo.Incident.CaseLate;
import io.twinloop.client.demo.Incident.KpiOff;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The company at work, outside of the twin: what its KPIs are at this moment and where its cases
 * are. A KPI that was pushed out of its band stays there until somebody removes the cause; a late
 * case stands still until somebody takes care of it. The twin only hears of all this.
 */
final class World {

  private final Company company;
  private final Series series;
  private final Cases cases;
  private final Dice dice;
  private final Map<String, KpiOff> disturbed = new HashMap<>();
  private final Deque<Open> open = new ArrayDeque<>();
  private final Map<String, Deque<Open>> late = new LinkedHashMap<>();
  private int begun;
  private int hired;

  World(Company company) {
    this.company = company;
    series = new Series(company.seed());
    cases = new Cases(company);
    dice = Dice.of(company.seed(), "world");
  }

  /** One thing that happened in a case of a process. */
  record Happened(String processId, Event event) {}

  /** These cases wait to be gone on with. */
  void waiting(List<Open> those) {
    open.addAll(dice.shuffled(those));
  }

  /** What a KPI is at this moment, in its unit. */
  double value(Measure kpi, Instant now) {
    KpiOff off = disturbed.get(kpi.id());
    double usual = series.usual(kpi, now);
    return off == null ? usual : Math.rint(usual * off.factor() * 100) / 100;
  }

  void disturb(KpiOff incident) {
    disturbed.put(incident.kpiId(), incident);
  }

  /** Why a KPI is off, if it is. */
  Optional<KpiOff> disturbance(String kpiId) {
    return Optional.ofNullable(disturbed.get(kpiId));
  }

  /** The cause is gone, and the KPI is what it usually is. */
  void calm(String kpiId) {
    disturbed.remove(kpiId);
  }

  /**
   * The next step of work, if there is one: a waiting case goes on, now and then one begins.
   *
   * @param ending whether cases may come to their end
   */
  Optional<Happened> work(Instant now, boolean ending) {
    if (dice.chance(0.2)) {
      Work process = dice.oneOf(company.processes());
      begun++;
      String caseId = "live-%d-%d".formatted(now.getEpochSecond(), begun);
      return Optional.of(goOn(new Open(process.id(), caseId, now, 0), now));
    }
    Optional<Open> next = open.stream().filter(each -> ending || !isAtItsEnd(each)).findFirst();
    next.ifPresent(open::remove);
    return next.map(each -> goOn(each, now));
  }

  private boolean isAtItsEnd(Open each) {
    return each.next() + 1 == company.process(each.processId()).activities().size();
  }

  private Happened goOn(Open at, Instant now) {
    Work process = company.process(at.processId());
    if (!isAtItsEnd(at)) {
      Open after = new Open(at.processId(), at.caseId(), at.began(), at.next() + 1);
      // A case that only began takes days: it is not gone on with today.
      if (at.next() > 0) {
        open.addLast(after);
      }
    }
    return step(process, at, now);
  }

  private Happened step(Work process, Open at, Instant when) {
    String resource = cases.resource(process, at.next(), dice.between(0.0, 1.0));
    return new Happened(
        process.id(), new Event(at.caseId(), process.activities().get(at.next()), when, resource));
  }

  /**
   * A case that nobody took care of, as it is noticed: its past, up to the activity it stands still
   * at. One that is overdue by nothing reaches its SLA {@code until} from now.
   */
  List<Happened> neglect(CaseLate incident, Instant now, Duration until) {
    Work process = company.process(incident.processId());
    Duration age = Duration.ofSeconds((long) (process.slaDays() * 86_400 * incident.overdue()));
    Instant began = incident.overdue() > 1 ? now.minus(age) : now.plus(until).minus(age);
    String caseId = "late-%d".formatted(now.getEpochSecond());
    int steps = Math.max(1, process.activities().size() / 2);
    List<Happened> past = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      Instant at = began.plusSeconds(age.toSeconds() / 8 * i);
      past.add(step(process, new Open(process.id(), caseId, began, i), at));
    }
    late.computeIfAbsent(process.id(), id -> new ArrayDeque<>())
        .add(new Open(process.id(), caseId, began, steps));
    return past;
  }

  /** Somebody took care of the late case of a process: it is brought to its end. */
  List<Happened> finishLate(String processId, Instant now) {
    Deque<Open> those = late.getOrDefault(processId, new ArrayDeque<>());
    List<Happened> end = new ArrayList<>();
    if (!those.isEmpty()) {
      Open stands = those.removeFirst();
      Work process = company.process(processId);
      for (int i = stands.next(); i < process.activities().size(); i++) {
        Open at = new Open(processId, stands.caseId(), stands.began(), i);
        // Each a moment after the one before, and none in the future.
        Instant when = now.minusMillis(10L * (process.activities().size() - 1 - i));
        end.add(step(process, at, when));
      }
    }
    return end;
  }

  /** How many days of work it took to bring a late process back, to one decimal. */
  double resolutionDays(String processId) {
    double days = company.process(processId).slaDays() * dice.between(0.2, 0.5);
    return Math.max(0.1, Math.rint(days * 10) / 10);
  }

  /** Somebody new: a number and a pseudonym nobody has. */
  Newcomer newcomer(Instant now) {
    hired++;
    return new Newcomer(
        "%s.p-%d-%d".formatted(company.key(), now.getEpochSecond(), hired),
        CompanyBuilder.aliases(company.seed()).get(company.people().size() + hired));
  }

  record Newcomer(String employeeId, String alias) {}
}
