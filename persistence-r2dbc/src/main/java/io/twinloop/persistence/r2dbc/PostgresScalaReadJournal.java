package io.twinloop.persistence.r2dbc;

import java.time.Instant;
import java.util.Optional;
import org.apache.pekko.NotUsed;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.scaladsl.CurrentEventsByPersistenceIdQuery;
import org.apache.pekko.persistence.query.scaladsl.CurrentPersistenceIdsQuery;
import org.apache.pekko.persistence.query.scaladsl.EventsByPersistenceIdQuery;
import org.apache.pekko.persistence.query.scaladsl.PagedPersistenceIdsQuery;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.persistence.query.typed.scaladsl.CurrentEventsBySliceQuery;
import org.apache.pekko.persistence.query.typed.scaladsl.EventTimestampQuery;
import org.apache.pekko.persistence.query.typed.scaladsl.EventsBySliceQuery;
import org.apache.pekko.persistence.query.typed.scaladsl.LoadEventQuery;
import org.apache.pekko.stream.scaladsl.Source;
import scala.Option;
import scala.collection.immutable.Range;
import scala.collection.immutable.Seq;
import scala.concurrent.Future;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.OptionConverters;

/** The same queries as {@link PostgresReadJournal}, for callers of Pekko's Scala interfaces. */
public final class PostgresScalaReadJournal
    implements EventsBySliceQuery,
        CurrentEventsBySliceQuery,
        EventsByPersistenceIdQuery,
        CurrentEventsByPersistenceIdQuery,
        CurrentPersistenceIdsQuery,
        PagedPersistenceIdsQuery,
        EventTimestampQuery,
        LoadEventQuery {

  private final PostgresReadJournal queries;

  PostgresScalaReadJournal(PostgresReadJournal queries) {
    this.queries = queries;
  }

  @Override
  public <E> Source<EventEnvelope<E>, NotUsed> eventsBySlices(
      String entityType, int minSlice, int maxSlice, Offset offset) {
    return queries.<E>eventsBySlices(entityType, minSlice, maxSlice, offset).asScala();
  }

  @Override
  public <E> Source<EventEnvelope<E>, NotUsed> currentEventsBySlices(
      String entityType, int minSlice, int maxSlice, Offset offset) {
    return queries.<E>currentEventsBySlices(entityType, minSlice, maxSlice, offset).asScala();
  }

  @Override
  public Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed> eventsByPersistenceId(
      String persistenceId, long fromSequenceNr, long toSequenceNr) {
    return queries.eventsByPersistenceId(persistenceId, fromSequenceNr, toSequenceNr).asScala();
  }

  @Override
  public Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed>
      currentEventsByPersistenceId(String persistenceId, long fromSequenceNr, long toSequenceNr) {
    return queries
        .currentEventsByPersistenceId(persistenceId, fromSequenceNr, toSequenceNr)
        .asScala();
  }

  @Override
  public Source<String, NotUsed> currentPersistenceIds() {
    return queries.currentPersistenceIds().asScala();
  }

  @Override
  public Source<String, NotUsed> currentPersistenceIds(Option<String> afterId, long limit) {
    return queries.currentPersistenceIds(OptionConverters.toJava(afterId), limit).asScala();
  }

  @Override
  public Future<Option<Instant>> timestampOf(String persistenceId, long sequenceNr) {
    return ScalaFutures.of(
        queries
            .timestampOf(persistenceId, sequenceNr)
            .thenApply((Optional<Instant> time) -> OptionConverters.toScala(time)));
  }

  @Override
  public <E> Future<EventEnvelope<E>> loadEnvelope(String persistenceId, long sequenceNr) {
    return ScalaFutures.of(queries.<E>loadEnvelope(persistenceId, sequenceNr));
  }

  @Override
  public int sliceForPersistenceId(String persistenceId) {
    return queries.sliceForPersistenceId(persistenceId);
  }

  @Override
  public Seq<Range> sliceRanges(int numberOfRanges) {
    return CollectionConverters.asScala(
            queries.sliceRanges(numberOfRanges).stream()
                .<Range>map(range -> new Range.Inclusive(range.first(), range.second(), 1))
                .toList())
        .toList();
  }
}
