package io.twinloop.entities.workflow;

import io.twinloop.domain.workflow.Retrace;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Lets a run go on again from an earlier task: goes through what it did to find how it stood then,
 * and tells it.
 */
public final class Reruns {

  private final Entities entities;
  private final RunJournal journal;

  public Reruns(Entities entities, RunJournal journal) {
    this.entities = entities;
    this.journal = journal;
  }

  /**
   * Goes on again from a task; the reply is {@code Accepted} or {@code Rejected}.
   *
   * @param from the task's name, or its position in the definition
   */
  public CompletionStage<WorkflowInstance.Reply> rerun(
      String id, String from, @Nullable Long expectedRevision, Cause cause) {
    Retrace past = new Retrace();
    return journal
        .follow(
            id,
            event -> {
              if (event instanceof WorkflowInstance.Stepped stepped) {
                past.follow(stepped.step(), stepped.at());
              }
            })
        .thenCompose(
            revision -> {
              if (revision == 0) {
                return refused(Refusals.NOT_FOUND, "There is no workflow '" + id + "'.");
              }
              if (past.to(from) instanceof Retrace.Found found) {
                return entities.ask(
                    WorkflowInstance.KEY,
                    id,
                    replyTo ->
                        new WorkflowInstance.Rerun(
                            found.checkpoint(),
                            expectedRevision == null ? revision : expectedRevision,
                            cause,
                            replyTo));
              }
              return refused(Refusals.REFUSED, ((Retrace.Refused) past.to(from)).sentence());
            });
  }

  private static CompletionStage<WorkflowInstance.Reply> refused(String code, String sentence) {
    return CompletableFuture.completedStage(new WorkflowInstance.Rejected(code, sentence));
  }
}
