package io.twinloop.http;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How far a read model must have come to show what a caller wrote: the value of {@code
 * Twinloop-Position} and {@code Twinloop-After}.
 *
 * @param sequenceNrs by persistence id the sequence number of its last event, 1 or more; at most
 *     {@value #MAX_ENTRIES} entries
 */
public record ReadPosition(Map<String, Long> sequenceNrs) {

  public static final int MAX_ENTRIES = 50;

  private static final int MAX_PERSISTENCE_ID = 300;

  public ReadPosition {
    if (sequenceNrs.isEmpty() || sequenceNrs.size() > MAX_ENTRIES) {
      throw new IllegalArgumentException(
          "A position has 1 to " + MAX_ENTRIES + " entries, not " + sequenceNrs.size());
    }
    sequenceNrs.forEach(
        (persistenceId, sequenceNr) -> {
          if (persistenceId.isEmpty()
              || persistenceId.length() > MAX_PERSISTENCE_ID
              || persistenceId.indexOf(',') >= 0
              || persistenceId.indexOf('@') >= 0) {
            throw new IllegalArgumentException("Not a persistence id: '" + persistenceId + "'");
          }
          if (sequenceNr < 1) {
            throw new IllegalArgumentException("Not a sequence number: " + sequenceNr);
          }
        });
    sequenceNrs = Map.copyOf(sequenceNrs);
  }

  /** The position of one event. */
  public static ReadPosition of(String persistenceId, long sequenceNr) {
    return new ReadPosition(Map.of(persistenceId, sequenceNr));
  }

  /** The position behind both. */
  public ReadPosition and(ReadPosition other) {
    Map<String, Long> both = new HashMap<>(sequenceNrs);
    other.sequenceNrs.forEach((id, sequenceNr) -> both.merge(id, sequenceNr, Math::max));
    return new ReadPosition(both);
  }

  /** The header value. */
  public String encode() {
    StringBuilder entries = new StringBuilder();
    Map<String, Long> inOrder = sequenceNrs.size() == 1 ? sequenceNrs : new TreeMap<>(sequenceNrs);
    inOrder.forEach(
        (persistenceId, sequenceNr) ->
            entries
                .append(entries.isEmpty() ? "" : ",")
                .append(persistenceId)
                .append('@')
                .append((long) sequenceNr));
    return OpaqueToken.encode(entries.toString());
  }

  /** The position of a header value, or empty when it isn't one. */
  public static Optional<ReadPosition> decode(String token) {
    Optional<String> text = OpaqueToken.decode(token);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Long> sequenceNrs = new LinkedHashMap<>();
    try {
      for (String entry : text.get().split(",", MAX_ENTRIES + 1)) {
        int at = entry.lastIndexOf('@');
        if (at < 1) {
          return Optional.empty();
        }
        sequenceNrs.put(entry.substring(0, at), Long.valueOf(entry.substring(at + 1)));
      }
      return Optional.of(new ReadPosition(sequenceNrs));
    } catch (IllegalArgumentException notAPosition) {
      return Optional.empty();
    }
  }
}
