package io.twinloop.domain.workflow;

import java.time.Instant;

/**
 * What an instance knows of itself from its first moment.
 *
 * @param workflowId id of the instance; the first part of every idempotency key
 * @param correlationId the id of the loop it belongs to, carried into every event it emits
 * @param startedAt when it was started
 * @param version version of the product, {@code $runtime.version}
 */
public record WorkflowRuntime(
    String workflowId, String correlationId, Instant startedAt, String version) {

  /** What {@code $runtime.name} says. */
  static final String NAME = "twinloop";

  public WorkflowRuntime {
    if (workflowId.isBlank()) {
      throw new IllegalArgumentException("A workflow needs an id, but it is blank.");
    }
  }
}
