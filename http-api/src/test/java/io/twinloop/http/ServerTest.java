package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The server itself: who may talk to it, requests that are none, streams, waiting, start and stop.
 */
class ServerTest {

  private static final Endpoint HELLO =
      Endpoint.get(
          "/hello",
          Permission.TWIN_READ,
          call -> CompletableFuture.completedStage(Answers.ok(Json.object())));

  @ParameterizedTest
  @CsvSource({
    "localhost,'',200",
    "localhost:8080,'',200",
    "LOCALHOST:1,'',200",
    "127.0.0.1:80,'',200",
    "[::1]:80,'',200",
    "localhost,http://localhost:3000,200",
    "localhost,https://127.0.0.1,200",
    "localhost,http://[::1]:8080,200",
    "evil.example,'',403",
    "localhost.evil.example,'',403",
    "127.0.0.1.evil.example,'',403",
    "192.168.1.5:8080,'',403",
    "0.0.0.0:8080,'',403",
    "localhost,http://evil.example,403",
    "localhost,http://localhost.evil.example,403",
    "localhost,http://evil.example:80#localhost,403",
    "localhost,null,403",
    "localhost,file://,403",
  })
  void shouldAnswerToLoopbackNamesOnly(String host, String origin, int status) {
    try (TestServer server = TestServer.with(HELLO).start()) {
      String answer =
          server.raw(
              "GET /hello HTTP/1.1\r\nHost: "
                  + host
                  + "\r\n"
                  + (origin.isEmpty() ? "" : "Origin: " + origin + "\r\n")
                  + "Connection: close\r\n\r\n");

      assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
      if (status == 403) {
        assertThat(answer).contains("application/problem+json", "foreign-host");
      }
    }
  }

  static Stream<String> brokenRequests() {
    return Stream.of(
        "nonsense nonsense nonsense\r\n\r\n",
        "GET /hello\r\n\r\n",
        "GET /hello HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /he llo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n",
        "BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "GET /" + "a".repeat(9_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nX-A: " + "a".repeat(20_000) + "\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n" + "X-A: a\r\n".repeat(100) + "\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n");
  }

  @ParameterizedTest
  @MethodSource("brokenRequests")
  void shouldRefuseWhatIsNoRequestWithAProblem(String request) {
    try (TestServer server = TestServer.with(HELLO).start()) {
      String answer = server.raw(request);

      assertThat(answer).matches("(?s)HTTP/1\\.1 4[0-9]{2} .*");
      assertThat(answer)
          .contains("application/problem+json", "\"code\":", "X-Correlation-Id:", "traceparent:")
          .doesNotContain("pekko", "Exception");
    }
  }

  @Test
  void shouldSayWhenAnAddressOrAHeaderIsTooLong() {
    try (TestServer server = TestServer.with(HELLO).start()) {
      assertThat(server.get("/" + "a".repeat(9_000)).statusCode()).isEqualTo(414);
      Reply reply = server.get("/hello", "X-Long", "a".repeat(20_000));
      assertThat(reply.statusCode()).isEqualTo(431);
      problem(reply);
    }
  }

  @Test
  void shouldStreamEventsAndGoOnBehindTheLastOneSeen() {
    Endpoint stream =
        Endpoint.get(
            "/stream",
            Permission.TWIN_READ,
            call -> {
              int after = call.lastEventId().map(Integer::parseInt).orElse(0);
              return CompletableFuture.completedStage(
                  Sse.response(
                      call,
                      Source.range(after + 1, 3)
                          .map(
                              i ->
                                  new Sse.Event(
                                      Optional.of(Integer.toString(i)), "tick", "a\nb" + i))));
            });
    try (TestServer server = TestServer.with(stream).start()) {
      Reply all = server.get("/stream");
      Reply rest = server.get("/stream", "Last-Event-ID", "2");

      assertThat(all.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("text/event-stream");
      assertThat(all.body())
          .isEqualTo(
              """
              retry: 1000

              id: 1
              event: tick
              data: a
              data: b1

              id: 2
              event: tick
              data: a
              data: b2

              id: 3
              event: tick
              data: a
              data: b3

              """);
      assertThat(rest.body()).contains("id: 3").doesNotContain("id: 2");
      assertThat(server.get("/stream", "Last-Event-ID", "a b").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void shouldSendHeartbeatsAndEndStreamsWhenTheServerStops() throws Exception {
    Endpoint stream =
        Endpoint.get(
            "/stream",
            Permission.TWIN_READ,
            call -> CompletableFuture.completedStage(Sse.response(call, Source.maybe())));
    TestServer server =
        TestServer.with(stream).settings("twinloop.http.stream-heartbeat = 50ms").start();
    try (InputStream in =
        server
            .client()
            .send(server.request("/stream").build(), BodyHandlers.ofInputStream())
            .body()) {
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      assertThat(lines.readLine()).isEqualTo("retry: 1000");
      int heartbeats = 0;
      while (heartbeats < 3) {
        heartbeats += lines.readLine().equals(":") ? 1 : 0;
      }

      CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
      List<String> rest = new ArrayList<>();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        rest.add(line);
      }
      assertThat(rest).allMatch(line -> line.isEmpty() || line.equals(":"));
      closed.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void shouldRefuseAnEventThatWouldBreakTheStream() {
    assertThatThrownBy(() -> new Sse.Event(Optional.of("1\ndata: x"), "t", ""))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Sse.Event(Optional.empty(), "t\r", ""))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldHoldAQueryBackUntilItsReadModelHasTheWrite() {
    CompletableFuture<Boolean> reached = new CompletableFuture<>();
    List<ReadPosition> awaited = new ArrayList<>();
    ReadBarrier barrier =
        (position, timeout) -> {
          awaited.add(position);
          return reached;
        };
    ReadPosition position = ReadPosition.of("Kpi|k1", 7);
    try (TestServer server = TestServer.with(HELLO).barrier(barrier).start()) {
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(
              () -> server.get("/hello", "Twinloop-After", position.encode()));
      await().until(() -> awaited.equals(List.of(position)));
      assertThat(reply).isNotDone();

      reached.complete(true);
      assertThat(reply.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldSayWhenTheReadModelDoesNotGetThereInTime() {
    ReadBarrier barrier = (position, timeout) -> CompletableFuture.completedStage(false);
    try (TestServer server = TestServer.with(HELLO).barrier(barrier).start()) {
      Reply reply = server.get("/hello", "Twinloop-After", ReadPosition.of("Kpi|k1", 7).encode());

      assertThat(reply.statusCode()).isEqualTo(503);
      assertThat(reply.headers().firstValue("Retry-After")).hasValue("5");
      assertThat(problem(reply).path("code").textValue()).isEqualTo("read-model-behind");
      assertThat(server.get("/hello").statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "Kpi|k1@7", "AAAAAAAA", "____", "%00"})
  void shouldRefuseAPositionThatWasTamperedWith(String token) {
    try (TestServer server = TestServer.with(HELLO).start()) {
      Reply reply = server.get("/hello", "Twinloop-After", token);

      assertThat(reply.statusCode()).isEqualTo(400);
      assertThat(problem(reply).at("/errors/0/pointer").textValue()).isEqualTo("twinloop-after:");
    }
  }

  @Test
  void shouldFinishRequestsInFlightWhenItStops() throws Exception {
    CompletableFuture<HttpResponse> answer = new CompletableFuture<>();
    CompletableFuture<Void> arrived = new CompletableFuture<>();
    Endpoint slow =
        Endpoint.get(
            "/slow",
            Permission.TWIN_READ,
            call -> {
              arrived.complete(null);
              return answer;
            });
    TestServer server = TestServer.with(slow).settings("twinloop.http.stop-timeout = 10s").start();
    CompletableFuture<Reply> reply = CompletableFuture.supplyAsync(() -> server.get("/slow"));
    arrived.get(10, TimeUnit.SECONDS);

    CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
    await().until(() -> refusesConnections(server.port()));
    assertThat(closed).isNotDone();
    answer.complete(Answers.ok(Json.object().put("done", true)));

    assertThat(json(reply.get(10, TimeUnit.SECONDS)).path("done").booleanValue()).isTrue();
    closed.get(20, TimeUnit.SECONDS);
  }

  @Test
  void shouldAnswerWhoIsJustAskingWhenItStops() throws Exception {
    TestServer server =
        TestServer.with(HELLO)
            .settings("twinloop.http { stop-timeout = 60s, door.last-request = 60s }")
            .start();
    try (Socket kept = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      kept.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
      assertThat(ask(kept)).startsWith("HTTP/1.1 200").doesNotContain("Connection: close");

      CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
      await().until(() -> refusesConnections(server.port()));
      await().until(() -> ask(kept).contains("Connection: close"));

      closed.get(20, TimeUnit.SECONDS);
    }
  }

  /** Asks on a connection that is kept; the answer up to the end of its body. */
  private static String ask(Socket kept) throws IOException {
    kept.getOutputStream()
        .write(
            "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    StringBuilder answer = new StringBuilder();
    while (answer.indexOf("}") < 0) {
      int next = kept.getInputStream().read();
      assertThat(next).as("goes on after '%s'", answer).isNotNegative();
      answer.append((char) next);
    }
    return answer.toString();
  }

  @Test
  void shouldCutRequestsThatTakeTooLongToFinish() throws Exception {
    CompletableFuture<Void> arrived = new CompletableFuture<>();
    Endpoint never =
        Endpoint.get(
            "/never",
            Permission.TWIN_READ,
            call -> {
              arrived.complete(null);
              return new CompletableFuture<>();
            });
    TestServer server =
        TestServer.with(never).settings("twinloop.http.stop-timeout = 300ms").start();
    CompletableFuture<Reply> reply = CompletableFuture.supplyAsync(() -> server.get("/never"));
    arrived.get(10, TimeUnit.SECONDS);

    server.close();
    assertThat(
            reply
                .handle((answer, cut) -> cut != null || answer.statusCode() == 503)
                .get(10, TimeUnit.SECONDS))
        .isTrue();
  }

  @Test
  void shouldSayWhenThePortIsInUse() {
    try (TestServer first = TestServer.with(HELLO).start()) {
      assertThatThrownBy(
              () -> TestServer.with(HELLO).settings("twinloop.http.port = " + first.port()).start())
          .isInstanceOf(HttpServer.CannotListen.class)
          .hasMessageContaining("Port " + first.port() + " on 127.0.0.1 is in use");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1"})
  void shouldRefuseToListenWhereOthersCanReachItWithoutALogin(String host) {
    assertThatThrownBy(
            () -> TestServer.with(HELLO).settings("twinloop.http.host = \"" + host + "\"").start())
        .isInstanceOf(HttpServer.CannotListen.class)
        .hasMessageContaining("Refusing to listen on " + host)
        .hasMessageContaining("twinloop.http.host");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "port = 70000",
        "max-connections = 0",
        "idle-timeout = 1s",
        "stream-heartbeat = 2m",
        "body-timeout = 0s",
        "gzip-ratio = 0",
        "idempotency-lease = -1s",
        "allowed-hosts = \"a/b\"",
        "allowed-hosts = \"https://a.example\"",
        "allowed-origins = \"a.example\"",
        "allowed-origins = \"https://a.example/path\"",
        "allowed-origins = \"*\"",
      })
  void shouldNameTheSettingThatIsWrong(String setting) {
    Config config =
        ConfigFactory.parseString("twinloop.http { " + setting + " }")
            .withFallback(ConfigFactory.load());

    assertThatThrownBy(() -> HttpSettings.from(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.http." + setting.substring(0, setting.indexOf(' ')));
  }

  @Test
  void shouldCloseAConnectionOnWhichNothingMoves() throws IOException {
    try (TestServer server =
            TestServer.with(HELLO)
                .settings(
                    "twinloop.http { idle-timeout = 300ms, request-timeout = 200ms,"
                        + " stream-heartbeat = 100ms }")
                .start();
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
      socket.getOutputStream().write("GET /hel".getBytes(StandardCharsets.ISO_8859_1));

      assertThat(isClosed(socket)).isTrue();
    }
  }

  /** Waits for the end of what comes; false when the connection stays open. */
  private static boolean isClosed(Socket socket) throws IOException {
    try {
      socket.getInputStream().readAllBytes();
      return true;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (SocketException reset) {
      return true;
    }
  }

  private static boolean refusesConnections(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return !socket.isConnected();
    } catch (ConnectException refused) {
      return true;
    } catch (IOException other) {
      return false;
    }
  }
}
