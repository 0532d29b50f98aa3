package io.twinloop.persistence.r2dbc;

import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the journal counts, for a metrics library to read: counters only grow, gauges are as of now.
 * Safe for use by any thread.
 */
public final class JournalMetrics {

  /**
   * Is told of every flush; runs on the thread that talks to PostgreSQL and must return at once.
   */
  @FunctionalInterface
  public interface FlushListener {
    /**
     * Called after a flush was stored.
     *
     * @param rows events written together, at least 1
     * @param latency from sending the statement to PostgreSQL's answer
     */
    void flushed(int rows, Duration latency);
  }

  private final LongAdder flushes = new LongAdder();
  private final LongAdder rows = new LongAdder();
  private final LongAdder flushNanos = new LongAdder();
  private final LongAdder failedWrites = new LongAdder();
  private final LongAdder refusedForOverload = new LongAdder();
  private final CopyOnWriteArrayList<FlushListener> listeners = new CopyOnWriteArrayList<>();
  private volatile int queuedRows;
  private volatile long queuedBytes;
  private volatile Duration horizonAge = Duration.ZERO;

  /** Flushes that stored something, since the actor system started. */
  public long flushes() {
    return flushes.sum();
  }

  /** Events stored, since the actor system started. */
  public long rows() {
    return rows.sum();
  }

  /** Time spent in the flushes counted by {@link #flushes()}. */
  public Duration flushTime() {
    return Duration.ofNanos(flushNanos.sum());
  }

  /**
   * Writes that failed for whatever reason but overload. One write is what one entity persists at a
   * time.
   */
  public long failedWrites() {
    return failedWrites.sum();
  }

  /** Writes refused as the queue was full. */
  public long refusedForOverload() {
    return refusedForOverload.sum();
  }

  /** Events that wait for a flush now. */
  public int queuedRows() {
    return queuedRows;
  }

  /** Their payload bytes. */
  public long queuedBytes() {
    return queuedBytes;
  }

  /**
   * For how long the oldest open writing transaction of the PostgreSQL instance has kept readers of
   * slices from newer events; zero when none does. Measured every {@code health-interval}, so up to
   * one interval too young. Worth an alert above a few seconds.
   */
  public Duration horizonAge() {
    return horizonAge;
  }

  public void addFlushListener(FlushListener listener) {
    listeners.add(listener);
  }

  void flushed(int rowsWritten, long nanos) {
    flushes.increment();
    rows.add(rowsWritten);
    flushNanos.add(nanos);
    Duration latency = Duration.ofNanos(nanos);
    for (FlushListener listener : listeners) {
      listener.flushed(rowsWritten, latency);
    }
  }

  void writesFailed(int writes) {
    failedWrites.add(writes);
  }

  void refusedForOverload(int writes) {
    refusedForOverload.add(writes);
  }

  void queued(int rowsWaiting, long bytesWaiting) {
    queuedRows = rowsWaiting;
    queuedBytes = bytesWaiting;
  }

  void horizonAge(Duration age) {
    horizonAge = age;
  }
}
