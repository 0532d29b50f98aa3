package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/** The loops that were heard of: what is new in each, which are closed, and how long they took. */
final class LoopWatch {

  static final String ANOMALY = "dto.kpi.anomaly_detected";
  static final String SLA_BREACH = "dto.process.sla_breach";
  static final String VACANCY = "dto.org.vacancy_detected";

  /** What is measured over the cases of weeks. */
  private static final String BOTTLENECK = "dto.process.bottleneck_identified";

  /** What the first act promises of every seed, with the words for it. */
  private static final Map<String, String> PROMISED =
      new TreeMap<>(
          Map.of(ANOMALY, "an anomaly", SLA_BREACH, "an SLA breach", VACANCY, "a vacancy"));

  private final Narrator narrator;
  private final Map<String, Loop> loops = new LinkedHashMap<>();

  LoopWatch(Narrator narrator) {
    this.narrator = narrator;
  }

  private static final class Loop {
    private final int number;
    private final Set<String> told = new HashSet<>();
    private JsonNode story = Twin.object();

    private Loop(int number) {
      this.number = number;
    }

    private String state() {
      return story.path("state").asText("unknown");
    }

    private boolean isAbout(String eventType) {
      return story.path("eventType").asText().equals(eventType);
    }

    private boolean isSensed() {
      return story.path("eventType").isTextual();
    }
  }

  /**
   * Something to tell.
   *
   * @param loop its number, by which a reader keeps loops apart
   * @param word what kind of step it is
   */
  record Line(Instant at, int loop, String word, String sentence) {}

  /** An event spoke of this loop. */
  void heardOf(String correlationId) {
    if (!loops.containsKey(correlationId)) {
      loops.put(correlationId, new Loop(loops.size() + 1));
    }
  }

  /** Those that may still change. */
  List<String> unfinished() {
    return loops.entrySet().stream()
        .filter(each -> !each.getValue().state().equals("closed"))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** What a loop is about, e.g. a KPI's id; empty before it is known. */
  Optional<String> about(String correlationId) {
    return Optional.ofNullable(loops.get(correlationId))
        .map(loop -> loop.story.path("entityId").asText(""))
        .filter(id -> !id.isEmpty());
  }

  /** Takes a loop as it is now, and says what is new, in order of time. */
  List<Line> update(String correlationId, JsonNode story) {
    heardOf(correlationId);
    Loop loop = loops.get(correlationId);
    boolean wasClosed = loop.state().equals("closed");
    loop.story = story;
    List<Line> lines = new ArrayList<>();
    for (JsonNode step : story.path("steps")) {
      if (loop.told.add(step.toString())) {
        narrator
            .tell(story, step)
            .ifPresent(
                sentence ->
                    lines.add(new Line(timeOf(step), loop.number, narrator.phase(step), sentence)));
      }
    }
    lines.sort(Comparator.comparing(Line::at));
    if (!wasClosed && loop.state().equals("closed")) {
      Instant at = Instant.parse(story.get("lastAt").asText());
      lines.add(new Line(at, loop.number, "closed", closing(story)));
    }
    return lines;
  }

  private static Instant timeOf(JsonNode step) {
    return Instant.parse(step.get("at").asText());
  }

  private String closing(JsonNode story) {
    String sentence =
        "%s, %s after it was sensed"
            .formatted(narrator.about(story), Names.seconds(story.path("secToClose").asDouble()));
    return story.path("effect").isNumber()
        ? sentence
            + ", %.0f %% of the distance gone".formatted(100 * story.path("effect").asDouble())
        : sentence;
  }

  /** What was promised and has not happened yet, in words; empty when all has. */
  List<String> missing() {
    return PROMISED.entrySet().stream()
        .filter(each -> closed(each.getKey()) == 0)
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Whether every loop that sensed something is closed, but for bottlenecks. */
  boolean allClosed() {
    return loops.values().stream()
        .filter(loop -> loop.isSensed() && !loop.isAbout(BOTTLENECK))
        .allMatch(loop -> loop.state().equals("closed"));
  }

  /** Whether there is a loop that minutes can't close. */
  boolean waitsForABottleneck() {
    return loops.values().stream()
        .anyMatch(loop -> loop.isAbout(BOTTLENECK) && !loop.state().equals("closed"));
  }

  private long closed(String eventType) {
    return loops.values().stream()
        .filter(loop -> loop.isAbout(eventType) && loop.state().equals("closed"))
        .count();
  }

  /**
   * How the loops of one kind fared.
   *
   * @param medianSeconds from sensed to closed; empty when none is closed
   * @param firstClosed when the first of them was closed
   */
  record Tally(
      String eventType,
      int opened,
      int closed,
      OptionalDouble medianSeconds,
      Optional<Instant> firstClosed) {}

  List<Tally> tallies() {
    Map<String, List<Loop>> byType = new TreeMap<>();
    loops.values().stream()
        .filter(Loop::isSensed)
        .forEach(
            loop ->
                byType
                    .computeIfAbsent(
                        loop.story.get("eventType").asText(), type -> new ArrayList<>())
                    .add(loop));
    return byType.entrySet().stream().map(each -> tally(each.getKey(), each.getValue())).toList();
  }

  private static Tally tally(String type, List<Loop> those) {
    List<Loop> closed = those.stream().filter(loop -> loop.state().equals("closed")).toList();
    double[] seconds =
        closed.stream()
            .mapToDouble(loop -> loop.story.path("secToClose").asDouble())
            .sorted()
            .toArray();
    OptionalDouble median =
        seconds.length == 0
            ? OptionalDouble.empty()
            : OptionalDouble.of(
                (seconds[(seconds.length - 1) / 2] + seconds[seconds.length / 2]) / 2);
    Optional<Instant> first =
        closed.stream()
            .map(loop -> Instant.parse(loop.story.get("lastAt").asText()))
            .min(Comparator.naturalOrder());
    return new Tally(type, those.size(), closed.size(), median, first);
  }
}
