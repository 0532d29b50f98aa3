package io.twinloop.persistence.r2dbc;

import io.twinloop.persistence.r2dbc.PagedEvents.Page;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Pages of slices for all readers of this process: several projections of the same slices, near the
 * same place, ask PostgreSQL once between them, and deserialise once.
 *
 * <p>A page stays true: readers only see settled events, and no event can come to lie between
 * settled ones. So a reader may take what another has read. Pages are kept for two seconds, a few
 * of each range, and no more bytes than shared-bytes.
 */
final class SharedPages {

  private static final int PAGES_OF_A_RANGE = 4;
  private static final long KEPT_NANOS = 2_000_000_000L;

  private final JournalReads reads;
  private final NewEvents newEvents;
  private final long mostBytes;
  private final AtomicLong bytes = new AtomicLong();
  private final Map<Range, Shelf> shelves = new ConcurrentHashMap<>();

  SharedPages(JournalReads reads, NewEvents newEvents, long mostBytes) {
    this.reads = reads;
    this.newEvents = newEvents;
    this.mostBytes = mostBytes;
  }

  /** Slices of an entity type, both ends included. */
  record Range(String entityType, int minSlice, int maxSlice) {
    boolean holds(EventRow row) {
      return row.slice() >= minSlice
          && row.slice() <= maxSlice
          && row.entityType().equals(entityType);
    }
  }

  /** What was read after an offset. */
  private record Kept(JournalOffset after, Page<SharedEvent> page, long bytes, long readAt) {
    boolean goesOnFrom(JournalOffset offset) {
      return after.compareTo(offset) <= 0
          && page.events().get(page.events().size() - 1).offset().compareTo(offset) > 0;
    }

    Page<SharedEvent> from(JournalOffset offset) {
      if (offset.equals(after)) {
        return page;
      }
      List<SharedEvent> rest =
          page.events().stream().filter(event -> event.offset().compareTo(offset) > 0).toList();
      return new Page<>(rest, page.full());
    }
  }

  private record Asked(long at, CompletableFuture<Page<SharedEvent>> answer) {}

  private static final class Shelf {
    private final ArrayDeque<Kept> kept = new ArrayDeque<>();
    private final Map<JournalOffset, Asked> asked = new HashMap<>();
  }

  /**
   * Events of a range after an offset.
   *
   * @param notBefore an empty answer must be to a question no older than this, by {@link
   *     System#nanoTime}
   */
  CompletableFuture<Page<SharedEvent>> after(Range range, JournalOffset offset, long notBefore) {
    Shelf shelf = shelves.computeIfAbsent(range, first -> new Shelf());
    Asked mine;
    synchronized (shelf) {
      for (Kept kept : shelf.kept) {
        if (kept.goesOnFrom(offset)) {
          return CompletableFuture.completedFuture(kept.from(offset));
        }
      }
      Asked others = shelf.asked.get(offset);
      if (others != null && others.at - notBefore >= 0) {
        return others.answer;
      }
      mine = new Asked(System.nanoTime(), new CompletableFuture<>());
      shelf.asked.put(offset, mine);
    }
    var unused = // the answer goes to all who asked
        reads
            .pageOfSlices(
                range.entityType, range.minSlice, range.maxSlice, offset, JournalReads.NO_BOUND)
            .whenComplete(
                (events, failure) -> answered(range, shelf, offset, mine, events, failure));
    return mine.answer;
  }

  private void answered(
      Range range,
      Shelf shelf,
      JournalOffset offset,
      Asked mine,
      @Nullable List<StoredEvent> events,
      @Nullable Throwable failure) {
    if (events == null) {
      synchronized (shelf) {
        shelf.asked.remove(offset, mine);
      }
      mine.answer.completeExceptionally(
          failure == null ? new IllegalStateException("no answer") : failure);
      return;
    }
    Page<SharedEvent> page =
        new Page<>(events.stream().map(SharedEvent::new).toList(), reads.isFull(events));
    synchronized (shelf) {
      shelf.asked.remove(offset, mine);
      if (!events.isEmpty() && newEvents.readersOf(range) > 1) {
        long size = events.stream().mapToLong(event -> event.row().bytes()).sum();
        keep(shelf, new Kept(offset, page, size, System.nanoTime()));
      }
    }
    mine.answer.complete(page);
  }

  private void keep(Shelf shelf, Kept page) {
    if (shelf.kept.size() == PAGES_OF_A_RANGE) {
      bytes.addAndGet(-shelf.kept.remove().bytes);
    }
    if (bytes.get() + page.bytes <= mostBytes) {
      shelf.kept.add(page);
      bytes.addAndGet(page.bytes);
    }
  }

  /** Drops what is too old; to be called now and then. */
  void expire() {
    long now = System.nanoTime();
    for (Shelf shelf : shelves.values()) {
      synchronized (shelf) {
        while (!shelf.kept.isEmpty() && now - shelf.kept.element().readAt > KEPT_NANOS) {
          bytes.addAndGet(-shelf.kept.remove().bytes);
        }
      }
    }
  }
}
