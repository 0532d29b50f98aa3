package io.twinloop.client.demo;

import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Company.Work;
import io.twinloop.client.demo.Incident.CaseLate;
import io.twinloop.client.demo.Incident.DeadlineNear;
import io.twinloop.client.demo.Incident.KpiOff;
import io.twinloop.client.demo.Incident.LargeBooking;
import io.twinloop.client.demo.Incident.Leaver;
import io.twinloop.client.demo.Incident.VendorFalls;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What goes wrong in the company, and when: within two minutes of every seed a KPI leaves its band,
 * a case runs late and somebody leaves, in an order of the seed's, and two to four more things
 * happen. Then, quietly, something every few minutes for ever.
 */
final class Story {

  /** The first act is over so long after the story began. */
  static final Duration FIRST_ACT = Duration.ofMinutes(2);

  private static final int FIRST_SECOND = 2;
  private static final int SECONDS_BETWEEN = 5;

  /** Later than this a loop might not close before the first act is over. */
  private static final int LAST_OF_FIRST_ACT = 75;

  private final Company company;
  private final Dice dice;
  private final List<Scene> firstAct = new ArrayList<>();

  private Story(Company company) {
    this.company = company;
    dice = Dice.of(company.seed(), "story");
    sureScenes();
    moreScenes();
  }

  /**
   * @param at since the story began
   */
  record Scene(Duration at, Incident incident) {}

  static Story of(Company company) {
    return new Story(company);
  }

  /** In order of time. */
  List<Scene> firstAct() {
    return List.copyOf(firstAct);
  }

  /** The {@code n}th thing after the first act, from 0 on. */
  Scene later(int n) {
    Dice own = Dice.of(company.seed(), "later " + n);
    Duration at = FIRST_ACT.plusSeconds(120L * (n + 1) + own.between(0, 60));
    int kind = own.between(0, 5);
    return new Scene(at, kind < 3 ? kpiOff(own) : kind < 5 ? caseLate(own) : vendorFalls(own));
  }

  private void sureScenes() {
    Person leaver = dice.oneOf(company.soleHolders());
    List<Incident> order =
        dice.shuffled(List.of(kpiOff(dice), caseLate(dice), new Leaver(leaver.id())));
    for (int i = 0; i < order.size(); i++) {
      firstAct.add(scene(FIRST_SECOND + i * SECONDS_BETWEEN, order.get(i)));
    }
  }

  private void moreScenes() {
    List<Incident> others =
        dice.shuffled(
            List.of(anotherKpiOff(), vendorFalls(dice), largeBooking(dice), deadlineNear(dice)));
    int count = dice.between(2, others.size());
    int begin = FIRST_SECOND + 4 * SECONDS_BETWEEN;
    for (int i = 0; i < count; i++) {
      int at = begin + (LAST_OF_FIRST_ACT - begin) * i / count + dice.between(0, 5);
      firstAct.add(scene(at, others.get(i)));
    }
  }

  private static Scene scene(int second, Incident incident) {
    return new Scene(Duration.ofSeconds(second), incident);
  }

  private KpiOff kpiOff(Dice dice) {
    Company.Measure kpi = dice.oneOf(company.kpis());
    // What goes wrong goes the worse way, and further than day and week go by themselves.
    boolean falls =
        kpi.polarity().equals("higher_better")
            || (kpi.polarity().equals("target") && dice.chance(0.5));
    double factor = falls ? dice.between(0.25, 0.5) : dice.between(1.8, 2.4);
    return new KpiOff(kpi.id(), Math.rint(factor * 100) / 100, dice.oneOf(kpi.causes()));
  }

  /** Of another KPI than the first one. */
  private KpiOff anotherKpiOff() {
    String first =
        firstAct.stream()
            .map(Scene::incident)
            .filter(KpiOff.class::isInstance)
            .map(each -> ((KpiOff) each).kpiId())
            .findFirst()
            .orElseThrow();
    KpiOff other = kpiOff(dice);
    while (other.kpiId().equals(first)) {
      other = kpiOff(dice);
    }
    return other;
  }

  private CaseLate caseLate(Dice dice) {
    Work process = dice.oneOf(company.processes());
    return new CaseLate(process.id(), dice.chance(0.5) ? 1 : dice.between(1.2, 1.9));
  }

  private VendorFalls vendorFalls(Dice dice) {
    return new VendorFalls(dice.oneOf(company.vendors()).id(), Math.rint(dice.between(30.0, 55.0)));
  }

  private LargeBooking largeBooking(Dice dice) {
    return new LargeBooking(dice.oneOf(company.withBudget()).id(), dice.between(0.3, 0.5));
  }

  private DeadlineNear deadlineNear(Dice dice) {
    return new DeadlineNear(dice.oneOf(company.obligations()).id(), dice.between(3, 20));
  }
}
