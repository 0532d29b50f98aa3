package io.twinloop.integrations.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The key set of an issuer on loopback: read within limits, with the reason when it can't be. */
class KeySetOverHttpTest {

  private static final String KEYS = "{\"keys\": [{\"kid\": \"ä\"}]}";

  private HttpServer issuer;
  private int port;

  @BeforeEach
  void start() throws IOException {
    issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    port = issuer.getAddress().getPort();
    answers("/keys", 200, KEYS);
    answers("/broken", 500, "no");
    answers("/huge", 200, "x".repeat(5_000));
    issuer.start();
  }

  private void answers(String path, int status, String text) {
    issuer.createContext(
        path,
        exchange -> {
          byte[] body = text.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  @AfterEach
  void stop() {
    issuer.stop(0);
  }

  private String fetch(String path, String allowed) {
    var settings =
        EgressSettings.from(
            ConfigFactory.parseMap(
                    Map.of("twinloop.egress.allow", allowed, "twinloop.egress.max-response", 4_000))
                .withFallback(ConfigFactory.load()));
    try (EgressHttpClient http = new EgressHttpClient(settings, Clock.systemUTC())) {
      return new KeySetOverHttp(http, URI.create("http://127.0.0.1:" + port + path))
          .fetch()
          .toCompletableFuture()
          .orTimeout(30, TimeUnit.SECONDS)
          .join();
    }
  }

  private String fetch(String path) {
    return fetch(path, "127.0.0.1:" + port);
  }

  @Test
  void shouldReadTheKeySetAsItStands() {
    assertThat(fetch("/keys")).isEqualTo(KEYS);
  }

  @Test
  void shouldSayWhyItCannotBeRead() {
    assertThatThrownBy(() -> fetch("/broken")).hasMessageContaining("answers 500");
    assertThatThrownBy(() -> fetch("/missing")).hasMessageContaining("answers 404");
    assertThatThrownBy(() -> fetch("/huge")).hasMessageContaining("/huge");
    assertThatThrownBy(() -> fetch("/keys", "")).hasMessageContaining("/keys");
    issuer.stop(0);
    assertThatThrownBy(() -> fetch("/keys")).hasMessageContaining("/keys");
  }
}
