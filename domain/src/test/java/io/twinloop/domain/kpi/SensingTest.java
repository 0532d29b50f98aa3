package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.kpi.OrderedSeries.Run;
import io.twinloop.domain.kpi.Sensing.Closed;
import io.twinloop.domain.kpi.Sensing.Opened;
import io.twinloop.domain.kpi.Sensing.Sensed;
import io.twinloop.domain.kpi.Sensing.Worsened;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Episodes from samples in any order. What is promised where samples are late stands in {@link
 * Sensing}; {@link OrderedSeries} is the yardstick.
 */
class SensingTest {

  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");
  private static final int SEEDS = Integer.getInteger("twinloop.test.seeds", 30);

  // Episodes

  @Test
  void shouldMakeOneEpisodeOfOneAnomaly() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);

    assertThat(watcher.take(at(10, 13)).transitions())
        .singleElement()
        .isInstanceOfSatisfying(
            Opened.class,
            opened -> {
              assertThat(opened.at()).isEqualTo(minute(10));
              assertThat(opened.anomaly().severity()).isEqualTo(Severity.HIGH);
            });
    assertThat(watcher.take(at(11, 14)).transitions()).as("still out of band").isEmpty();
    assertThat(watcher.take(at(12, 10)).transitions()).containsExactly(new Closed(minute(12), 10));
    assertThat(watcher.take(at(13, 10)).transitions()).as("still in band").isEmpty();
  }

  @Test
  void shouldWorsenAnEpisodeOnceAndNeverBetterIt() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
    watcher.take(at(10, 13));

    assertThat(watcher.take(at(11, 30)).transitions())
        .singleElement()
        .isInstanceOfSatisfying(
            Worsened.class, worsened -> assertThat(worsened.at()).isEqualTo(minute(11)));
    assertThat(watcher.take(at(12, 60)).transitions()).as("critical already").isEmpty();
    assertThat(watcher.openEpisode().orElseThrow().severity()).isEqualTo(Severity.CRITICAL);
    watcher.take(at(13, 10));
    assertThat(watcher.runs())
        .containsExactly(new Run(minute(10), minute(13), Severity.HIGH, Severity.CRITICAL));
  }

  @Test
  void shouldTellAllOfABatchInOrder() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);

    Sensed sensed = watcher.take(at(12, 10), at(10, 13), at(11, 30));

    assertThat(sensed.accepted()).extracting(Sample::value).containsExactly(13.0, 30.0, 10.0);
    assertThat(sensed.transitions())
        .extracting(Object::getClass)
        .isEqualTo(List.of(Opened.class, Worsened.class, Closed.class));
  }

  // Late samples

  @Test
  void shouldPutALateSampleInItsPlaceBeforeJudging() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
    watcher.take(at(11, 10));

    watcher.take(at(10, 40));

    assertThat(watcher.runs())
        .as("an episode that was over before it was known")
        .containsExactly(new Run(minute(10), minute(11), Severity.CRITICAL, Severity.CRITICAL));
    assertThat(watcher.openEpisode()).isEmpty();
  }

  @Test
  void shouldCloseAnEpisodeThatALateSampleExplains() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
    watcher.take(at(20, 14));
    assertThat(watcher.openEpisode()).isPresent();

    watcher.take(at(15, 30)); // widens the band, and is itself far out of it

    assertThat(watcher.openEpisode()).isEmpty();
    assertThat(watcher.runs())
        .containsExactlyInAnyOrder(
            new Run(minute(20), minute(20), Severity.CRITICAL, Severity.CRITICAL),
            new Run(minute(15), minute(20), Severity.CRITICAL, Severity.CRITICAL));
  }

  @Test
  void shouldTellAPastEpisodeWhileAnotherStaysOpen() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
    watcher.take(at(13, 10), at(15, 400));
    Episode open = watcher.openEpisode().orElseThrow();

    watcher.take(at(12, 30));

    assertThat(watcher.openEpisode()).contains(open);
    assertThat(watcher.runs())
        .contains(new Run(minute(12), minute(13), Severity.CRITICAL, Severity.CRITICAL));
  }

  @Test
  void shouldNotTellAnEpisodeAgainWhenALateSampleComesBeforeIt() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
    watcher.take(at(12, 60), at(13, 10));

    assertThat(watcher.take(at(10, 10)).transitions()).as("the episode is judged again").isEmpty();
    assertThat(watcher.take(at(11, 70)).transitions()).as("it began earlier").isEmpty();
    assertThat(watcher.told()).hasSize(1);
  }

  @Test
  void shouldForgetEpisodesThatNoLateSampleCanTouch() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Watcher watcher = new Watcher();
      for (Sample sample : shuffled(randomSeries(seed), new Random(seed))) {
        watcher.take(sample);
        assertThat(watcher.sensing().told().size())
            .as("seed %d, at %s", seed, sample)
            .isLessThanOrEqualTo(2 * Sensing.LATEST_PLACE);
      }
    }
  }

  @Test
  void shouldAlwaysBeOpenWhenTheOrderedSeriesIsWhateverTheOrderOfArrival() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Promise promise = new Promise(seed);
      for (Sample sample : shuffled(randomSeries(seed), new Random(seed))) {
        promise.takeAndCheck(List.of(sample));
      }
    }
  }

  @Test
  void shouldAlwaysBeOpenWhenTheOrderedSeriesIsAlsoInBatches() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Random random = new Random(seed);
      List<Sample> shuffled = shuffled(randomSeries(seed), random);
      Promise promise = new Promise(seed);
      for (int from = 0; from < shuffled.size(); ) {
        int to = Math.min(shuffled.size(), from + random.nextInt(1, 25));
        promise.takeAndCheck(shuffled.subList(from, to));
        from = to;
      }
    }
  }

  @Test
  void shouldTellTheEpisodesOfTheOrderedSeriesWhereNoneWasToldBefore() {
    int lateButExact = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      List<Sample> series = randomSeries(seed);
      Promise promise = new Promise(seed);
      Map<Instant, Integer> arrival = new HashMap<>();
      for (Sample sample : shuffled(series, new Random(seed))) {
        promise.takeAndCheck(List.of(sample));
        arrival.put(sample.timestamp(), arrival.size() + 1);
      }
      for (Run run : OrderedSeries.runsOf(series)) {
        int complete =
            series.stream()
                .filter(sample -> run.isOpen() || !sample.timestamp().isAfter(run.until()))
                .mapToInt(sample -> arrival.get(sample.timestamp()))
                .max()
                .orElseThrow();
        if (!promise.spokeOf(run, complete - 1)) {
          lateButExact++;
          assertThat(promise.watcher.runs())
              .as("seed %d, complete with delivery %d", seed, complete)
              .contains(run);
        }
      }
    }
    assertThat(lateButExact).as("such episodes over all seeds").isGreaterThan(SEEDS / 10);
  }

  @Test
  void shouldTellTheEpisodesOfTheOrderedSeriesWhenAllComesInOrderOrInOneBatch() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      List<Sample> series = randomSeries(seed);
      List<Run> expected = OrderedSeries.runsOf(series);
      Watcher oneByOne = new Watcher();
      series.forEach(oneByOne::take);
      Watcher atOnce = new Watcher();
      List<Sample> anyOrder = new ArrayList<>(series);
      Collections.shuffle(anyOrder, new Random(seed));
      atOnce.take(anyOrder);

      assertThat(oneByOne.runs()).as("one by one, seed %d", seed).isEqualTo(expected);
      assertThat(atOnce.runs()).as("at once, seed %d", seed).isEqualTo(expected);
      assertThat(atOnce.sensing()).as("seed %d", seed).isEqualTo(oneByOne.sensing());
    }
  }

  @Test
  void shouldRememberTheSameSamplesWhateverTheOrder() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Watcher ordered = new Watcher();
      Watcher disordered = new Watcher();
      List<Sample> series = randomSeries(seed);
      ordered.take(series);
      shuffled(series, new Random(seed)).forEach(disordered::take);

      assertThat(disordered.sensing().recent())
          .as("seed %d", seed)
          .isEqualTo(ordered.sensing().recent())
          .hasSize(DetectorSpec.DEFAULT.window() + Sensing.LATEST_PLACE + 1);
    }
  }

  @Test
  void shouldKeepASampleMoreThanTenPlacesLateFromTheDetector() {
    Watcher watcher = watcherAfter(alternating(20));
    Sensing before = watcher.sensing();

    Sensed tooLate = watcher.take(Sample.of(minute(8).plusSeconds(30), 1_000, "test"));

    assertThat(tooLate.accepted()).as("it is history").hasSize(1);
    assertThat(tooLate.transitions()).isEmpty();
    assertThat(watcher.sensing()).isEqualTo(before);
  }

  @Test
  void shouldJudgeASampleTenPlacesLate() {
    Watcher watcher = watcherAfter(alternating(20));

    Sensed late = watcher.take(Sample.of(minute(9).plusSeconds(30), 1_000, "test"));

    assertThat(late.transitions()).isNotEmpty();
  }

  @Test
  void shouldRefuseNoSampleThatIsOlderThanTheWholeMemory() {
    Watcher watcher = watcherAfter(alternating(100));

    Sensed ancient = watcher.take(at(-1_000, 5), at(-1_001, 5));

    assertThat(ancient.accepted()).hasSize(2);
    assertThat(watcher.sensing().recent()).doesNotContainAnyElementsOf(ancient.accepted());
  }

  // Repetition

  @Test
  void shouldLetTheFirstOfTwoSamplesWithTheSameTimestampAndSourceWin() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);

    Sensed again = watcher.take(at(9, 5_000));
    Sensed inOneBatch = watcher.take(at(11, 10), at(10, 10), at(10, 5_000));

    assertThat(again.accepted()).isEmpty();
    assertThat(again.unchanged()).isEqualTo(1);
    assertThat(inOneBatch.accepted()).extracting(Sample::value).containsExactly(10.0, 10.0);
    assertThat(inOneBatch.unchanged()).isEqualTo(1);
    assertThat(watcher.told()).isEmpty();
  }

  @Test
  void shouldLetTheFirstWinInABatchOfHistoryToo() {
    Watcher watcher = watcherAfter(alternating(100));

    Sensed sensed = watcher.take(at(-5, 1), at(-5, 2));

    assertThat(sensed.accepted()).extracting(Sample::value).containsExactly(1.0);
    assertThat(sensed.unchanged()).isEqualTo(1);
  }

  @Test
  void shouldTakeTwoSourcesAtOneInstantForTwoSamples() {
    Watcher watcher = watcherAfter(9, 11, 9, 11, 9, 11, 9, 11, 9, 11);

    Sensed sensed =
        watcher.take(Sample.of(minute(10), 10, "a"), Sample.of(minute(10), 50, "b"), at(11, 10));

    assertThat(sensed.accepted()).hasSize(3);
    assertThat(watcher.runs())
        .containsExactly(new Run(minute(10), minute(11), Severity.CRITICAL, Severity.CRITICAL));
  }

  @Test
  void shouldKeepItsPromiseWithSeveralSourcesAtOneInstant() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Random random = new Random(seed);
      List<Sample> series =
          randomSeries(seed).stream()
              .map(
                  sample ->
                      Sample.of(
                          minute((int) Duration.between(START, sample.timestamp()).toMinutes() / 3),
                          sample.value(),
                          "source-" + random.nextInt(1_000_000)))
              .sorted(Sample.IN_TIME)
              .toList();
      Watcher watcher = new Watcher();
      List<Sample> arrived = new ArrayList<>();
      for (Sample sample : shuffled(series, random)) {
        watcher.take(sample);
        arrived.add(sample);
        assertThat(watcher.openEpisode().isPresent())
            .as("seed %d, at %s", seed, sample)
            .isEqualTo(isOpen(arrived));
      }
    }
  }

  // Stamps

  @Test
  void shouldStampStrictlyIncreasingTimes() {
    Instant now = Instant.parse("2026-03-01T12:00:00.123456789Z");
    Sensing sensing = Sensing.NOTHING;

    List<Sample> first = sensing.stamp(unstamped(3), now);
    sensing = sensing.remember(DetectorSpec.DEFAULT, first);
    List<Sample> second = sensing.stamp(unstamped(2), now);
    sensing = sensing.remember(DetectorSpec.DEFAULT, second);
    List<Sample> afterTheClockWentBack = sensing.stamp(unstamped(2), now.minusSeconds(3_600));

    List<Instant> stamps = new ArrayList<>();
    for (List<Sample> samples : List.of(first, second, afterTheClockWentBack)) {
      samples.forEach(sample -> stamps.add(sample.timestamp()));
    }
    assertThat(stamps).isSorted().doesNotHaveDuplicates();
    assertThat(stamps.get(0)).isEqualTo(Instant.parse("2026-03-01T12:00:00.123456Z"));
  }

  @Test
  void shouldStampAfterATimeItsSenderNamed() {
    Instant now = Instant.parse("2026-03-01T12:00:00Z");
    Instant ahead = now.plusSeconds(60);

    List<Sample> stamped =
        Sensing.NOTHING.stamp(
            List.of(new Measurement(ahead, 1, "test", 1), new Measurement(null, 2, "test", 1)),
            now);

    assertThat(stamped)
        .extracting(Sample::timestamp)
        .containsExactly(ahead, ahead.plusNanos(1_000));
  }

  @Test
  void shouldStampAfterTheLatestTimeASenderMayName() {
    Instant latest = Instant.parse("2198-12-31T23:59:59.999999Z");

    List<Sample> stamped =
        Sensing.NOTHING.stamp(
            List.of(new Measurement(latest, 1, "test", 1), new Measurement(null, 2, "test", 1)),
            START);

    assertThat(stamped.get(1).timestamp()).isAfter(latest);
  }

  // Other rules

  @Test
  void shouldGoOnWhenTheRuleChangesInMidSeries() {
    for (long seed = 1; seed <= 100; seed++) {
      Random random = new Random(seed);
      Sensing sensing = Sensing.NOTHING;
      boolean open = false;
      for (Sample sample : shuffled(randomSeries(seed), random)) {
        DetectorSpec spec = new DetectorSpec("zscore", random.nextInt(7, 60), 7, 2.5, 3.5);
        Sensed sensed = sensing.sense(spec, List.of(sample));
        sensing = sensing.remember(spec, sensed.accepted());
        for (Sensing.Transition transition : sensed.transitions()) {
          if (transition instanceof Opened opened) {
            assertThat(open).as("seed %d: opened while open", seed).isFalse();
            open = true;
            Episode episode = Episode.opened("1", "1", true, opened.at(), opened.anomaly());
            sensing = sensing.told(episode);
          } else if (transition instanceof Closed) {
            assertThat(open).as("seed %d: closed while closed", seed).isTrue();
            open = false;
            sensing = new Sensing(sensing.recent(), List.of());
          }
        }
      }
    }
  }

  /**
   * A watcher, held to its promise after every delivery. A sample is spoken of once it was part of
   * a run that an episode touches.
   */
  private static final class Promise {
    private final long seed;
    private final Watcher watcher = new Watcher();
    private final List<Sample> arrived = new ArrayList<>();
    private final Map<Sample, Integer> spokenOf = new HashMap<>();
    private int deliveries;

    Promise(long seed) {
      this.seed = seed;
    }

    void takeAndCheck(List<Sample> delivery) {
      watcher.take(delivery);
      arrived.addAll(delivery);
      deliveries++;
      assertThat(watcher.openEpisode().isPresent())
          .as("seed %d, delivery %d: open", seed, deliveries)
          .isEqualTo(isOpen(arrived));
      List<Sample> ordered = arrived.stream().sorted(Sample.IN_TIME).toList();
      for (Sample sample : ordered) {
        assertThat(watcher.runs().stream().filter(run -> run.holds(sample)).count())
            .as("seed %d, delivery %d: episodes that cover %s", seed, deliveries, sample)
            .isLessThanOrEqualTo(1);
      }
      for (Run run : OrderedSeries.runsOf(ordered)) {
        assertThat(spokeOf(run, deliveries))
            .as("seed %d, delivery %d: spoke of %s, told %s", seed, deliveries, run, watcher.runs())
            .isTrue();
        ordered.stream()
            .filter(run::holds)
            .forEach(sample -> spokenOf.putIfAbsent(sample, deliveries));
      }
    }

    boolean spokeOf(Run run, int untilDelivery) {
      return watcher.told().stream()
              .anyMatch(told -> told.touches(run) && told.delivery() <= untilDelivery)
          || spokenOf.entrySet().stream()
              .anyMatch(entry -> run.holds(entry.getKey()) && entry.getValue() <= untilDelivery);
    }
  }

  private static boolean isOpen(List<Sample> arrived) {
    List<Run> runs = OrderedSeries.runsOf(arrived.stream().sorted(Sample.IN_TIME).toList());
    return !runs.isEmpty() && runs.get(runs.size() - 1).isOpen();
  }

  /** Noise, spikes, bursts, level shifts and flat stretches, a sample a minute. */
  private static List<Sample> randomSeries(long seed) {
    Random random = new Random(seed);
    List<Sample> series = new ArrayList<>();
    double level = 100;
    int burst = 0;
    boolean flat = random.nextInt(4) == 0;
    for (int i = 0; i < 120; i++) {
      if (random.nextInt(12) == 0) {
        burst = random.nextInt(1, 5);
      }
      if (random.nextInt(50) == 0) {
        level += random.nextInt(-100, 100);
        flat = random.nextBoolean();
      }
      double noise = flat ? 0 : random.nextGaussian() * 5;
      double spike = burst-- > 0 ? random.nextDouble(10, 60) : 0;
      series.add(at(i, level + noise + spike));
    }
    return series;
  }

  /** The same samples so that none is more than ten places late. */
  private static List<Sample> shuffled(List<Sample> series, Random random) {
    record Arrival(Sample sample, int place) {}
    List<Arrival> arrivals = new ArrayList<>();
    for (Sample sample : series) {
      arrivals.add(new Arrival(sample, arrivals.size() + random.nextInt(Sensing.LATEST_PLACE + 1)));
    }
    return arrivals.stream()
        .sorted(Comparator.comparingInt(Arrival::place))
        .map(Arrival::sample)
        .toList();
  }

  private static Watcher watcherAfter(double... values) {
    Watcher watcher = new Watcher();
    for (int i = 0; i < values.length; i++) {
      watcher.take(at(i, values[i]));
    }
    assertThat(watcher.told()).as("a quiet beginning").isEmpty();
    return watcher;
  }

  private static double[] alternating(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = i % 2 == 0 ? 9 : 11;
    }
    return values;
  }

  private static List<Measurement> unstamped(int count) {
    return Collections.nCopies(count, new Measurement(null, 1, "test", 1));
  }

  private static Sample at(int minute, double value) {
    return Sample.of(minute(minute), value, "test");
  }

  private static Instant minute(int minute) {
    return START.plus(Duration.ofMinutes(minute));
  }
}
