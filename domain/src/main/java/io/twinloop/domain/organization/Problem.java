package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One thing wrong with what was sent.
 *
 * @param pointer where, as a JSON pointer (RFC 6901) into the sent document
 * @param detail what, quoting the bad value
 */
public record Problem(String pointer, String detail) {

  private static final int LONGEST_QUOTE = 80;
  private static final String EXPECTED = ", expected ";

  /** A problem with a property. */
  static Problem of(String name, String detail) {
    return new Problem("/properties/" + name.replace("~", "~0").replace("/", "~1"), detail);
  }

  /** The name of the property it is about, or of the other member. */
  public String name() {
    String last = pointer.substring(pointer.lastIndexOf('/') + 1);
    return last.replace("~1", "/").replace("~0", "~");
  }

  /** The same without the bad value, which is somebody's own affair. */
  public Problem discreet() {
    int expected = detail.lastIndexOf(EXPECTED);
    return new Problem(
        pointer,
        name()
            + " is not what it may be (it is personal and not repeated here)"
            + (expected < 0 ? "" : detail.substring(expected)));
  }

  /** A bad value as a sentence shows it. */
  static String quote(JsonNode value) {
    if (value.isMissingNode()) {
      return "nothing";
    }
    String text = value.isTextual() ? "'" + value.textValue() + "'" : value.toString();
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…";
  }

  /** All of them in a sentence. */
  public static String sentence(List<Problem> problems) {
    return problems.stream().map(Problem::detail).collect(Collectors.joining("; ")) + ".";
  }
}
