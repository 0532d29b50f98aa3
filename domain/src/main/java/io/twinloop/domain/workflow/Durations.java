package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as the DSL writes them: ISO 8601 text or an object of days, hours, minutes, seconds and
 * milliseconds. Years and months are refused, having no fixed length; so is anything over 100
 * years.
 */
final class Durations {

  static final Duration LONGEST = Duration.ofDays(36_525);

  private static final Pattern ISO_8601 =
      Pattern.compile(
          "P(?=.)(?:(\\d{1,9}(?:\\.\\d{1,9})?)Y)?(?:(\\d{1,9}(?:\\.\\d{1,9})?)M)?"
              + "(?:(\\d{1,9}(?:\\.\\d{1,9})?)W)?(?:(\\d{1,9}(?:\\.\\d{1,9})?)D)?"
              + "(?:T(?=\\d)(?:(\\d{1,9}(?:\\.\\d{1,9})?)H)?(?:(\\d{1,9}(?:\\.\\d{1,9})?)M)?"
              + "(?:(\\d{1,12}(?:\\.\\d{1,9})?)S)?)?");

  /** Seconds in a unit of {@link #ISO_8601}, by the number of its group from the third on. */
  private static final List<Integer> UNIT_SECONDS = List.of(604_800, 86_400, 3_600, 60, 1);

  private static final Map<String, Duration> FIELDS =
      Map.of(
          "days", Duration.ofDays(1),
          "hours", Duration.ofHours(1),
          "minutes", Duration.ofMinutes(1),
          "seconds", Duration.ofSeconds(1),
          "milliseconds", Duration.ofMillis(1));

  private Durations() {}

  /**
   * Reads a duration.
   *
   * @throws IllegalArgumentException quoting a value that is none
   */
  static Duration read(JsonNode value) {
    Duration duration =
        value.isTextual()
            ? ofText(value.textValue())
            : value.isObject() && !value.isEmpty() ? ofFields(value) : refuse(value.toString());
    if (duration.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("The duration " + value + " is longer than 100 years.");
    }
    return duration;
  }

  private static Duration ofText(String text) {
    Matcher parts = ISO_8601.matcher(text);
    if (!parts.matches()) {
      return refuse('"' + text + '"');
    }
    if (parts.group(1) != null || parts.group(2) != null) {
      throw new IllegalArgumentException(
          "The duration \""
              + text
              + "\" counts years or months, which have no fixed length; use days.");
    }
    BigDecimal seconds = BigDecimal.ZERO;
    for (int unit = 0; unit < UNIT_SECONDS.size(); unit++) {
      String count = parts.group(unit + 3);
      if (count != null) {
        seconds =
            seconds.add(new BigDecimal(count).multiply(BigDecimal.valueOf(UNIT_SECONDS.get(unit))));
      }
    }
    BigDecimal nanos = seconds.movePointRight(9).setScale(0, RoundingMode.HALF_UP);
    BigDecimal[] split = nanos.divideAndRemainder(BigDecimal.valueOf(1_000_000_000));
    return Duration.ofSeconds(split[0].longValueExact(), split[1].longValueExact());
  }

  private static Duration ofFields(JsonNode value) {
    Duration sum = Duration.ZERO;
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      Duration unit = FIELDS.get(field.getKey());
      JsonNode count = field.getValue();
      if (unit == null
          || !count.canConvertToInt()
          || !count.canConvertToExactIntegral() // 5.0 too: jq knows one kind of number
          || count.intValue() < 0) {
        return refuse(value.toString());
      }
      sum = sum.plus(unit.multipliedBy(count.intValue()));
    }
    return sum;
  }

  private static Duration refuse(String quoted) {
    throw new IllegalArgumentException(
        "Expected a duration such as \"PT15M\" or {\"minutes\": 15}, but found " + quoted + ".");
  }
}
