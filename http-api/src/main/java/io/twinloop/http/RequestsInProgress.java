package io.twinloop.http;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests are answered at once. One more is refused before anything is done for it, so
 * that those let in are answered as fast as the machine can, and none waits for long.
 */
final class RequestsInProgress {

  private final AtomicInteger places;

  /**
   * @param most 1 or more
   */
  RequestsInProgress(int most) {
    this.places = new AtomicInteger(most);
  }

  /** A guess that costs nothing: whether a request that comes now would be refused. */
  boolean isFull() {
    return places.get() <= 0;
  }

  /** Takes a place, if there is one; who got it gives it back. */
  boolean enter() {
    if (places.decrementAndGet() >= 0) {
      return true;
    }
    places.incrementAndGet();
    return false;
  }

  void leave() {
    places.incrementAndGet();
  }
}
