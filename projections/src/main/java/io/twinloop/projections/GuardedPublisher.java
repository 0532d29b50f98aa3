package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import io.twinloop.projections.bus.BusUnavailableException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.javadsl.Handler;
import org.jspecify.annotations.Nullable;

/**
 * A publisher that leaves out what it is told to, and finds the event it can't publish: a group
 * that fails is published again event by event, each that succeeds only this once. The bus being
 * away is no event's fault.
 */
final class GuardedPublisher<E> extends Handler<List<EventEnvelope<E>>> {

  private final ProjectionId id;
  private final Handler<List<EventEnvelope<E>>> publisher;
  private final ProjectionState state;

  /** Events of the group that failed last which were published all the same; of all tries. */
  private final Set<EventKey> published;

  /** Read before the first group and again after each failure. */
  private volatile @Nullable Set<EventKey> leftOut;

  GuardedPublisher(
      ProjectionId id,
      Handler<List<EventEnvelope<E>>> publisher,
      ProjectionState state,
      Set<EventKey> published) {
    this.published = published;
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

  private CompletionStage<Done> publish(List<EventEnvelope<E>> wanted) {
    List<EventEnvelope<E>> envelopes = without(published, wanted);
    return tried(envelopes)
        .thenApply(
            done -> {
              published.clear();
              return done;
            })
        .exceptionallyCompose(
            failure -> {
              leftOut = null;
              return isBusAway(failure)
                  ? CompletableFuture.failedStage(failure)
                  : oneByOne(envelopes);
            });
  }

  private CompletionStage<Done> oneByOne(List<EventEnvelope<E>> envelopes) {
    CompletionStage<Done> turn = CompletableFuture.completedStage(Done.getInstance());
    for (EventEnvelope<E> envelope : envelopes) {
      turn =
          turn.thenCompose(
              before ->
                  tried(List.of(envelope))
                      .thenApply(
                          done -> {
                            published.add(EventKey.of(envelope));
                            return done;
                          })
                      .exceptionallyCompose(
                          failure -> CompletableFuture.failedStage(blamed(envelope, failure))));
    }
    return turn;
  }

  private static Throwable blamed(EventEnvelope<?> envelope, Throwable failure) {
    return isBusAway(failure) || cause(failure) instanceof EventFailedException
        ? failure
        : new EventFailedException(EventKey.of(envelope), cause(failure));
  }

  private CompletionStage<Done> tried(List<EventEnvelope<E>> envelopes) {
    try {
      EventFailedException.checkReadable(envelopes, Set.of()); // those to be left out are gone
      return publisher.process(envelopes);
    } catch (Exception e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private static boolean isBusAway(Throwable failure) {
    return cause(failure) instanceof BusUnavailableException away && !away.isEventRefused();
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
