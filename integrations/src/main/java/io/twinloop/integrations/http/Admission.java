package io.twinloop.integrations.http;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lets calls in, as many at a time as may be altogether and for each destination; the others wait
 * in the order they came, but not behind one whose destination is full.
 *
 * @param <C> a call
 */
final class Admission<C> {

  private record Waiting<C>(C call, String destination) {}

  /** What becomes of a call that asks to be let in. */
  enum Answer {
    ENTER,
    WAIT,
    FULL
  }

  private final int mostAtOnce;
  private final int mostPerDestination;
  private final int mostWaiting;
  private final Map<String, Integer> inside = new HashMap<>();
  private final Deque<Waiting<C>> waiting = new ArrayDeque<>();
  private int all;

  Admission(int mostAtOnce, int mostPerDestination, int mostWaiting) {
    this.mostAtOnce = mostAtOnce;
    this.mostPerDestination = mostPerDestination;
    this.mostWaiting = mostWaiting;
  }

  synchronized Answer ask(C call, String destination) {
    if (hasRoom(destination)) {
      enter(destination);
      return Answer.ENTER;
    }
    if (waiting.size() == mostWaiting) {
      return Answer.FULL;
    }
    waiting.add(new Waiting<>(call, destination));
    return Answer.WAIT;
  }

  /** One call is over; answers the one that enters in its place. */
  synchronized Optional<C> leave(String destination) {
    all--;
    inside.computeIfPresent(destination, (name, count) -> count == 1 ? null : count - 1);
    for (Iterator<Waiting<C>> each = waiting.iterator(); each.hasNext(); ) {
      Waiting<C> next = each.next();
      if (hasRoom(next.destination())) {
        each.remove();
        enter(next.destination());
        return Optional.of(next.call());
      }
    }
    return Optional.empty();
  }

  /** A call waits no more. */
  synchronized void withdraw(C call) {
    waiting.removeIf(each -> each.call() == call);
  }

  /** Lets nobody wait any more; answers who did. */
  synchronized List<C> clear() {
    List<C> calls = new ArrayList<>();
    waiting.forEach(each -> calls.add(each.call()));
    waiting.clear();
    return calls;
  }

  private boolean hasRoom(String destination) {
    return all < mostAtOnce && inside.getOrDefault(destination, 0) < mostPerDestination;
  }

  private void enter(String destination) {
    all++;
    inside.merge(destination, 1, Integer::sum);
  }
}
