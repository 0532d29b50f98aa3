package io.twinloop.domain.organization;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.TableReader.Broken;
import io.twinloop.domain.organization.TableReader.Cells;
import io.twinloop.domain.organization.TableReader.Row;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables as people's programs write them. */
class TableReaderTest {

  @Test
  void shouldReadRecordsByTheirLines() {
    assertThat(read("id,label\r\nit,\"IT, and \"\"more\"\"\"\r\n\r\nhr,HR"))
        .containsExactly(
            cells(1, "id", "label"), cells(2, "it", "IT, and \"more\""), cells(4, "hr", "HR"));
  }

  @Test
  void shouldReadACellOverSeveralLines() {
    assertThat(read("id,label\nit,\"two\n\nlines\"\nhr,HR\n"))
        .containsExactly(
            cells(1, "id", "label"), cells(2, "it", "two\n\nlines"), cells(5, "hr", "HR"));
  }

  @ParameterizedTest
  @ValueSource(strings = {",", ";", "\t", "|"})
  void shouldFindTheSeparator(String separator) {
    String text = "id,label,cost\nit,\"a;b,c|d\te\",5\n".replace(",", separator);

    assertThat(read(text).get(0)).isEqualTo(cells(1, "id", "label", "cost"));
    assertThat(((Cells) read(text).get(1)).values()).hasSize(3);
  }

  @Test
  void shouldTakeTheSeparatorExcelNamesOrTheCallerGives() {
    assertThat(read("sep=~\nid~a,b\n")).containsExactly(cells(2, "id", "a,b"));
    assertThat(read("a;b,c;d\n", null, ',')).containsExactly(cells(1, "a;b", "c;d"));
  }

  @Test
  void shouldReadOtherEncodings() {
    String text = "id,label\nit,Città\n";
    List<Row> rows = List.of(cells(1, "id", "label"), cells(2, "it", "Città"));

    assertThat(read(text.getBytes(UTF_8), null, null)).isEqualTo(rows);
    assertThat(read(("\uFEFF" + text).getBytes(UTF_8), null, null)).isEqualTo(rows);
    assertThat(read(text.getBytes(UTF_16), null, null)).isEqualTo(rows);
    assertThat(read(("\uFEFF" + text).getBytes(UTF_16LE), null, null)).isEqualTo(rows);
    assertThat(read(text.getBytes(UTF_16LE), null, null)).isEqualTo(rows);
    assertThat(read(text.getBytes(ISO_8859_1), ISO_8859_1, null)).isEqualTo(rows);
  }

  @Test
  void shouldRefuseOnlyTheLineWithBytesOfAnotherEncoding() {
    List<Row> rows = read("id,label\nit,Città\nhr,HR\n".getBytes(ISO_8859_1), null, null);

    assertThat(rows).hasSize(3);
    assertThat(broken(rows.get(1)).line()).isEqualTo(2);
    assertThat(broken(rows.get(1)).sentence()).contains("charset=");
    assertThat(rows.get(2)).isEqualTo(cells(3, "hr", "HR"));
  }

  @Test
  void shouldGiveUpOnlyTheLineWhoseQuoteStaysOpen() {
    List<Row> rows = read("id,label\na,\"open\nb,B\nc,\"C\"\n");

    assertThat(rows)
        .extracting(Row::line)
        .as("rows of lines 1 to 4")
        .containsExactly(1L, 2L, 3L, 4L);
    assertThat(broken(rows.get(1)).code()).isEqualTo(ImportFault.MALFORMED);
    assertThat(rows.subList(2, 4)).containsExactly(cells(3, "b", "B"), cells(4, "c", "C"));
  }

  @Test
  void shouldGiveUpAnOpenQuoteWhenItsEndIsFarAway() {
    StringBuilder text = new StringBuilder("id,label\na,\"open\n");
    for (int i = 0; i < 1_000; i++) {
      text.append("b").append(i).append(",B\n");
    }
    List<Row> rows = read(text.toString());

    assertThat(rows).hasSize(1_002);
    assertThat(rows.stream().filter(Broken.class::isInstance)).hasSize(1);
  }

  @Test
  void shouldRefuseALineThatIsTooLongAndGoOn() {
    List<Row> rows = read("id\n" + "x".repeat(10 * TableReader.LONGEST_RECORD) + "\nhr\n");

    assertThat(rows).hasSize(3);
    assertThat(broken(rows.get(1)).code()).isEqualTo(ImportFault.LINE_TOO_LONG);
    assertThat(rows.get(2)).isEqualTo(cells(3, "hr"));
  }

  @Test
  void shouldReadNothingFromNothing() {
    assertThat(read("")).isEmpty();
    assertThat(read("\n \n")).isEmpty();
  }

  private static List<Row> read(String text) {
    return read(text, null, null);
  }

  private static List<Row> read(
      String text, @Nullable Charset charset, @Nullable Character separator) {
    return read(text.getBytes(UTF_8), charset, separator);
  }

  /** The same rows must come whole and byte by byte. */
  private static List<Row> read(
      byte[] bytes, @Nullable Charset charset, @Nullable Character separator) {
    TableReader whole = new TableReader(charset, separator);
    List<Row> rows = new ArrayList<>(whole.read(bytes));
    rows.addAll(whole.end());
    TableReader pieces = new TableReader(charset, separator);
    List<Row> others = new ArrayList<>();
    for (int i = 0; i < bytes.length; i++) {
      others.addAll(pieces.read(Arrays.copyOfRange(bytes, i, i + 1)));
    }
    others.addAll(pieces.end());
    assertThat(others).isEqualTo(rows);
    return rows;
  }

  private static Cells cells(long line, String... values) {
    return new Cells(line, List.of(values));
  }

  private static Broken broken(Row row) {
    return (Broken) row;
  }
}
