package io.twinloop.domain.process;

import io.twinloop.domain.process.CaseEvent.Phase;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a case, in order.
 *
 * <p>An activity that is completed is one step, and its start says when work on it began. In a log
 * that has only starts, or only something else, those are the steps.
 */
public record Trace(List<Step> steps) {

  /**
   * One step.
   *
   * @param begunAt when work on it began; where that isn't known, when it was done
   * @param at when it was done
   */
  public record Step(String activity, Instant begunAt, Instant at, @Nullable String resource) {}

  public Trace {
    steps = List.copyOf(steps);
  }

  /** The trace of a case's events, which are in order of time. */
  public static Trace of(List<CaseEvent> events) {
    Map<Phase, Set<String>> activities = new EnumMap<>(Phase.class);
    for (Phase phase : Phase.values()) {
      activities.put(phase, new HashSet<>());
    }
    events.forEach(event -> activities.get(event.phase()).add(event.activity()));
    Map<String, Instant> begun = new HashMap<>();
    List<Step> steps = new ArrayList<>(events.size());
    for (CaseEvent event : events) {
      boolean completed = activities.get(Phase.COMPLETE).contains(event.activity());
      boolean started = activities.get(Phase.START).contains(event.activity());
      boolean isStep =
          switch (event.phase()) {
            case COMPLETE -> true;
            case START -> !completed;
            case OTHER -> !completed && !started;
          };
      if (isStep) {
        Instant since = begun.remove(event.activity());
        steps.add(
            new Step(
                event.activity(),
                since == null ? event.at() : since,
                event.at(),
                event.resource()));
      } else if (event.phase() == Phase.START) {
        begun.putIfAbsent(event.activity(), event.at());
      }
    }
    return new Trace(steps);
  }

  /** The activities in order, as one text: cases with the same one are of the same variant. */
  public String variant() {
    StringBuilder variant = new StringBuilder();
    steps.forEach(step -> variant.append(step.activity()).append('\n'));
    return variant.toString();
  }

  /** How long a case waited between two steps, in microseconds: nothing where they overlap. */
  public static long waitMicros(Step from, Step to) {
    return Math.max(0, CaseChunk.toMicros(to.begunAt()) - CaseChunk.toMicros(from.at()));
  }
}
