package io.twinloop.projections.process;

import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.process.ProcessCase;
import io.twinloop.projections.TimerFirer;
import java.util.concurrent.CompletionStage;

/** Where the timers of cases go: into the case, which is late then unless it is over. */
public final class ProcessCaseTimers implements TimerFirer.Target {

  private final Entities entities;

  public ProcessCaseTimers(Entities entities) {
    this.entities = entities;
  }

  @Override
  public CompletionStage<Boolean> fire(String entityId, String timerId) {
    Cause cause = new Cause(null, timerId, "timer");
    return entities
        .<ProcessCase.Command, ProcessCase.Reply>ask(
            ProcessCase.KEY, entityId, replyTo -> new ProcessCase.Wake(cause, replyTo))
        .thenApply(
            reply ->
                !(reply instanceof ProcessCase.Rejected rejected
                    && rejected.code().equals(Refusals.WRONG_STATE)));
  }
}
