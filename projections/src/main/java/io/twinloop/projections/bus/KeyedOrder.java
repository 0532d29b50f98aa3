package io.twinloop.projections.bus;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs work of the same key one after the other, and work of different keys side by side.
 *
 * <p>Work that is done at once is followed by the next in a loop: a chain of stages would take more
 * stack the longer the queue of a key is.
 */
final class KeyedOrder {

  /** Work that has its turn when what is before it in the queue of its key is done. */
  private record Turn(Supplier<CompletionStage<Void>> work, CompletableFuture<Void> done) {

    /** Begins; the stage has the outcome when the work has one. */
    CompletionStage<Void> begin() {
      try {
        return work.get();
      } catch (RuntimeException e) {
        return CompletableFuture.failedFuture(e);
      }
    }

    void end(@Nullable Throwable failure) {
      if (failure == null) {
        done.complete(null);
      } else {
        done.completeExceptionally(failure);
      }
    }
  }

  /** What waits behind the work at hand, by key; a key without work at hand is not in it. */
  private final Map<String, Queue<Turn>> waiting = new HashMap<>();

  /**
   * Runs work when all work of its key given before is over, done or failed.
   *
   * @param key null for work that need not wait
   * @return what the work comes to
   */
  CompletionStage<Void> next(@Nullable String key, Supplier<CompletionStage<Void>> work) {
    Turn turn = new Turn(work, new CompletableFuture<>());
    if (key == null) {
      turn.begin().whenComplete((done, failure) -> turn.end(failure));
    } else if (isFirst(key, turn)) {
      run(key, turn);
    }
    return turn.done();
  }

  private void run(String key, @Nullable Turn first) {
    for (Turn turn = first; turn != null; turn = following(key)) {
      Turn current = turn;
      CompletionStage<Void> outcome = current.begin();
      if (!outcome.toCompletableFuture().isDone()) {
        outcome.whenComplete(
            (done, failure) -> {
              current.end(failure);
              run(key, following(key));
            });
        return;
      }
      outcome.whenComplete((done, failure) -> current.end(failure));
    }
  }

  /** Whether nothing of the key is at hand; else it is put behind. */
  private synchronized boolean isFirst(String key, Turn turn) {
    Queue<Turn> others = waiting.get(key);
    if (others == null) {
      waiting.put(key, new ArrayDeque<>());
      return true;
    }
    others.add(turn);
    return false;
  }

  private synchronized @Nullable Turn following(String key) {
    Turn turn = waiting.get(key).poll();
    if (turn == null) {
      waiting.remove(key);
    }
    return turn;
  }
}
