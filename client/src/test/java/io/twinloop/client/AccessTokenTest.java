package io.twinloop.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The token of the environment goes along with each request, and nowhere else. */
class AccessTokenTest {

  @Test
  void shouldShowTheTokenToTheNode() throws Exception {
    assertThat(shown(Map.of("TWINLOOP_TOKEN", " twl_0123_abc-DEF ")))
        .containsExactly("Bearer twl_0123_abc-DEF");
    assertThat(shown(Map.of("TWINLOOP_TOKEN", ""))).isNull();
    assertThat(shown(Map.of())).isNull();
  }

  private static List<String> shown(Map<String, String> environment) throws Exception {
    AtomicReference<List<String>> shown = new AtomicReference<>();
    HttpServer node =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    node.createContext(
        "/",
        exchange -> {
          shown.set(exchange.getRequestHeaders().get("Authorization"));
          byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    node.start();
    try {
      URI base = URI.create("http://127.0.0.1:" + node.getAddress().getPort());
      new TwinloopClient(base, AccessToken.of(environment)).get("/health");
    } finally {
      node.stop(0);
    }
    return shown.get();
  }

  @Test
  void shouldNotPrintTheTokenNorTakeWhatIsNone() {
    assertThat(AccessToken.of(Map.of("TWINLOOP_TOKEN", "abc")).toString()).doesNotContain("abc");
    assertThatThrownBy(() -> AccessToken.of(Map.of("TWINLOOP_TOKEN", "Bearer abc")))
        .isInstanceOf(MisuseException.class)
        .hasMessageContaining("TWINLOOP_TOKEN")
        .hasMessageNotContaining("abc");
  }
}
