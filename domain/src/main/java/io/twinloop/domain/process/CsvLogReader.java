package io.twinloop.domain.process;

import io.twinloop.domain.process.CaseEvent.Phase;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log in CSV (RFC 4180), one row an event, with a header. The separator is the comma,
 * semicolon, tab or bar that the header has most of. Rows of a case may lie apart: up to {@value
 * #GATHERED} rows are gathered, and when there are more, the case that was longest not heard of is
 * delivered, and its later rows in a further delivery.
 */
public final class CsvLogReader implements LogReader {

  private static final int GATHERED = 100_000;
  private static final int LONGEST_HEADER = 64 * 1024;

  private static final class Gathered {
    final List<ToldEvent> events = new ArrayList<>();
    final List<Long> lines = new ArrayList<>();
  }

  private final BoundedStream in;
  private final @Nullable Charset charset;
  private final CsvColumns columns;
  private final Deque<Item> found = new ArrayDeque<>();
  private final LinkedHashMap<String, Gathered> cases = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable CSVParser parser;
  private @Nullable Iterator<CSVRecord> rows;
  private CsvColumns.@Nullable Places places;
  private int gathered;
  private boolean over;

  /**
   * A reader of these bytes.
   *
   * @param charset absent: UTF-8 or UTF-16 where a byte order mark says so, else UTF-8, and
   *     Windows-1252 for what is none
   */
  public CsvLogReader(InputStream in, @Nullable Charset charset, CsvColumns columns) {
    this.in = new BoundedStream(in);
    this.charset = charset;
    this.columns = columns;
  }

  @Override
  public Optional<Item> next() throws IOException {
    while (found.isEmpty() && !over) {
      in.begin();
      try {
        advance();
      } catch (UncheckedIOException e) {
        stop(e.getCause());
      } catch (IOException e) {
        stop(e);
      } catch (IllegalStateException e) { // how the parser's iterator wraps what it meets
        stop(e.getCause() instanceof IOException io ? io : new IOException(e));
      }
    }
    return Optional.ofNullable(found.poll());
  }

  private void stop(IOException e) throws IOException {
    if (e instanceof BoundedStream.TooLongException) {
      stop("A row is " + e.getMessage() + ": is a quote missing?");
    } else if (e instanceof org.apache.commons.csv.CSVException) {
      stop("It isn't CSV: " + e.getMessage());
    } else {
      throw e;
    }
  }

  /** What was gathered is sound and goes out before the reader stops. */
  private void stop(String detail) {
    deliverAll();
    found.add(new Stopped(line(), MALFORMED, detail));
    over = true;
  }

  private long line() {
    return parser == null ? 1 : Math.max(1, parser.getCurrentLineNumber());
  }

  private void advance() throws IOException {
    if (rows == null) {
      open();
      return;
    }
    if (!rows.hasNext()) {
      deliverAll();
      over = true;
      return;
    }
    CSVRecord row = rows.next();
    take(row, line());
    if (gathered > GATHERED) {
      deliverEldest();
    }
  }

  private void open() throws IOException {
    BufferedReader reader = new BufferedReader(decoded(), LONGEST_HEADER);
    reader.mark(LONGEST_HEADER);
    char[] start = new char[LONGEST_HEADER - 1];
    int read = Math.max(0, reader.read(start, 0, start.length));
    reader.reset();
    CSVFormat format =
        CSVFormat.RFC4180
            .builder()
            .setDelimiter(separator(new String(start, 0, read)))
            .setIgnoreEmptyLines(true)
            .setTrailingData(true)
            .setLenientEof(true)
            .get();
    parser = CSVParser.builder().setReader(reader).setFormat(format).get();
    rows = parser.iterator();
    if (!rows.hasNext()) {
      stop("The body is empty; expected CSV with a header.");
      return;
    }
    CsvColumns.Found header = columns.in(List.of(rows.next().values()));
    if (header.refusal() != null) {
      found.add(new Stopped(1, REFUSED, header.refusal()));
      over = true;
    }
    places = header.places();
  }

  private Reader decoded() throws IOException {
    if (charset != null) {
      return new InputStreamReader(in, charset);
    }
    BufferedInputStream bytes = new BufferedInputStream(in);
    bytes.mark(3);
    byte[] mark = bytes.readNBytes(3);
    bytes.reset();
    if (startsWith(mark, 0xEF, 0xBB, 0xBF)) {
      bytes.skipNBytes(3);
    } else if (startsWith(mark, 0xFF, 0xFE) || startsWith(mark, 0xFE, 0xFF)) {
      return new InputStreamReader(bytes, StandardCharsets.UTF_16); // takes the mark itself
    }
    return new TolerantReader(bytes);
  }

  private static boolean startsWith(byte[] bytes, int... mark) {
    for (int i = 0; i < mark.length; i++) {
      if (i >= bytes.length || (bytes[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  private static char separator(String start) {
    int[] counts = new int[4];
    String separators = ",;\t|";
    boolean quoted = false;
    for (int i = 0; i < start.length() && (quoted || start.charAt(i) != '\n'); i++) {
      char c = start.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && separators.indexOf(c) >= 0) {
        counts[separators.indexOf(c)]++;
      }
    }
    int most = 0;
    for (int i = 1; i < counts.length; i++) {
      if (counts[i] > counts[most]) {
        most = i;
      }
    }
    return separators.charAt(most);
  }

  private void take(CSVRecord row, long line) {
    String caseId = value(row, places.caseId());
    String activity = value(row, places.activity());
    String time = value(row, places.timestamp());
    String resource = places.resource() < 0 ? "" : value(row, places.resource());
    Optional<Instant> at = EventTime.parse(time);
    if (caseId.isEmpty()) {
      broken(line, "The row names no case.");
    } else if (activity.isEmpty()) {
      broken(line, "The row names no activity.");
    } else if (time.isEmpty()) {
      broken(line, "The row has no time.");
    } else if (at.isEmpty()) {
      broken(
          line,
          "The time is %s, expected %s.".formatted(XesReader.shown(time), EventTime.IN_WORDS));
    } else if (caseId.length() > CaseEvent.LONGEST_NAME
        || activity.length() > CaseEvent.LONGEST_NAME
        || resource.length() > CaseEvent.LONGEST_NAME) {
      found.add(
          new Broken(
              line,
              REFUSED,
              "Case, activity or resource has more than the %d characters that are kept: %s."
                  .formatted(
                      CaseEvent.LONGEST_NAME,
                      XesReader.shown(longest(caseId, activity, resource)))));
    } else {
      gather(
          caseId,
          new ToldEvent(
              activity,
              at.get(),
              resource.isEmpty() ? null : resource,
              Phase.COMPLETE,
              false,
              null),
          line);
    }
  }

  private static String value(CSVRecord row, int place) {
    return place < row.size() ? row.get(place).strip() : "";
  }

  private static String longest(String... values) {
    String longest = "";
    for (String value : values) {
      longest = value.length() > longest.length() ? value : longest;
    }
    return longest;
  }

  private void broken(long line, String detail) {
    found.add(new Broken(line, MALFORMED, detail));
  }

  private void gather(String caseId, ToldEvent event, long line) {
    Gathered one = cases.computeIfAbsent(caseId, id -> new Gathered());
    one.events.add(event);
    one.lines.add(line);
    gathered++;
    if (one.events.size() == CaseTrack.MOST_EVENTS) {
      cases.remove(caseId);
      deliver(caseId, one);
    }
  }

  private void deliverEldest() {
    Iterator<Map.Entry<String, Gathered>> oldest = cases.entrySet().iterator();
    Map.Entry<String, Gathered> entry = oldest.next();
    oldest.remove();
    deliver(entry.getKey(), entry.getValue());
  }

  private void deliverAll() {
    while (!cases.isEmpty()) {
      deliverEldest();
    }
  }

  private void deliver(String caseId, Gathered one) {
    gathered -= one.events.size();
    found.add(new Delivery(caseId, one.events, one.lines));
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
