package io.twinloop.integrations.http;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;

/** How long the other side wants to be left alone: the field Retry-After of RFC 9110, 10.2.3. */
public final class RetryAfter {

  private RetryAfter() {}

  /**
   * The time a header asks for, empty when there is none or it can't be read.
   *
   * @param headers names in lower case
   */
  public static Optional<Duration> of(Map<String, String> headers, Instant now) {
    String text = headers.getOrDefault("retry-after", "").strip();
    if (text.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      return Optional.of(then.isBefore(now) ? Duration.ZERO : Duration.between(now, then));
    } catch (DateTimeException neitherSecondsNorADate) {
      return Optional.empty();
    }
  }
}
