package io.twinloop.persistence.r2dbc;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Writes events of all entities of a node together: one statement in flight on one connection, and
 * whatever comes meanwhile goes with the next.
 *
 * <p>A flush is one auto-committed INSERT, so it's stored whole or not at all, and the events of
 * one write are never divided between flushes. When PostgreSQL refuses a flush for what is in it (a
 * sequence number that exists, a value that doesn't fit), the flush is halved until the culprit
 * stands alone and only that write fails. Any other error leaves open whether PostgreSQL committed:
 * all writes of the flush fail with unknown outcome, and the connection is replaced.
 *
 * <p>The queue is bounded in rows and bytes; a write that doesn't fit is refused at once.
 */
final class GroupCommit {

  /**
   * Text of one flush, the same for any number of rows, so that PostgreSQL parses it once. Payloads
   * travel as base64: an array of bytea can't be bound, the driver writes wrong bytes without an
   * error.
   */
  private static final String INSERT_EVENTS =
      """
      INSERT INTO event_journal (
        slice, entity_type, persistence_id, seq_nr, db_timestamp,
        event_ser_id, event_ser_manifest, event_payload,
        writer, adapter_manifest, tags, meta_ser_id, meta_ser_manifest, meta_payload)
      SELECT
        slice, entity_type, persistence_id, seq_nr, CURRENT_TIMESTAMP,
        event_ser_id, event_ser_manifest, decode(event_payload, 'base64'),
        writer, nullif(adapter_manifest, ''), tags::text[],
        meta_ser_id, meta_ser_manifest, decode(meta_payload, 'base64')
      FROM unnest(
        $1::int[], $2::text[], $3::text[], $4::bigint[],
        $5::int[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::int[], $12::text[], $13::text[])
      AS event (
        slice, entity_type, persistence_id, seq_nr,
        event_ser_id, event_ser_manifest, event_payload,
        writer, adapter_manifest, tags, meta_ser_id, meta_ser_manifest, meta_payload)
      """;

  /** The same for rows without tags, metadata and adapter manifest: five arrays of nulls less. */
  private static final String INSERT_PLAIN_EVENTS =
      """
      INSERT INTO event_journal (
        slice, entity_type, persistence_id, seq_nr, db_timestamp,
        event_ser_id, event_ser_manifest, event_payload, writer)
      SELECT
        slice, entity_type, persistence_id, seq_nr, CURRENT_TIMESTAMP,
        event_ser_id, event_ser_manifest, decode(event_payload, 'base64'), writer
      FROM unnest(
        $1::int[], $2::text[], $3::text[], $4::bigint[],
        $5::int[], $6::text[], $7::text[], $8::text[])
      AS event (
        slice, entity_type, persistence_id, seq_nr,
        event_ser_id, event_ser_manifest, event_payload, writer)
      """;

  private final WriteConnection connection;
  private final PersistenceSettings.Journal settings;
  private final JournalMetrics metrics;
  private final NewEvents newEvents;
  private final LongSupplier nanoTime;
  private final Executor tells;

  private final ConcurrentHashMap<String, CompletableFuture<Void>> unsettled =
      new ConcurrentHashMap<>();
  private final ArrayDeque<Write> waiting = new ArrayDeque<>();
  private int waitingRows;
  private long waitingBytes;
  private boolean flushing;
  private volatile Supplier<CompletableFuture<Void>> fence =
      () -> CompletableFuture.completedFuture(null);

  /**
   * @param tells runs what comes after writes that were stored, for those of a flush at once: on
   *     the thread that talks to PostgreSQL each would wake another one
   */
  GroupCommit(
      WriteConnection connection,
      PersistenceSettings.Journal settings,
      JournalMetrics metrics,
      NewEvents newEvents,
      LongSupplier nanoTime,
      Executor tells) {
    this.connection = connection;
    this.settings = settings;
    this.metrics = metrics;
    this.newEvents = newEvents;
    this.nanoTime = nanoTime;
    this.tells = tells;
  }

  /** Events of one persistence id that are stored all or none. */
  private record Write(
      String persistenceId,
      List<EventRow> rows,
      long bytes,
      AtomicBoolean stored,
      CompletableFuture<Void> done) {

    static Write of(String persistenceId, List<EventRow> rows) {
      long bytes = rows.stream().mapToLong(EventRow::bytes).sum();
      return new Write(persistenceId, rows, bytes, new AtomicBoolean(), new CompletableFuture<>());
    }
  }

  /**
   * Every flush waits for this first; where it fails, all that waits fails, and nothing is stored.
   */
  void fence(Supplier<CompletableFuture<Void>> mayWrite) {
    this.fence = mayWrite;
  }

  /**
   * Stores events of one persistence id, all or none. The future fails with a {@link
   * JournalException}.
   */
  CompletableFuture<Void> write(String persistenceId, List<EventRow> rows) {
    Write write = Write.of(persistenceId, rows);
    boolean idle;
    synchronized (this) {
      if (isFullFor(write)) {
        metrics.refusedForOverload(1);
        return CompletableFuture.failedFuture(overloaded());
      }
      unsettled.put(persistenceId, write.done);
      enqueue(write);
      idle = !flushing;
      flushing = true;
    }
    if (idle) {
      flushNext();
    }
    return write.done;
  }

  /**
   * Completes, never with an error, once every write accepted so far for the persistence id has
   * ended. Who reads before that may miss an event that's about to be stored.
   */
  CompletableFuture<Void> settled(String persistenceId) {
    // Writes of one persistence id end in the order they came, so waiting for the last is waiting
    // for all.
    CompletableFuture<Void> last = unsettled.get(persistenceId);
    return last == null
        ? CompletableFuture.completedFuture(null)
        : last.handle((stored, error) -> null);
  }

  /**
   * Finds out whether PostgreSQL takes events, by a flush without rows. While flushes are in flight
   * it has nothing to find out and completes at once; so it does while this node may not write,
   * which is not PostgreSQL's fault.
   */
  CompletableFuture<Void> probe() {
    CompletableFuture<Void> mayWrite = fence.get();
    if (!mayWrite.isDone() || mayWrite.isCompletedExceptionally()) {
      return CompletableFuture.completedFuture(null);
    }
    Write probe = Write.of("", List.of());
    synchronized (this) {
      if (flushing) {
        return CompletableFuture.completedFuture(null);
      }
      flushing = true;
      waiting.addFirst(probe);
    }
    flushNext();
    return probe.done;
  }

  private boolean isFullFor(Write write) {
    boolean fits =
        waitingRows + write.rows.size() <= settings.queueRows()
            && waitingBytes + write.bytes <= settings.queueBytes();
    return !fits && !waiting.isEmpty();
  }

  private void enqueue(Write write) {
    waiting.add(write);
    waitingRows += write.rows.size();
    waitingBytes += write.bytes;
    metrics.queued(waitingRows, waitingBytes);
  }

  private List<Write> nextFlush() {
    List<Write> flush = new ArrayList<>();
    int rows = 0;
    long bytes = 0;
    synchronized (this) {
      for (Write next = waiting.peek(); next != null; next = waiting.peek()) {
        boolean fits =
            rows + next.rows.size() <= settings.flushRows()
                && bytes + next.bytes <= settings.flushBytes();
        if (!fits && !flush.isEmpty()) {
          break;
        }
        flush.add(waiting.remove());
        rows += next.rows.size();
        bytes += next.bytes;
      }
      waitingRows -= rows;
      waitingBytes -= bytes;
      metrics.queued(waitingRows, waitingBytes);
      flushing = !flush.isEmpty();
    }
    return flush;
  }

  private List<Write> everythingWaiting() {
    synchronized (this) {
      List<Write> all = List.copyOf(waiting);
      waiting.clear();
      waitingRows = 0;
      waitingBytes = 0;
      metrics.queued(0, 0);
      return all;
    }
  }

  private void flushNext() {
    // The fence last: to connect may take longer than its answer holds.
    Mono.fromFuture(connection::get, true)
        .flatMap(open -> Mono.fromFuture(() -> fence.get(), true).thenReturn(open))
        .subscribe(
            this::flush,
            unavailable -> {
              // Fail all that wait: the next attempt to connect belongs to the writes after them.
              fail(everythingWaiting(), unavailable);
              flushNextUnlessEmpty();
            });
  }

  private void flushNextUnlessEmpty() {
    synchronized (this) {
      flushing = !waiting.isEmpty();
      if (!flushing) {
        return;
      }
    }
    flushNext();
  }

  private void flush(Connection open) {
    List<Write> flush = nextFlush();
    if (flush.isEmpty()) {
      return;
    }
    store(open, flush)
        .subscribe(
            nothing -> {},
            error -> {
              connection.discard(open);
              fail(stillOpen(flush), unknownOutcome(error));
              flushNextUnlessEmpty();
            },
            this::flushNextUnlessEmpty);
  }

  /**
   * Stores the writes and completes them; ends with an error only if the outcome of some is
   * unknown.
   */
  private Mono<Void> store(Connection open, List<Write> flush) {
    long began = nanoTime.getAsLong();
    List<EventRow> rows = flush.stream().flatMap(write -> write.rows.stream()).toList();
    return Mono.defer(() -> insert(open, rows))
        .timeout(settings.writeTimeout().plus(Database.GRACE))
        .doOnSuccess(nothing -> stored(flush, rows, nanoTime.getAsLong() - began))
        .onErrorResume(
            R2dbcException.class,
            error -> {
              if (!isAboutTheRows(error) || rows.isEmpty()) {
                return Mono.error(error);
              }
              if (flush.size() == 1) {
                fail(flush, refused(flush.get(0), error));
                return Mono.empty();
              }
              int half = flush.size() / 2;
              return store(open, flush.subList(0, half))
                  .then(Mono.defer(() -> store(open, flush.subList(half, flush.size()))));
            });
  }

  private void stored(List<Write> flush, List<EventRow> rows, long nanos) {
    if (!rows.isEmpty()) {
      metrics.flushed(rows.size(), nanos);
    }
    for (Write write : flush) {
      write.stored.set(true);
      unsettled.remove(write.persistenceId, write.done);
    }
    tells.execute(() -> flush.forEach(write -> write.done.complete(null)));
    newEvents.committed(rows);
  }

  private void fail(List<Write> writes, Throwable error) {
    long withRows = writes.stream().filter(write -> !write.rows.isEmpty()).count();
    metrics.writesFailed((int) withRows);
    for (Write write : writes) {
      unsettled.remove(write.persistenceId, write.done);
      write.done.completeExceptionally(error);
    }
  }

  private static List<Write> stillOpen(List<Write> flush) {
    return flush.stream().filter(write -> !write.stored.get() && !write.done.isDone()).toList();
  }

  /**
   * SQLSTATE classes 22 (a value that PostgreSQL can't take), 23 (a constraint) and 54 (a limit):
   * the statement was rolled back, and it would fail again only with the same row in it.
   */
  private static boolean isAboutTheRows(R2dbcException error) {
    String state = String.valueOf(error.getSqlState());
    return state.startsWith("22") || state.startsWith("23") || state.startsWith("54");
  }

  private static Mono<Void> insert(Connection open, List<EventRow> rows) {
    boolean plain = rows.stream().allMatch(GroupCommit::isPlain);
    Statement statement =
        open.createStatement(plain ? INSERT_PLAIN_EVENTS : INSERT_EVENTS)
            .bind(0, numbers(rows, EventRow::slice))
            .bind(1, texts(rows, EventRow::entityType))
            .bind(2, texts(rows, EventRow::persistenceId))
            .bind(3, rows.stream().map(EventRow::seqNr).toArray(Long[]::new))
            .bind(4, numbers(rows, row -> row.event().serializerId()))
            .bind(5, texts(rows, row -> row.event().manifest()))
            .bind(6, texts(rows, row -> row.event().base64()))
            .bind(7, texts(rows, EventRow::writer));
    if (!plain) {
      statement
          .bind(8, texts(rows, EventRow::adapterManifest))
          .bind(9, texts(rows, row -> arrayLiteral(row.tags())))
          .bind(10, numbers(rows, row -> ofMetadata(row, Payload::serializerId)))
          .bind(11, texts(rows, row -> ofMetadata(row, Payload::manifest)))
          .bind(12, texts(rows, row -> ofMetadata(row, Payload::base64)));
    }
    return Flux.from(statement.execute()).flatMap(result -> result.getRowsUpdated()).then();
  }

  private static boolean isPlain(EventRow row) {
    return row.tags().isEmpty() && row.metadata() == null && row.adapterManifest().isEmpty();
  }

  private static String[] texts(List<EventRow> rows, Function<EventRow, @Nullable String> column) {
    return rows.stream().map(column).toArray(String[]::new);
  }

  private static Integer[] numbers(
      List<EventRow> rows, Function<EventRow, @Nullable Integer> column) {
    return rows.stream().map(column).toArray(Integer[]::new);
  }

  private static <T> @Nullable T ofMetadata(EventRow row, Function<Payload, T> column) {
    Payload metadata = row.metadata();
    return metadata == null ? null : column.apply(metadata);
  }

  /** Text that PostgreSQL casts to text[]; null for no tags, as the Apache plugin stores them. */
  private static @Nullable String arrayLiteral(List<String> tags) {
    if (tags.isEmpty()) {
      return null;
    }
    StringBuilder literal = new StringBuilder("{");
    for (String tag : tags) {
      literal.append(literal.length() == 1 ? "\"" : ",\"");
      literal.append(tag.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
    }
    return literal.append('}').toString();
  }

  private JournalException overloaded() {
    return new JournalException(
        JournalException.Reason.OVERLOADED,
        "Nothing was stored, as %d events (%d bytes) wait already and the journal takes %d (%d bytes). Try again later."
            .formatted(waitingRows, waitingBytes, settings.queueRows(), settings.queueBytes()),
        null);
  }

  private JournalException unknownOutcome(Throwable error) {
    String what =
        error instanceof TimeoutException
            ? "PostgreSQL didn't answer within " + settings.writeTimeout().toMillis() + " ms"
            : String.valueOf(error.getMessage());
    return new JournalException(
        JournalException.Reason.UNKNOWN_OUTCOME,
        "The events may or may not be stored: " + what,
        error);
  }

  private static JournalException refused(Write write, R2dbcException error) {
    EventRow first = write.rows.get(0);
    boolean duplicate = "23505".equals(error.getSqlState());
    return new JournalException(
        JournalException.Reason.REFUSED,
        "Events %d to %d of '%s' were not stored: %s"
            .formatted(
                first.seqNr(),
                write.rows.get(write.rows.size() - 1).seqNr(),
                first.persistenceId(),
                duplicate
                    ? "another writer has stored this sequence number"
                    : String.valueOf(error.getMessage())),
        error);
  }
}
