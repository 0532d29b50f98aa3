package io.twinloop.http.kpi;

import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.http.Inputs;
import io.twinloop.http.Ndjson;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import org.jspecify.annotations.Nullable;

/**
 * Reads a line of samples as nearly every sender writes it, straight from its bytes: an object of
 * known fields, each once; texts of plain ASCII without escapes; an instant in UTC with seconds. It
 * knows no refusals: any other line it leaves to {@link KpiJson#line}, which takes all that is
 * taken here and makes the same of it.
 *
 * <p>A tree of each line cost a third of the CPU of a bulk upload. Used by one stream at a time.
 */
final class UsualLine implements Ndjson.Quick<KpiJson.Line> {

  private static final int LONGEST_SOURCE = 200;
  private static final int LONGEST_NUMBER = 40;
  private static final int FIRST_YEAR = 1900;
  private static final int LAST_YEAR = 2198;
  private static final long LARGEST_EXACT = 1L << 53;

  /** Powers of ten that a double holds exactly. */
  private static final double[] TENS = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  private byte[] bytes = new byte[0];
  private int at;
  private int end;
  private boolean usual;

  // What the line before said is mostly said again.
  private String source = Sample.UNKNOWN_SOURCE;
  private int dayKey = -1;
  private long epochDay;

  @Override
  public KpiJson.@Nullable Line read(byte[] utf8, int offset, int length) {
    bytes = utf8;
    at = offset;
    end = offset + length;
    usual = true;
    String kpiId = null;
    Instant timestamp = null;
    String from = null;
    double value = Double.NaN;
    double confidence = Double.NaN;
    expect('{');
    do {
      int name = begunText();
      int nameEnd = endedText();
      expect(':');
      skipBlanks();
      if (isName(name, nameEnd, "kpiId") && kpiId == null) {
        kpiId = text();
      } else if (isName(name, nameEnd, "timestamp") && timestamp == null) {
        timestamp = instant();
      } else if (isName(name, nameEnd, "value") && Double.isNaN(value)) {
        value = number();
      } else if (isName(name, nameEnd, "source") && from == null) {
        from = source();
      } else if (isName(name, nameEnd, "confidence") && Double.isNaN(confidence)) {
        confidence = number();
      } else {
        usual = false;
      }
    } while (usual && comes(','));
    expect('}');
    skipBlanks();
    if (!usual
        || at != end
        || kpiId == null
        || !Inputs.isId(kpiId)
        || Double.isNaN(value)
        || confidence < 0
        || confidence > 1) {
      return null;
    }
    return new KpiJson.Line(
        kpiId,
        new Measurement(
            timestamp,
            value,
            from == null ? Sample.UNKNOWN_SOURCE : from,
            Double.isNaN(confidence) ? 1.0 : confidence));
  }

  private void skipBlanks() {
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
  }

  private boolean comes(char wanted) {
    skipBlanks();
    if (at < end && bytes[at] == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(char wanted) {
    usual &= comes(wanted);
  }

  /** The place where a text begins, behind its quote. */
  private int begunText() {
    expect('"');
    return at;
  }

  /** The place where the text ends; reading goes on behind its quote. */
  private int endedText() {
    while (at < end && bytes[at] != '"') {
      usual &= bytes[at] >= ' ' && bytes[at] < 0x7f && bytes[at] != '\\';
      at++;
    }
    int textEnd = at;
    usual &= at < end;
    at++;
    return textEnd;
  }

  private boolean isName(int from, int to, String name) {
    if (!usual || to - from != name.length()) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (bytes[from + i] != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private String text() {
    int from = begunText();
    int to = endedText();
    return usual ? new String(bytes, from, to - from, StandardCharsets.ISO_8859_1) : "";
  }

  private String source() {
    int from = begunText();
    int to = endedText();
    if (!isName(from, to, source)) {
      if (!usual || to - from > LONGEST_SOURCE) {
        usual = false;
        return "";
      }
      source = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
      usual = !source.isBlank();
    }
    return source;
  }

  /** A number of JSON, or NaN and no longer usual. */
  private double number() {
    int from = at;
    boolean negative = at < end && bytes[at] == '-';
    if (negative) {
      at++;
    }
    int digitsFrom = at;
    long digits = digits(0);
    usual &= at > digitsFrom && (bytes[digitsFrom] != '0' || at == digitsFrom + 1);
    int scale = 0;
    if (at < end && bytes[at] == '.') {
      int pointAt = at++;
      digits = digits(digits);
      scale = at - pointAt - 1;
      usual &= scale > 0;
    }
    boolean plain = digits >= 0 && digits <= LARGEST_EXACT && scale < TENS.length;
    if (at < end && (bytes[at] == 'e' || bytes[at] == 'E')) {
      plain = false;
      at++;
      if (at < end && (bytes[at] == '+' || bytes[at] == '-')) {
        at++;
      }
      int exponentFrom = at;
      digits(0);
      usual &= at > exponentFrom;
    }
    usual &= at - from <= LONGEST_NUMBER;
    if (!usual) {
      return Double.NaN;
    }
    double value;
    if (plain) {
      // Both are exact in a double, so their quotient is the double nearest to the text. A whole
      // number knows no negative zero.
      double amount = (double) digits / TENS[scale];
      value = negative && (digits != 0 || scale > 0) ? -amount : amount;
    } else {
      value = Double.parseDouble(new String(bytes, from, at - from, StandardCharsets.ISO_8859_1));
    }
    usual = Double.isFinite(value);
    return value;
  }

  /** Reads digits on behind {@code before}; -1 when they are too many for a long. */
  private long digits(long before) {
    long digits = before;
    while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
      digits = digits < 0 || digits > LARGEST_EXACT ? -1 : digits * 10 + (bytes[at] - '0');
      at++;
    }
    return digits;
  }

  /** {@code 2026-01-31T08:00:00Z}, with up to nine digits behind the seconds. */
  private @Nullable Instant instant() {
    int from = begunText();
    int to = endedText();
    if (!usual || to - from < "2026-01-31T08:00:00Z".length() || bytes[to - 1] != 'Z') {
      usual = false;
      return null;
    }
    int year = twoDigits(from) * 100 + twoDigits(from + 2);
    int month = twoDigits(from + 5);
    int day = twoDigits(from + 8);
    int hour = twoDigits(from + 11);
    int minute = twoDigits(from + 14);
    int second = twoDigits(from + 17);
    usual &=
        bytes[from + 4] == '-'
            && bytes[from + 7] == '-'
            && bytes[from + 10] == 'T'
            && bytes[from + 13] == ':'
            && bytes[from + 16] == ':'
            && year >= FIRST_YEAR
            && year <= LAST_YEAR
            && hour < 24
            && minute < 60
            && second < 60;
    int nanos = nanos(from + 19, to - 1);
    if (!usual || !setDay(year, month, day)) {
      usual = false;
      return null;
    }
    return Instant.ofEpochSecond(epochDay * 86_400 + hour * 3_600L + minute * 60L + second, nanos);
  }

  private int twoDigits(int from) {
    int tens = bytes[from] - '0';
    int ones = bytes[from + 1] - '0';
    usual &= tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
    return tens * 10 + ones;
  }

  private int nanos(int from, int to) {
    if (from == to) {
      return 0;
    }
    usual &= bytes[from] == '.' && to - from > 1 && to - from <= 10;
    int nanos = 0;
    for (int i = from + 1; i <= from + 9; i++) {
      int digit = i < to ? bytes[i] - '0' : 0;
      usual &= digit >= 0 && digit <= 9;
      nanos = nanos * 10 + digit;
    }
    return nanos;
  }

  /** Sets the day; says whether there is such a day. */
  private boolean setDay(int year, int month, int day) {
    int key = (year * 100 + month) * 100 + day;
    if (key != dayKey) {
      if (month < 1 || month > 12 || day < 1 || day > YearMonth.of(year, month).lengthOfMonth()) {
        return false;
      }
      epochDay = LocalDate.of(year, month, day).toEpochDay();
      dayKey = key;
    }
    return true;
  }
}
