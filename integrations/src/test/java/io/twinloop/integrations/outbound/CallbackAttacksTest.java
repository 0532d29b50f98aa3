package io.twinloop.integrations.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.integrations.http.EgressHttpClient;
import io.twinloop.integrations.http.EgressSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever names an address to be called back at must not be able to name one in the house. */
class CallbackAttacksTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private HttpServer server;
  private EgressHttpClient client;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          received.add(
              exchange.getRequestHeaders().getFirst("Twinloop-Signature")
                  + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    client.close();
    server.stop(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://0:PORT/",
        "http://2130706433:PORT/",
        "http://[::1]:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://allowed.example@127.0.0.1:PORT/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "http://127.0.0.1:PORT/\r\nX-Evil: 1",
        "file:///etc/passwd",
        "//127.0.0.1:PORT/",
      })
  void shouldCallBackNobodyInTheHouse(String address) {
    Delivery delivery =
        deliver("", address.replace("PORT", Integer.toString(server.getAddress().getPort())));

    assertThat(delivery).isNotInstanceOf(Delivery.Delivered.class);
    assertThat(received).isEmpty();
  }

  @Test
  void shouldCallBackWhomTheSiteAllows() {
    String host = "127.0.0.1:" + server.getAddress().getPort();

    assertThat(deliver(host, "http://" + host + "/done?job=1")).isEqualTo(new Delivery.Delivered());
    assertThat(received.remove()).startsWith("t=").contains(",v1=", "\"message\":\"B\"");
  }

  private Delivery deliver(String allow, String recipient) {
    Config config =
        ConfigFactory.parseString(
                "twinloop { egress.allow = \"%s\", outbound.webhook.callback-secret = s }"
                    .formatted(allow))
            .withFallback(ConfigFactory.load());
    client = new EgressHttpClient(EgressSettings.from(config), Clock.systemUTC());
    return Transports.of(config, client, Clock.systemUTC())
        .get(Channel.WEBHOOK)
        .deliver(
            new OutboundMessage("m-1", Channel.WEBHOOK, recipient, null, "B", null, null, NOON))
        .toCompletableFuture()
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
  }
}
