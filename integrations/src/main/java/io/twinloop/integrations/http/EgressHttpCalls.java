package io.twinloop.integrations.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.outbound.OutboundHttp.NoAnswer;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.domain.outbound.OutboundHttp.Received;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.HttpCalls;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.integrations.secrets.SiteSecrets;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.hc.core5.net.URIBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Makes the HTTP calls of workflows.
 *
 * <p>A call is made once: trying again is the workflow's decision, and the {@code Idempotency-Key}
 * it sends lets the other side recognise a second try. A redirect of a GET or HEAD is followed,
 * unless the workflow wants redirects as answers.
 */
public final class EgressHttpCalls implements HttpCalls {

  private final OutboundHttp http;
  private final SiteSecrets secrets;

  public EgressHttpCalls(OutboundHttp http, SiteSecrets secrets) {
    this.http = http;
    this.secrets = secrets;
  }

  @Override
  public CompletionStage<HttpAnswer> execute(HttpCall call, String idempotencyKey) {
    // Secrets may stand in files, and whoever calls must not wait for a disk.
    return CallCredentials.namesSecrets(call)
        ? CompletableFuture.supplyAsync(() -> make(call, idempotencyKey)).thenCompose(made -> made)
        : make(call, idempotencyKey);
  }

  private CompletionStage<HttpAnswer> make(HttpCall call, String idempotencyKey) {
    try {
      CallCredentials credentials = CallCredentials.of(call, secrets);
      Request request =
          new Request(
              call.method(),
              withQuery(call),
              headers(call, credentials),
              credentials.headers().keySet(),
              text(call.body()),
              idempotencyKey,
              call.timeout(),
              !call.redirect(),
              1);
      return http.send(request)
          .thenApply(answer -> credentials.without(answer(call, hide(answer, credentials))));
    } catch (URISyntaxException | IllegalArgumentException e) {
      return CompletableFuture.completedStage(unsendable(call, String.valueOf(e.getMessage())));
    }
  }

  private static OutboundHttp.Answer hide(OutboundHttp.Answer answer, CallCredentials credentials) {
    if (!credentials.areSecret() || !(answer instanceof Received received)) {
      return answer;
    }
    Map<String, String> headers = new LinkedHashMap<>();
    received.headers().forEach((name, value) -> headers.put(name, credentials.without(value)));
    // Byte for byte: what is no text stays what it is.
    String content = new String(received.bytes(), StandardCharsets.ISO_8859_1);
    byte[] hidden = credentials.without(content).getBytes(StandardCharsets.ISO_8859_1);
    return new Received(received.status(), headers, ByteBuffer.wrap(hidden));
  }

  private static URI withQuery(HttpCall call) throws URISyntaxException {
    URIBuilder builder = new URIBuilder(call.endpoint());
    call.query().forEach(builder::addParameter);
    return builder.setFragment(null).build();
  }

  /** Names in lower case; the workflow's own go before those that follow from the call. */
  private static Map<String, String> headers(HttpCall call, CallCredentials credentials) {
    Map<String, String> headers = new LinkedHashMap<>();
    JsonNode body = call.body();
    if (body != null) {
      headers.put(
          "content-type", body.isTextual() ? "text/plain; charset=utf-8" : "application/json");
    }
    headers.putAll(credentials.headers());
    call.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
    return headers;
  }

  private static @Nullable String text(@Nullable JsonNode body) {
    if (body == null) {
      return null;
    }
    return body.isTextual() ? body.textValue() : body.toString();
  }

  private static HttpAnswer answer(HttpCall call, OutboundHttp.Answer answer) {
    if (answer instanceof Received received) {
      return HttpAnswer.read(call, received.status(), received.headers(), received.bytes());
    }
    NoAnswer none = (NoAnswer) answer;
    if (none.reason() == Reason.UNSENDABLE) {
      return unsendable(call, none.sentence());
    }
    return new HttpAnswer.CallFailed(
        WorkflowError.communication(
            none.reason().status(),
            none.reason().title(),
            "The call of %s failed: %s.".formatted(shown(call.endpoint()), none.sentence())));
  }

  private static HttpAnswer unsendable(HttpCall call, String why) {
    return new HttpAnswer.CallFailed(
        new WorkflowError(
            WorkflowError.CONFIGURATION,
            400,
            "Configuration error",
            "The call of " + shown(call.endpoint()) + " can't be made: " + why,
            null));
  }

  /** The address without credentials and query, which may hold secrets. */
  private static String shown(URI endpoint) {
    String port = endpoint.getPort() < 0 ? "" : ":" + endpoint.getPort();
    String path = endpoint.getRawPath() == null ? "" : endpoint.getRawPath();
    String host = endpoint.getHost() == null ? "" : endpoint.getHost();
    return endpoint.getScheme() + "://" + host + port + path;
  }
}
