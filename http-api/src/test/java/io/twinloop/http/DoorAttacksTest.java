package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.twinloop.domain.identity.AccessRule;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.audit.InMemoryAuditTrail;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.Done;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What strangers try at the door, over real sockets. */
class DoorAttacksTest {

  private static final AccessRule OPEN = AccessRule.open("for a test");

  private final List<String> seen = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Done> streamEnded = new CompletableFuture<>();

  private final Endpoint hello =
      Endpoint.get("/hello", OPEN, call -> done(Answers.ok(Json.object())));

  private final Endpoint files =
      Endpoint.get(
          "/files/{path*}",
          OPEN,
          call -> {
            seen.add(call.path("path"));
            return done(Answers.noContent());
          });

  private final Endpoint thing =
      Endpoint.put(
          "/things/{id}",
          OPEN,
          call -> {
            String id = call.id("id");
            call.ifMatch();
            return Stages.map(
                call.json(),
                json -> {
                  seen.add(JsonFields.read(json, fields -> fields.string("name")) + id);
                  return Answers.noContent();
                });
          });

  private final Endpoint list =
      Endpoint.get(
          "/list",
          OPEN,
          call -> {
            long after = call.cursor().map(Cursors::number).orElse(0L);
            return done(Answers.page(List.of(), Optional.of(Long.toString(after + 42))));
          });

  private final Endpoint endless =
      Endpoint.get(
          "/endless",
          OPEN,
          call ->
              done(
                  HttpResponse.create()
                      .withEntity(
                          HttpEntities.createChunked(
                              ContentTypes.APPLICATION_OCTET_STREAM, watched()))));

  private final Endpoint events =
      Endpoint.get(
          "/events",
          OPEN,
          call ->
              done(
                  Sse.response(
                      call,
                      watched()
                          .map(
                              bytes -> new Sse.Event(Optional.empty(), "x", "y".repeat(10_000))))));

  private final Endpoint failing =
      Endpoint.get(
          "/failing/{id}",
          OPEN,
          call -> {
            throw new IllegalStateException("of " + call.path("id"));
          });

  private static CompletableFuture<HttpResponse> done(HttpResponse response) {
    return CompletableFuture.completedFuture(response);
  }

  private Source<ByteString, ?> watched() {
    return Source.repeat(ByteString.fromArray(new byte[10_000]))
        .watchTermination(
            (mat, ended) -> {
              ended.whenComplete((done, failure) -> streamEnded.complete(Done.getInstance()));
              return mat;
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/files/../hello",
        "/files/a/../../hello",
        "/files/%2e%2e/hello",
        "/files/.%2e/hello",
        "/files/%252e%252e/hello",
        "/files/%252e%252e%252fhello",
        "/files/..%2fhello",
        "/files/..%5chello",
        "/files/%5c..%5chello",
        "/files/..%252f..%252fhello",
        "/files/%c0%ae%c0%ae/hello",
        "/files/a%00.txt",
        "/files/%00",
        "/files//hello",
        "/files/./hello",
        "//hello",
        "/docs/../pom.xml",
        "/docs/%2e%2e/%2e%2e/application.conf",
        "/docs/..%5creference.conf",
        "/docs/%252e%252e/reference.conf",
      })
  void shouldLetNoPathLeaveItsFolder(String path) {
    Endpoint[] endpoints =
        Stream.of(List.of(hello, files), SwaggerUi.load().endpoints(), Pages.load().endpoints())
            .flatMap(List::stream)
            .toArray(Endpoint[]::new);
    try (TestServer server = TestServer.with(endpoints).start()) {
      String answer = server.raw(get(path));

      assertThat(seen)
          .allSatisfy(
              value ->
                  assertThat(List.of(value.split("/", -1)))
                      .doesNotContain("..", ".", "")
                      .allSatisfy(part -> assertThat(part).doesNotContain("\\")));
      assertThat(answer)
          .matches("(?s)HTTP/1\\.1 (204 .*|4(00|04) .*|200 .*\\{})")
          .doesNotContain("twinloop {");
    }
  }

  @Test
  void shouldTakeNoControlCharacterForAnId() {
    try (TestServer server = TestServer.with(thing).start()) {
      for (String id : List.of("%00", "a%0d%0ab", "a%1b", "%e2%80%a8", "%2e%2e", "a%2fb", "%ff")) {
        String answer =
            server.raw(
                "PUT /things/"
                    + id
                    + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}");
        assertThat(answer).as(id).matches("(?s)HTTP/1\\.1 40[04] .*");
      }
      assertThat(seen).isEmpty();
    }
  }

  @Test
  void shouldRefuseJsonThatIsTooLargeOrTooDeep() {
    try (TestServer server = TestServer.with(thing).start()) {
      String large = "{\"name\":\"" + "x".repeat(65 * 1024) + "\"}";
      assertThat(problem(server.put("/things/a", large)).path("code").textValue())
          .isEqualTo("body-too-large");
      for (String deep :
          List.of(
              "[".repeat(30_000),
              "{\"a\":".repeat(10_000),
              "[".repeat(20_000) + "]".repeat(20_000),
              "{\"name\":" + "[".repeat(65) + "]".repeat(65) + "}")) {
        assertThat(problem(server.put("/things/a", deep)).path("code").textValue())
            .isEqualTo("malformed");
      }
      String number = "{\"name\":" + "9".repeat(60_000) + "}";
      assertThat(problem(server.put("/things/a", number)).path("code").textValue())
          .isEqualTo("malformed");
      assertThat(seen).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "revision", "status", "at", "actor", "__proto__", "constructor"})
  void shouldRefuseFieldsThatAreNotTheCallersToSet(String field) {
    try (TestServer server = TestServer.with(thing).start()) {
      Reply reply = server.put("/things/a", "{\"name\": \"a\", \"" + field + "\": \"x\"}");

      assertThat(reply.statusCode()).isEqualTo(400);
      assertThat(problem(reply).at("/errors/0/pointer").textValue()).isEqualTo("/" + field);
      assertThat(seen).isEmpty();
    }
  }

  @Test
  void shouldRefuseFloodsOfHeaders() {
    try (TestServer server = TestServer.with(hello).start()) {
      String many =
          IntStream.range(0, 5_000).mapToObj(i -> "X-" + i + ": a\r\n").reduce("", String::concat);
      assertRefused(server, many);
      assertRefused(server, "X-A: " + "a".repeat(1_000_000) + "\r\n");
      assertRefused(server, "X".repeat(100_000) + ": a\r\n");
      assertThat(server.get("/hello").statusCode()).isEqualTo(200);
    }
  }

  private static void assertRefused(TestServer server, String headers) {
    String answer;
    try {
      answer = server.raw("GET /hello HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    } catch (UncheckedIOException cutOffWhileWriting) {
      return;
    }
    assertThat(answer).matches("(?s)(HTTP/1\\.1 4[0-9]{2} .*)?");
  }

  @Test
  void shouldCutOffWhoSendsAHeaderByteByByte() throws IOException {
    try (TestServer server =
            TestServer.with(hello).settings("twinloop.http.door.first-request = 400ms").start();
        Socket socket = connect(server)) {
      send(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");

      assertThat(isCutOffWhileItDribbles(socket)).isTrue();
    }
  }

  @Test
  void shouldCutOffWhoNeverEndsTheNextHead() throws IOException {
    try (TestServer server =
            TestServer.with(hello).settings("twinloop.http.door.next-request = 400ms").start();
        Socket socket = connect(server)) {
      send(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
      readUntil(socket, "{}");
      send(socket, "GET /hello HTTP/1.1\r\nX-Slow: ");

      assertThat(isCutOffWhileItDribbles(socket)).isTrue();
    }
  }

  @Test
  void shouldServeManyRequestsOnOneConnection() throws IOException {
    try (TestServer server = TestServer.with(hello).start();
        Socket socket = connect(server)) {
      for (int i = 0; i < 20; i++) {
        send(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        readUntil(socket, "{}");
      }
    }
  }

  @Test
  void shouldTimeEachAnswerOfAConnection() throws IOException {
    Endpoint never = Endpoint.get("/never", OPEN, call -> new CompletableFuture<>());
    try (TestServer server =
            TestServer.with(hello, never)
                .settings("twinloop.http { request-timeout = 300ms, door.next-request = 10s }")
                .start();
        Socket socket = connect(server)) {
      for (int i = 0; i < 3; i++) {
        send(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
        readUntil(socket, "{}");
      }
      send(socket, "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");

      readUntil(socket, "timed-out");
    }
  }

  @Test
  void shouldTimeAnAnswerFromTheEndOfItsBody() throws IOException {
    try (TestServer server =
            TestServer.with(thing).settings("twinloop.http.request-timeout = 200ms").start();
        Socket socket = connect(server)) {
      send(
          socket,
          "PUT /things/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 12\r\n\r\n{\"name\"");
      socket.setSoTimeout(600);
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
      socket.setSoTimeout(20_000);
      send(socket, ":\"b\"}");

      readUntil(socket, "HTTP/1.1 204");
      assertThat(seen).containsExactly("ba");
    }
  }

  @Test
  void shouldNotCutOffAStreamThatIsRead() throws IOException {
    try (TestServer server =
            TestServer.with(events)
                .settings("twinloop.http.door { first-request = 300ms, next-request = 300ms }")
                .start();
        Socket socket = connect(server)) {
      send(socket, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
      long end = System.nanoTime() + Duration.ofMillis(900).toNanos();
      byte[] buffer = new byte[10_000];
      while (System.nanoTime() < end) {
        assertThat(socket.getInputStream().read(buffer)).isPositive();
      }
      assertThat(streamEnded).isNotDone();
    }
  }

  @Test
  void shouldCutOffWhoSendsABodyByteByByte() throws IOException {
    try (TestServer server =
            TestServer.with(thing).settings("twinloop.http.body-timeout = 400ms").start();
        Socket socket = connect(server)) {
      send(
          socket,
          "PUT /things/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 1000\r\n\r\n{");

      assertThat(answerWhileItDribbles(socket)).contains("408", "body-too-slow");
      assertThat(seen).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/endless", "/events"})
  void shouldCutOffWhoDoesNotRead(String path) throws Exception {
    try (TestServer server =
            TestServer.with(endless, events)
                .settings(
                    "twinloop.http { idle-timeout = 500ms, request-timeout = 400ms,"
                        + " stream-heartbeat = 200ms }")
                .start();
        Socket socket = connect(server)) {
      send(socket, get(path));

      assertThat(streamEnded.get(20, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void shouldLetOneAddressOpenSoManyConnectionsOnly() throws IOException {
    try (TestServer server =
            TestServer.with(hello)
                .settings("twinloop.http.door.connections-per-address = 2")
                .start();
        Socket second = connect(server)) {
      try (Socket first = connect(server)) {
        for (Socket socket : List.of(first, second)) {
          send(socket, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
          readUntil(socket, "{}");
        }
        try (Socket third = connect(server)) {
          assertThat(isClosed(third)).isTrue();
        }
      }
      await().until(() -> isAnswered(server));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a%0d%0aFORGED%20line",
        "a%0aFORGED",
        "a%1b%5b31mFORGED",
        "a%e2%80%a8FORGED",
        "a%e2%80%a9FORGED",
        "a%c2%85FORGED",
        "%e2%80%aeFORGED"
      })
  void shouldKeepTheLogLineWhole(String id) {
    Logger logger = (Logger) LoggerFactory.getLogger(Failures.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    InMemoryAuditTrail audit = new InMemoryAuditTrail();
    try (TestServer server = TestServer.with(failing, thing).audit(audit).start()) {
      String answer = server.raw(get("/failing/" + id));
      assertThat(answer).startsWith("HTTP/1.1 500 ").doesNotContain("FORGED");
      server.raw("PUT /things/" + id + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    } finally {
      logger.detachAppender(lines);
    }

    assertThat(lines.list).hasSize(1);
    assertThat(lines.list.get(0).getFormattedMessage())
        .doesNotContainPattern("[\\p{C}\\p{Zl}\\p{Zp}]");
    assertThat(audit.entries()).hasSize(1);
    assertThat(audit.entries().get(0).toString()).doesNotContainPattern("[\\p{C}\\p{Zl}\\p{Zp}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Correlation-Id", "Twinloop-Actor", "Idempotency-Key"})
  void shouldTakeNoHeaderThatCouldForgeALine(String header) {
    InMemoryAuditTrail audit = new InMemoryAuditTrail();
    try (TestServer server = TestServer.with(thing).audit(audit).start()) {
      for (String value : List.of("a\u001b[31m", "a\u00e2\u0080\u00a8b", "a b\tc")) {
        String answer =
            server.raw(
                "PUT /things/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + header
                    + ": "
                    + value
                    + "\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}");
        assertThat(answer).startsWith("HTTP/1.1 400 ");
      }
    }
    assertThat(seen).isEmpty();
    assertThat(audit.entries().toString()).doesNotContainPattern("[\\p{C}\\p{Zl}\\p{Zp}]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "3",
        "\"03\"",
        "\"-1\"",
        "\"99999999999999999999\"",
        "\"1\", \"2\"",
        "W/\"3\"",
        "\"3\"; DROP",
        "\"1e3\"",
        "''"
      })
  void shouldTakeNoTagThatIsNoRevision(String tag) {
    try (TestServer server = TestServer.with(thing).start()) {
      Reply reply = server.put("/things/a", "{\"name\": \"a\"}", "If-Match", tag);

      assertThat(reply.statusCode()).isIn(400, 412);
      problem(reply);
      assertThat(seen).isEmpty();
    }
  }

  @Test
  void shouldTakeNoCursorThatIsNotItsOwn() {
    try (TestServer server = TestServer.with(list).start()) {
      String cursor = json(server.get("/list")).path("nextCursor").textValue();
      assertThat(server.get("/list?cursor=" + cursor).statusCode()).isEqualTo(200);
      for (int i = 0; i < cursor.length(); i++) {
        char other = cursor.charAt(i) == 'A' ? 'B' : 'A';
        String changed = cursor.substring(0, i) + other + cursor.substring(i + 1);
        Reply reply = server.get("/list?cursor=" + changed);
        assertThat(reply.statusCode()).as(changed).isEqualTo(400);
        problem(reply);
      }
      // Who computes the checksum too gets what any validated input gets.
      for (String forged : List.of("42; DROP TABLE kpi", "' OR 1=1", "-", "", "9".repeat(40))) {
        assertThat(server.get("/list?cursor=" + OpaqueToken.encode(forged)).statusCode())
            .as(forged)
            .isEqualTo(400);
      }
    }
  }

  private static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  }

  private static Socket connect(TestServer server) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  private static void readUntil(Socket socket, String end) throws IOException {
    StringBuilder text = new StringBuilder();
    InputStream in = socket.getInputStream();
    while (text.indexOf(end) < 0) {
      int next = in.read();
      assertThat(next).as("goes on after %s", text).isNotNegative();
      text.append((char) next);
    }
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  private static boolean isAnswered(TestServer server) {
    try (Socket socket = connect(server)) {
      send(socket, get("/hello"));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
          .startsWith("HTTP/1.1 200 ");
    } catch (IOException refused) {
      return false;
    }
  }

  private static boolean isCutOffWhileItDribbles(Socket socket) throws IOException {
    return !answerWhileItDribbles(socket).startsWith("HTTP/1.1 2");
  }

  /** Sends a byte whenever nothing came for a moment; answers what came until the end. */
  private static String answerWhileItDribbles(Socket socket) throws IOException {
    socket.setSoTimeout(50);
    StringBuilder answer = new StringBuilder();
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (System.nanoTime() < end) {
      try {
        int next = socket.getInputStream().read();
        if (next < 0) {
          return answer.toString();
        }
        answer.append((char) next);
        if (answer.indexOf("body-too-slow") > 0) {
          return answer.toString();
        }
      } catch (SocketTimeoutException nothingCame) {
        try {
          send(socket, "a");
        } catch (SocketException closed) {
          return answer.toString();
        }
      } catch (SocketException closed) {
        return answer.toString();
      }
    }
    throw new AssertionError("The server still listens after 20 s: " + answer);
  }
}
