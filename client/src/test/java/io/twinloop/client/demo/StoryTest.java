package io.twinloop.client.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Incident.CaseLate;
import io.twinloop.client.demo.Incident.KpiOff;
import io.twinloop.client.demo.Incident.Leaver;
import io.twinloop.client.demo.Story.Scene;
import io.twinloop.client.demo.World.Happened;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What goes wrong, and how the company's world takes it. */
class StoryTest {

  private static final Instant NOW = Instant.parse("2026-03-31T09:14:00Z");

  private static Company company(long seed) {
    return CompanyBuilder.build(seed, LocalDate.of(2026, 3, 31));
  }

  @Test
  void shouldTellTheSameStoryFromTheSameSeedAndAnotherFromAnother() {
    List<List<Scene>> stories =
        LongStream.range(0, 20).mapToObj(seed -> Story.of(company(seed)).firstAct()).toList();
    assertThat(stories).doesNotHaveDuplicates();
    assertThat(Story.of(company(7)).firstAct()).isEqualTo(stories.get(7));
    assertThat(Story.of(company(7)).later(3)).isEqualTo(Story.of(company(7)).later(3));
    assertThat(stories.stream().map(each -> each.get(0).incident().getClass()).distinct())
        .as("what comes first")
        .hasSize(3);
  }

  @Test
  void shouldLetTheThreePromisedThingsHappenEarlyInEveryStory() {
    for (long seed = 0; seed < 50; seed++) {
      List<Scene> act = Story.of(company(seed)).firstAct();
      assertThat(act).hasSizeBetween(5, 7);
      assertThat(act).isSortedAccordingTo((a, b) -> a.at().compareTo(b.at()));
      assertThat(act.get(act.size() - 1).at()).isLessThan(Story.FIRST_ACT.minusSeconds(35));
      assertThat(act.subList(0, 3))
          .allMatch(scene -> scene.at().toSeconds() < 15)
          .extracting(scene -> (Object) scene.incident().getClass())
          .containsExactlyInAnyOrder(KpiOff.class, CaseLate.class, Leaver.class);
    }
  }

  @Test
  void shouldGoOnQuietlyAfterTheFirstAct() {
    Story story = Story.of(company(7));
    for (int n = 0; n < 50; n++) {
      assertThat(story.later(n).at()).isGreaterThan(Story.FIRST_ACT);
      assertThat(story.later(n + 1).at()).isGreaterThan(story.later(n).at());
    }
  }

  @Test
  void shouldPushAKpiFurtherThanDayAndWeekDo() {
    for (long seed = 0; seed < 50; seed++) {
      for (Scene scene : Story.of(company(seed)).firstAct()) {
        if (scene.incident() instanceof KpiOff off) {
          assertThat(off.factor())
              .satisfiesAnyOf(
                  low -> assertThat(low).isBetween(0.25, 0.5),
                  high -> assertThat(high).isBetween(1.8, 2.4));
        }
      }
    }
  }

  @Test
  void shouldKeepAKpiOffUntilItsCauseIsGone() {
    Company company = company(7);
    World world = new World(company);
    Measure kpi = company.kpis().get(0);
    double usual = world.value(kpi, NOW);
    world.disturb(new KpiOff(kpi.id(), 0.4, "a cable in the wrong place"));
    assertThat(world.value(kpi, NOW)).isBetween(usual * 0.39, usual * 0.41);
    world.calm(kpi.id());
    assertThat(world.value(kpi, NOW)).isEqualTo(usual);
  }

  @Test
  void shouldBringALateCaseToItsSlaShortlyAfterItWasTold() {
    Company company = company(7);
    Company.Work process = company.processes().get(0);
    List<Happened> past =
        new World(company).neglect(new CaseLate(process.id(), 1), NOW, Duration.ofSeconds(3));
    Instant due = past.get(0).event().at().plusSeconds((long) (process.slaDays() * 86_400));
    assertThat(due).isEqualTo(NOW.plusSeconds(3));
    assertThat(past).allMatch(each -> !each.event().at().isAfter(NOW));
  }

  @Test
  void shouldFinishALateCaseOnceSomebodyTookCareOfIt() {
    Company company = company(7);
    World world = new World(company);
    Company.Work process = company.processes().get(0);
    assertThat(world.finishLate(process.id(), NOW)).isEmpty();
    List<Happened> told =
        new ArrayList<>(world.neglect(new CaseLate(process.id(), 1.6), NOW, Duration.ofSeconds(3)));
    told.addAll(world.finishLate(process.id(), NOW.plusSeconds(9)));
    assertThat(told).extracting(each -> each.event().activity()).isEqualTo(process.activities());
    assertThat(told).extracting(each -> each.event().at()).isSorted();
    assertThat(told.stream().map(each -> each.event().caseId()).distinct()).hasSize(1);
    assertThat(world.finishLate(process.id(), NOW)).isEmpty();
  }

  @Test
  void shouldEndNoCaseWhereNoneMayEnd() {
    Company company = company(7);
    World world = new World(company);
    Company.Work process = company.processes().get(0);
    world.waiting(List.of(new Cases.Open(process.id(), "w1", NOW.minusSeconds(90_000), 1)));
    for (int i = 0; i < 60; i++) {
      assertThat(world.work(NOW.plusSeconds(i), false).map(each -> each.event().activity()))
          .isNotEqualTo(Optional.of(process.lastActivity()));
    }
  }

  @Test
  void shouldGoOnWithWaitingCasesInTheirOrder() {
    Company company = company(7);
    World world = new World(company);
    Company.Work process = company.processes().get(0);
    world.waiting(List.of(new Cases.Open(process.id(), "w1", NOW.minusSeconds(90_000), 1)));
    List<String> activities = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      world
          .work(NOW.plusSeconds(i), true)
          .filter(each -> each.event().caseId().equals("w1"))
          .ifPresent(each -> activities.add(each.event().activity()));
    }
    assertThat(activities).isEqualTo(process.activities().subList(1, process.activities().size()));
  }
}
