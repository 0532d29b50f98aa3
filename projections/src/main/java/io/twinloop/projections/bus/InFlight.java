package io.twinloop.projections.bus;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The events of one partition that are being handled, in order of offset; knows up to where all are
 * done.
 */
final class InFlight<T> {

  private record Event<T>(long millis, T commit, boolean done) {}

  private final ConcurrentSkipListMap<Long, Event<T>> events = new ConcurrentSkipListMap<>();

  /** An event is taken up; offsets come in rising order. */
  void begin(long offset, long millis, T commit) {
    events.put(offset, new Event<>(millis, commit, false));
  }

  /** An event is done; answers what to commit when that closed the gap at the beginning. */
  Optional<T> end(long offset) {
    events.computeIfPresent(
        offset, (same, event) -> new Event<>(event.millis(), event.commit(), true));
    Optional<T> commit = Optional.empty();
    for (Map.Entry<Long, Event<T>> first = events.firstEntry();
        first != null && first.getValue().done();
        first = events.firstEntry()) {
      commit = Optional.of(first.getValue().commit());
      events.remove(first.getKey());
    }
    return commit;
  }

  /** Time of the oldest event not done, milliseconds since 1970 UTC; the largest when none is. */
  long oldestMillis() {
    Map.Entry<Long, Event<T>> first = events.firstEntry();
    return first == null ? Long.MAX_VALUE : first.getValue().millis();
  }
}
