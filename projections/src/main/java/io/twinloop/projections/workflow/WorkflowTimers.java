package io.twinloop.projections.workflow;

import io.twinloop.domain.workflow.Signal;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.TimerFirer;
import java.util.concurrent.CompletionStage;

/** Where due timers go: into their run, as a signal or to wake it. */
public final class WorkflowTimers implements TimerFirer.Target {

  private final Entities entities;

  public WorkflowTimers(Entities entities) {
    this.entities = entities;
  }

  @Override
  public CompletionStage<Boolean> fire(String workflowId, String timerId) {
    Cause cause = new Cause(null, timerId, "timer");
    return entities
        .<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
            WorkflowInstance.KEY,
            workflowId,
            replyTo ->
                timerId.startsWith(WorkflowReadModel.WAKE)
                    ? new WorkflowInstance.Wake(replyTo)
                    : new WorkflowInstance.Take(new Signal.TimerFired(timerId), cause, replyTo))
        .thenApply(
            reply ->
                !(reply instanceof WorkflowInstance.Rejected rejected
                    && rejected.code().equals(Refusals.WRONG_STATE)));
  }
}
