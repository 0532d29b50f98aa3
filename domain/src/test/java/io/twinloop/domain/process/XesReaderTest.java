package io.twinloop.domain.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.LogReader.Broken;
import io.twinloop.domain.process.LogReader.Delivery;
import io.twinloop.domain.process.LogReader.Item;
import io.twinloop.domain.process.LogReader.Stopped;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class XesReaderTest {

  private static List<Item> read(String xes) {
    return read(new ByteArrayInputStream(xes.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<Item> read(InputStream in) {
    List<Item> items = new ArrayList<>();
    try (XesReader reader = new XesReader(in)) {
      for (Optional<Item> item = reader.next(); item.isPresent(); item = reader.next()) {
        items.add(item.get());
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return items;
  }

  private static String event(String... attributes) {
    StringBuilder event = new StringBuilder("<event>");
    for (int i = 0; i < attributes.length; i += 2) {
      event.append("<string key=\"%s\" value=\"%s\"/>".formatted(attributes[i], attributes[i + 1]));
    }
    return event + "</event>\n";
  }

  private static String trace(String id, String... events) {
    return "<trace>\n<string key=\"concept:name\" value=\"%s\"/>\n%s</trace>\n"
        .formatted(id, String.join("", events));
  }

  private static final String AT = "2026-03-02T09:00:00.000+01:00";
  private static final String SOUND = event("concept:name", "A", "time:timestamp", AT);

  @Test
  void shouldReadWhatAnEventSays() {
    List<Item> items =
        read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <log xmlns="http://www.xes-standard.org/">
              <global scope="trace"><string key="concept:name" value="none"/></global>
              <global scope="event"><string key="concept:name" value="none"/></global>
              <string key="concept:name" value="the log's own name"/>
              <trace>
                <string key="concept:name" value="c 1"/>
                <event>
                  <string key="org:resource" value="ada"/>
                  <date key="time:timestamp" value="2026-03-02T09:00:00.000+01:00"/>
                  <string key="concept:name" value="check &amp; sign">
                    <string key="concept:name" value="nested"/>
                  </string>
                  <string key="lifecycle:transition" value="START"/>
                  <id key="identity:id" value="e-1"/>
                </event>
              </trace>
            </log>
            """);

    assertThat(items)
        .containsExactly(
            new Delivery(
                "c 1",
                List.of(
                    new ToldEvent(
                        "check & sign",
                        Instant.parse("2026-03-02T08:00:00Z"),
                        "ada",
                        Phase.START,
                        false,
                        "e-1")),
                List.of(8L)));
  }

  @Test
  void shouldReportABadEventWithItsLineAndGoOn() {
    List<Item> items =
        read(
            "<log>\n"
                + trace(
                    "1",
                    event("concept:name", "A"),
                    event("time:timestamp", AT),
                    event("concept:name", "A", "time:timestamp", "soon"),
                    SOUND)
                + "<trace>"
                + SOUND
                + "</trace>\n"
                + SOUND
                + trace("2", SOUND)
                + "</log>");

    assertThat(items.stream().filter(Broken.class::isInstance).map(item -> ((Broken) item).line()))
        .containsExactly(4L, 5L, 6L, 9L, 11L);
    assertThat(items.stream().filter(Delivery.class::isInstance).map(i -> ((Delivery) i).caseId()))
        .containsExactly("1", "2");
    assertThat(items.toString()).contains("'soon'", "no time:timestamp", "no concept:name");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        <?xml version="1.0"?><!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>
        <log><trace><string key="concept:name" value="1"/></trace><x>&x;</x></log>
        """,
        """
        <!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>
        <log><string key="k" value="&c;"/></log>
        """,
        "<!DOCTYPE log SYSTEM \"http://127.0.0.1:1/x.dtd\"><log/>"
      })
  void shouldRefuseWhatADocumentTypeCouldBringIn(String xes) {
    List<Item> items = read(xes);

    assertThat(items).singleElement().isInstanceOf(Stopped.class);
    assertThat(((Stopped) items.get(0)).detail()).contains("document type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "case,activity",
        "<log>",
        "<log><trace></log>",
        "<html/>",
        "<log>&x;</log>",
        "\u0000\u0001",
        "<log><trace a='&x;'/></log>"
      })
  void shouldStopWhereItIsNoXes(String xes) {
    assertThat(read(xes)).last().isInstanceOf(Stopped.class);
  }

  @Test
  void shouldDeliverWhatCameBeforeTheEndOfWhatCanBeRead() {
    List<Item> items =
        read("<log>" + trace("1", SOUND) + trace("2", SOUND).replace("</trace>", ""));

    assertThat(items.get(0)).isInstanceOf(Delivery.class);
    assertThat(items.get(1)).isInstanceOf(Stopped.class);
  }

  @Test
  void shouldNotFillTheMemoryWithOneAttributeNorWithDepth() {
    InputStream endless =
        new SequenceInputStream(
            new ByteArrayInputStream("<log><string key=\"".getBytes(StandardCharsets.UTF_8)),
            new InputStream() {
              @Override
              public int read() {
                return 'a';
              }
            });

    assertThat(read(endless)).singleElement().asString().contains("longer than 1048576 bytes");
    assertThat(read("<log>" + "<list>".repeat(5_000)))
        .singleElement()
        .asString()
        .contains("deeper than 100");
  }

  @Test
  void shouldFailWhenTheBytesDoNotCome() {
    InputStream broken =
        new SequenceInputStream(
            new ByteArrayInputStream("<log>".getBytes(StandardCharsets.UTF_8)),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("cut off");
              }

              @Override
              public int read(byte[] bytes, int offset, int length) throws IOException {
                throw new IOException("cut off");
              }
            });

    assertThatThrownBy(() -> drain(new XesReader(broken)))
        .isInstanceOf(IOException.class)
        .hasMessage("cut off");
  }

  private static void drain(LogReader reader) throws IOException {
    while (reader.next().isPresent()) {
      // only the end is of interest
    }
  }

  @Test
  void shouldKeepSoManyEventsOfATrace() {
    List<Item> items = read("<log>" + trace("1", SOUND.repeat(10_002)) + "</log>");

    assertThat(((Delivery) items.get(0)).events()).hasSize(10_000);
    assertThat(items).hasSize(3);
    assertThat(((Broken) items.get(1)).code()).isEqualTo("refused");
  }
}
