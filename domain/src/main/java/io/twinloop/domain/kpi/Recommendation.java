package io.twinloop.domain.kpi;

import java.util.Locale;

/** The sentence that tells a person what an anomaly asks of them. */
public final class Recommendation {

  private Recommendation() {}

  /** Says how far the value is off, whether that is the bad side, and what to do. */
  public static String of(KpiDefinition definition, Anomaly anomaly) {
    boolean above = anomaly.value() > anomaly.baselineMean();
    String finding =
        String.format(
            Locale.ROOT,
            "%s is at %s %s, %s its usual %s.",
            definition.name(),
            plain(anomaly.value()),
            definition.unit(),
            above ? "above" : "below",
            plain(anomaly.baselineMean()));
    return finding + " " + (isBadSide(definition.polarity(), above) ? FIND_CAUSE : CONFIRM);
  }

  private static final String FIND_CAUSE =
      "Find the cause, set it right and report the value measured afterwards.";
  private static final String CONFIRM =
      "Confirm that the value is real, and find out whether it will last.";

  private static boolean isBadSide(Polarity polarity, boolean above) {
    return switch (polarity) {
      case HIGHER_BETTER -> !above;
      case LOWER_BETTER -> above;
      case TARGET -> true;
    };
  }

  private static String plain(double value) {
    double size = Math.abs(value);
    return String.format(
        Locale.ROOT, size >= 1e15 || (size > 0 && size < 1e-3) ? "%.4g" : "%,.2f", value);
  }
}
