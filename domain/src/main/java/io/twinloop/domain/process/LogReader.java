package io.twinloop.domain.process;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Reads a log case by case, in memory that does not grow with its length. */
public interface LogReader extends Closeable {

  /** What a log tells. */
  sealed interface Item permits Delivery, Broken, Stopped {}

  /**
   * Events of one case, in the order they were told, each with the line it stands on.
   *
   * @param caseId 1 to {@value CaseEvent#LONGEST_NAME} characters
   */
  record Delivery(String caseId, List<ToldEvent> events, List<Long> lines) implements Item {
    public Delivery {
      events = List.copyOf(events);
      lines = List.copyOf(lines);
    }
  }

  /** An event that can't be taken; reading goes on behind it. */
  record Broken(long line, String code, String detail) implements Item {}

  /** The log can't be read from here on. */
  record Stopped(long line, String code, String detail) implements Item {}

  /** The code of what can't be read. */
  String MALFORMED = "malformed";

  /** The code of what can be read, but not taken. */
  String REFUSED = "refused";

  /**
   * The next item; empty behind the last.
   *
   * @throws IOException when the bytes don't come
   */
  Optional<Item> next() throws IOException;
}
