package io.twinloop.domain.process;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;

/** The keys of a case's events: eight bytes each, since many cases are held at a time. */
public final class EventKeys {

  /** No event. */
  public static final EventKeys NONE = new EventKeys(new long[0]);

  private final long[] sorted;

  private EventKeys(long[] sorted) {
    this.sorted = sorted;
  }

  /** These keys, in any order. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static EventKeys of(long[] keys) {
    long[] sorted = keys.clone();
    Arrays.sort(sorted);
    return new EventKeys(sorted);
  }

  public int size() {
    return sorted.length;
  }

  public boolean contains(long key) {
    return Arrays.binarySearch(sorted, key) >= 0;
  }

  /** These keys and those of the events. */
  public EventKeys with(List<CaseEvent> events) {
    long[] more = Arrays.copyOf(sorted, sorted.length + events.size());
    for (int i = 0; i < events.size(); i++) {
      more[sorted.length + i] = events.get(i).key();
    }
    Arrays.sort(more);
    return new EventKeys(more);
  }

  @JsonValue
  long[] toArray() {
    return sorted.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EventKeys keys && Arrays.equals(sorted, keys.sorted);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sorted);
  }

  @Override
  public String toString() {
    return sorted.length + " events";
  }
}
