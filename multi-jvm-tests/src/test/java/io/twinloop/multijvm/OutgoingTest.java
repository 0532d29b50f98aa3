package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.twinloop.multijvm.Twin.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real node lets out, and what it does not, also when it is killed meanwhile. */
class OutgoingTest {

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String HOOK_SECRET = "hook-Hj7k2Nm4";
  private static final String ERP_SECRET = "erp-Vb5x9Qw3";

  private record Delivered(String id, String signature, String body) {}

  @TempDir Path folder;
  private final Queue<Delivered> delivered = new ConcurrentLinkedQueue<>();
  private final Queue<String> authorizations = new ConcurrentLinkedQueue<>();
  private final CountDownLatch held = new CountDownLatch(1);
  private volatile boolean holding;
  private ExecutorService threads;
  private HttpServer outside;
  private ServicesProcess services;
  private NodeProcess node;
  private Twin twin;

  @BeforeEach
  void start() throws IOException {
    threads = Executors.newCachedThreadPool();
    outside = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    outside.setExecutor(threads);
    outside.createContext("/hook", this::takeDelivery);
    outside.createContext("/erp", this::repeatAuthorization);
    outside.start();
    services = ServicesProcess.start(folder.resolve("services"));
    node = node("a");
    twin = new Twin(() -> node.url());
  }

  @AfterEach
  void stop() {
    held.countDown();
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
    outside.stop(0);
    threads.shutdownNow();
  }

  @Test
  void shouldLetOutWhatMayLeaveAndNothingElse() {
    register(
        "tell",
        "- tell: {call: notify, with: {channel: webhook, subject: S, message: '${ .text }'}}\n"
            + "- mail: {call: notify, with: {channel: email, to: ada@acme.example, message: M}}");
    register(
        "order",
        """
        - order:
            call: http
            with:
              method: get
              endpoint: {uri: 'http://127.0.0.1:%d/erp', authentication: {bearer: {use: erp}}}
        """
            .formatted(outside.getAddress().getPort()));
    register("probe", "- probe: {call: http, with: {method: get, endpoint: '${ .address }'}}");

    // A message goes to the site's endpoint, signed; without a mail server a mail would only be
    // sent.
    run("tell", "{\"text\": \"Hello\"}");
    JsonNode sent = outbox("webhook", "SENT");
    JsonNode mail = outbox("email", "WOULD_SEND");
    assertThat(mail.path("recipient").asText()).isEqualTo("ada@acme.example");
    Delivered first = delivered.remove();
    assertThat(first.id()).isEqualTo(sent.path("id").asText());
    assertThat(first.body()).contains("\"message\":\"Hello\"", "\"subject\":\"S\"");
    assertThat(proves(first)).isTrue();

    // A secret is shown to whom it is for, and stands nowhere, though the other side repeats it.
    JsonNode order = run("order", "{}");
    assertThat(order.path("status").asText()).as(order.toString()).isEqualTo("COMPLETED");
    assertThat(authorizations).containsExactly("Bearer " + ERP_SECRET);
    String id = order.path("id").asText();
    for (String path : List.of("/api/v1/workflows/" + id, "/api/v1/workflows/" + id + "/history")) {
      assertThat(twin.get(path).body().toString()).as(path).doesNotContain(ERP_SECRET, HOOK_SECRET);
    }
    assertThat(order.toString()).contains("Bearer ***");
    assertThat(node.output()).doesNotContain(ERP_SECRET, HOOK_SECRET);

    // Data leads no call into the house.
    for (String address :
        List.of(
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1:1/",
            "http://2130706433:" + outside.getAddress().getPort() + "/erp",
            node.url().toString())) {
      JsonNode probe = run("probe", "{\"address\": \"" + address + "\"}");
      assertThat(probe.path("status").asText()).as(address).isEqualTo("FAULTED");
      assertThat(probe.at("/error/status").asInt()).as(probe.toString()).isEqualTo(403);
    }
    assertThat(authorizations).hasSize(1);
  }

  @Test
  void shouldSendAgainUnderTheSameIdWhatAKilledNodeWasSending() {
    register("tell", "- tell: {call: notify, with: {channel: webhook, message: M}}");
    holding = true;
    run("tell", "{}");
    await().atMost(PATIENCE).until(() -> delivered.size() == 1);

    node.kill9();
    holding = false;
    held.countDown();
    node = node("b");

    JsonNode sent = outbox("webhook", "SENT");
    assertThat(delivered).hasSizeGreaterThanOrEqualTo(2);
    assertThat(delivered)
        .allSatisfy(each -> assertThat(each.id()).isEqualTo(sent.path("id").asText()));
    assertThat(sent.path("attempts").asInt()).isGreaterThanOrEqualTo(2);
  }

  private NodeProcess node(String name) {
    String host = "127.0.0.1:" + outside.getAddress().getPort();
    return NodeProcess.named(name, folder)
        .using(services)
        .with("TWINLOOP_EGRESS_ALLOW", host)
        .with("TWINLOOP_WEBHOOK_URL", "http://" + host + "/hook")
        .with("TWINLOOP_WEBHOOK_SECRET", HOOK_SECRET)
        .with("TWINLOOP_SECRET_ERP", ERP_SECRET)
        .withJvmOption("-Dtwinloop.egress.timeout=15s")
        .withJvmOption("-Dtwinloop.outbound.sender.timeout=20s")
        .withJvmOption("-Dtwinloop.outbound.sender.lease=21s")
        .start();
  }

  private void register(String name, String tasks) {
    Answer answer =
        twin.registerDefinition(
            """
            document: {dsl: '1.0.3', namespace: test, name: %s, version: '1.0.0'}
            use: {secrets: [erp]}
            do:
            %s
            """
                .formatted(name, tasks));
    assertThat(answer.isOk()).as(answer.toString()).isTrue();
  }

  private JsonNode run(String name, String input) {
    Answer answer =
        twin.change(
            "POST",
            "/api/v1/workflows?wait=30s",
            "{\"definition\": {\"namespace\": \"test\", \"name\": \"%s\"}, \"input\": %s}"
                .formatted(name, input));
    assertThat(answer.isOk()).as(answer.toString()).isTrue();
    return answer.body();
  }

  private JsonNode outbox(String channel, String state) {
    String path = "/api/v1/outbox?channel=" + channel + "&state=" + state;
    await().atMost(PATIENCE).until(() -> twin.all(path).size() == 1);
    return twin.all(path).get(0);
  }

  private void takeDelivery(HttpExchange exchange) throws IOException {
    boolean hold = holding;
    delivered.add(
        new Delivered(
            exchange.getRequestHeaders().getFirst("Twinloop-Delivery"),
            exchange.getRequestHeaders().getFirst("Twinloop-Signature"),
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
    try {
      if (hold && !held.await(2, TimeUnit.MINUTES)) {
        throw new IOException("held for too long");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  private void repeatAuthorization(HttpExchange exchange) throws IOException {
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    authorizations.add(authorization);
    byte[] body = ("{\"you sent\": \"" + authorization + "\"}").getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static boolean proves(Delivered delivery) {
    String time = delivery.signature().substring(2, delivery.signature().indexOf(','));
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(HOOK_SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      String expected =
          HexFormat.of()
              .formatHex(
                  mac.doFinal((time + "." + delivery.body()).getBytes(StandardCharsets.UTF_8)));
      return Arrays.asList(delivery.signature().split(",", -1)).contains("v1=" + expected);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
