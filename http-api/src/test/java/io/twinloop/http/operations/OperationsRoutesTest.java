package io.twinloop.http.operations;

import static io.twinloop.http.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.Endpoint;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.identity.ApiKeyCheck;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.Login;
import io.twinloop.http.identity.TestTokens;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What strangers learn of a node's health. */
class OperationsRoutesTest {

  @Test
  void shouldTellStrangersWhatIsAwayAndNotWhy() {
    Authenticator login =
        Login.of(TestTokens.settings(), Optional.empty(), ApiKeyCheck.NONE, Clock.systemUTC());

    assertThat(check(login).path("status").asText()).isEqualTo("away");
    assertThat(check(login).has("detail")).isFalse();
    assertThat(check(Authenticator.OFF).path("detail").asText()).isEqualTo("not looked at yet");
  }

  private static JsonNode check(Authenticator authenticator) {
    HealthCheck away = new HealthCheck("PostgreSQL", true, CompletableFuture::new);
    Availability availability = new Availability(List.of(away), Clock.systemUTC());
    try (TestServer server =
        TestServer.with(
                new OperationsRoutes(availability, null, null, null, null)
                    .endpoints()
                    .toArray(Endpoint[]::new))
            .authenticator(authenticator)
            .start()) {
      Reply reply = server.get("/health/ready");
      assertThat(reply.statusCode()).isEqualTo(503);
      return json(reply).path("checks").path(0);
    }
  }
}
