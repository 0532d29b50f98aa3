package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.process.LogReader.Broken;
import io.twinloop.domain.process.LogReader.Delivery;
import io.twinloop.domain.process.LogReader.Item;
import io.twinloop.domain.process.LogReader.Stopped;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvLogReaderTest {

  private static final CsvColumns USUAL = new CsvColumns(null, null, null, null);

  private static List<Item> read(byte[] csv, @Nullable Charset charset, CsvColumns columns) {
    List<Item> items = new ArrayList<>();
    try (CsvLogReader reader = new CsvLogReader(new ByteArrayInputStream(csv), charset, columns)) {
      for (Optional<Item> item = reader.next(); item.isPresent(); item = reader.next()) {
        items.add(item.get());
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return items;
  }

  private static List<Item> read(String csv) {
    return read(csv.getBytes(StandardCharsets.UTF_8), null, USUAL);
  }

  private static List<String> activities(Item item) {
    return ((Delivery) item).events().stream().map(ToldEvent::activity).toList();
  }

  @Test
  void shouldGatherTheRowsOfACaseWhereverTheyStand() {
    List<Item> items =
        read(
            """
            case:concept:name,concept:name,time:timestamp,org:resource
            1,A,2011-10-11 13:45:40.276000+02:00,ada
            2,A,2011-10-11 13:45:41+02:00,
            1,"B, and ""C""\",2011-10-11 13:45:42+02:00,bob
            """);

    assertThat(items).hasSize(2);
    Delivery one = (Delivery) items.get(1); // heard of last
    assertThat(activities(one)).containsExactly("A", "B, and \"C\"");
    assertThat(one.lines()).containsExactly(2L, 4L);
    assertThat(one.events().get(0).resource()).isEqualTo("ada");
  }

  @ParameterizedTest
  @ValueSource(strings = {",", ";", "\t", "|"})
  void shouldFindTheSeparator(String separator) {
    String csv = "Case ID,Activity,Timestamp\r\n7,A,2026-01-01 08:00\r\n".replace(",", separator);

    assertThat(read(csv)).singleElement().isInstanceOf(Delivery.class);
  }

  @Test
  void shouldReadTheEncodingsOfSpreadsheets() {
    String csv = "case,activity,timestamp\n1,Prüfung – fällig €,2026-01-01\n";
    Charset windows = Charset.forName("windows-1252");
    List<List<Item>> all =
        List.of(
            read(csv.getBytes(StandardCharsets.UTF_8), null, USUAL),
            read(("\uFEFF" + csv).getBytes(StandardCharsets.UTF_8), null, USUAL),
            read(("\uFEFF" + csv).getBytes(StandardCharsets.UTF_16LE), null, USUAL),
            read(csv.getBytes(windows), null, USUAL),
            read(csv.getBytes(windows), windows, USUAL));

    assertThat(all)
        .allSatisfy(
            items -> assertThat(activities(items.get(0))).containsExactly("Prüfung – fällig €"));
  }

  @Test
  void shouldReadMoreThanOneBufferOfAnyEncoding() {
    StringBuilder csv = new StringBuilder("case,activity,timestamp\n");
    for (int i = 0; i < 3_000; i++) {
      csv.append("1,Prüfung ").append(i).append(" €,2026-01-01\n");
    }
    for (Charset charset : List.of(StandardCharsets.UTF_8, Charset.forName("windows-1252"))) {
      List<Item> items = read(csv.toString().getBytes(charset), null, USUAL);
      assertThat(activities(items.get(0))).hasSize(3_000).last().isEqualTo("Prüfung 2999 €");
    }
  }

  @Test
  void shouldTakeTheColumnsThatAreNamed() {
    byte[] csv = "a,b,c,d\n1,A,2026-01-01,ada\n".getBytes(StandardCharsets.UTF_8);

    List<Item> items = read(csv, null, new CsvColumns("a", "b", "c", "d"));

    assertThat(((Delivery) items.get(0)).events().get(0).resource()).isEqualTo("ada");
    assertThat(read(csv, null, new CsvColumns("a", "b", "x", null)))
        .singleElement()
        .isInstanceOf(Stopped.class)
        .asString()
        .contains("'x'", "timestamp", "a, b, c, d");
    assertThat(read(csv, null, USUAL)).singleElement().asString().contains("?case=");
  }

  @Test
  void shouldReportABadRowWithItsLineAndGoOn() {
    List<Item> items =
        read(
            """
            case,activity,timestamp
            1,A,2026-01-01
            ,A,2026-01-01
            1,,2026-01-01
            1,B,
            1,B,31/12/2026

            1
            1,C,2026-01-02
            """);

    assertThat(items.stream().filter(Broken.class::isInstance).map(item -> ((Broken) item).line()))
        .containsExactly(3L, 4L, 5L, 6L, 8L);
    assertThat(activities(items.get(items.size() - 1))).containsExactly("A", "C");
    assertThat(items.toString()).contains("'31/12/2026'");
  }

  @Test
  void shouldDeliverTheCaseLongestNotHeardOfWhenTooManyRowsWait() {
    StringBuilder csv = new StringBuilder("case,activity,timestamp\n");
    for (int i = 0; i < 150_000; i++) {
      csv.append(i % 50_000).append(",A,2026-01-01\n");
    }

    List<Item> items = read(csv.toString());

    assertThat(items).hasSizeBetween(50_000, 150_000);
    assertThat(items.stream().mapToInt(item -> ((Delivery) item).events().size()).sum())
        .isEqualTo(150_000);
  }

  @Test
  void shouldStopAtARowWithoutEndAndDeliverWhatCameBefore() {
    List<Item> items =
        read("case,activity,timestamp\n1,A,2026-01-01\n1,\"" + "x\n".repeat(600_000));

    assertThat(items.get(0)).isInstanceOf(Delivery.class);
    assertThat(items.get(1).toString()).contains("quote");
    assertThat(read("")).singleElement().isInstanceOf(Stopped.class);
  }
}
