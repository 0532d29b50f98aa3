package io.twinloop.integrations.http;

import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.domain.outbound.OutboundHttp;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Reads the key set of an issuer of tokens from its address, within the limits on calls. */
public final class KeySetOverHttp implements KeySetSource {

  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final OutboundHttp http;
  private final URI address;

  /**
   * @param http may reach the address: the operator named it
   */
  public KeySetOverHttp(OutboundHttp http, URI address) {
    this.http = http;
    this.address = address;
  }

  @Override
  public CompletionStage<String> fetch() {
    return http.send(
            new OutboundHttp.Request(
                "GET",
                address,
                Map.of("accept", "application/jwk-set+json, application/json"),
                Set.of(),
                null,
                null,
                LONGEST,
                true,
                1))
        .thenComposeAsync(this::keySet, Runnable::run);
  }

  private CompletionStage<String> keySet(OutboundHttp.Answer answer) {
    if (answer instanceof OutboundHttp.Received received && received.status() == 200) {
      return CompletableFuture.completedStage(new String(received.bytes(), StandardCharsets.UTF_8));
    }
    String why =
        answer instanceof OutboundHttp.Received received
            ? "it answers " + received.status()
            : ((OutboundHttp.NoAnswer) answer).sentence();
    return CompletableFuture.failedStage(new IOException(address + ": " + why));
  }
}
