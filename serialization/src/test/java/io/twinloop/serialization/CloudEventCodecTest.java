package io.twinloop.serialization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.twinloop.serialization.CloudEventCodec.MalformedEventException;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes over the bus comes back the same; what is no event of ours is refused by name. */
class CloudEventCodecTest {

  private static final IntegrationEvent FULL =
      new IntegrationEvent(
          "event-1",
          "dto.kpi.anomaly_detected",
          "//dto/invoice-time",
          "invoice-time",
          "KPI",
          Instant.parse("2026-03-01T12:00:00.123456Z"),
          Direction.DTO_TO_BPA,
          Priority.CRITICAL,
          "loop-1",
          "request-1",
          "1.0",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          Map.of("tenant", "acme", "dataclass", "internal"),
          json("{'kpi_name':'Zeit bis Rechnung – 請求','current_value':9.5,'n':3}"));

  private static final String SMALL =
      "{'specversion':'1.0','id':'event-1','source':'//bpa/wf-1','type':'bpa.kpi.updated',"
          + "'subject':'invoice-time','time':'2026-03-01T12:00:00Z','data':{'value':5}}";

  // There and back

  @Test
  void shouldReadWhatItWrote() {
    assertThat(CloudEventCodec.decode(CloudEventCodec.encode(FULL))).isEqualTo(FULL);
  }

  @Test
  void shouldWriteTheAttributesOfTheCatalogue() throws IOException {
    JsonNode written = Json.MAPPER.readTree(CloudEventCodec.encode(FULL));

    assertThat(written)
        .isEqualTo(
            json(
                "{'specversion':'1.0','id':'event-1','type':'dto.kpi.anomaly_detected',"
                    + "'source':'//dto/invoice-time','subject':'invoice-time',"
                    + "'time':'2026-03-01T12:00:00.123456Z','datacontenttype':'application/json',"
                    + "'entitytype':'KPI','direction':'dto-to-bpa','priority':'critical',"
                    + "'correlationid':'loop-1','causationid':'request-1','schemaversion':'1.0',"
                    + "'traceparent':'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',"
                    + "'tenant':'acme','dataclass':'internal',"
                    + "'data':{'kpi_name':'Zeit bis Rechnung – 請求','current_value':9.5,'n':3}}"));
  }

  @Test
  void shouldKeepExtensionsItDoesNotKnowAndPassThemOn() {
    IntegrationEvent read = decode(with(SMALL, "'zone':'eu','retries':3,'vip':true"));

    assertThat(read.others()).isEqualTo(Map.of("zone", "eu", "retries", "3", "vip", "true"));
    assertThat(CloudEventCodec.decode(CloudEventCodec.encode(read))).isEqualTo(read);
  }

  @Test
  void shouldKeepFieldsOfTheDataItDoesNotKnow() {
    IntegrationEvent read = decode(SMALL.replace("'value':5", "'value':5,'mood':['good',null]"));

    assertThat(read.data()).isEqualTo(json("{'value':5,'mood':['good',null]}"));
  }

  @Test
  void shouldFillInWhatTheCatalogueKnows() {
    IntegrationEvent read = decode(SMALL);

    assertThat(read)
        .isEqualTo(
            new IntegrationEvent(
                "event-1",
                "bpa.kpi.updated",
                "//bpa/wf-1",
                "invoice-time",
                null,
                Instant.parse("2026-03-01T12:00:00Z"),
                Direction.BPA_TO_DTO,
                Priority.LOW,
                "event-1",
                null,
                "1.0",
                null,
                Map.of(),
                json("{'value':5}")));
  }

  @Test
  void shouldTakeAnEventWithoutDataForOneWithNothingToSay() {
    assertThat(decode(SMALL.replace(",'data':{'value':5}", "")).data()).isEmpty();
  }

  @Test
  void shouldReadDataThatCameAsBytes() {
    var event =
        CloudEventBuilder.v1()
            .withId("event-1")
            .withType("bpa.kpi.updated")
            .withSource(URI.create("//bpa/wf-1"))
            .withSubject("invoice-time")
            .withTime(Instant.EPOCH.atOffset(ZoneOffset.UTC))
            .withData("application/json", "{\"value\":5}".getBytes(StandardCharsets.UTF_8))
            .build();

    assertThat(CloudEventCodec.fromCloudEvent(event).data()).isEqualTo(json("{'value':5}"));
  }

  @ParameterizedTest
  @CsvSource({
    "dto-to-bpa,DTO_TO_BPA",
    "dto→bpa,DTO_TO_BPA",
    "bpa-to-dto,BPA_TO_DTO",
    "bpa→dto,BPA_TO_DTO"
  })
  void shouldReadTheDirectionInBothSpellings(String written, Direction direction) {
    assertThat(decode(with(SMALL, "'direction':'" + written + "'")).direction())
        .isEqualTo(direction);
  }

  @Test
  void shouldWriteTheDirectionInOneSpelling() {
    IntegrationEvent read = decode(with(SMALL, "'direction':'dto→bpa'"));

    assertThat(new String(CloudEventCodec.encode(read), StandardCharsets.UTF_8))
        .contains("\"direction\":\"dto-to-bpa\"");
  }

  // What is refused, and how

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'subject':'invoice-time', | | subject",
        "'subject':'invoice-time' | 'subject':'  ' | subject",
        "'time':'2026-03-01T12:00:00Z', | | time",
        "2026-03-01T12:00:00Z | yesterday | time",
        "2026-03-01T12:00:00Z | +12026-03-01T12:00:00Z | time",
        "2026-03-01T12:00:00Z | -0001-03-01T12:00:00Z | time",
        "'id':'event-1', | | id",
        "'type':'bpa.kpi.updated', | | type",
        "'source':'//bpa/wf-1', | | source",
        "'specversion':'1.0' | 'specversion':'7' | 7",
        "'data':{'value':5} | 'data':[5] | data",
        "'data':{'value':5} | 'data':'five' | data",
        "'data':{'value':5} | 'data':null,'direction':'sideways' | sideways",
        "'data':{'value':5} | 'priority':'urgent' | urgent",
      })
  void shouldRefuseNamingTheAttribute(String what, String otherwise, String named) {
    String event = SMALL.replace(what, otherwise == null ? "" : otherwise);
    assertThat(event).isNotEqualTo(SMALL);

    assertThatThrownBy(() -> decode(event))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining(named);
  }

  /** No database keeps such text: it would hold back its whole partition for ever. */
  @ParameterizedTest
  @ValueSource(strings = {"id", "type", "subject", "correlationid", "tenant"})
  void shouldRefuseControlCharactersInAttributes(String attribute) {
    assertThatThrownBy(() -> decode(where(attribute, "a\\u0000b")))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining(attribute)
        .hasMessageContaining("U+0000")
        .message()
        .doesNotContain("\0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "type", "subject", "correlationid"})
  void shouldRefuseAttributesLongerThanAnIndexTakes(String attribute) {
    assertThat(decode(where(attribute, "é".repeat(500)))).isNotNull();
    assertThatThrownBy(() -> decode(where(attribute, "é".repeat(501))))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining(attribute)
        .hasMessageContaining("501");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{'value':'\\ud800'}", "{'value':{'deep':['\\udc00\\ud800']}}", "{'\\ud800':1}"})
  void shouldRefuseHalfCharacters(String data) {
    assertThatThrownBy(() -> decode(SMALL.replace("{'value':5}", data)))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining("surrogate");
  }

  @Test
  void shouldTakeWholeCharactersBeyondTheBasicPlane() {
    IntegrationEvent read = decode(SMALL.replace("5", "'\\ud83d\\ude00'"));

    assertThat(read.data().get("value").asText()).isEqualTo("😀");
    assertThat(CloudEventCodec.decode(CloudEventCodec.encode(read))).isEqualTo(read);
  }

  @Test
  void shouldRefuseABodyThatIsNoText() {
    assertThatThrownBy(() -> CloudEventCodec.decode(new byte[] {0, 1, (byte) 0xff}))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining("not a CloudEvent");
    assertThatThrownBy(() -> CloudEventCodec.decode(new byte[0]))
        .isInstanceOf(MalformedEventException.class);
  }

  // Whatever else may come

  /** JSON parsers disagree about these; we may read or refuse each, and do nothing else. */
  @TestFactory
  Stream<DynamicTest> shouldReadOrRefuseEveryFile() throws IOException {
    Path files = sharedData("fuzz/test_parsing");
    Assumptions.assumeThat(files).as("skipped: no %s", files).isDirectory();
    List<Path> all;
    try (Stream<Path> listed = Files.list(files)) {
      all = listed.sorted().toList();
    }
    return all.stream()
        .flatMap(
            file ->
                Stream.of(
                    DynamicTest.dynamicTest(
                        file.getFileName() + " as event", () -> readOrRefuse(bytes(file))),
                    DynamicTest.dynamicTest(
                        file.getFileName() + " as data",
                        () -> readOrRefuse(asPart("data", bytes(file)))),
                    DynamicTest.dynamicTest(
                        file.getFileName() + " as attribute",
                        () -> readOrRefuse(asPart("tenant", bytes(file))))));
  }

  @TestFactory
  Stream<DynamicTest> shouldReadOrRefuseEveryNaughtyString() throws IOException {
    Path file = sharedData("fuzz/blns.json");
    Assumptions.assumeThat(file).as("skipped: no %s", file).isRegularFile();
    JsonNode strings = Json.MAPPER.readTree(file.toFile());
    return StreamSupport.stream(strings.spliterator(), false)
        .flatMap(
            text ->
                Stream.of("id", "type", "source", "subject", "time", "direction", "data", "zone")
                    .map(
                        attribute ->
                            DynamicTest.dynamicTest(
                                attribute + " is " + text,
                                () -> readOrRefuse(asPart(attribute, text.toString())))));
  }

  /** What is read can be written and read again: nothing else may go on into the product. */
  private static void readOrRefuse(byte[] bytes) {
    IntegrationEvent event;
    try {
      event = CloudEventCodec.decode(bytes);
    } catch (MalformedEventException refused) {
      assertThat(refused).message().isNotBlank().doesNotContain("\0", "com.fasterxml");
      return;
    }
    IntegrationEvent again = CloudEventCodec.decode(CloudEventCodec.encode(event));
    assertThat(again.id()).isEqualTo(event.id());
    assertThat(again.subject()).isEqualTo(event.subject());
    assertThat(again.others()).isEqualTo(event.others());
  }

  private static byte[] asPart(String attribute, String value) {
    return asPart(attribute, value.getBytes(StandardCharsets.UTF_8));
  }

  /** An event in which one attribute has these bytes as its value. */
  private static byte[] asPart(String attribute, byte[] value) {
    ObjectNode event = json(SMALL);
    event.put(attribute, "%here%");
    String[] around = event.toString().split("\"%here%\"", -1);
    byte[] before = around[0].getBytes(StandardCharsets.UTF_8);
    byte[] after = around[1].getBytes(StandardCharsets.UTF_8);
    byte[] whole = new byte[before.length + value.length + after.length];
    System.arraycopy(before, 0, whole, 0, before.length);
    System.arraycopy(value, 0, whole, before.length, value.length);
    System.arraycopy(after, 0, whole, before.length + value.length, after.length);
    return whole;
  }

  private static byte[] bytes(Path file) throws IOException {
    return Files.readAllBytes(file);
  }

  /** Data for tests that lies beside the repository; see the property twinloop.shared. */
  private static Path sharedData(String name) {
    String override = System.getProperty("twinloop.shared");
    if (override != null) {
      return Path.of(override, "data").resolve(name);
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path candidate = at.resolve("shared").resolve("data").resolve(name);
      if (Files.exists(candidate)) {
        return candidate;
      }
    }
    return Path.of("..", "shared", "data").resolve(name);
  }

  private static IntegrationEvent decode(String withSingleQuotes) {
    return CloudEventCodec.decode(
        withSingleQuotes.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static String with(String event, String more) {
    return event.replaceFirst("\\{", "{" + more + ",");
  }

  /** The small event, with this text in one of its attributes. */
  private static String where(String attribute, String text) {
    String without = SMALL.replaceFirst("'" + attribute + "':'[^']*',", "");
    return with(without, "'" + attribute + "':'" + text.replace("\\", "\\\\") + "'");
  }

  private static ObjectNode json(String withSingleQuotes) {
    return (ObjectNode) Json.tree(withSingleQuotes.replace('\'', '"'));
  }
}
