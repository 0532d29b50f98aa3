package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.Trace.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** One case: its events in whatever order and however often, what ends it, its steps. */
class CaseTest {

  private static final Instant NINE = Instant.parse("2026-03-02T09:00:00Z");

  private static Instant at(double hours) {
    return NINE.plus(Duration.ofSeconds(Math.round(hours * 3_600)));
  }

  private static ToldEvent told(String activity, double hours) {
    return new ToldEvent(activity, at(hours), "ada", Phase.COMPLETE, false, null);
  }

  private static ToldEvent told(String activity, double hours, Phase phase) {
    return new ToldEvent(activity, at(hours), "ada", phase, false, null);
  }

  private static final CaseClosing WHOLE = new CaseClosing(true, Set.of());
  private static final CaseClosing LIVE = new CaseClosing(false, Set.of());

  private static List<CaseEvent> delivery(CaseClosing closing, ToldEvent... told) {
    return closing.mark(EventIdentity.identify(List.of(told)));
  }

  // Identity

  @Test
  void shouldKnowAnEventByItsSendersId() {
    ToldEvent first = new ToldEvent("A", at(0), "ada", Phase.COMPLETE, false, "e-1");
    ToldEvent corrected = new ToldEvent("B", at(1), "bob", Phase.COMPLETE, false, "e-1");

    CaseTrack track = CaseTrack.first(delivery(LIVE, first)).track();

    assertThat(track.take(delivery(LIVE, corrected)).events()).isEmpty();
  }

  @Test
  void shouldTakeTwoOfTheSameKindInOneDeliveryAndNoneTheSecondTime() {
    List<CaseEvent> twice = delivery(LIVE, told("A", 0), told("A", 0));

    CaseTrack.Taken first = CaseTrack.first(twice);
    CaseTrack.Taken again = first.track().take(twice);

    assertThat(first.events()).hasSize(2);
    assertThat(again.events()).isEmpty();
    assertThat(again.unchanged()).isEqualTo(2);
    assertThat(again.track()).isEqualTo(first.track());
  }

  @Test
  void shouldCountAnIdOnceEvenWithinADelivery() {
    ToldEvent event = new ToldEvent("A", at(0), "ada", Phase.COMPLETE, false, "e-1");

    CaseTrack.Taken taken = CaseTrack.first(delivery(LIVE, event, event));

    assertThat(taken.events()).hasSize(1);
    assertThat(taken.unchanged()).isEqualTo(1);
  }

  @Test
  void shouldTellPhasesAndResourcesApart() {
    List<CaseEvent> events =
        delivery(
            LIVE,
            told("A", 0, Phase.START),
            told("A", 0),
            new ToldEvent("A", at(0), null, Phase.COMPLETE, false, null));

    assertThat(CaseTrack.first(events).events()).hasSize(3);
  }

  // What ends a case

  @Test
  void shouldEndAWholeCaseWithItsLastEvent() {
    CaseTrack track = CaseTrack.first(delivery(WHOLE, told("B", 5), told("A", 0))).track();

    assertThat(track.ended()).isTrue();
    assertThat(track.startedAt()).isEqualTo(at(0));
    assertThat(track.durationDays()).isCloseTo(5 / 24.0, within(1e-9));
  }

  @Test
  void shouldEndACaseOnlyWithAnEndActivityWhereSuchAreNamed() {
    CaseClosing paid = new CaseClosing(true, Set.of("paid"));

    assertThat(CaseTrack.first(delivery(paid, told("A", 0), told("B", 1))).track().ended())
        .isFalse();
    assertThat(CaseTrack.first(delivery(paid, told("A", 0), told("paid", 1))).track().ended())
        .isTrue();
    assertThat(CaseTrack.first(delivery(paid, told("paid", 0), told("B", 1))).track().ended())
        .isFalse();
  }

  @Test
  void shouldReopenACaseThatGoesOnAndEndItAgain() {
    CaseTrack over = CaseTrack.first(delivery(WHOLE, told("A", 0), told("B", 1))).track();
    CaseTrack reopened = over.take(delivery(LIVE, told("C", 2))).track();
    CaseTrack again = over.take(delivery(WHOLE, told("A", 0), told("B", 1), told("C", 2))).track();

    assertThat(reopened.ended()).isFalse();
    assertThat(again.ended()).isTrue();
    assertThat(again.lastAt()).isEqualTo(at(2));
  }

  @Test
  void shouldStayOverWhenAnEarlierEventComesLate() {
    CaseTrack over = CaseTrack.first(delivery(WHOLE, told("A", 0), told("C", 2))).track();

    assertThat(over.take(delivery(LIVE, told("B", 1))).track().ended()).isTrue();
  }

  @Test
  void shouldBeToldLaterThatAKnownEventWasTheEnd() {
    CaseTrack open = CaseTrack.first(delivery(LIVE, told("A", 0), told("B", 1))).track();
    CaseTrack.Taken taken = open.take(delivery(WHOLE, told("A", 0), told("B", 1)));

    assertThat(open.ended()).isFalse();
    assertThat(taken.events()).isEmpty();
    assertThat(taken.track().ended()).isTrue();
  }

  /** Whatever the order and the deliveries, the same events make the same case. */
  @Test
  void shouldComeToTheSameCaseInWhateverOrder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<CaseEvent> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.addAll(delivery(LIVE, told("A" + i % 7, i)));
    }
    CaseTrack expected = CaseTrack.first(all).track();
    for (int round = 0; round < 50; round++) {
      List<CaseEvent> shuffled = new ArrayList<>(all);
      Collections.shuffle(shuffled, random);
      CaseTrack track = CaseTrack.first(shuffled.subList(0, 1)).track();
      for (int from = 0; from < shuffled.size(); ) {
        int to = Math.min(shuffled.size(), from + 1 + random.nextInt(9));
        track = track.take(LIVE.mark(shuffled.subList(from, to))).track();
        from = to;
      }
      assertThat(track).as("seed %d", seed).isEqualTo(expected);
    }
  }

  // The service level

  @Test
  void shouldGoOnWhileItIsOpenAndLive() {
    CaseTrack open = CaseTrack.first(delivery(LIVE, told("A", 0), told("B", 24))).track();

    assertThat(open.elapsedDays(true, at(72))).isEqualTo(3);
    assertThat(open.elapsedDays(false, at(72))).isEqualTo(1);
  }

  @Test
  void shouldBeLateAtItsDeadlineAndNotAMillisecondBefore() {
    CaseTrack open = CaseTrack.first(delivery(LIVE, told("A", 0))).track();
    for (double days : new double[] {0, 0.1, 1.0 / 3, 5, 30, 365.25}) {
      ServiceLevel level = new ServiceLevel(days, null);
      Instant deadline = open.deadline(days);
      assertThat(level.isBreachedBy(open.elapsedDays(true, deadline))).isTrue();
      assertThat(level.isBreachedBy(open.elapsedDays(true, deadline.minusMillis(1)))).isFalse();
    }
  }

  // Steps

  @Test
  void shouldTakeAStartAsWhenWorkBegan() {
    List<CaseEvent> events =
        delivery(LIVE, told("A", 0), told("B", 3, Phase.START), told("B", 4), told("B", 9));

    assertThat(Trace.of(events).steps())
        .containsExactly(
            new Step("A", at(0), at(0), "ada"),
            new Step("B", at(3), at(4), "ada"),
            new Step("B", at(9), at(9), "ada"));
  }

  @Test
  void shouldTakeStartsAsStepsWhereNothingIsCompleted() {
    List<CaseEvent> events =
        delivery(
            LIVE,
            told("A", 0, Phase.START),
            told("B", 3, Phase.OTHER),
            told("B", 4, Phase.START),
            told("C", 5, Phase.OTHER));

    assertThat(Trace.of(events).steps()).extracting(Step::activity).containsExactly("A", "B", "C");
  }

  // Packed

  @Test
  void shouldUnpackWhatWasPacked() {
    List<CaseEvent> events =
        List.of(
            new CaseEvent("A", at(0), null, Phase.START, false, -1),
            new CaseEvent("Überprüfen ✓", at(0), "ada", Phase.COMPLETE, false, Long.MIN_VALUE),
            new CaseEvent("A", NINE.plusNanos(7_200_123_456_000L), "A", Phase.OTHER, true, 42));

    assertThat(CaseChunk.unpack(CaseChunk.pack(events))).isEqualTo(events);
    assertThat(CaseChunk.unpack(CaseChunk.pack(List.of()))).isEmpty();
  }
}
