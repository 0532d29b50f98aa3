package io.twinloop.integrations.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.Backoff;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.integrations.secrets.SiteSecrets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.hc.client5.http.DnsResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls to a real server on loopback, which the policy allows by name where the test needs it. */
class EgressHttpCallsTest {

  private record Seen(String method, URI uri, Headers headers, String body) {}

  private final Queue<Seen> seen = new ConcurrentLinkedQueue<>();
  private final List<EgressHttpClient> opened = new ArrayList<>();
  private final CountDownLatch released = new CountDownLatch(1);
  private ExecutorService serverThreads;
  private HttpServer server;
  private int port;

  @BeforeEach
  void start() throws IOException {
    serverThreads = Executors.newCachedThreadPool();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(serverThreads);
    port = server.getAddress().getPort();
    serve("/json", exchange -> answer(exchange, 200, "application/json", "{\"a\":1}"));
    server.start();
  }

  @AfterEach
  void stop() {
    released.countDown();
    opened.forEach(EgressHttpClient::close);
    server.stop(0);
    serverThreads.shutdownNow();
  }

  @Test
  void shouldSendWhatTheWorkflowAsksFor() {
    HttpCall call =
        new HttpCall(
            "POST",
            at("/json?fixed=1"),
            Map.of("X-Tenant", "acme", "Content-Type", "application/vnd.acme+json"),
            Map.of("q", "a b&c=d"),
            JsonNodeFactory.instance.objectNode().put("name", "é"),
            HttpCall.Output.CONTENT,
            false,
            null,
            HttpCall.Basic.with("user", "pässword"),
            null);

    HttpAnswer.Received answer = received(join(calls(), call, "step-1"));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.content().path("a").intValue()).isEqualTo(1);
    assertThat(answer.headers()).containsEntry("content-type", "application/json");
    Seen request = seen.remove();
    assertThat(request.method()).isEqualTo("POST");
    assertThat(request.uri().getQuery()).isEqualTo("fixed=1&q=a b&c=d");
    assertThat(request.uri().getRawQuery()).contains("fixed=1", "%26c%3Dd");
    assertThat(request.body()).isEqualTo("{\"name\":\"é\"}");
    assertThat(request.headers().get("Idempotency-Key")).containsExactly("step-1");
    assertThat(request.headers().get("X-Tenant")).containsExactly("acme");
    assertThat(request.headers().get("Content-Type")).containsExactly("application/vnd.acme+json");
    assertThat(request.headers().get("User-Agent")).containsExactly("Twinloop");
    assertThat(request.headers().getFirst("Authorization")).startsWith("Basic ");
  }

  @Test
  void shouldSendTextAsItStandsAndATokenAsBearer() {
    HttpCall call =
        new HttpCall(
            "PUT",
            at("/json"),
            Map.of(),
            Map.of(),
            TextNode.valueOf("plain"),
            HttpCall.Output.CONTENT,
            false,
            null,
            HttpCall.Bearer.with("token"),
            null);

    join(calls(), call, "k");

    Seen request = seen.remove();
    assertThat(request.body()).isEqualTo("plain");
    assertThat(request.headers().getFirst("Content-Type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(request.headers().getFirst("Authorization")).isEqualTo("Bearer token");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 500, 503})
  void shouldTakeEveryStatusForAnAnswerAndAskOnce(int status) {
    serve("/status", exchange -> answer(exchange, status, "text/plain", "no"));

    assertThat(received(get(calls(), at("/status"))).status()).isEqualTo(status);
    assertThat(seen).hasSize(1);
  }

  @Test
  void shouldNotConnectToAnAddressThatIsRefused() {
    EgressHttpCalls strict = calls("");
    for (String host : List.of("127.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]")) {
      WorkflowError error =
          failed(get(strict, URI.create("http://" + host + ":" + port + "/json")));

      assertThat(error.status()).as(host).isEqualTo(403);
      assertThat(error.type()).isEqualTo(WorkflowError.COMMUNICATION);
      assertThat(error.detail()).contains("loopback", "twinloop.egress.allow");
    }
    assertThat(seen).isEmpty();
  }

  @Test
  void shouldJudgeTheAddressANameResolvesToAtEveryConnection() {
    List<InetAddress> addresses = new ArrayList<>();
    EgressHttpCalls calls =
        opened(
            settings("127.0.0.1/32"),
            new CheckedNames(EgressPolicy.allowing("127.0.0.1/32"), names(host -> addresses)));
    serve(
        "/once",
        exchange -> {
          exchange.getResponseHeaders().add("Connection", "close");
          answer(exchange, 200, "text/plain", "fine");
        });
    URI address = URI.create("http://rebinding.example:" + port + "/once");

    addresses.add(InetAddress.getLoopbackAddress());
    assertThat(received(get(calls, address)).status()).isEqualTo(200);

    addresses.set(0, ip("169.254.169.254"));
    assertThat(failed(get(calls, address)).status()).isEqualTo(403);
    assertThat(seen).hasSize(1);
  }

  @Test
  void shouldConnectOnlyToThoseAddressesOfANameThatAreAllowed() throws UnknownHostException {
    CheckedNames checked =
        new CheckedNames(
            EgressPolicy.publicOnly(), names(host -> List.of(ip("10.0.0.1"), ip("8.8.8.8"))));

    assertThat(checked.resolve("mixed.example", 443))
        .containsExactly(new InetSocketAddress(ip("8.8.8.8"), 443));
    assertThat(checked.resolve("mixed.example")).containsExactly(ip("8.8.8.8"));
  }

  @Test
  void shouldFollowRedirectsOfAGet() {
    redirect("/old", 302, "/older");
    redirect("/older", 308, "json?b=2");

    HttpAnswer.Received answer = received(get(calls(), at("/old")));

    assertThat(answer.status()).isEqualTo(200);
    assertThat(seen).extracting(Seen::uri).extracting(URI::toString).last().isEqualTo("/json?b=2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.2:1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/",
      })
  void shouldCheckWhereARedirectLeads(String target) {
    redirect("/trap", 302, target);

    WorkflowError error = failed(get(calls(), at("/trap")));

    assertThat(error.status()).isEqualTo(403);
    assertThat(error.detail()).doesNotContain("secret");
  }

  @Test
  void shouldLeaveRedirectsToTheWorkflowThatWantsThem() {
    redirect("/old", 302, "/json");
    HttpCall call =
        new HttpCall(
            "GET",
            at("/old"),
            Map.of(),
            Map.of(),
            null,
            HttpCall.Output.CONTENT,
            true,
            null,
            null,
            null);

    assertThat(received(join(calls(), call, "k")).status()).isEqualTo(302);
  }

  @Test
  void shouldNotRepeatAPostElsewhere() {
    redirect("/old", 307, "/json");

    assertThat(received(join(calls(), call("POST", at("/old")), "k")).status()).isEqualTo(307);
    assertThat(seen).hasSize(1);
  }

  @Test
  void shouldEndALoopOfRedirects() {
    redirect("/loop", 302, "/loop");

    assertThat(received(get(calls(), at("/loop"))).status()).isEqualTo(302);
    assertThat(seen).hasSize(6);
  }

  @Test
  void shouldKeepCredentialsFromAnotherHost() throws IOException {
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    Queue<Headers> elsewhere = new ConcurrentLinkedQueue<>();
    other.createContext(
        "/",
        exchange -> {
          elsewhere.add(exchange.getRequestHeaders());
          answer(exchange, 200, "text/plain", "fine");
        });
    other.start();
    try {
      int otherPort = other.getAddress().getPort();
      redirect("/old", 302, "http://127.0.0.1:" + otherPort + "/");
      HttpCall call =
          new HttpCall(
              "GET",
              at("/old"),
              Map.of("Cookie", "secret", "X-Plain", "kept"),
              Map.of(),
              null,
              HttpCall.Output.CONTENT,
              false,
              null,
              HttpCall.Bearer.with("secret"),
              null);

      received(join(calls("127.0.0.1:" + port + ",127.0.0.1:" + otherPort), call, "k"));

      Headers headers = elsewhere.remove();
      assertThat(headers.containsKey("Authorization")).isFalse();
      assertThat(headers.containsKey("Cookie")).isFalse();
      assertThat(headers.containsKey("Idempotency-Key")).isFalse();
      assertThat(headers.getFirst("X-Plain")).isEqualTo("kept");
    } finally {
      other.stop(0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1000,length,true",
    "1001,length,false",
    "1000,chunked,true",
    "1001,chunked,false",
    "100000000,chunked,false"
  })
  void shouldLimitTheSizeOfAnAnswer(int size, String framing, boolean fine) {
    serve(
        "/large",
        exchange -> {
          exchange.sendResponseHeaders(200, framing.equals("length") ? size : 0);
          try (OutputStream out = exchange.getResponseBody()) {
            byte[] part = new byte[Math.min(size, 100_000)];
            for (int sent = 0; sent < size; sent += part.length) {
              out.write(part);
            }
          }
        });

    HttpAnswer answer = get(calls(), at("/large"));

    if (fine) {
      assertThat(received(answer).status()).isEqualTo(200);
    } else {
      assertThat(failed(answer).detail()).contains("1000 bytes");
    }
  }

  @Test
  void shouldLimitTheSizeOfWhatACompressedAnswerGrowsTo() throws IOException {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bomb)) {
      gzip.write(new byte[500_000]);
    }
    serve(
        "/bomb",
        exchange -> {
          exchange.getResponseHeaders().add("Content-Encoding", "gzip");
          exchange.sendResponseHeaders(200, bomb.size());
          exchange.getResponseBody().write(bomb.toByteArray());
          exchange.close();
        });
    assertThat(bomb.size()).isLessThan(1000);

    assertThat(failed(get(calls(), at("/bomb"))).detail()).contains("1000 bytes");
  }

  @Test
  void shouldGiveUpOnAnAnswerThatTakesTooLong() {
    serve("/never", exchange -> waitForRelease());

    WorkflowError error = failed(get(impatientCalls(), at("/never")));

    assertThat(error.status()).isEqualTo(504);
    assertThat(error.detail()).contains("500 ms");
  }

  @Test
  void shouldGiveUpOnAnAnswerThatDripsForEver() {
    serve(
        "/drip",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          OutputStream out = exchange.getResponseBody();
          while (released.getCount() > 0) {
            out.write(1);
            out.flush();
            waitForRelease(20);
          }
        });

    assertThat(failed(get(impatientCalls(), at("/drip"))).status()).isEqualTo(504);
  }

  @Test
  void shouldTakeTheTimeAWorkflowAllowsButNoMoreThanTheOperatorDoes() {
    serve("/never", exchange -> waitForRelease());
    HttpCall patient =
        new HttpCall(
            "GET",
            at("/never"),
            Map.of(),
            Map.of(),
            null,
            HttpCall.Output.CONTENT,
            false,
            Duration.ofDays(1),
            null,
            null);

    assertThat(failed(join(impatientCalls(), patient, "k")).detail()).contains("1000 ms");
  }

  @Test
  void shouldSayWhenNobodyListens() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }

    assertThat(
            failed(
                    get(
                        calls("127.0.0.1:" + free),
                        URI.create("http://127.0.0.1:" + free + "/?token=secret")))
                .status())
        .isEqualTo(503);
  }

  @Test
  void shouldSayWhenANameIsUnknown() {
    EgressHttpCalls calls =
        opened(settings(""), new CheckedNames(EgressPolicy.publicOnly(), names(host -> List.of())));

    assertThat(failed(get(calls, URI.create("http://nowhere.example/"))).status()).isEqualTo(503);
  }

  @ParameterizedTest
  @CsvSource({"http,The connection broke", "https,No secure connection"})
  void shouldSayWhenTheOtherSideDoesNotSpeakItsProtocol(String scheme, String title)
      throws IOException {
    try (ServerSocket broken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int brokenPort = broken.getLocalPort();
      CompletableFuture<Void> served =
          CompletableFuture.runAsync(() -> answerHalf(broken), serverThreads);

      WorkflowError error =
          failed(
              get(
                  calls("127.0.0.1:" + brokenPort),
                  URI.create(scheme + "://127.0.0.1:" + brokenPort + "/")));

      assertThat(error.status()).isEqualTo(502);
      assertThat(error.title()).isEqualTo(title);
      assertThat(served).succeedsWithin(Duration.ofSeconds(5));
    }
  }

  static Stream<Arguments> badHeaders() {
    return Stream.of(
        Arguments.of("X-A", "a\r\nX-Evil: 1"),
        Arguments.of("X-A", "a\nb"),
        Arguments.of("X-A", "a\u0000"),
        Arguments.of("X A", "b"),
        Arguments.of("X-A:", "b"),
        Arguments.of("Host", "evil.example"),
        Arguments.of("Content-Length", "5"),
        Arguments.of("Transfer-Encoding", "chunked"),
        Arguments.of("Connection", "close"));
  }

  @ParameterizedTest
  @MethodSource("badHeaders")
  void shouldRefuseHeadersThatWouldChangeTheRequest(String name, String value) {
    HttpCall call =
        new HttpCall(
            "GET",
            at("/json"),
            Map.of(name, value),
            Map.of(),
            null,
            HttpCall.Output.CONTENT,
            false,
            null,
            null,
            null);

    WorkflowError error = failed(join(calls(), call, "k"));

    assertThat(error.type()).isEqualTo(WorkflowError.CONFIGURATION);
    assertThat(seen).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX: y", ""})
  void shouldRefuseOtherMethods(String method) {
    assertThat(failed(join(calls(), call(method, at("/json")), "k")).type())
        .isEqualTo(WorkflowError.CONFIGURATION);
  }

  @Test
  void shouldRefuseCallsBeyondWhatMayWait() {
    serve(
        "/held",
        exchange -> {
          waitForRelease();
          answer(exchange, 200, "text/plain", "late");
        });
    EgressHttpCalls calls = opened(settings("127.0.0.1:" + port, "10s", 1, 1));

    CompletableFuture<HttpAnswer> running =
        calls.execute(call("GET", at("/held")), "1").toCompletableFuture();
    await().until(() -> seen.size() == 1);
    CompletableFuture<HttpAnswer> waiting =
        calls.execute(call("GET", at("/held")), "2").toCompletableFuture();
    WorkflowError refused = failed(get(calls, at("/held")));

    assertThat(refused.status()).isEqualTo(503);
    released.countDown();
    assertThat(received(running.join()).status()).isEqualTo(200);
    assertThat(received(waiting.join()).status()).isEqualTo(200);
  }

  @Test
  void shouldEndItsCallsWhenItIsClosed() {
    serve("/held", exchange -> waitForRelease());
    EgressHttpCalls calls = opened(settings("127.0.0.1:" + port, "10s", 1, 10));
    CompletableFuture<HttpAnswer> running =
        calls.execute(call("GET", at("/held")), "1").toCompletableFuture();
    await().until(() -> seen.size() == 1);
    CompletableFuture<HttpAnswer> waiting =
        calls.execute(call("GET", at("/held")), "2").toCompletableFuture();

    opened.get(0).close();

    assertThat(failed(running.orTimeout(5, TimeUnit.SECONDS).join()).status()).isEqualTo(502);
    assertThat(failed(waiting.orTimeout(5, TimeUnit.SECONDS).join()).status()).isEqualTo(503);
    assertThat(failed(get(calls, at("/json"))).status()).isEqualTo(503);
  }

  @Test
  void shouldReadItsSettingsAndNameTheOneThatIsWrong() {
    EgressSettings defaults = EgressSettings.from(ConfigFactory.load());
    assertThat(defaults.timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(defaults.maxResponse()).isEqualTo(1024 * 1024);

    for (String setting :
        List.of(
            "timeout = 0s",
            "max-timeout = 1s",
            "max-response = 0",
            "max-concurrent = 0",
            "destination.rate = 0",
            "destination.window = 1",
            "longest-pause = 1ms")) {
      assertThatThrownBy(
              () ->
                  EgressSettings.from(
                      ConfigFactory.parseString("twinloop.egress { " + setting + " }")
                          .withFallback(ConfigFactory.load())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("twinloop.egress." + setting.substring(0, setting.indexOf(' ')));
    }
  }

  /** Answers one connection with less than it announces. */
  private static void answerHalf(ServerSocket server) {
    try (Socket socket = server.accept()) {
      assertThat(socket.getInputStream().read()).isPositive();
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"
                  .getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(String path, HttpHandler handler) {
    server.createContext(
        path,
        exchange -> {
          seen.add(
              new Seen(
                  exchange.getRequestMethod(),
                  exchange.getRequestURI(),
                  exchange.getRequestHeaders(),
                  new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
          handler.handle(exchange);
        });
  }

  private void redirect(String path, int status, String location) {
    serve(
        path,
        exchange -> {
          exchange.getResponseHeaders().add("Location", location);
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private void waitForRelease() {
    waitForRelease(20_000);
  }

  private void waitForRelease(long millis) {
    try {
      released.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private URI at(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  private EgressHttpCalls calls() {
    return calls("127.0.0.1:" + port);
  }

  private EgressHttpCalls impatientCalls() {
    return opened(settings("127.0.0.1:" + port, "500ms", 4, 10));
  }

  private EgressHttpCalls calls(String allow) {
    return opened(settings(allow));
  }

  private EgressHttpCalls opened(EgressSettings settings) {
    return opened(settings, new CheckedNames(settings.policy()));
  }

  private EgressHttpCalls opened(EgressSettings settings, CheckedNames names) {
    EgressHttpClient client = new EgressHttpClient(settings, Clock.systemUTC(), names);
    opened.add(client);
    return new EgressHttpCalls(client, SiteSecrets.from(ConfigFactory.load()));
  }

  private static EgressSettings settings(String allow) {
    return settings(allow, "10s", 4, 10);
  }

  private static EgressSettings settings(
      String allow, String timeout, int maxConcurrent, int maxWaiting) {
    Duration limit = ConfigFactory.parseString("t = " + timeout).getDuration("t");
    return new EgressSettings(
        EgressPolicy.allowing(allow),
        limit,
        limit.multipliedBy(2),
        limit,
        1000,
        5,
        maxConcurrent,
        maxWaiting,
        new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)),
        new EgressSettings.PerDestination(maxConcurrent, 1000, 100, 100, Duration.ofSeconds(30)));
  }

  private interface Names {
    List<InetAddress> of(String host);
  }

  private static DnsResolver names(Names names) {
    return new DnsResolver() {
      @Override
      public InetAddress[] resolve(String host) {
        return names.of(host).toArray(InetAddress[]::new);
      }

      @Override
      public String resolveCanonicalHostname(String host) {
        return host;
      }
    };
  }

  private static InetAddress ip(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(literal, e);
    }
  }

  private static HttpCall call(String method, URI endpoint) {
    return new HttpCall(
        method,
        endpoint,
        Map.of(),
        Map.of(),
        null,
        HttpCall.Output.CONTENT,
        false,
        null,
        null,
        null);
  }

  private static HttpAnswer get(EgressHttpCalls calls, URI endpoint) {
    return join(calls, call("GET", endpoint), "key");
  }

  private static HttpAnswer join(EgressHttpCalls calls, HttpCall call, String key) {
    return calls.execute(call, key).toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }

  private static HttpAnswer.Received received(HttpAnswer answer) {
    assertThat(answer).isInstanceOf(HttpAnswer.Received.class);
    return (HttpAnswer.Received) answer;
  }

  private static WorkflowError failed(HttpAnswer answer) {
    assertThat(answer).isInstanceOf(HttpAnswer.CallFailed.class);
    return ((HttpAnswer.CallFailed) answer).error();
  }
}
