package io.twinloop.projections.audit;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A number of places; who finds none waits in line for one, not longer than a while, and goes on on
 * a thread of its own: the one that gives a place back has other work.
 */
final class AuditPlaces {

  private static final CompletionStage<Void> TAKEN = CompletableFuture.completedStage(null);

  private final Duration patience;
  private final Executor afterWaiting;
  private final int size;
  private final Set<InLine> line = new LinkedHashSet<>();
  private int free;

  /** One who waits for a place. */
  private static final class InLine {
    private final CompletableFuture<Void> place = new CompletableFuture<>();
  }

  AuditPlaces(int size, Duration patience, Executor afterWaiting) {
    this.afterWaiting = afterWaiting;
    this.size = size;
    this.free = size;
    this.patience = patience;
  }

  /** Completes when a place was taken; fails when none came free in time. */
  CompletionStage<Void> take() {
    InLine waiter = new InLine();
    synchronized (this) {
      if (free > 0) {
        free--;
        return TAKEN;
      }
      line.add(waiter);
    }
    return waiter
        .place
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (taken, late) -> {
              if (late != null) {
                leave(waiter);
                throw new AuditTrail.FullException();
              }
              return null;
            },
            afterWaiting);
  }

  /** Gives a place back: to the first in line, or to whoever comes. */
  void giveBack() {
    boolean given;
    do {
      Optional<InLine> next = nextInLine();
      // Who just ran out of patience doesn't take it: it goes to the one behind.
      given = next.isEmpty() || next.get().place.complete(null);
    } while (!given);
  }

  /** The first in line; where nobody waits, the place is free now. */
  private synchronized Optional<InLine> nextInLine() {
    Iterator<InLine> first = line.iterator();
    if (!first.hasNext()) {
      free++;
      return Optional.empty();
    }
    InLine next = first.next();
    first.remove();
    return Optional.of(next);
  }

  private synchronized void leave(InLine waiter) {
    line.remove(waiter);
  }

  synchronized int taken() {
    return size - free;
  }
}
