package io.twinloop.domain.process;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells the events of a case apart, so that one told twice counts once.
 *
 * <p>An event is known by the sender's id; without one by its activity, phase, instant and
 * resource, and among events that agree in all of these by how many of them were told before it in
 * the same delivery. What is kept is a 64-bit digest: among 10,000 events of a case two different
 * ones share it once in some 10<sup>11</sup> cases.
 */
public final class EventIdentity {

  private EventIdentity() {}

  /** The events of one case in one delivery, each with its key; in the order they were told. */
  public static List<CaseEvent> identify(List<ToldEvent> told) {
    Map<String, Integer> seen = new HashMap<>();
    List<CaseEvent> events = new ArrayList<>(told.size());
    for (ToldEvent event : told) {
      String name;
      if (event.id() != null) {
        name = "id\n" + event.id();
      } else {
        String alike =
            "%s\n%s\n%s\n%s"
                .formatted(
                    event.activity(),
                    event.phase(),
                    event.at().truncatedTo(ChronoUnit.MICROS),
                    event.resource());
        name = alike + "\n" + seen.merge(alike, 1, Integer::sum);
      }
      events.add(
          new CaseEvent(
              event.activity(),
              event.at().truncatedTo(ChronoUnit.MICROS),
              event.resource(),
              event.phase(),
              event.end(),
              digest(name)));
    }
    return events;
  }

  /** The first 64 bits of the SHA-256 of the text. */
  public static long digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
