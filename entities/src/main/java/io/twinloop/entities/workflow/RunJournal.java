package io.twinloop.entities.workflow;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.query.javadsl.CurrentEventsByPersistenceIdQuery;
import org.apache.pekko.stream.javadsl.Sink;

/** What runs of workflows did, read back from the journal. */
public final class RunJournal {

  private final ActorSystem<?> system;
  private final CurrentEventsByPersistenceIdQuery journal;

  /**
   * @param queryPlugin the read journal's configuration path
   */
  public RunJournal(ActorSystem<?> system, String queryPlugin) {
    this.system = system;
    this.journal =
        PersistenceQuery.get(system)
            .getReadJournalFor(CurrentEventsByPersistenceIdQuery.class, queryPlugin);
  }

  /** Tells every event of a run in order; answers its revision, 0 where there is no such run. */
  public CompletionStage<Long> follow(String id, Consumer<WorkflowInstance.Event> reader) {
    return journal
        .currentEventsByPersistenceId(WorkflowInstance.KEY.name() + "|" + id, 0, Long.MAX_VALUE)
        .runWith(
            Sink.fold(
                0L,
                (before, envelope) -> {
                  reader.accept((WorkflowInstance.Event) envelope.event());
                  return envelope.sequenceNr();
                }),
            system);
  }
}
