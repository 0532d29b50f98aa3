package io.twinloop.integrations.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.twinloop.domain.outbound.Backoff;
import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.integrations.http.EgressSettings.PerDestination;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tries, rates, places and circuits, against servers on loopback that answer as they are told. */
class EgressHttpClientTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final PerDestination GENEROUS =
      new PerDestination(4, 1_000, 100, 100, Duration.ofMinutes(1));

  private final Queue<Integer> statuses = new ConcurrentLinkedQueue<>();
  private final Queue<String> keys = new ConcurrentLinkedQueue<>();
  private final CountDownLatch released = new CountDownLatch(1);
  private final List<EgressHttpClient> opened = new ArrayList<>();
  private final List<HttpServer> servers = new ArrayList<>();
  private ExecutorService serverThreads;
  private int port;

  @BeforeEach
  void start() throws IOException {
    serverThreads = Executors.newCachedThreadPool();
    port = server();
  }

  @AfterEach
  void stop() {
    released.countDown();
    opened.forEach(EgressHttpClient::close);
    servers.forEach(server -> server.stop(0));
    serverThreads.shutdownNow();
  }

  // Tries

  @ParameterizedTest
  @ValueSource(ints = {429, 502, 503, 504})
  void shouldTryAgainWhatMayPass(int status) {
    statuses.addAll(List.of(status, status, 200));

    assertThat(received(send(client(GENEROUS), post(3))).status()).isEqualTo(200);
    assertThat(keys).as("the same key with every try").containsExactly("key", "key", "key");
  }

  @Test
  void shouldAnswerWithTheLastTryWhenNoneEndsWell() {
    statuses.addAll(List.of(503, 502, 429, 200));

    assertThat(received(send(client(GENEROUS), post(3))).status()).isEqualTo(429);
    assertThat(keys).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 409, 500, 501})
  void shouldNotTryAgainWhatWillNotChange(int status) {
    statuses.addAll(List.of(status, 200));

    assertThat(received(send(client(GENEROUS), post(3))).status()).isEqualTo(status);
    assertThat(keys).hasSize(1);
  }

  @Test
  void shouldTryOnceUnlessAskedForMore() {
    statuses.addAll(List.of(503, 200));

    assertThat(received(send(client(GENEROUS), post(1))).status()).isEqualTo(503);
  }

  @Test
  void shouldNotPromiseToRepeatWhatCanNotBeRepeated() {
    assertThatThrownBy(
            () -> new Request("POST", at(port), Map.of(), Set.of(), "{}", null, null, false, 2))
        .hasMessageContaining("A POST without an idempotency key can be made once, not 2 times");
  }

  @Test
  void shouldTryAgainWhereNobodyListened() throws IOException {
    int free;
    try (ServerSocket socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    EgressHttpClient client = client(GENEROUS);

    NoAnswer none = (NoAnswer) send(client, get(free, 3, Duration.ofSeconds(20)));

    assertThat(none.reason()).isEqualTo(Reason.UNREACHABLE);
    assertThat(client.unanswered(Reason.UNREACHABLE)).isEqualTo(3);
  }

  /** What asks to be left alone for longer than there is time is not asked again. */
  @Test
  void shouldNotComeBackSoonerThanTheOtherSideWants() {
    statuses.addAll(List.of(-503, 200));

    assertThat(received(send(client(GENEROUS), post(3))).status()).isEqualTo(503);
    assertThat(keys).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "120|120",
        "0|0",
        "Sun, 01 Mar 2026 12:01:30 GMT|90",
        "Sun, 01 Mar 2026 11:00:00 GMT|0"
      })
  void shouldReadHowLongTheOtherSideWantsToBeLeftAlone(String header, long seconds) {
    assertThat(RetryAfter.of(Map.of("retry-after", header), NOON))
        .contains(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "-1", "1.5", "99999999999999999999", ""})
  void shouldMakeNothingOfAnUnreadableWish(String header) {
    assertThat(RetryAfter.of(Map.of("retry-after", header), NOON)).isEmpty();
    assertThat(RetryAfter.of(Map.of(), NOON)).isEqualTo(Optional.empty());
  }

  // Circuits

  @Test
  void shouldLeaveAloneWhatKeepsFailingAndTryItAfterAPause() throws IOException {
    int healthy = server();
    EgressHttpClient client = client(new PerDestination(4, 1_000, 3, 5, Duration.ofSeconds(4)));
    statuses.addAll(List.of(503, 503, 503));
    for (int i = 0; i < 3; i++) {
      assertThat(received(send(client, get(port))).status()).isEqualTo(503);
    }

    NoAnswer alone = (NoAnswer) send(client, get(port));

    assertThat(alone.reason()).isEqualTo(Reason.FAILING);
    assertThat(alone.sentence()).contains("http://127.0.0.1:" + port, "left alone");
    assertThat(alone.notBefore()).isPositive();
    assertThat(keys).as("nothing was sent").hasSize(3);
    assertThat(circuit(client, port)).isEqualTo(DestinationState.Circuit.OPEN);
    assertThat(received(send(client, get(healthy))).status()).as("another one").isEqualTo(200);

    await().atMost(Duration.ofMinutes(1)).until(() -> send(client, get(port)) instanceof Received);
    assertThat(circuit(client, port)).isEqualTo(DestinationState.Circuit.CLOSED);
  }

  @Test
  void shouldNotHoldAgainstADestinationThatItSaysNo() {
    EgressHttpClient client = client(new PerDestination(4, 1_000, 2, 2, Duration.ofMinutes(1)));
    statuses.addAll(List.of(500, 404, 429, 500));

    for (int i = 0; i < 4; i++) {
      assertThat(send(client, get(port))).isInstanceOf(Received.class);
    }

    assertThat(circuit(client, port)).isEqualTo(DestinationState.Circuit.CLOSED);
  }

  /** Who gives it 5 ms learns nothing about it, and decides nothing for the others. */
  @Test
  void shouldNotHoldAgainstADestinationThatACallHadNoTime() throws IOException {
    int slow = slowServer();
    EgressHttpClient client = client(new PerDestination(9, 1_000, 2, 2, Duration.ofMinutes(1)));
    for (int i = 0; i < 4; i++) {
      Answer answer = send(client, get(slow, 1, Duration.ofMillis(5)));
      assertThat(((NoAnswer) answer).reason()).isEqualTo(Reason.TOO_SLOW);
    }

    released.countDown();

    assertThat(received(send(client, get(slow))).status()).isEqualTo(200);
    assertThat(circuit(client, slow)).isEqualTo(DestinationState.Circuit.CLOSED);
  }

  // Requests and answers

  @Test
  void shouldNotOfferToChangeTheProtocol() throws IOException {
    List<Set<String>> names = new ArrayList<>();
    int recording =
        serve(
            exchange -> {
              names.add(Set.copyOf(exchange.getRequestHeaders().keySet()));
              exchange.sendResponseHeaders(200, -1);
              exchange.close();
            });

    assertThat(received(send(client(GENEROUS), get(recording))).status()).isEqualTo(200);
    assertThat(names).hasSize(1);
    assertThat(names.get(0)).doesNotContain("Upgrade");
  }

  @Test
  void shouldSayThatItIsRedirectedToNoAddressAndRepeatNothingOfIt() throws IOException {
    int redirecting =
        serve(
            exchange -> {
              exchange.getResponseHeaders().add("Location", "/cb?key=treasure 1");
              exchange.sendResponseHeaders(302, -1);
              exchange.close();
            });

    NoAnswer answer = (NoAnswer) send(client(GENEROUS), get(redirecting));

    assertThat(answer.reason()).isEqualTo(Reason.BROKEN);
    assertThat(answer.sentence()).isEqualTo("It redirects to what is no address");
  }

  // Rate and places

  @Test
  void shouldKeepToARatePerDestination() throws IOException {
    int other = server();
    EgressHttpClient client = client(new PerDestination(4, 1, 100, 100, Duration.ofMinutes(1)));
    List<CompletableFuture<Answer>> burst = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      burst.add(client.send(get(port, 1, Duration.ofMillis(500))).toCompletableFuture());
    }

    assertThat(burst)
        .extracting(EgressHttpClientTest::join)
        .filteredOn(answer -> answer instanceof NoAnswer none && none.reason() == Reason.CROWDED)
        .isNotEmpty()
        .allSatisfy(
            none ->
                assertThat(((NoAnswer) none).sentence())
                    .contains("127.0.0.1:" + port, "more than 1 times a second"));
    assertThat(send(client, get(other))).isInstanceOf(Received.class);
  }

  @Test
  void shouldSpreadWhatIsMoreThanTheRateOverTheNextSeconds() {
    Destination destination =
        new Destination("d", new PerDestination(4, 10, 100, 100, Duration.ofMinutes(1)));

    Duration last = Duration.ZERO;
    for (int i = 0; i < 1_000; i++) {
      last = destination.reserve(Duration.ofHours(1)).orElseThrow();
    }

    assertThat(last).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(100));
    assertThat(destination.reserve(Duration.ofSeconds(1))).isEmpty();
  }

  @Test
  void shouldNotLetASlowDestinationTakeTheOthersPlaces() throws IOException {
    int slow = slowServer();
    EgressHttpClient client = client(new PerDestination(2, 1_000, 100, 100, Duration.ofMinutes(1)));
    List<CompletableFuture<Answer>> held = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      held.add(client.send(get(slow)).toCompletableFuture());
    }
    await().until(() -> keys.size() == 2);

    assertThat(received(send(client, get(port))).status()).isEqualTo(200);

    released.countDown();
    assertThat(held).allSatisfy(each -> assertThat(received(join(each)).status()).isEqualTo(200));
  }

  @Test
  void shouldCountWhatCameOfItsTries() {
    EgressHttpClient client = client(GENEROUS);
    statuses.addAll(List.of(503, 200));
    send(client, post(2));
    send(
        client,
        new Request(
            "GET", URI.create("http://10.0.0.1/"), Map.of(), Set.of(), null, null, null, true, 1));

    assertThat(client.answered()).isEqualTo(2);
    assertThat(client.unanswered(Reason.REFUSED)).isEqualTo(1);
  }

  @Test
  void shouldShowNothingOfARequestThatMayBeSecret() {
    Request request =
        new Request(
            "POST",
            URI.create("https://hooks.example/T0/B0/secret?token=secret"),
            Map.of("authorization", "secret"),
            Set.of(),
            "secret",
            "key",
            null,
            false,
            1);

    assertThat(request.toString()).doesNotContain("secret").contains("POST https://hooks.example");
  }

  // The language of these tests

  private int server() throws IOException {
    return serve(
        exchange -> {
          keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("Idempotency-Key")));
          Integer next = statuses.poll();
          int status = next == null ? 200 : Math.abs(next);
          if (next != null && next < 0) {
            exchange.getResponseHeaders().add("Retry-After", "3600");
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
  }

  private int slowServer() throws IOException {
    return serve(
        exchange -> {
          keys.add("slow");
          try {
            released.await(20, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
  }

  private interface Behaviour {
    void answer(HttpExchange exchange) throws IOException;
  }

  private int serve(Behaviour behaviour) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(serverThreads);
    server.createContext("/", behaviour::answer);
    server.start();
    servers.add(server);
    return server.getAddress().getPort();
  }

  private EgressHttpClient client(PerDestination destination) {
    EgressHttpClient client =
        new EgressHttpClient(
            new EgressSettings(
                EgressPolicy.allowing("127.0.0.0/8"),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                1_000,
                5,
                8,
                100,
                new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)),
                destination),
            Clock.fixed(NOON, ZoneOffset.UTC));
    opened.add(client);
    return client;
  }

  private static DestinationState.Circuit circuit(EgressHttpClient client, int port) {
    return client.destinations().stream()
        .filter(state -> state.name().equals("http://127.0.0.1:" + port))
        .map(DestinationState::circuit)
        .findFirst()
        .orElseThrow();
  }

  private static URI at(int port) {
    return URI.create("http://127.0.0.1:" + port + "/");
  }

  private static Request get(int port) {
    return get(port, 1, Duration.ofSeconds(20));
  }

  private static Request get(int port, int attempts, Duration timeout) {
    return new Request("GET", at(port), Map.of(), Set.of(), null, null, timeout, true, attempts);
  }

  private Request post(int attempts) {
    return new Request("POST", at(port), Map.of(), Set.of(), "{}", "key", null, false, attempts);
  }

  private static Answer send(EgressHttpClient client, Request request) {
    return join(client.send(request).toCompletableFuture());
  }

  private static Answer join(CompletableFuture<Answer> answer) {
    return answer.orTimeout(30, TimeUnit.SECONDS).join();
  }

  private static Received received(Answer answer) {
    assertThat(answer).isInstanceOf(Received.class);
    return (Received) answer;
  }
}
