package io.twinloop.projections.organization;

import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.bus.EventBus;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;

/**
 * Publishes what nodes worry about.
 *
 * <p>An event says more than its node knows: who owns the process, what the vendor supplies. That
 * stands in the read model, which may be a moment behind; where nothing is found there it is asked
 * once more. What was found is recorded with the event before it is sent, so that a repetition
 * after a crash sends the same, whatever the organisation has become.
 */
public final class OrgNodePublisher extends Handler<List<EventEnvelope<OrgNode.Event>>> {

  private static final Duration ONCE_MORE_AFTER = Duration.ofMillis(500);

  private final Database database;
  private final EventBus bus;
  private final Executor later =
      CompletableFuture.delayedExecutor(ONCE_MORE_AFTER.toMillis(), TimeUnit.MILLISECONDS);

  public OrgNodePublisher(Database database, EventBus bus) {
    this.database = database;
    this.bus = bus;
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<OrgNode.Event>> envelopes) {
    List<EventEnvelope<OrgNode.Event>> telling =
        envelopes.stream().filter(each -> OrgNodeEvents.told(each).isPresent()).toList();
    return telling.isEmpty()
        ? CompletableFuture.completedStage(Done.getInstance())
        : events(telling).thenCompose(this::record).thenCompose(this::publish);
  }

  private CompletionStage<List<IntegrationEvent>> events(
      List<EventEnvelope<OrgNode.Event>> telling) {
    return look(telling)
        .thenCompose(
            found ->
                found.stream().allMatch(OrgNodePublisher::isComplete)
                    ? CompletableFuture.completedStage(found)
                    : CompletableFuture.runAsync(() -> {}, later)
                        .thenCompose(waited -> look(telling)));
  }

  private CompletionStage<List<IntegrationEvent>> look(List<EventEnvelope<OrgNode.Event>> telling) {
    return database.inTransaction(
        connection -> {
          List<IntegrationEvent> events = new ArrayList<>();
          for (EventEnvelope<OrgNode.Event> envelope : telling) {
            events.add(
                OrgNodeEvents.of(connection, envelope, OrgNodeEvents.told(envelope).orElseThrow()));
          }
          return events;
        });
  }

  private static boolean isComplete(IntegrationEvent event) {
    return Catalogue.find(event.type()).orElseThrow().data().stream()
        .filter(OrgNodeEvents.FROM_AROUND::contains)
        .allMatch(event.data()::has);
  }

  private CompletionStage<List<IntegrationEvent>> record(List<IntegrationEvent> events) {
    return database.inTransaction(
        connection -> {
          List<IntegrationEvent> recorded = new ArrayList<>();
          for (IntegrationEvent event : events) {
            recorded.add(EventLog.recordOnce(connection, event).event());
          }
          return recorded;
        });
  }

  private CompletionStage<Done> publish(List<IntegrationEvent> events) {
    CompletableFuture<?>[] sent =
        events.stream()
            .map(event -> bus.publish(event).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(sent).thenApply(all -> Done.getInstance());
  }
}
