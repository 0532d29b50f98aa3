package io.twinloop.domain.kpi;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * The detection rule of one KPI, as its owner chose it.
 *
 * <p>{@code zscore} is the one rule of this release: the distance of a value from the mean of the
 * samples before it, in population standard deviations.
 *
 * @param type the rule; {@code zscore}
 * @param window how many samples before the judged one make its baseline; 2 to 1,000
 * @param minimum with fewer samples in the baseline nothing is judged; 2 to {@code window}
 * @param high from a |z| above this an anomaly is {@link Severity#HIGH}; above 0
 * @param critical from a |z| above this it is {@link Severity#CRITICAL}; at least {@code high}
 */
public record DetectorSpec(String type, int window, int minimum, double high, double critical) {

  /** The rule a KPI gets when its definition names none. */
  public static final DetectorSpec DEFAULT = new DetectorSpec("zscore", 30, 7, 2.5, 3.5);

  private static final int LARGEST_WINDOW = 1_000;

  public DetectorSpec {
    if (!"zscore".equals(type)) {
      throw new IllegalArgumentException(
          "detector.type '" + type + "' is not known; this release has 'zscore'");
    }
    require(window >= 2 && window <= LARGEST_WINDOW, "window", window, "from 2 to 1000");
    require(minimum >= 2 && minimum <= window, "minimum", minimum, "from 2 to the window");
    require(Double.isFinite(high) && high > 0, "high", high, "above 0");
    require(Double.isFinite(critical) && critical >= high, "critical", critical, "at least 'high'");
  }

  /** A spec from what a sender wrote: what is left out takes the default's value. */
  @JsonCreator
  public static DetectorSpec of(
      @JsonProperty("type") @Nullable String type,
      @JsonProperty("window") @Nullable Integer window,
      @JsonProperty("minimum") @Nullable Integer minimum,
      @JsonProperty("high") @Nullable Double high,
      @JsonProperty("critical") @Nullable Double critical) {
    int chosenWindow = window == null ? DEFAULT.window : window;
    double chosenHigh = high == null ? DEFAULT.high : high;
    return new DetectorSpec(
        type == null ? DEFAULT.type : type,
        chosenWindow,
        minimum == null ? Math.min(DEFAULT.minimum, chosenWindow) : minimum,
        chosenHigh,
        critical == null ? Math.max(DEFAULT.critical, chosenHigh) : critical);
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "detector." + key + " is " + value + ", expected " + expected);
    }
  }
}
