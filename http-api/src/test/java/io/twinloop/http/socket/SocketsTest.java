package io.twinloop.http.socket;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Answers;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.TestServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers meet who write and read in other ways than one request, one answer. */
@Timeout(60)
class SocketsTest {

  private static final int PIECES = 200;
  private static final int PIECE = 100_000;
  private static final ByteString LARGE = large();

  private static final Endpoint HELLO =
      Endpoint.get(
          "/hello",
          Permission.TWIN_READ,
          call -> CompletableFuture.completedStage(Answers.ok(Json.object())));

  private static Endpoint streaming(Source<ByteString, ?> pieces) {
    return Endpoint.get(
        "/stream",
        Permission.TWIN_READ,
        call ->
            CompletableFuture.completedStage(
                HttpResponse.create()
                    .withEntity(
                        HttpEntities.createChunked(
                            ContentTypes.APPLICATION_OCTET_STREAM, pieces))));
  }

  @Test
  void shouldCutOffWhoDoesNotReadEvenIfItSends() throws IOException {
    try (TestServer server =
            TestServer.with(streaming(Source.repeat(piece(1))))
                .settings(
                    "twinloop.http { idle-timeout = 400ms, request-timeout = 200ms,"
                        + " stream-heartbeat = 100ms }")
                .start();
        Socket socket = connect(server)) {
      send(socket, get("/stream"));

      assertThatThrownBy(() -> sendForEver(socket)).isInstanceOf(SocketException.class);
    }
  }

  private static void sendForEver(Socket socket) throws Exception {
    while (true) {
      send(socket, "x");
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  @Test
  void shouldWriteAnAnswerToItsEndWhenItStops() throws Exception {
    TestServer server =
        TestServer.with(whole(LARGE)).settings("twinloop.http.stop-timeout = 20s").start();
    try (Socket socket = connect(server)) {
      send(socket, get("/whole"));
      int first = socket.getInputStream().read();
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(server::close);

      assertThat((char) first + allOf(socket)).endsWith(LARGE.decodeString(ISO_8859_1));
      stopped.get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void shouldLetWhoStillSendsReadTheLastAnswer() throws IOException {
    try (TestServer server = TestServer.with(HELLO).start();
        Socket socket = connect(server)) {
      send(socket, "no request at all\r\n\r\n" + "and more of it\r\n".repeat(20_000));

      assertThat(allOf(socket)).startsWith("HTTP/1.1 400").endsWith("}");
    }
  }

  @Test
  void shouldAnswerRequestsThatComeFasterThanTheyAreAnswered() throws Exception {
    int requests = 4_000;
    String request = get("/hello?filler=" + "x".repeat(300));
    try (TestServer server = TestServer.with(HELLO).start();
        Socket socket = connect(server)) {
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(
              () -> {
                try {
                  send(socket, request.repeat(requests - 1));
                  send(socket, get("/hello", "Connection: close"));
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });

      BufferedReader answers =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
      assertThat(answers.lines().filter(line -> line.contains("HTTP/1.1 ")))
          .hasSize(requests)
          .allMatch(line -> line.endsWith("HTTP/1.1 200 OK"));
      sent.join();
    }
  }

  @Test
  void shouldWriteAsFastAsTheCallerReads() throws IOException {
    Source<ByteString, ?> pieces = Source.range(1, PIECES).map(SocketsTest::piece);
    try (TestServer server = TestServer.with(streaming(pieces)).start();
        Socket socket = connect(server)) {
      send(socket, get("/stream", "Connection: close"));

      String answer = allOf(socket);
      int at = 0;
      for (int i = 1; i <= PIECES; i++) {
        at = answer.indexOf(letter(i).repeat(PIECE), at);
        assertThat(at).as("piece %d", i).isPositive();
      }
      assertThat(answer).endsWith("0\r\n\r\n");
    }
  }

  @Test
  void shouldWriteALargeAnswerWhole() throws IOException {
    try (TestServer server = TestServer.with(whole(LARGE)).start();
        Socket socket = connect(server)) {
      send(socket, get("/whole", "Connection: close"));

      assertThat(allOf(socket)).endsWith("\r\n\r\n" + LARGE.decodeString(ISO_8859_1));
    }
  }

  private static Endpoint whole(ByteString body) {
    return Endpoint.get(
        "/whole",
        Permission.TWIN_READ,
        call ->
            CompletableFuture.completedStage(
                HttpResponse.create()
                    .withEntity(HttpEntities.create(ContentTypes.APPLICATION_OCTET_STREAM, body))));
  }

  private static ByteString large() {
    ByteString large = ByteString.emptyByteString();
    for (int i = 1; i <= PIECES; i++) {
      large = large.concat(piece(i));
    }
    return large;
  }

  private static ByteString piece(int i) {
    return ByteString.fromString(letter(i).repeat(PIECE));
  }

  private static String letter(int i) {
    return Character.toString('a' + i % 26);
  }

  @Test
  void shouldResetAConnectionWhoseAnswerBreaksOff() throws IOException {
    Source<ByteString, ?> broken =
        Source.single(ByteString.fromString("the first half"))
            .concat(Source.failed(new IllegalStateException("the rest is lost")));
    try (TestServer server = TestServer.with(streaming(broken)).start();
        Socket socket = connect(server)) {
      send(socket, get("/stream"));

      assertThatThrownBy(() -> allOf(socket)).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void shouldAnswerOnEachOfManyConnectionsMadeAtOnce() throws IOException {
    List<Socket> open = new ArrayList<>();
    try (TestServer server = TestServer.with(HELLO).start()) {
      for (int i = 0; i < 400; i++) {
        Socket socket = connect(server);
        open.add(socket);
        send(socket, get("/hello"));
      }
      for (Socket socket : open) {
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void shouldAcceptNoMoreConnectionsThanItMay() throws IOException {
    int most = 8;
    List<Socket> open = new ArrayList<>();
    try (TestServer server =
        TestServer.with(HELLO)
            .settings("twinloop.http { max-connections = 8, door.connections-per-address = 2 }")
            .start()) {
      for (int i = 0; i < most; i++) {
        open.add(connect(server, "127.0.1." + (1 + i / 2)));
        assertThat(answered(open.get(i))).isTrue();
      }
      Socket waiting = connect(server, "127.0.1.9");
      open.add(waiting);
      waiting.setSoTimeout(300);
      assertThatThrownBy(() -> answered(waiting)).isInstanceOf(SocketTimeoutException.class);

      open.get(0).close();

      waiting.setSoTimeout(20_000);
      assertThat(waiting.getInputStream().read()).isEqualTo('H');
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  private static boolean answered(Socket socket) throws IOException {
    send(socket, get("/hello"));
    return socket.getInputStream().read() == 'H';
  }

  private static String get(String path, String... headers) {
    List<String> lines = new ArrayList<>(List.of("GET " + path + " HTTP/1.1", "Host: localhost"));
    lines.addAll(List.of(headers));
    return TestServer.head(lines.toArray(String[]::new));
  }

  private static Socket connect(TestServer server) throws IOException {
    return connect(server, "127.0.0.1");
  }

  private static Socket connect(TestServer server, String from) throws IOException {
    Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), server.port(), InetAddress.getByName(from), 0);
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    socket.getOutputStream().flush();
  }

  private static String allOf(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    return new String(in.readAllBytes(), ISO_8859_1);
  }
}
