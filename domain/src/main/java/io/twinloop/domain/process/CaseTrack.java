package io.twinloop.domain.process;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How far a case has come: what has to be remembered to take further events of it.
 *
 * @param startedAt its first event
 * @param lastAt its last event so far
 * @param ended whether the case is over with it
 * @param keys of its events
 */
public record CaseTrack(Instant startedAt, Instant lastAt, boolean ended, EventKeys keys) {

  /** Events of one case at the most. */
  public static final int MOST_EVENTS = 10_000;

  private static final double MICROS_PER_DAY = 86_400_000_000.0;
  private static final double MILLIS_PER_DAY = 86_400_000.0;

  /**
   * What a delivery brought.
   *
   * @param events those that are new
   * @param unchanged how many were known
   * @param track the case with them
   */
  public record Taken(List<CaseEvent> events, int unchanged, CaseTrack track) {}

  /** A case's first delivery, in order of time and not empty. */
  public static Taken first(List<CaseEvent> events) {
    Instant first = events.get(0).at();
    return new CaseTrack(first, first, false, EventKeys.NONE).take(events);
  }

  /** A further delivery, in order of time. */
  public Taken take(List<CaseEvent> delivery) {
    List<CaseEvent> accepted = new ArrayList<>();
    Set<Long> told = new HashSet<>();
    Instant start = startedAt;
    Instant last = lastAt;
    boolean over = ended;
    for (CaseEvent event : delivery) {
      if (event.at().isAfter(last)) {
        last = event.at();
        over = event.end();
      } else if (event.at().equals(last)) {
        over |= event.end(); // known or not: a sender may say later that this was the end
      }
      if (event.at().isBefore(start)) {
        start = event.at();
      }
      if (!keys.contains(event.key()) && told.add(event.key())) {
        accepted.add(event);
      }
    }
    return new Taken(
        accepted,
        delivery.size() - accepted.size(),
        new CaseTrack(start, last, over, keys.with(accepted)));
  }

  /** From its first to its last event, in days of 24 hours. */
  public double durationDays() {
    return days(startedAt, lastAt);
  }

  /** The time from one instant to another, in days of 24 hours. */
  public static double days(Instant from, Instant to) {
    Duration between = Duration.between(from, to);
    return (between.getSeconds() * 1e6 + between.getNano() / 1e3) / MICROS_PER_DAY;
  }

  /**
   * How long it has taken by now, in days of 24 hours. A case that is over, or whose log tells of
   * the past, took until its last event; a live one goes on.
   */
  public double elapsedDays(boolean live, Instant now) {
    return live && !ended && now.isAfter(lastAt) ? days(startedAt, now) : durationDays();
  }

  /** The first millisecond at which it has taken longer than it may. */
  public Instant deadline(double slaDays) {
    return startedAt.plus(Duration.ofMillis((long) (slaDays * MILLIS_PER_DAY) + 1));
  }
}
