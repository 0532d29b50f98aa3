package io.twinloop.multijvm.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.multijvm.chaos.Findings.Kind;
import io.twinloop.multijvm.chaos.History.Attempt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What happened in a run, what came of it, and how long everybody waited. */
public final class ChaosReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Set<Fault> ENDS_A_NODE =
      EnumSet.of(Fault.KILL, Fault.KILL_AND_STAY_AWAY, Fault.KILL_OLDEST, Fault.OUT_OF_HEAP);

  /**
   * A fault that happened.
   *
   * @param began in nanoseconds of {@link System#nanoTime()}
   * @param recovered when the cluster was whole again
   */
  public record Struck(Fault fault, String victim, long began, long recovered) {}

  private final long seed;
  private final Duration lasted;
  private final List<Struck> faults;
  private final History history;
  private final Findings findings;
  private final long events;

  ChaosReport(
      long seed,
      Duration lasted,
      List<Struck> faults,
      History history,
      Findings findings,
      long events) {
    this.seed = seed;
    this.lasted = lasted;
    this.faults = List.copyOf(faults);
    this.history = history;
    this.findings = findings;
    this.events = events;
  }

  public Findings findings() {
    return findings;
  }

  /** For machines. */
  public ObjectNode json() {
    ObjectNode json = JSON.createObjectNode();
    json.put("seed", seed).put("seconds", lasted.toSeconds()).put("faults", faults.size());
    List<Attempt> attempts = history.attempts();
    json.put("requests", attempts.size());
    json.put("answered", attempts.stream().filter(Attempt::isAnswered).count());
    json.put("answered503", attempts.stream().filter(it -> it.status() == 503).count());
    json.put(
        "unanswered", attempts.stream().filter(it -> it.status() == 0 && it.reached()).count());
    json.put("nobodyThere", attempts.stream().filter(it -> !it.reached()).count());
    json.put("writesAcknowledged", acknowledgedWrites()).put("eventsStored", events);
    for (Kind kind : Kind.values()) {
      json.put(kind.name().toLowerCase(Locale.ROOT), findings.count(kind));
    }
    List<Duration> killed = killToAnswer();
    json.put("killToAnswerMillisMedian", millis(quantile(killed, 0.5)));
    json.put("killToAnswerMillisLongest", millis(quantile(killed, 1)));
    json.put("rollingRestartGapMillis", millis(quantile(gaps(Fault.ROLLING_RESTART), 1)));
    json.put("leaveGapMillis", millis(quantile(gaps(Fault.LEAVE), 1)));
    for (Struck struck : faults) {
      json.withArray("struck")
          .addObject()
          .put("fault", struck.fault().name())
          .put("victim", struck.victim())
          .put("recoveredAfterMillis", (struck.recovered() - struck.began()) / 1_000_000)
          .put("longestGapMillis", millis(longestGap(struck)))
          .put("failed", failed(struck));
    }
    findings.sentences().forEach(json.withArray("findings")::add);
    return json;
  }

  /** For people. */
  public String text() {
    ObjectNode json = json();
    StringBuilder text = new StringBuilder();
    text.append(
        "%n%-32s %9s %12s %14s %8s%n"
            .formatted("fault", "node", "whole after", "longest gap", "failed"));
    for (Struck struck : faults) {
      text.append(
          "%-32s %9s %10.1f s %12.1f s %8d%n"
              .formatted(
                  struck.fault(),
                  struck.victim(),
                  (struck.recovered() - struck.began()) / 1e9,
                  longestGap(struck).toMillis() / 1e3,
                  failed(struck)));
    }
    text.append(
        """

        seed %d: %d faults in %d s, %s requests (%s answered, %s with 503, %s without an answer, \
        %s found nobody), %s writes acknowledged, %s events stored
        lost %s, doubled %s, out of order %s, stale reads %s, open loops %s, read models wrong %s, \
        bus %s, answers %s, not recovered %s
        from a kill to the first answer of all entities: median %s ms, longest %s ms; longest gap of \
        an entity in a rolling restart %s ms, in a leave %s ms
        """
            .formatted(
                seed,
                faults.size(),
                lasted.toSeconds(),
                json.get("requests"),
                json.get("answered"),
                json.get("answered503"),
                json.get("unanswered"),
                json.get("nobodyThere"),
                json.get("writesAcknowledged"),
                json.get("eventsStored"),
                findings.count(Kind.LOST),
                findings.count(Kind.DOUBLED) + findings.count(Kind.INVENTED),
                findings.count(Kind.DISORDER),
                findings.count(Kind.STALE_READ),
                findings.count(Kind.OPEN_LOOP),
                findings.count(Kind.READ_MODEL),
                findings.count(Kind.BUS),
                findings.count(Kind.ANSWER),
                findings.count(Kind.RECOVERY),
                json.get("killToAnswerMillisMedian"),
                json.get("killToAnswerMillisLongest"),
                json.get("rollingRestartGapMillis"),
                json.get("leaveGapMillis")));
    text.append(
        findings.isEmpty() ? "clean\n" : "found, with seed " + seed + ":\n" + findings + "\n");
    return text.toString();
  }

  private long acknowledgedWrites() {
    return history.requests().stream()
        .filter(request -> request.kind() != History.Kind.READ && request.isAcknowledged())
        .count();
  }

  private List<Duration> killToAnswer() {
    return faults.stream()
        .filter(struck -> ENDS_A_NODE.contains(struck.fault()))
        .map(struck -> history.answeredAfter(struck.began()))
        .toList();
  }

  private List<Duration> gaps(Fault fault) {
    return faults.stream().filter(struck -> struck.fault() == fault).map(this::longestGap).toList();
  }

  /**
   * Longer than the fault where an entity was silent before it: callers come every second or two.
   */
  private Duration longestGap(Struck struck) {
    return history.longestGaps(struck.began(), struck.recovered()).values().stream()
        .max(Comparator.naturalOrder())
        .orElse(Duration.ZERO);
  }

  /** Requests sent meanwhile that had no answer, or 503. */
  private long failed(Struck struck) {
    return history.attempts().stream()
        .filter(it -> it.sent() >= struck.began() && it.sent() <= struck.recovered())
        .filter(it -> it.reached() && !it.isAnswered())
        .count();
  }

  private static Duration quantile(List<Duration> durations, double share) {
    List<Duration> sorted = new ArrayList<>(durations);
    sorted.sort(Comparator.naturalOrder());
    return sorted.isEmpty()
        ? Duration.ZERO
        : sorted.get((int) Math.ceil(share * sorted.size()) - 1);
  }

  private static long millis(Duration duration) {
    return duration.toMillis();
  }
}
