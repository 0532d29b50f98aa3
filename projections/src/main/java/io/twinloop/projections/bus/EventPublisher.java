package io.twinloop.projections.bus;

import io.twinloop.serialization.IntegrationEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;

/**
 * Publishes what journaled events say to the outside. After a crash some are published again, with
 * the same id: the rules of consuming make them one.
 */
public final class EventPublisher<E> extends Handler<List<EventEnvelope<E>>> {

  private final EventBus bus;
  private final Function<EventEnvelope<E>, List<IntegrationEvent>> meaning;

  /**
   * @param meaning the integration events of a journaled one, the same ones each time
   */
  public EventPublisher(EventBus bus, Function<EventEnvelope<E>, List<IntegrationEvent>> meaning) {
    this.bus = bus;
    this.meaning = meaning;
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<E>> envelopes) {
    CompletableFuture<?>[] sent =
        envelopes.stream()
            .flatMap(envelope -> meaning.apply(envelope).stream())
            .map(event -> bus.publish(event).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(sent).thenApply(all -> Done.getInstance());
  }
}
