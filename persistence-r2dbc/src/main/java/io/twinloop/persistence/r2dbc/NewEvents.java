package io.twinloop.persistence.r2dbc;

import io.twinloop.persistence.r2dbc.SharedPages.Range;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells the readers in this process that there are events for them, so that they needn't ask again
 * and again: those just written here by the rows themselves, those of other nodes by what {@link
 * JournalWatch} sees.
 */
final class NewEvents {

  private static final String ANY_TYPE = "";

  private final Map<String, Set<Subscription>> byType = new ConcurrentHashMap<>();

  /** Of an entity type and a range of slices, both ends included. */
  Subscription ofSlices(String entityType, int minSlice, int maxSlice, Runnable callback) {
    Range range = new Range(entityType, minSlice, maxSlice);
    return add(new Subscription(entityType, range, range::holds, callback));
  }

  Subscription ofPersistenceId(String persistenceId, Runnable callback) {
    return add(
        new Subscription(
            ANY_TYPE, null, row -> row.persistenceId().equals(persistenceId), callback));
  }

  private Subscription add(Subscription subscription) {
    byType.compute(
        subscription.entityType,
        (type, known) -> {
          Set<Subscription> readers = known == null ? ConcurrentHashMap.newKeySet() : known;
          readers.add(subscription);
          return readers;
        });
    return subscription;
  }

  /** Entity types that somebody waits for. */
  List<String> entityTypes() {
    return byType.keySet().stream().filter(type -> !type.equals(ANY_TYPE)).toList();
  }

  /** How many readers of this process follow exactly these slices. */
  long readersOf(Range range) {
    return byType.getOrDefault(range.entityType(), Set.of()).stream()
        .filter(reader -> range.equals(reader.range))
        .count();
  }

  /** Called on the committing thread after each flush. */
  void committed(List<EventRow> rows) {
    Set<Subscription> ofAnyType = byType.getOrDefault(ANY_TYPE, Set.of());
    for (EventRow row : rows) {
      byType.getOrDefault(row.entityType(), Set.of()).forEach(reader -> reader.offer(row));
      ofAnyType.forEach(reader -> reader.offer(row));
    }
  }

  /** There are settled events of this type that readers of some of its slices haven't seen. */
  void arrived(String entityType) {
    byType.getOrDefault(entityType, Set.of()).forEach(Subscription::wake);
  }

  /**
   * PostgreSQL was away. If it crashed, transactions that did not wait for its disk are gone, and
   * with them what readers of slices wrote last; they end, to begin again from what is stored.
   */
  void lost(Throwable failure) {
    byType.values().stream()
        .flatMap(Set::stream)
        .filter(reader -> reader.range != null)
        .forEach(reader -> reader.lose(failure));
  }

  /** What one reader waits for. It is called back once, until it has taken what was told. */
  final class Subscription {
    private final String entityType;
    private final @Nullable Range range;
    private final Predicate<EventRow> wanted;
    private final Runnable callback;
    private final AtomicBoolean committed = new AtomicBoolean();
    private final AtomicBoolean arrived = new AtomicBoolean();
    private volatile long wokenAt = System.nanoTime();
    private volatile @Nullable Throwable lost;

    private Subscription(
        String entityType, @Nullable Range range, Predicate<EventRow> wanted, Runnable callback) {
      this.entityType = entityType;
      this.range = range;
      this.wanted = wanted;
      this.callback = callback;
    }

    private void offer(EventRow row) {
      if (!committed.get() && wanted.test(row) && committed.compareAndSet(false, true)) {
        callback.run();
      }
    }

    private void wake() {
      wokenAt = System.nanoTime();
      if (arrived.compareAndSet(false, true)) {
        callback.run();
      }
    }

    private void lose(Throwable failure) {
      lost = failure;
      callback.run();
    }

    /** Why it is to end; null while it may go on. */
    @Nullable Throwable lost() {
      return lost;
    }

    boolean isTold() {
      return committed.get() || arrived.get();
    }

    /**
     * Takes what was told; to be called before reading. True when events were committed here, which
     * the reader will see as soon as no older transaction is open.
     */
    boolean take() {
      arrived.set(false);
      return committed.getAndSet(false);
    }

    /**
     * When it was last told of arrived events, by {@link System#nanoTime}; what was asked of
     * PostgreSQL before doesn't tell of them. To be read after {@link #take}.
     */
    long wokenAt() {
      return wokenAt;
    }

    void cancel() {
      byType.computeIfPresent(
          entityType,
          (type, readers) -> {
            readers.remove(this);
            return readers.isEmpty() ? null : readers;
          });
    }
  }
}
