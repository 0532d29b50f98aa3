package io.twinloop.http;

import java.time.Instant;

/** Cursors of lists that are ordered by time, then id. */
public final class Cursors {

  private Cursors() {}

  /** The last entry of the page before. */
  public record TimeAndId(Instant time, String id) {
    private static final TimeAndId BEGINNING =
        new TimeAndId(Instant.parse("1900-01-01T00:00:00Z"), "");
  }

  /** The cursor after an entry. */
  public static String of(Instant time, String id) {
    return time + " " + id;
  }

  /** The number a cursor holds; refuses a cursor that is none of ours. */
  public static long number(String cursor) {
    try {
      return Long.parseLong(cursor);
    } catch (NumberFormatException e) {
      throw foreign();
    }
  }

  /** Where the caller's page begins; refuses a cursor that is none of ours. */
  public static TimeAndId timeAndId(Call call) {
    return call.cursor().map(Cursors::parse).orElse(TimeAndId.BEGINNING);
  }

  private static TimeAndId parse(String cursor) {
    int space = cursor.indexOf(' ');
    return new TimeAndId(
        instant(cursor.substring(0, Math.max(space, 0))), cursor.substring(space + 1));
  }

  /** The instant a cursor holds; refuses a cursor that is none of ours. */
  public static Instant instant(String cursor) {
    return Inputs.instant(cursor).orElseThrow(Cursors::foreign);
  }

  /** The refusal of a cursor that this list did not give. */
  public static ProblemException foreign() {
    return Problems.at("?cursor", "malformed", "The cursor is none that this list gave.").refuse();
  }
}
