package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The default rule, against its definition. */
class DetectorTest {

  private static final DetectorSpec SPEC = DetectorSpec.DEFAULT;

  @Test
  void shouldMeasureDistanceInPopulationDeviations() {
    // Mean 5, population deviation 2 (the sample deviation would be 2.138).
    List<Sample> before = series(2, 4, 4, 4, 5, 5, 7, 9);

    Anomaly anomaly = Detector.judge(SPEC, before, 11).orElseThrow();

    assertThat(anomaly).isEqualTo(new Anomaly(Severity.HIGH, 11, 5, 3.0));
  }

  @Test
  void shouldGiveTheSignOfTheDistance() {
    Anomaly anomaly = Detector.judge(SPEC, series(2, 4, 4, 4, 5, 5, 7, 9), -5).orElseThrow();

    assertThat(anomaly).isEqualTo(new Anomaly(Severity.CRITICAL, -5, 5, -5.0));
  }

  @Test
  void shouldJudgeTheThresholdsThemselvesAsStillInBand() {
    List<Sample> before = series(2, 4, 4, 4, 5, 5, 7, 9);

    assertThat(Detector.judge(SPEC, before, 10)).as("z = 2.5").isEmpty();
    assertThat(Detector.judge(SPEC, before, Math.nextUp(10.0)).orElseThrow().severity())
        .isEqualTo(Severity.HIGH);
    assertThat(Detector.judge(SPEC, before, 12).orElseThrow().severity())
        .as("z = 3.5")
        .isEqualTo(Severity.HIGH);
    assertThat(Detector.judge(SPEC, before, Math.nextUp(12.0)).orElseThrow().severity())
        .isEqualTo(Severity.CRITICAL);
  }

  @Test
  void shouldJudgeNothingBeforeSevenSamples() {
    assertThat(Detector.judge(SPEC, series(1, 2, 1, 2, 1, 2), 1_000)).isEmpty();
    assertThat(Detector.judge(SPEC, series(1, 2, 1, 2, 1, 2, 1), 1_000)).isPresent();
  }

  @Test
  void shouldLookAtThirtySamplesAndNoFurther() {
    List<Sample> before = new ArrayList<>(series(1_000_000));
    before.addAll(alternating(30, 9, 11));

    assertThat(Detector.judge(SPEC, before, 20).orElseThrow().baselineMean()).isEqualTo(10);
    assertThat(Detector.judge(SPEC, before.subList(0, 30), 20))
        .as("with the outlier still in the baseline")
        .isEmpty();
  }

  @Test
  void shouldCallAnyOtherValueCriticalAfterAFlatBaseline() {
    List<Sample> before = series(7, 7, 7, 7, 7, 7, 7);

    assertThat(Detector.judge(SPEC, before, 7)).isEmpty();
    assertThat(Detector.judge(SPEC, before, Math.nextUp(7.0)))
        .contains(new Anomaly(Severity.CRITICAL, Math.nextUp(7.0), 7, null));
  }

  @Test
  void shouldTakeTheTwoZerosForOne() {
    assertThat(Detector.judge(SPEC, series(0, -0.0, 0, -0.0, 0, 0, 0), -0.0)).isEmpty();
  }

  @Test
  void shouldStayFiniteWithTheLargestAndSmallestNumbers() {
    double huge = Double.MAX_VALUE;
    double tiny = Double.MIN_VALUE;
    for (double value : new double[] {huge, -huge, tiny, -tiny, 0, 1}) {
      for (List<Sample> before :
          List.of(
              alternating(30, huge, -huge),
              alternating(30, huge, Math.nextDown(huge)),
              alternating(30, tiny, -tiny),
              alternating(30, tiny, 0),
              alternating(30, 1, Math.nextUp(1.0)),
              alternating(30, huge, tiny))) {
        Detector.judge(SPEC, before, value)
            .ifPresent(
                anomaly -> {
                  assertThat(anomaly.baselineMean()).isFinite();
                  if (anomaly.zScore() != null) {
                    assertThat(anomaly.zScore()).isFinite();
                  }
                });
      }
    }
  }

  @Test
  void shouldLeaveOutADistanceThatIsNoFiniteNumber() {
    Anomaly anomaly = Detector.judge(SPEC, alternating(30, 1e-300, 2e-300), 1e300).orElseThrow();

    assertThat(anomaly.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(anomaly.zScore()).isNull();
  }

  @Test
  void shouldSeeSmallDeviationsOfLargeValues() {
    // Deviation 0.5 around 1e15 + 0.5: a sum of squares of the values would see none.
    Anomaly anomaly = Detector.judge(SPEC, alternating(30, 1e15, 1e15 + 1), 1e15 + 2).orElseThrow();

    assertThat(anomaly.zScore()).isEqualTo(3.0, within(1e-9));
  }

  @Test
  void shouldNotDependOnTheUnit() {
    List<Sample> before = alternating(30, 9, 11);
    double inOneUnit = Detector.judge(SPEC, before, 14).orElseThrow().zScore();
    for (double factor : new double[] {1e-300, 1e-9, 1e9, 1e300}) {
      double inAnother =
          Detector.judge(SPEC, alternating(30, 9 * factor, 11 * factor), 14 * factor)
              .orElseThrow()
              .zScore();
      assertThat(inAnother).as("factor %s", factor).isEqualTo(inOneUnit, within(1e-9));
    }
  }

  @Test
  void shouldAgreeWithExactArithmetic() {
    for (long seed = 1; seed <= 300; seed++) {
      Random random = new Random(seed);
      double magnitude = Math.pow(10, random.nextInt(-100, 100));
      double offset = random.nextBoolean() ? 0 : magnitude * 1_000 * random.nextGaussian();
      double[] values =
          random.doubles(random.nextInt(7, 60), -1, 1).map(v -> offset + v * magnitude).toArray();
      double value = offset + magnitude * random.nextDouble(3, 20);

      Anomaly anomaly = Detector.judge(SPEC, series(values), value).orElse(null);

      double expected = exactZ(values, value);
      if (expected > 2.5) {
        assertThat(anomaly).as("seed %d", seed).isNotNull();
        assertThat(anomaly.zScore()).as("seed %d", seed).isEqualTo(expected, within(1e-6));
      } else {
        assertThat(anomaly).as("seed %d", seed).isNull();
      }
    }
  }

  @Test
  void shouldFollowTheSpecOfTheKpi() {
    DetectorSpec strict = new DetectorSpec("zscore", 4, 2, 1.0, 1.5);

    assertThat(Detector.judge(strict, series(9, 11), 11.2).orElseThrow().severity())
        .isEqualTo(Severity.HIGH);
    assertThat(Detector.judge(strict, series(500, 9, 11, 9, 11), 12).orElseThrow().baselineMean())
        .isEqualTo(10);
  }

  private static double exactZ(double[] values, double value) {
    List<BigDecimal> window =
        DoubleStream.of(values)
            .skip(Math.max(0, values.length - 30))
            .mapToObj(BigDecimal::new)
            .toList();
    BigDecimal count = BigDecimal.valueOf(window.size());
    BigDecimal sum = window.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    MathContext digits = new MathContext(60);
    BigDecimal mean = sum.divide(count, digits);
    BigDecimal variance =
        window.stream()
            .map(v -> v.subtract(mean).pow(2))
            .reduce(BigDecimal.ZERO, BigDecimal::add)
            .divide(count, digits);
    return new BigDecimal(value).subtract(mean).divide(variance.sqrt(digits), digits).doubleValue();
  }

  private static List<Sample> alternating(int count, double one, double other) {
    return series(IntStream.range(0, count).mapToDouble(i -> i % 2 == 0 ? one : other).toArray());
  }

  private static List<Sample> series(double... values) {
    List<Sample> samples = new ArrayList<>();
    for (double value : values) {
      samples.add(Sample.of(Instant.EPOCH.plusSeconds(samples.size()), value, "test"));
    }
    return samples;
  }
}
