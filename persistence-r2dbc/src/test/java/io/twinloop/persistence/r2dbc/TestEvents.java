package io.twinloop.persistence.r2dbc;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.pekko.persistence.typed.PersistenceId;

/** Rows for tests that write without an actor: text events of an entity type "Thing". */
final class TestEvents {

  /** Of Pekko's serialiser for strings, so that queries can read the rows back. */
  private static final int STRING_SERIALIZER = 20;

  private TestEvents() {}

  static String id(String entity) {
    return "Thing|" + entity;
  }

  static EventRow event(String entity, long seqNr) {
    return event(entity, seqNr, entity + "-" + seqNr);
  }

  static EventRow event(String entity, long seqNr, String text) {
    String id = id(entity);
    return new EventRow(
        Math.abs(id.hashCode() % 1024),
        PersistenceId.extractEntityType(id),
        id,
        seqNr,
        new Payload(STRING_SERIALIZER, "", text.getBytes(StandardCharsets.UTF_8)),
        "writer",
        "",
        List.of(),
        null);
  }

  static List<EventRow> events(String entity, long from, long to) {
    return LongStream.rangeClosed(from, to).mapToObj(seqNr -> event(entity, seqNr)).toList();
  }
}
