package io.twinloop.projections;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.NotUsed;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.SourceProvider;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Source;

/** The events of a slice range in groups, each with the offset of its last event. */
final class RangeEvents<E> extends SourceProvider<Offset, List<EventEnvelope<E>>> {

  private final SourceProvider<Offset, EventEnvelope<E>> events;
  private final Supplier<CompletionStage<?>> before;
  private final Flow<EventEnvelope<E>, EventEnvelope<E>, NotUsed> through;
  private final int groupSize;

  /**
   * @param before done before the offset is read from which to go on
   * @param through what the events go through before they are grouped
   */
  RangeEvents(
      SourceProvider<Offset, EventEnvelope<E>> events,
      Supplier<CompletionStage<?>> before,
      Flow<EventEnvelope<E>, EventEnvelope<E>, NotUsed> through,
      int groupSize) {
    this.events = events;
    this.before = before;
    this.through = through;
    this.groupSize = groupSize;
  }

  @Override
  public CompletionStage<Source<List<EventEnvelope<E>>, NotUsed>> source(
      Supplier<CompletionStage<Optional<Offset>>> offset) {
    return before
        .get()
        .thenCompose(done -> events.source(offset))
        .thenApply(all -> all.via(through).via(new EventGroups<>(groupSize)));
  }

  @Override
  public Offset extractOffset(List<EventEnvelope<E>> group) {
    return events.extractOffset(last(group));
  }

  @Override
  public long extractCreationTime(List<EventEnvelope<E>> group) {
    return events.extractCreationTime(last(group));
  }

  private static <E> EventEnvelope<E> last(List<EventEnvelope<E>> group) {
    return group.get(group.size() - 1);
  }
}
