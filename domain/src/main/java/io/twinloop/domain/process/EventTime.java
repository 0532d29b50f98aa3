package io.twinloop.domain.process;

import java.text.ParsePosition;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Times as logs write them. A time without offset is taken as UTC. */
public final class EventTime {

  /** What is read, for a sentence that refuses. */
  public static final String IN_WORDS =
      "a time from 1900 to 2200 like 2026-01-31T08:00:00Z, 2026-01-31 08:00:00.123+02:00,"
          + " 2026/01/31 08:00, 31.01.2026 08:00:00 or milliseconds since 1970";

  private static final Instant FIRST = Instant.parse("1900-01-01T00:00:00Z");
  private static final Instant LIMIT = Instant.parse("2201-01-01T00:00:00Z");

  private static final List<DateTimeFormatter> FORMATS =
      List.of(format("uuuu-M-d"), format("uuuu/M/d"), format("d.M.uuuu"));

  private EventTime() {}

  private static DateTimeFormatter format(String date) {
    return new DateTimeFormatterBuilder()
        .parseCaseInsensitive()
        .appendPattern(date)
        .optionalStart()
        .appendPattern("['T'][ ]H:mm")
        .optionalStart()
        .appendPattern(":ss")
        .optionalStart()
        .appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true)
        .optionalEnd()
        .optionalEnd()
        .appendPattern("[ ]")
        .appendPattern("[XXX][XX][X]")
        .optionalStart()
        .appendLiteral("UTC")
        .optionalEnd()
        .optionalEnd()
        .toFormatter(Locale.ROOT)
        .withResolverStyle(ResolverStyle.STRICT);
  }

  /** The instant a text names, empty when it names none from 1900 to 2200. */
  public static Optional<Instant> parse(String text) {
    String stripped = text.strip();
    return (isNumber(stripped) ? ofNumber(stripped) : ofText(stripped))
        .filter(instant -> !instant.isBefore(FIRST) && instant.isBefore(LIMIT));
  }

  private static boolean isNumber(String text) {
    return text.length() >= 12
        && text.length() <= 14
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private static Optional<Instant> ofNumber(String millis) {
    return Optional.of(Instant.ofEpochMilli(Long.parseLong(millis)));
  }

  private static Optional<Instant> ofText(String text) {
    boolean spaced = text.length() > 10 && text.charAt(10) == ' ';
    String usual = spaced ? text.substring(0, 10) + "T" + text.substring(11) : text;
    return Stream.concat(
            with(DateTimeFormatter.ISO_OFFSET_DATE_TIME, usual).stream(),
            FORMATS.stream().flatMap(format -> with(format, text).stream()))
        .findFirst();
  }

  private static Optional<Instant> with(DateTimeFormatter format, String text) {
    ParsePosition place = new ParsePosition(0);
    // Answers null where parse would throw: a log may have millions of times in another form.
    if (format.parseUnresolved(text, place) == null || place.getIndex() < text.length()) {
      return Optional.empty();
    }
    try {
      TemporalAccessor read =
          format.parseBest(text, OffsetDateTime::from, LocalDateTime::from, LocalDate::from);
      if (read instanceof OffsetDateTime time) {
        return Optional.of(time.toInstant());
      }
      LocalDateTime local =
          read instanceof LocalDateTime time ? time : ((LocalDate) read).atStartOfDay();
      return Optional.of(local.toInstant(ZoneOffset.UTC));
    } catch (DateTimeException other) {
      return Optional.empty();
    }
  }
}
