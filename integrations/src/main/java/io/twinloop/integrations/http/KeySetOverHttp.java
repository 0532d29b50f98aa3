package io.twinloop.integrations.http;

import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.HttpCalls;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Reads the key set of an issuer of tokens from its address, within the limits on calls. */
public final class KeySetOverHttp implements KeySetSource {

  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final HttpCalls calls;
  private final URI address;

  /**
   * @param calls may reach the address: the operator named it
   */
  public KeySetOverHttp(HttpCalls calls, URI address) {
    this.calls = calls;
    this.address = address;
  }

  @Override
  public CompletionStage<String> fetch() {
    HttpCall call =
        new HttpCall(
            "GET",
            address,
            Map.of("accept", "application/jwk-set+json, application/json"),
            Map.of(),
            null,
            HttpCall.Output.RAW,
            false,
            LONGEST,
            null);
    return calls
        .execute(call, UUID.randomUUID().toString())
        .thenComposeAsync(this::keySet, Runnable::run);
  }

  private CompletionStage<String> keySet(HttpAnswer answer) {
    if (answer instanceof HttpAnswer.Received received && received.status() == 200) {
      byte[] body = Base64.getDecoder().decode(received.content().asText());
      return CompletableFuture.completedStage(new String(body, StandardCharsets.UTF_8));
    }
    String why =
        answer instanceof HttpAnswer.Received received
            ? "it answers " + received.status()
            : ((HttpAnswer.CallFailed) answer).error().detail();
    return CompletableFuture.failedStage(new IOException(address + ": " + why));
  }
}
