package io.twinloop.entities.workflow;

import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.WorkflowModel;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Parsed definitions, shared by the instances of a node; the least recently used are forgotten. */
final class WorkflowModels {

  private static final int KEPT = 500;

  private static final Map<String, WorkflowModel> MODELS =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, WorkflowModel> eldest) {
              return size() > KEPT;
            }
          });

  private WorkflowModels() {}

  /**
   * The model of a source that was valid when it was registered.
   *
   * @throws IllegalStateException when this release no longer accepts it
   */
  static WorkflowModel of(String source) {
    return MODELS.computeIfAbsent(
        source,
        text -> {
          Parsed parsed = WorkflowModel.parse(text);
          if (parsed instanceof Parsed.Valid valid) {
            return valid.model();
          }
          throw new IllegalStateException("A registered definition is not accepted: " + parsed);
        });
  }
}
