package io.twinloop.domain.organization;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads a table with separated values (RFC 4180) piece by piece, in flat memory.
 *
 * <p>Encoding and separator are found out where they are not said: a byte order mark or the zeros
 * of UTF-16, else UTF-8; the one of comma, semicolon, tab and bar that stands most often in the
 * first line, or what Excel's {@code sep=} says. A cell in quotes may go over several lines; where
 * its end does not come, only the line it began in is given up and reading goes on behind it.
 */
public final class TableReader {

  /** A line, and a record of several, has at most so many characters. */
  public static final int LONGEST_RECORD = 65_536;

  private static final int MOST_LINES = 100;
  private static final String SEPARATORS = ",;\t|";

  /** One record, by the line it begins in, counted from 1. */
  public sealed interface Row permits Cells, Broken {
    long line();
  }

  /** Its values. */
  public record Cells(long line, List<String> values) implements Row {
    public Cells {
      values = List.copyOf(values);
    }
  }

  /** It cannot be read; with a code of {@link ImportFault} and a sentence. */
  public record Broken(long line, String code, String sentence) implements Row {}

  private record Line(long number, String text) {}

  private final @Nullable Charset declared;
  private @Nullable CSVFormat format;
  private @Nullable CharsetDecoder decoder;
  private byte[] undecoded = new byte[0];
  private final StringBuilder line = new StringBuilder();
  private boolean damaged;
  private boolean overlong;
  private long number = 1;
  private final List<Line> open = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();

  /**
   * @param charset absent where it has to be found out
   * @param separator absent where it has to be found out
   */
  public TableReader(@Nullable Charset charset, @Nullable Character separator) {
    this.declared = charset;
    this.format = separator == null ? null : format(separator);
  }

  private static CSVFormat format(char separator) {
    return CSVFormat.RFC4180
        .builder()
        .setDelimiter(separator)
        .setIgnoreSurroundingSpaces(true)
        .get();
  }

  /** The rows that are whole after these bytes more. */
  public List<Row> read(byte[] bytes) {
    decode(bytes, false);
    return taken();
  }

  /** The rows that are whole now that nothing more comes. */
  public List<Row> end() {
    decode(new byte[0], true);
    if (line.length() > 0 || damaged || overlong) {
      endLine();
    }
    while (!open.isEmpty()) {
      giveUpOpen("A quote is open at the end of the file.");
    }
    return taken();
  }

  private List<Row> taken() {
    List<Row> taken = List.copyOf(rows);
    rows.clear();
    return taken;
  }

  // Characters

  private void decode(byte[] bytes, boolean last) {
    ByteBuffer in = ByteBuffer.allocate(undecoded.length + bytes.length);
    in.put(undecoded).put(bytes).flip();
    if (decoder == null) {
      if (in.remaining() < 4 && !last) {
        undecoded = rest(in);
        return;
      }
      decoder = decoderFor(in);
    }
    CharBuffer out = CharBuffer.allocate(8192);
    CoderResult result;
    do {
      result = decoder.decode(in, out, last);
      take(out.flip());
      out.clear();
      if (result.isError()) {
        damaged = true;
        in.position(Math.min(in.limit(), in.position() + result.length()));
      }
    } while (!result.isUnderflow());
    undecoded = rest(in);
  }

  private static byte[] rest(ByteBuffer in) {
    byte[] rest = new byte[in.remaining()];
    in.get(rest);
    return rest;
  }

  /** The decoder for what begins so; steps over a byte order mark. */
  private CharsetDecoder decoderFor(ByteBuffer in) {
    int[] first = new int[4];
    for (int i = 0; i < first.length; i++) {
      first[i] = i < in.limit() ? in.get(i) & 0xff : -1;
    }
    Charset charset;
    if (first[0] == 0xef && first[1] == 0xbb && first[2] == 0xbf) {
      in.position(3);
      charset = StandardCharsets.UTF_8;
    } else if (first[0] == 0xfe && first[1] == 0xff) {
      in.position(2);
      charset = StandardCharsets.UTF_16BE;
    } else if (first[0] == 0xff && first[1] == 0xfe) {
      in.position(2);
      charset = StandardCharsets.UTF_16LE;
    } else if (declared != null) {
      charset = declared;
    } else if (first[0] == 0 && first[1] > 0) {
      charset = StandardCharsets.UTF_16BE;
    } else if (first[0] > 0 && first[1] == 0) {
      charset = StandardCharsets.UTF_16LE;
    } else {
      charset = StandardCharsets.UTF_8;
    }
    return charset
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  private void take(CharBuffer chars) {
    while (chars.hasRemaining()) {
      char c = chars.get();
      if (c == '\n') {
        endLine();
      } else if (line.length() > LONGEST_RECORD) {
        overlong = true;
      } else {
        // NUL is no text anywhere in the product.
        damaged |= c == '\0';
        line.append(c);
      }
    }
  }

  // Lines

  private void endLine() {
    String text = line.toString();
    line.setLength(0);
    if (text.endsWith("\r")) {
      text = text.substring(0, text.length() - 1);
    }
    String fault = null;
    if (overlong || text.length() > LONGEST_RECORD) {
      fault = ImportFault.LINE_TOO_LONG;
    } else if (damaged) {
      fault = ImportFault.MALFORMED;
    }
    overlong = false;
    damaged = false;
    if (fault == null) {
      take(new Line(number, text));
    } else {
      while (!open.isEmpty()) {
        giveUpOpen("A quote is open and its end does not come.");
      }
      rows.add(
          new Broken(
              number,
              fault,
              fault.equals(ImportFault.MALFORMED)
                  ? "The line holds bytes that are no characters; say with charset= which encoding"
                      + " the file has."
                  : "The line is longer than " + LONGEST_RECORD + " characters."));
    }
    number++;
  }

  // Records

  private void take(Line next) {
    if (open.isEmpty()) {
      if (next.text().isBlank()) {
        return;
      }
      if (format == null && foundSeparator(next.text())) {
        return;
      }
    }
    open.add(next);
    if (open.size() > 1 && next.text().indexOf('"') < 0) {
      if (open.size() > MOST_LINES || length() > LONGEST_RECORD) {
        giveUpOpen("A quote is open and its end does not come.");
      }
      return;
    }
    parseOpen();
  }

  private int length() {
    return open.stream().mapToInt(line -> line.text().length() + 1).sum();
  }

  /** Finds the separator in the first line; true where the line says nothing else. */
  private boolean foundSeparator(String text) {
    if (text.length() == 5 && text.startsWith("sep=")) {
      format = format(text.charAt(4));
      return true;
    }
    char best = ',';
    long most = 0;
    for (int i = 0; i < SEPARATORS.length(); i++) {
      char candidate = SEPARATORS.charAt(i);
      long count = text.chars().filter(c -> c == candidate).count();
      if (count > most) {
        most = count;
        best = candidate;
      }
    }
    format = format(best);
    return false;
  }

  private void parseOpen() {
    StringBuilder text = new StringBuilder();
    open.forEach(line -> text.append(text.length() == 0 ? "" : "\n").append(line.text()));
    try (CSVParser parser = CSVParser.parse(new StringReader(text.toString()), format)) {
      List<CSVRecord> records = parser.getRecords();
      for (CSVRecord record : records) {
        rows.add(new Cells(open.get(0).number(), record.toList()));
      }
      open.clear();
    } catch (IOException | UncheckedIOException e) {
      if (!String.valueOf(e.getMessage()).contains("EOF")) {
        giveUpOpen("A quote is where none can be: text stands behind the end of a quoted cell.");
      } else if (open.size() > MOST_LINES || text.length() > LONGEST_RECORD) {
        giveUpOpen("A quote is open and its end does not come.");
      }
    }
  }

  /** Gives up the first of the open lines, and reads the others anew. */
  private void giveUpOpen(String sentence) {
    Line first = open.remove(0);
    rows.add(new Broken(first.number(), ImportFault.MALFORMED, sentence));
    Deque<Line> others = new ArrayDeque<>(open);
    open.clear();
    while (!others.isEmpty()) {
      take(others.removeFirst());
    }
  }
}
