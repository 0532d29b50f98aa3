package io.twinloop.domain.workflow;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The way an instance took, gone again step by step to find how it stood when a task last began.
 *
 * <p>An execution holds only what is open. What is past stands in the steps that were kept, and
 * they are all this needs; so a run from before this class can be gone through too.
 */
public final class Retrace {

  /** What was open and at hand when a task began. */
  private record Beginning(String name, Execution before) {}

  private final Map<String, Beginning> beginnings = new LinkedHashMap<>();

  /** The most visits of each task, by the frame around it. */
  private final Map<String, Map<String, Integer>> visits = new HashMap<>();

  private Execution execution = Execution.notStarted();

  /** Where a wish leads: to a checkpoint, or nowhere with the reason. */
  public sealed interface Answer {}

  /** It can be gone on from there. */
  public record Found(Checkpoint checkpoint) implements Answer {}

  /** It can't; the sentence quotes what was asked for. */
  public record Refused(String sentence) implements Answer {}

  /** Takes in the next step. */
  public void follow(Step step, Instant at) {
    if (step instanceof Step.TaskStarted begun) {
      beginning(begun.ref(), begun.name());
    } else if (step instanceof Step.TaskFaulted failed
        && execution.frame(failed.ref().id()).isEmpty()) {
      beginning(failed.ref(), failed.name()); // its own input was refused
    }
    execution = execution.apply(step, at);
    if (step instanceof Step.TaskStarted begun) {
      visited(begun.parent(), begun.ref());
    } else if (step instanceof Step.TaskSkipped skipped) {
      visited(skipped.parent(), skipped.ref());
    }
  }

  private void beginning(TaskRef ref, String name) {
    beginnings.put(ref.position(), new Beginning(name, execution));
  }

  private void visited(String around, TaskRef ref) {
    int visit = execution.open(around).steps().visits().getOrDefault(ref.position(), 1);
    visits
        .computeIfAbsent(around, first -> new LinkedHashMap<>())
        .merge(ref.position(), visit, Math::max);
  }

  /**
   * How the instance stood when a task last began.
   *
   * @param from the task's name, or its position where several tasks have that name
   */
  public Answer to(String from) {
    List<String> meant = new ArrayList<>();
    beginnings.forEach(
        (position, beginning) -> {
          if (position.equals(from) || beginning.name().equals(from)) {
            meant.add(position);
          }
        });
    if (meant.isEmpty()) {
      return new Refused(
          "No task '%s' has begun in this run; these have: %s."
              .formatted(from, beginnings.isEmpty() ? "none" : String.join(", ", names())));
    }
    if (meant.size() > 1) {
      return new Refused(
          "Several tasks are called '%s'; say which by its position: %s."
              .formatted(from, String.join(", ", meant)));
    }
    Beginning beginning = beginnings.get(meant.get(0));
    Execution before = beginning.before();
    return new Found(
        new Checkpoint(
            meant.get(0),
            beginning.name(),
            before.frames().stream().map(this::withEveryVisit).toList(),
            before.context()));
  }

  private Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    beginnings.values().forEach(beginning -> names.add(beginning.name()));
    return names;
  }

  private Frame withEveryVisit(Frame frame) {
    Map<String, Integer> seen = visits.get(frame.id());
    return seen == null ? frame : frame.with(frame.steps().visited(seen));
  }
}
