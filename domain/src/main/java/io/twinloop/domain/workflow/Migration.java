package io.twinloop.domain.workflow;

import java.util.List;
import java.util.Optional;

/**
 * Whether an instance that stands somewhere in one version of a definition can do so in another.
 */
public final class Migration {

  private Migration() {}

  /**
   * Why it can't: the first task it is in that the other version does not have at the same position
   * as the same kind of task. Empty when it can go on there.
   */
  public static Optional<String> obstacle(
      WorkflowModel from, WorkflowModel to, Execution execution) {
    Optional<String> missing = missing(to, execution.frames());
    if (missing.isPresent()) {
      return missing;
    }
    return execution.frames().stream()
        .filter(frame -> !frame.isRoot())
        .map(frame -> frame.ref().position())
        .filter(position -> from.task(position).kind() != to.task(position).kind())
        .map(
            position ->
                "The task at '%s' is another kind of task in %s: %s instead of %s."
                    .formatted(position, to, to.task(position).kind(), from.task(position).kind()))
        .findFirst();
  }

  /** The first place of these open tasks that a definition does not have. */
  static Optional<String> missing(WorkflowModel model, List<Frame> frames) {
    for (Frame frame : frames) {
      String position = frame.ref().position();
      if (!frame.isRoot() && model.find(position).isEmpty()) {
        return Optional.of(
            "The run is in the task at '%s', and there is none in %s.".formatted(position, model));
      }
    }
    for (Frame frame : frames) {
      String next = frame.progress() == null ? Flow.EXIT : frame.progress().next();
      if (Flow.isPosition(next) && model.find(next).isEmpty()) {
        return Optional.of(
            "The run comes to the task at '%s', and there is none in %s.".formatted(next, model));
      }
    }
    return Optional.empty();
  }
}
