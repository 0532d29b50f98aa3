package io.twinloop.multijvm.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What callers asked for and what they were answered, in their own words: the one side of the
 * comparison, while what is stored is the other. Safe for many threads.
 *
 * <p>All times are {@link System#nanoTime()} of the one process that all callers live in.
 */
public final class History {

  /** What was asked for. */
  public enum Kind {
    /** A node of the organisation is given a note with the request's id. */
    NOTE,
    /** A node is read, and its note seen. */
    READ,
    /** A KPI is given a sample whose source is the request's id; repeated until it is answered. */
    SAMPLE,
    /** The twin is told that somebody joined a unit; repeated until it is answered. */
    ONBOARD,
    /** A task is completed. */
    TASK
  }

  /** What came of it, as the caller knows. */
  public enum Outcome {
    /** It is so, and stays so. */
    ACKNOWLEDGED,
    /** It is not so: a refusal for what was asked. */
    REFUSED,
    /** Nobody knows: no answer, or 503. */
    UNKNOWN
  }

  /**
   * One thing that was asked for, with all its repetitions.
   *
   * @param id of the request, which what is stored carries too; of a task the task's
   * @param entity persistence id of what it concerns
   * @param sent when the first attempt began
   * @param ended when the last attempt was answered or given up
   * @param status of the last answer, 0 for none
   * @param seen the note that was read, empty for none; of others what the last answer said
   */
  public record Request(
      String id,
      Kind kind,
      String entity,
      long sent,
      long ended,
      Outcome outcome,
      int status,
      String seen) {

    boolean isAcknowledged() {
      return outcome == Outcome.ACKNOWLEDGED;
    }
  }

  /**
   * One HTTP request.
   *
   * @param status 0 for no answer
   * @param reached false when nobody took the connection: nothing was asked then
   */
  public record Attempt(String entity, long sent, long ended, int status, boolean reached) {

    boolean isAnswered() {
      return status != 0 && status < 500;
    }
  }

  private final List<Request> requests = new ArrayList<>();
  private final List<Attempt> attempts = new ArrayList<>();

  synchronized void add(Request request) {
    requests.add(request);
  }

  synchronized void add(Attempt attempt) {
    attempts.add(attempt);
  }

  /** In the order in which they ended. */
  public synchronized List<Request> requests() {
    return List.copyOf(requests);
  }

  public synchronized List<Attempt> attempts() {
    return List.copyOf(attempts);
  }

  /** How many were acknowledged so far. */
  public synchronized long acknowledged() {
    return requests.stream().filter(Request::isAcknowledged).count();
  }

  /**
   * For each entity that was asked meanwhile the longest time between two answers, or none until
   * the end.
   *
   * @param since no answer before counts
   */
  public Map<String, Duration> longestGaps(long since, long until) {
    Map<String, Long> last = new HashMap<>();
    Map<String, Duration> gaps = new HashMap<>();
    for (Attempt attempt : attempts()) {
      if (attempt.ended() < since || attempt.sent() > until) {
        continue;
      }
      if (attempt.isAnswered() && attempt.ended() >= since && attempt.ended() <= until) {
        long before = last.getOrDefault(attempt.entity(), since);
        last.put(attempt.entity(), attempt.ended());
        gaps.merge(attempt.entity(), Duration.ofNanos(attempt.ended() - before), History::longer);
      } else {
        last.putIfAbsent(attempt.entity(), since);
      }
    }
    last.forEach(
        (entity, at) ->
            gaps.merge(entity, Duration.ofNanos(Math.max(0, until - at)), History::longer));
    return gaps;
  }

  /**
   * How long after an instant every entity that was in use then had answered a request that was
   * sent after it.
   */
  public Duration answeredAfter(long instant) {
    Set<String> known = new HashSet<>();
    Map<String, Long> first = new HashMap<>();
    for (Attempt attempt : attempts()) {
      if (attempt.sent() < instant) {
        known.add(attempt.entity());
      }
    }
    for (Attempt attempt : attempts()) {
      if (attempt.isAnswered() && attempt.sent() >= instant && known.contains(attempt.entity())) {
        first.merge(attempt.entity(), attempt.ended(), Math::min);
      }
    }
    return Duration.ofNanos(
        first.values().stream().mapToLong(answered -> answered - instant).max().orElse(0));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }
}
