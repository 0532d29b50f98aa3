package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.organization.RelationTimeline.Version;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How a relation that is told anew, corrected or ended is remembered. */
class RelationTimelineTest {

  private static final Instant JANUARY = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant FEBRUARY = Instant.parse("2026-02-01T00:00:00Z");
  private static final Instant MARCH = Instant.parse("2026-03-01T00:00:00Z");
  private static final Instant APRIL = Instant.parse("2026-04-01T00:00:00Z");

  @Test
  void shouldHoldFromItsBeginning() {
    RelationTimeline told = RelationTimeline.begun(2, fullTime(JANUARY));

    assertThat(told.versions()).containsExactly(new Version(2, fullTime(JANUARY), JANUARY, null));
  }

  @Test
  void shouldKeepTheOldWordingForTheTimeBeforeItWasToldAnew() {
    RelationTimeline told =
        RelationTimeline.begun(2, fullTime(JANUARY)).changed(5, halfTime(JANUARY), MARCH);

    assertThat(told.firstSeqNr()).isEqualTo(2);
    assertThat(told.versions())
        .containsExactly(
            new Version(2, fullTime(JANUARY), JANUARY, MARCH),
            new Version(5, halfTime(JANUARY), MARCH, null));
  }

  @Test
  void shouldMoveTheBeginningOfAllWordingsWhenItIsCorrected() {
    RelationTimeline told =
        RelationTimeline.begun(2, fullTime(FEBRUARY))
            .changed(3, halfTime(FEBRUARY), MARCH)
            .changed(4, halfTime(JANUARY), APRIL);

    assertThat(told.versions())
        .containsExactly(
            new Version(2, fullTime(JANUARY), JANUARY, MARCH),
            new Version(3, halfTime(JANUARY), MARCH, null));
  }

  @Test
  void shouldForgetTheTimeBeforeABeginningThatWasLater() {
    RelationTimeline told =
        RelationTimeline.begun(2, fullTime(JANUARY))
            .changed(3, halfTime(JANUARY), FEBRUARY)
            .changed(4, halfTime(MARCH), APRIL);

    assertThat(told.versions())
        .containsExactly(
            new Version(2, fullTime(MARCH), MARCH, MARCH),
            new Version(3, halfTime(MARCH), MARCH, null));
  }

  @Test
  void shouldEndEveryWordingAtAnEndThatWasEarlier() {
    RelationTimeline told =
        RelationTimeline.begun(2, fullTime(JANUARY))
            .changed(3, halfTime(JANUARY), MARCH)
            .ended(FEBRUARY);

    assertThat(told.versions())
        .containsExactly(
            new Version(2, fullTime(JANUARY), JANUARY, FEBRUARY),
            new Version(3, halfTime(JANUARY), FEBRUARY, FEBRUARY));
  }

  @Test
  void shouldNeverHaveHeldWhenItEndsBeforeItWasToBegin() {
    RelationTimeline told = RelationTimeline.begun(2, fullTime(APRIL)).ended(MARCH);

    assertThat(told.versions()).containsExactly(new Version(2, fullTime(APRIL), APRIL, APRIL));
  }

  @Test
  void shouldLeaveNoGapAndNoOverlapWhateverIsTold() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < 500; run++) {
      RelationTimeline told = RelationTimeline.begun(1, fullTime(someTime(random)));
      for (int step = 2; step < 8; step++) {
        Instant begin = random.nextBoolean() ? beginning(told) : someTime(random);
        Relation next = random.nextBoolean() ? fullTime(begin) : halfTime(begin);
        told = told.changed(step, next, someTime(random));

        assertThat(last(told).relation()).as("seed %d", seed).isEqualTo(next);
        assertThat(last(told).until()).as("seed %d", seed).isNull();
        assertWhole(told, seed);
      }
      assertWhole(told.ended(someTime(random)), seed);
    }
  }

  private static void assertWhole(RelationTimeline told, long seed) {
    List<Version> versions = told.versions();
    assertThat(versions.get(0).from()).as("seed %d", seed).isEqualTo(beginning(told));
    for (int i = 0; i < versions.size(); i++) {
      Version version = versions.get(i);
      assertThat(version.relation().validFrom()).as("seed %d", seed).isEqualTo(beginning(told));
      if (version.until() != null) {
        assertThat(version.until()).as("seed %d", seed).isAfterOrEqualTo(version.from());
      }
      if (i > 0) {
        assertThat(versions.get(i - 1).until()).as("seed %d", seed).isEqualTo(version.from());
      }
    }
  }

  private static Instant beginning(RelationTimeline told) {
    return told.versions().get(0).relation().validFrom();
  }

  private static Version last(RelationTimeline told) {
    return told.versions().get(told.versions().size() - 1);
  }

  private static Instant someTime(Random random) {
    return JANUARY.plusSeconds(random.nextInt(100));
  }

  private static Relation fullTime(Instant validFrom) {
    return belongsToCrew(1, validFrom);
  }

  private static Relation halfTime(Instant validFrom) {
    return belongsToCrew(0.5, validFrom);
  }

  private static Relation belongsToCrew(double fte, Instant validFrom) {
    return new Relation(
        RelationType.BELONGS_TO,
        "crew",
        NodeType.ORGANIZATION_UNIT,
        NodeProperties.of(JsonNodeFactory.instance.objectNode().put("fte", fte)),
        validFrom);
  }
}
