package io.twinloop.persistence.r2dbc;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Tells the readers in this process that events were committed, so that they needn't wait for their
 * next poll.
 */
final class NewEvents {

  private final Set<Subscription> subscriptions = ConcurrentHashMap.newKeySet();

  /**
   * Calls back, on the committing thread, after each flush that holds an event the reader asks for.
   */
  Subscription subscribe(Predicate<EventRow> wanted, Runnable callback) {
    Subscription subscription = new Subscription(wanted, callback);
    subscriptions.add(subscription);
    return subscription;
  }

  void committed(List<EventRow> rows) {
    for (Subscription subscription : subscriptions) {
      if (rows.stream().anyMatch(subscription.wanted)) {
        subscription.callback.run();
      }
    }
  }

  final class Subscription {
    private final Predicate<EventRow> wanted;
    private final Runnable callback;

    private Subscription(Predicate<EventRow> wanted, Runnable callback) {
      this.wanted = wanted;
      this.callback = callback;
    }

    void cancel() {
      subscriptions.remove(this);
    }
  }
}
