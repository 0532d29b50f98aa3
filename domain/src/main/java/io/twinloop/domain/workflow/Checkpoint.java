package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * How an instance stood just before a task began; from there it can go on again.
 *
 * @param position JSON pointer of the task in the definition
 * @param name of the task
 * @param frames what was open, each after the one around it; the data of the last is the task's raw
 *     input. The visits in them are those of the whole run, so that what is done again is a visit
 *     of its own
 * @param context {@code $context} at that time
 */
public record Checkpoint(String position, String name, List<Frame> frames, JsonNode context) {

  public Checkpoint {
    frames = List.copyOf(frames);
  }

  /** Why a run of this definition can't go on from here; empty when it can. */
  public Optional<String> obstacle(WorkflowModel model) {
    Optional<String> around = Migration.missing(model, frames);
    return around.isEmpty() && model.find(position).isEmpty()
        ? Optional.of("There is no task at '%s' in %s.".formatted(position, model))
        : around;
  }
}
