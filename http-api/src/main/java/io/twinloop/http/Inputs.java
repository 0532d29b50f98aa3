package io.twinloop.http;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The small formats of the contract: ids, instants, durations. */
public final class Inputs {

  /** The first instant taken; earlier ones are typing errors in a product of this century. */
  public static final Instant FIRST_INSTANT = Instant.parse("1900-01-01T00:00:00Z");

  /** The first instant no longer taken. */
  public static final Instant INSTANT_LIMIT = Instant.parse("2201-01-01T00:00:00Z");

  static final String ID_IN_WORDS = "1 to 128 of the characters A-Z a-z 0-9 . _ : ~ -";
  static final String INSTANT_IN_WORDS =
      "an RFC 3339 instant from 1900 to 2200, like 2026-01-31T08:00:00Z";
  static final String DURATION_IN_WORDS = "a duration like 30s, 500ms, 2m, 1h or PT30S";

  private static final int MAX_ID = 128;
  private static final int MAX_QUOTED = 60;
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\p{Cs}]");
  private static final Pattern SHORT_DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

  private Inputs() {}

  /** Whether the text is an id of the contract: {@code [A-Za-z0-9._:~-]{1,128}}. */
  public static boolean isId(String text) {
    if (text.isEmpty() || text.length() > MAX_ID) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "._:~-".indexOf(c) >= 0;
      if (!plain) {
        return false;
      }
    }
    return true;
  }

  /** The instant of an RFC 3339 text, or empty when it isn't one from 1900 to 2200. */
  public static Optional<Instant> instant(String text) {
    try {
      Instant instant = OffsetDateTime.parse(text).toInstant();
      return instant.isBefore(FIRST_INSTANT) || !instant.isBefore(INSTANT_LIMIT)
          ? Optional.empty()
          : Optional.of(instant);
    } catch (DateTimeException notAnInstant) {
      return Optional.empty();
    }
  }

  /** The duration of a text like {@code 30s} or {@code PT30S}, or empty; never negative. */
  public static Optional<Duration> duration(String text) {
    Matcher parts = SHORT_DURATION.matcher(text);
    if (parts.matches()) {
      long amount = Long.parseLong(parts.group(1));
      return Optional.of(
          switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
          });
    }
    try {
      return Optional.of(Duration.parse(text)).filter(duration -> !duration.isNegative());
    } catch (DateTimeException notADuration) {
      return Optional.empty();
    }
  }

  /** The text within quotes, cut and made printable, for a sentence that quotes a bad value. */
  public static String quoted(String text) {
    return "'" + printable(text, MAX_QUOTED) + "'";
  }

  /** At most so many characters of the text, with a stand-in for those that no one can read. */
  static String printable(String text, int maxLength) {
    String shown = text.length() > maxLength ? text.substring(0, maxLength) + "…" : text;
    return UNPRINTABLE.matcher(shown).replaceAll("\uFFFD");
  }
}
