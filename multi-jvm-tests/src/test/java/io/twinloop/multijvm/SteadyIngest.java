package io.twinloop.multijvm;

import io.twinloop.multijvm.Twin.Answer;
import io.twinloop.multijvm.Twin.Point;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Somebody who sends samples of one KPI without pause and remembers which were acknowledged. What
 * was not acknowledged is sent again, the same as before, until it is. The series is calm with a
 * spike now and then, which opens an episode that the next sample closes.
 */
final class SteadyIngest implements AutoCloseable {

  /** A spike comes with every so many samples. */
  static final int SPIKE_EVERY = 60;

  private static final int BATCH = 5;

  private final Twin twin;
  private final String kpiId;
  private final Random chance;
  private final Map<Instant, Double> acknowledged = new TreeMap<>();
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final Thread thread = new Thread(this::run, "ingest");
  private int sent;
  private Instant latest = Instant.EPOCH;
  private final AtomicInteger unanswered = new AtomicInteger();

  SteadyIngest(Twin twin, String kpiId, long seed) {
    this.twin = twin;
    this.kpiId = kpiId;
    this.chance = new Random(seed);
  }

  SteadyIngest start() {
    thread.start();
    return this;
  }

  /** What was acknowledged: value by timestamp. */
  Map<Instant, Double> acknowledged() {
    synchronized (acknowledged) {
      return new TreeMap<>(acknowledged);
    }
  }

  /** How many requests had no answer, or a refusal. */
  int unanswered() {
    return unanswered.get();
  }

  private void run() {
    while (!stopping.get()) {
      List<Point> batch = nextBatch();
      while (!isAcknowledged(batch) && !stopping.get()) {
        unanswered.incrementAndGet();
        pause();
      }
    }
  }

  private List<Point> nextBatch() {
    List<Point> batch = new ArrayList<>();
    for (int i = 0; i < BATCH; i++) {
      double value = 100 + chance.nextGaussian();
      boolean spike = sent > 40 && sent % SPIKE_EVERY == 0;
      batch.add(new Point(nextTimestamp(), spike ? 1_000 : value));
      sent++;
    }
    return batch;
  }

  /**
   * Of now: what a person measures meanwhile is stamped by the node, and what is older is history.
   */
  private Instant nextTimestamp() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    latest = now.isAfter(latest) ? now : latest.plusMillis(1);
    return latest;
  }

  private boolean isAcknowledged(List<Point> batch) {
    try {
      Answer answer = twin.takeSamples(kpiId, "ingest", batch);
      if (!answer.isOk()) {
        return false;
      }
    } catch (UncheckedIOException nobodyAnswered) {
      return false;
    }
    synchronized (acknowledged) {
      batch.forEach(point -> acknowledged.put(point.timestamp(), point.value()));
    }
    return true;
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops after the batch under way. */
  @Override
  public void close() {
    stopping.set(true);
    try {
      thread.join(TimeUnit.SECONDS.toMillis(60));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
