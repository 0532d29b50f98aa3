package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import io.twinloop.projections.bus.KafkaBus;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.javadsl.Handler;
import org.jspecify.annotations.Nullable;

/**
 * A publisher that leaves out what it is told to, and finds the event it can't publish: a group
 * that fails is published again event by event. The bus being away is no event's fault.
 */
final class GuardedPublisher<E> extends Handler<List<EventEnvelope<E>>> {

  private final ProjectionId id;
  private final Handler<List<EventEnvelope<E>>> publisher;
  private final ProjectionState state;

  /** Read before the first group and again after each failure. */
  private volatile @Nullable Set<EventKey> leftOut;

  GuardedPublisher(
      ProjectionId id, Handler<List<EventEnvelope<E>>> publisher, ProjectionState state) {
    this.id = id;
    this.publisher = publisher;
    this.state = state;
  }

  @Override
  public CompletionStage<Done> start() {
    return publisher.start();
  }

  @Override
  public CompletionStage<Done> stop() {
    return publisher.stop();
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<E>> envelopes) throws Exception {
    Set<EventKey> known = leftOut;
    return known == null
        ? state
            .skipped(id)
            .thenCompose(
                read -> {
                  leftOut = read;
                  return publish(without(read, envelopes));
                })
        : publish(without(known, envelopes));
  }

  private static <E> List<EventEnvelope<E>> without(
      Set<EventKey> skips, List<EventEnvelope<E>> envelopes) {
    return skips.isEmpty()
        ? envelopes
        : envelopes.stream().filter(envelope -> !skips.contains(EventKey.of(envelope))).toList();
  }

  private CompletionStage<Done> publish(List<EventEnvelope<E>> envelopes) {
    return tried(envelopes)
        .exceptionallyCompose(
            failure -> {
              leftOut = null;
              return isBusAway(failure)
                  ? CompletableFuture.failedStage(failure)
                  : oneByOne(envelopes);
            });
  }

  private CompletionStage<Done> oneByOne(List<EventEnvelope<E>> envelopes) {
    CompletionStage<Done> published = CompletableFuture.completedStage(Done.getInstance());
    for (EventEnvelope<E> envelope : envelopes) {
      published =
          published.thenCompose(
              before ->
                  tried(List.of(envelope))
                      .exceptionallyCompose(
                          failure ->
                              CompletableFuture.failedStage(
                                  isBusAway(failure)
                                      ? failure
                                      : new EventFailedException(
                                          EventKey.of(envelope), cause(failure)))));
    }
    return published;
  }

  private CompletionStage<Done> tried(List<EventEnvelope<E>> envelopes) {
    try {
      return publisher.process(envelopes);
    } catch (Exception e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private static boolean isBusAway(Throwable failure) {
    return cause(failure) instanceof KafkaBus.BusUnavailableException away
        && !(away.getCause() instanceof ApiException refused
            && !(refused instanceof RetriableException));
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
