package io.twinloop.domain.process;

/**
 * A process, or one of its cases, took longer than its service level allows.
 *
 * @param actualDays how long it took or has taken so far, in days of 24 hours
 * @param slaDays how long it may take, in days of 24 hours
 */
public record SlaBreach(double actualDays, double slaDays) {

  /** A delay of more than this share of the SLA is critical. */
  private static final double CRITICAL_SHARE = 0.5;

  /** Whether so long a duration is a breach at all. */
  public static boolean is(double actualDays, double slaDays) {
    return actualDays > slaDays;
  }

  /** By how much it is late, in days, to one decimal. */
  public double delayDays() {
    return oneDecimal(actualDays - slaDays);
  }

  /** The delay in percent of the SLA, to one decimal; infinite where nothing may take any time. */
  public double breachPercent() {
    return slaDays == 0
        ? Double.POSITIVE_INFINITY
        : oneDecimal((actualDays - slaDays) / slaDays * 100);
  }

  /** Whether it is more than half of the SLA late. */
  public boolean isCritical() {
    return actualDays - slaDays > slaDays * CRITICAL_SHARE;
  }

  private static double oneDecimal(double value) {
    return Math.rint(value * 10) / 10;
  }
}
