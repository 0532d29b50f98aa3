package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/**
 * Decides what an instance does next. Every function answers the steps to keep, in order, and has
 * no effect of its own: the caller applies them ({@link Execution#apply}) with the same instant,
 * keeps them, and does what the last of them ask for. The same arguments give the same steps.
 *
 * <p>After 10,000 steps without waiting the workflow is held to run away and faults.
 */
public final class Stepper {

  private Stepper() {}

  /**
   * Starts an instance and runs it until it must wait or ends.
   *
   * @param seed of whatever is random in it, such as the jitter of retries
   */
  public static List<Step> start(
      WorkflowModel model, WorkflowRuntime runtime, JsonNode input, Instant now, long seed) {
    Run run = new Run(model, Execution.notStarted(), now, seed);
    run.start(runtime, input);
    run.untilItWaits();
    return run.steps();
  }

  /**
   * Takes in a signal and runs until the instance must wait again or ends; empty when the signal is
   * for something no longer awaited, so a signal that comes twice has its effect once.
   */
  public static List<Step> advance(
      WorkflowModel model, Execution execution, Signal signal, Instant now, long seed) {
    if (execution.status() != Execution.Status.RUNNING) {
      return List.of();
    }
    Run run = new Run(model, execution, now, seed);
    run.receive(signal);
    if (run.steps().isEmpty()) {
      return List.of();
    }
    run.untilItWaits();
    return run.steps();
  }

  /**
   * Goes on where the last kept step left off; empty when the instance waits already or ended.
   * Needed only by a caller that may have kept a part of the steps it was given.
   */
  public static List<Step> resume(
      WorkflowModel model, Execution execution, Instant now, long seed) {
    if (execution.status() != Execution.Status.RUNNING) {
      return List.of();
    }
    Run run = new Run(model, execution, now, seed);
    run.untilItWaits();
    return run.steps();
  }

  /**
   * Lets a faulted instance go on from the step that failed, in a new attempt under the same
   * idempotency key; timeouts begin anew. Empty when the instance has not faulted, or did so
   * because its input was refused.
   */
  public static List<Step> retry(WorkflowModel model, Execution execution, Instant now, long seed) {
    if (execution.status() != Execution.Status.FAULTED) {
      return List.of();
    }
    Run run = new Run(model, execution, now, seed);
    run.retry();
    if (run.steps().isEmpty()) {
      return List.of();
    }
    run.untilItWaits();
    return run.steps();
  }

  /**
   * Lets an instance go on again from where a task began, wherever it stands now. The task and what
   * follows are visits of their own, with idempotency keys of their own; timeouts begin anew.
   *
   * @param checkpoint one that has no {@link Checkpoint#obstacle} in this definition
   * @param ended whether the instance has ended, which an execution that was cancelled does not say
   */
  public static List<Step> rerun(
      WorkflowModel model,
      Execution execution,
      Checkpoint checkpoint,
      boolean ended,
      Instant now,
      long seed) {
    Run run = new Run(model, execution, now, seed);
    run.rewind(checkpoint, ended);
    run.untilItWaits();
    return run.steps();
  }
}
