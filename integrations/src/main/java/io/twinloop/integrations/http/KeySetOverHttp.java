package io.twinloop.integrations.http;

import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.outbound.OutboundHttp.Answer;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
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
  private static final Map<String, String> HEADERS =
      Map.of("accept", "application/jwk-set+json, application/json");

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
    Request request = new Request("GET", address, HEADERS, Set.of(), null, null, LONGEST, true, 2);
    return http.send(request).thenComposeAsync(this::keySet, Runnable::run);
  }

  private CompletionStage<String> keySet(Answer answer) {
    if (answer instanceof Received received && received.status() == 200) {
      return CompletableFuture.completedStage(new String(received.bytes(), StandardCharsets.UTF_8));
    }
    String why =
        answer instanceof Received received
            ? "it answers " + received.status()
            : ((NoAnswer) answer).sentence();
    return CompletableFuture.failedStage(new IOException(address + ": " + why));
  }
}
