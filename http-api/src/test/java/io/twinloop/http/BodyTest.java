package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies over real sockets: limits, types, broken JSON, compression. */
class BodyTest {

  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.with(
                Endpoint.post(
                    "/echo", Permission.TWIN_READ, call -> Stages.map(call.json(), Answers::ok)),
                Endpoint.post(
                    "/maybe",
                    Permission.TWIN_READ,
                    call -> Stages.map(call.optionalJson(), Answers::ok)),
                Endpoint.post(
                        "/small",
                        Permission.TWIN_READ,
                        call -> Stages.map(call.json(), Answers::ok))
                    .withMaxBody(10),
                Endpoint.post(
                    "/text", Permission.TWIN_READ, call -> Stages.map(call.text(), Answers::ok)),
                Endpoint.post("/count", Permission.TWIN_READ, BodyTest::count).streamed(),
                Endpoint.post("/first", Permission.TWIN_READ, BodyTest::first).streamed())
            .settings("twinloop.http { body-timeout = 500ms, refused-body-drain = 32 MiB }")
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  static Stream<Path> jsonTestSuite() throws IOException {
    Path folder =
        Path.of(System.getProperty("twinloop.shared", "../../shared"), "data/fuzz/test_parsing");
    Assumptions.assumeTrue(
        Files.isDirectory(folder),
        "Skipped: the JSONTestSuite isn't at " + folder.toAbsolutePath());
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("jsonTestSuite")
  void shouldJudgeTheCasesOfTheJsonTestSuite(Path file) throws IOException {
    byte[] body = Files.readAllBytes(file);
    Reply reply = post("/echo", BodyPublishers.ofByteArray(body), "application/json");

    switch (file.getFileName().toString().charAt(0)) {
      case 'n' -> assertThat(reply.statusCode()).isEqualTo(body.length > 65_536 ? 413 : 400);
      case 'y' -> assertThat(reply.statusCode()).isIn(200, 400);
      default -> assertThat(reply.statusCode()).isIn(200, 400, 413);
    }
    if (reply.statusCode() != 200) {
      problem(reply);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":{\"b\":[1,1e999]}}|/a/b/1",
        "{\"a\":-1e999}|/a",
        "{\"a\":1,\"a\":2}|/a",
        "{\"a\":[{\"b\":\"\\u0000\"}]}|/a/0/b",
        "{\"a\":\"\\ud800\"}|/a",
        "{\"a\\ud800\":1}|''",
        "{\"a\":NaN}|/a",
        "{\"a\":[1,2,}|/a/2",
        "{\"a\":[1,2|/a/1",
        "{} {}|''",
      })
  void shouldNameThePlaceInJsonThatIsRefused(String body, String pointer) {
    Reply reply = server.post("/echo", body);

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).at("/errors/0/pointer").textValue())
        .as(reply.body())
        .isEqualTo(pointer);
    assertThat(reply.body()).doesNotContain("Source", "StreamRead");
  }

  @Test
  void shouldRefuseNestingBeyondTheLimit() {
    assertThat(server.post("/echo", "[".repeat(64) + "]".repeat(64)).statusCode()).isEqualTo(200);
    assertThat(server.post("/echo", "[".repeat(65) + "]".repeat(65)).statusCode()).isEqualTo(400);
  }

  @Test
  void shouldSkipAByteOrderMark() {
    assertThat(server.post("/echo", "\uFEFF{\"a\":1}").body()).isEqualTo("{\"a\":1}");
  }

  @Test
  void shouldSayThatABodyIsMissing() {
    Reply reply = server.post("/echo", "");

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).path("code").textValue()).isEqualTo("body-missing");
    assertThat(server.post("/maybe", "").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "application/json,200",
    "application/json; charset=utf-8,200",
    "application/cloudevents+json,200",
    "application/merge-patch+json,200",
    "text/plain,415",
    "application/x-www-form-urlencoded,415",
    "application/x-ndjson,415",
    "nonsense,415",
  })
  void shouldCheckTheContentType(String type, int status) {
    Reply reply = post("/echo", BodyPublishers.ofString("{}"), type);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(status);
  }

  @Test
  void shouldTakeABodyThatDoesNotSayItsTypeAsJson() {
    Reply reply = server.send(server.request("/echo").POST(BodyPublishers.ofString("{}")));

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
  }

  @Test
  void shouldRefuseTextThatIsNotUtf8() {
    Reply reply = post("/text", BodyPublishers.ofByteArray(new byte[] {(byte) 0xC3}), "text/plain");

    assertThat(reply.statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(ints = {65_537, 10_000_000, 30_000_000})
  void shouldRefuseABodyThatIsTooLargeToAnyClient(int size) {
    byte[] body = jsonOf(size);
    Reply withLength = post("/echo", BodyPublishers.ofByteArray(body), "application/json");
    Reply chunked =
        post(
            "/echo",
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)),
            "application/json");

    for (Reply reply : new Reply[] {withLength, chunked}) {
      assertThat(reply.statusCode()).isEqualTo(413);
      assertThat(problem(reply).path("detail").textValue()).contains("65536");
    }
  }

  @Test
  void shouldTakeABodyOfExactlyTheLimit() {
    assertThat(server.post("/small", "[12345678]").statusCode()).isEqualTo(200);
    assertThat(server.post("/small", "[123456789]").statusCode()).isEqualTo(413);
    byte[] body = jsonOf(65_536);
    Reply chunked =
        post(
            "/echo",
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)),
            "application/json");
    assertThat(chunked.statusCode()).isEqualTo(200);
  }

  @Test
  void shouldRefuseALargeBodyBeforeItIsSentToAClientThatAsks() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              postHead("Content-Length: 100000000000", "Expect: 100-continue")
                  .getBytes(StandardCharsets.ISO_8859_1));
      byte[] answer = socket.getInputStream().readNBytes(12);

      assertThat(new String(answer, StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 413");
    }
  }

  @Test
  void shouldGiveUpOnABodyThatDoesNotArrive() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write((postHead("Content-Length: 10") + "{").getBytes(StandardCharsets.ISO_8859_1));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 408 ").contains("body-too-slow");
    }
  }

  @Test
  void shouldRefuseAChunkedBodyThatIsBroken() {
    String answer =
        server.raw(postHead("Transfer-Encoding: chunked") + "nonsense\r\n{}\r\n0\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("application/problem+json");
  }

  @Test
  void shouldInflateAGzipBody() {
    byte[] text = "{\"a\":1}\n".repeat(1_000).getBytes(StandardCharsets.UTF_8);
    Reply streamed = gzip("/count", gzipped(text));
    Reply whole = gzip("/echo", gzipped("{\"a\":1}".getBytes(StandardCharsets.UTF_8)));

    assertThat(json(streamed).path("bytes").intValue()).isEqualTo(text.length);
    assertThat(whole.body()).isEqualTo("{\"a\":1}");
  }

  @Test
  void shouldRefuseAGzipBodyThatGrowsWithoutMeasure() {
    Reply streamed = gzip("/count", gzipped(new byte[50_000_000]));
    Reply whole = gzip("/echo", gzipped(new byte[1_000_000]));

    assertThat(streamed.statusCode()).isEqualTo(413);
    assertThat(problem(streamed).path("detail").textValue()).contains("200-fold");
    assertThat(whole.statusCode()).isEqualTo(413);
  }

  @Test
  void shouldRefuseABodyThatIsNotTheGzipItSays() {
    Reply reply = gzip("/count", "plain text".getBytes(StandardCharsets.UTF_8));
    byte[] cut = gzipped(new byte[1_000]);
    Reply truncated = gzip("/count", Arrays.copyOf(cut, cut.length - 6));

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).path("code").textValue()).isEqualTo("body-broken");
    assertThat(truncated.statusCode()).isEqualTo(400);
  }

  @Test
  void shouldRefuseAnotherEncoding() {
    Reply reply =
        server.send(
            server
                .request("/count")
                .POST(BodyPublishers.ofString("x"))
                .header("Content-Encoding", "br"));

    assertThat(reply.statusCode()).isEqualTo(415);
  }

  @Test
  void shouldDeliverTheAnswerOfAHandlerThatStopsReading() {
    byte[] body = new byte[20_000_000];
    Reply reply = post("/first", BodyPublishers.ofByteArray(body), "application/x-ndjson");

    assertThat(reply.statusCode()).isEqualTo(200);
    assertThat(json(reply).path("bytes").intValue()).isPositive();
  }

  @Test
  void shouldDeliverTheRefusalOfARequestWhoseBodyNobodyReads() {
    Reply reply =
        post("/nowhere", BodyPublishers.ofByteArray(new byte[20_000_000]), "application/json");

    assertThat(reply.statusCode()).isEqualTo(404);
  }

  private static CompletionStage<HttpResponse> count(Call call) {
    CompletionStage<Long> size =
        call.bytes().runFold(0L, (sum, bytes) -> sum + bytes.size(), call.system());
    return Stages.map(size, sum -> Answers.ok(Json.object().put("bytes", sum)));
  }

  private static CompletionStage<HttpResponse> first(Call call) {
    return Stages.map(
        call.bytes().runWith(Sink.head(), call.system()),
        bytes -> Answers.ok(Json.object().put("bytes", bytes.size())));
  }

  private static Reply post(String path, BodyPublisher body, String contentType) {
    return server.send(server.request(path).POST(body).header("Content-Type", contentType));
  }

  private static String postHead(String... headers) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + TestServer.head(headers);
  }

  private static Reply gzip(String path, byte[] body) {
    return server.send(
        server
            .request(path)
            .POST(BodyPublishers.ofByteArray(body))
            .header("Content-Encoding", "gzip")
            .header("Content-Type", "application/json"));
  }

  /** A JSON text of so many bytes. */
  private static byte[] jsonOf(int size) {
    return ("\"" + "x".repeat(size - 2) + "\"").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzipped(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
