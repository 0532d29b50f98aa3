package io.twinloop.http.bus;

import io.twinloop.http.Stages;
import io.twinloop.projections.bus.EventQueries.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.jspecify.annotations.Nullable;

/**
 * Looks for all event streams of this node together whether anything new has come, and only while
 * one of them waits for it: an idle stream costs no query.
 */
final class EventWatch {

  private static final Duration PAUSE = Duration.ofMillis(100);

  /** A stream whose reader has left still waits, so none does for ever. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final Supplier<CompletionStage<Place>> newest;
  private final List<Waiting> waiting = new ArrayList<>();
  private Place seen = Place.BEGINNING;
  private boolean looking;

  private record Waiting(Place place, long until, CompletableFuture<Place> news) {}

  /**
   * @param newest looks for the newest event's place
   */
  EventWatch(Supplier<CompletionStage<Place>> newest) {
    this.newest = newest;
  }

  /**
   * The newest place, as soon as it lies after this one; after half a minute of nothing the newest
   * as it is. Fails when a look does.
   */
  CompletionStage<Place> after(Place place, ActorSystem<?> system) {
    Waiting mine =
        new Waiting(place, System.nanoTime() + LONGEST_WAIT.toNanos(), new CompletableFuture<>());
    synchronized (this) {
      if (seen.isAfter(place)) {
        return CompletableFuture.completedStage(seen);
      }
      waiting.add(mine);
      if (looking) {
        return mine.news();
      }
      looking = true;
    }
    lookSoon(system);
    return mine.news();
  }

  private void lookSoon(ActorSystem<?> system) {
    system.scheduler().scheduleOnce(PAUSE, () -> look(system), system.executionContext());
  }

  private void look(ActorSystem<?> system) {
    CompletionStage<Place> found;
    try {
      found = newest.get();
    } catch (RuntimeException e) {
      found = CompletableFuture.failedStage(e);
    }
    Stages.handle(
        found,
        (place, failure) -> {
          tell(place, failure);
          if (isWaitedFor()) {
            lookSoon(system);
          }
          return place;
        });
  }

  private void tell(@Nullable Place place, @Nullable Throwable failure) {
    List<Waiting> ready = new ArrayList<>();
    Place then;
    synchronized (this) {
      if (place != null && place.isAfter(seen)) {
        seen = place;
      }
      then = seen;
      long now = System.nanoTime();
      for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
        Waiting one = all.next();
        if (failure != null || then.isAfter(one.place()) || now - one.until() >= 0) {
          all.remove();
          ready.add(one);
        }
      }
    }
    for (Waiting one : ready) {
      if (failure == null) {
        one.news().complete(then);
      } else {
        one.news().completeExceptionally(failure);
      }
    }
  }

  private synchronized boolean isWaitedFor() {
    looking = !waiting.isEmpty();
    return looking;
  }
}
