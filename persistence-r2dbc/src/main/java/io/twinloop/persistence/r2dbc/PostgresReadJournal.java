package io.twinloop.persistence.r2dbc;

import io.twinloop.persistence.r2dbc.PagedEvents.Page;
import io.twinloop.persistence.r2dbc.PagedEvents.Waiting;
import io.twinloop.persistence.r2dbc.SharedPages.Range;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.journal.EventAdapters;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.javadsl.CurrentEventsByPersistenceIdQuery;
import org.apache.pekko.persistence.query.javadsl.CurrentPersistenceIdsQuery;
import org.apache.pekko.persistence.query.javadsl.EventsByPersistenceIdQuery;
import org.apache.pekko.persistence.query.javadsl.PagedPersistenceIdsQuery;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.persistence.query.typed.javadsl.CurrentEventsBySliceQuery;
import org.apache.pekko.persistence.query.typed.javadsl.EventTimestampQuery;
import org.apache.pekko.persistence.query.typed.javadsl.EventsBySliceQuery;
import org.apache.pekko.persistence.query.typed.javadsl.LoadEventQuery;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * Queries over the journal, {@link #IDENTIFIER}.
 *
 * <p>Offsets are {@link JournalOffset}s. Live queries never complete; every query fails when
 * PostgreSQL can't be read, and is to be started again from the last offset.
 */
public final class PostgresReadJournal
    implements EventsBySliceQuery,
        CurrentEventsBySliceQuery,
        EventsByPersistenceIdQuery,
        CurrentEventsByPersistenceIdQuery,
        CurrentPersistenceIdsQuery,
        PagedPersistenceIdsQuery,
        EventTimestampQuery,
        LoadEventQuery {

  /** Plugin id under which Pekko finds these queries. */
  public static final String IDENTIFIER = "twinloop.persistence.query";

  private static final String JOURNAL = "twinloop.persistence.journal";

  private final Persistence persistence;
  private final PostgresPersistence postgres;
  private final JournalReads reads;
  private final EventCodec codec;
  private final LongSupplier nanoTime = System::nanoTime;

  PostgresReadJournal(ExtendedActorSystem system) {
    persistence = Persistence.get(system);
    postgres = PostgresPersistence.get(system);
    reads = postgres.reads();
    codec = postgres.codec();
  }

  /**
   * Events of an entity type and slice range after the offset, and those to come, in the order of
   * their offsets. An event that can't be read is there without its event, its metadata being the
   * exception that says why.
   */
  @Override
  public <E> Source<EventEnvelope<E>, NotUsed> eventsBySlices(
      String entityType, int minSlice, int maxSlice, Offset offset) {
    JournalOffset start = JournalOffset.of(offset);
    Range range = new Range(entityType, minSlice, maxSlice);
    EventAdapters adapters = adapters();
    return Source.fromGraph(
            new PagedEvents<SharedEvent>(
                () -> new LiveSlices(range, start),
                waiting(range, true, settings().gather()),
                settings()))
        .map(event -> typed(event.envelope(codec, adapters)));
  }

  @SuppressWarnings("unchecked") // the caller of a query says which events its entity type has
  private static <E> EventEnvelope<E> typed(EventEnvelope<?> envelope) {
    return (EventEnvelope<E>) envelope;
  }

  /**
   * Events of an entity type and slice range after the offset that were stored when the stream
   * began. Waits up to {@code current-wait} for transactions that were open then and are older than
   * some of these events; then fails.
   */
  @Override
  public <E> Source<EventEnvelope<E>, NotUsed> currentEventsBySlices(
      String entityType, int minSlice, int maxSlice, Offset offset) {
    JournalOffset start = JournalOffset.of(offset);
    Range range = new Range(entityType, minSlice, maxSlice);
    EventAdapters adapters = adapters();
    return Source.fromGraph(
            new PagedEvents<StoredEvent>(
                () -> new CurrentSlices(range, start),
                waiting(range, false, Duration.ZERO),
                settings()))
        .map(event -> codec.toEnvelope(event, adapters));
  }

  @Override
  public Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed> eventsByPersistenceId(
      String persistenceId, long fromSequenceNr, long toSequenceNr) {
    return ofPersistenceId(
        persistenceId, () -> new OneEntity(persistenceId, fromSequenceNr, toSequenceNr, true));
  }

  @Override
  public Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed>
      currentEventsByPersistenceId(String persistenceId, long fromSequenceNr, long toSequenceNr) {
    return ofPersistenceId(
        persistenceId, () -> new OneEntity(persistenceId, fromSequenceNr, toSequenceNr, false));
  }

  @Override
  public Source<String, NotUsed> currentPersistenceIds() {
    return currentPersistenceIds(Optional.empty(), Long.MAX_VALUE);
  }

  /** Persistence ids after the given one, in the database's order. */
  @Override
  public Source<String, NotUsed> currentPersistenceIds(Optional<String> afterId, long limit) {
    int pageRows = settings().pageRows();
    return Source.unfoldAsync(
            afterId.orElse(""),
            after ->
                reads
                    .pageOfPersistenceIds(after, pageRows)
                    .thenApply(
                        ids ->
                            ids.isEmpty()
                                ? Optional.<Pair<String, List<String>>>empty()
                                : Optional.of(Pair.create(ids.get(ids.size() - 1), ids))))
        .mapConcat(ids -> ids)
        .take(limit);
  }

  /**
   * When the transaction of an event began, by PostgreSQL's clock; empty if there's no such event.
   */
  @Override
  public CompletionStage<Optional<Instant>> timestampOf(String persistenceId, long sequenceNr) {
    return reads
        .event(persistenceId, sequenceNr)
        .thenApply(event -> event.map(StoredEvent::storedAt));
  }

  /** One event; the stage fails with {@link NoSuchElementException} if there's no such event. */
  @Override
  public <E> CompletionStage<EventEnvelope<E>> loadEnvelope(String persistenceId, long sequenceNr) {
    return reads
        .event(persistenceId, sequenceNr)
        .thenApply(
            event ->
                event
                    .map(stored -> codec.<E>toEnvelope(stored, adapters()))
                    .orElseThrow(
                        () ->
                            new NoSuchElementException(
                                "There is no event %d of '%s'."
                                    .formatted(sequenceNr, persistenceId))));
  }

  @Override
  public int sliceForPersistenceId(String persistenceId) {
    return persistence.sliceForPersistenceId(persistenceId);
  }

  @Override
  public List<Pair<Integer, Integer>> sliceRanges(int numberOfRanges) {
    return persistence.getSliceRanges(numberOfRanges);
  }

  private Source<org.apache.pekko.persistence.query.EventEnvelope, NotUsed> ofPersistenceId(
      String persistenceId, PagedEvents.PagesFactory<StoredEvent> pages) {
    EventAdapters adapters = adapters();
    Waiting waiting =
        new Waiting(
            callback -> postgres.newEvents().ofPersistenceId(persistenceId, callback),
            false,
            Duration.ZERO);
    return Source.fromGraph(new PagedEvents<>(pages, waiting, settings()))
        .map(event -> codec.toUntypedEnvelope(event, adapters));
  }

  private Waiting waiting(Range range, boolean watched, Duration gather) {
    return new Waiting(
        callback ->
            postgres
                .newEvents()
                .ofSlices(range.entityType(), range.minSlice(), range.maxSlice(), callback),
        watched,
        gather);
  }

  private PersistenceSettings.Query settings() {
    return postgres.settings().query();
  }

  private EventAdapters adapters() {
    return persistence.adaptersFor(JOURNAL);
  }

  /** Everything after an offset, for ever; read together with others who read the same. */
  private final class LiveSlices implements PagedEvents.Pages<SharedEvent> {
    private final Range range;
    private JournalOffset last;

    LiveSlices(Range range, JournalOffset start) {
      this.range = range;
      this.last = start;
    }

    @Override
    public CompletionStage<Page<SharedEvent>> next(long notBefore) {
      return postgres
          .sharedPages()
          .after(range, last, notBefore)
          .thenApply(
              page -> {
                if (!page.events().isEmpty()) {
                  last = page.events().get(page.events().size() - 1).offset();
                }
                return page;
              });
    }

    @Override
    public boolean exhausted() {
      return false;
    }
  }

  /**
   * What was stored when the first page was asked for: all below the transaction id that was next
   * then.
   */
  private final class CurrentSlices implements PagedEvents.Pages<StoredEvent> {
    private final Range range;
    private JournalOffset last;
    private JournalReads.@Nullable Horizon first;
    private boolean exhausted;
    private final long deadline = nanoTime.getAsLong() + settings().currentWait().toNanos();

    CurrentSlices(Range range, JournalOffset start) {
      this.range = range;
      this.last = start;
    }

    @Override
    public CompletionStage<Page<StoredEvent>> next(long notBefore) {
      return reads
          .horizon()
          .thenCompose(
              now -> {
                JournalReads.Horizon began = first == null ? now : first;
                first = began;
                boolean settled = now.oldestOpen() >= began.aboveEnded();
                return below(began.aboveEnded())
                    .thenApply(events -> new Page<>(checked(events, settled, now), true));
              });
    }

    private CompletableFuture<List<StoredEvent>> below(long boundXid) {
      return reads
          .pageOfSlices(range.entityType(), range.minSlice(), range.maxSlice(), last, boundXid)
          .thenApply(
              events -> {
                if (!events.isEmpty()) {
                  last = events.get(events.size() - 1).offset();
                }
                return events;
              });
    }

    private List<StoredEvent> checked(
        List<StoredEvent> events, boolean settled, JournalReads.Horizon now) {
      if (events.isEmpty() && !settled && nanoTime.getAsLong() - deadline > 0) {
        Duration waited = settings().currentWait();
        throw new IllegalStateException(
            "Transaction %d is still open after %d ms; events stored meanwhile can't be put in order before it ends."
                .formatted(now.oldestOpen(), waited.toMillis()));
      }
      exhausted = events.isEmpty() && settled;
      return events;
    }

    @Override
    public boolean exhausted() {
      return exhausted;
    }
  }

  /** Events of one persistence id between two numbers, both included. */
  private final class OneEntity implements PagedEvents.Pages<StoredEvent> {
    private final String persistenceId;
    private final long toSeqNr;
    private final boolean live;
    private long nextSeqNr;
    private boolean readAll;

    OneEntity(String persistenceId, long fromSeqNr, long toSeqNr, boolean live) {
      this.persistenceId = persistenceId;
      this.nextSeqNr = fromSeqNr;
      this.toSeqNr = toSeqNr;
      this.live = live;
    }

    @Override
    public CompletionStage<Page<StoredEvent>> next(long notBefore) {
      return reads
          .pageOfPersistenceId(persistenceId, nextSeqNr, toSeqNr, Long.MAX_VALUE)
          .thenApply(
              events -> {
                if (!events.isEmpty()) {
                  nextSeqNr = events.get(events.size() - 1).seqNr() + 1;
                }
                readAll = events.isEmpty();
                return new Page<>(events, true);
              });
    }

    @Override
    public boolean exhausted() {
      return nextSeqNr > toSeqNr || (readAll && !live);
    }
  }
}
