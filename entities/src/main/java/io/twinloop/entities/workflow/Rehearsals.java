package io.twinloop.entities.workflow;

import io.twinloop.domain.workflow.Account;
import io.twinloop.domain.workflow.Recording;
import io.twinloop.domain.workflow.Rehearsal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Plays recorded runs to a definition. Reads only: no run is started, nothing is sent. */
public final class Rehearsals {

  private final RunJournal journal;
  private final Clock clock;

  public Rehearsals(RunJournal journal, Clock clock) {
    this.journal = journal;
    this.clock = clock;
  }

  /** What a recorded run did, and what came of it when it was played. */
  public record Played(String workflowId, Account recorded, Rehearsal.Outcome outcome) {}

  /**
   * Plays these runs one after the other, so that a long list does not fill the memory.
   *
   * @param source of a definition that was valid when it was registered
   */
  public CompletionStage<List<Played>> play(String source, List<String> workflowIds) {
    return play(source, workflowIds, new ArrayList<>());
  }

  private CompletionStage<List<Played>> play(
      String source, List<String> workflowIds, List<Played> played) {
    if (workflowIds.isEmpty()) {
      return CompletableFuture.completedStage(List.copyOf(played));
    }
    String id = workflowIds.get(0);
    Recording recording = new Recording();
    return journal
        .follow(
            id,
            event -> {
              if (event instanceof WorkflowInstance.Stepped stepped) {
                recording.follow(stepped.step(), stepped.at());
              }
            })
        .thenCompose(
            revision -> {
              if (!recording.isEmpty()) {
                Rehearsal.Outcome outcome =
                    Rehearsal.of(WorkflowModels.of(source), recording, clock.instant());
                played.add(new Played(id, recording.account(), outcome));
              }
              return play(source, workflowIds.subList(1, workflowIds.size()), played);
            });
  }
}
