package io.twinloop.integrations.outbound;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.Secret;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.WebhookSignature;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Posts messages as JSON, signed ({@link WebhookSignature}), to endpoints the site knows by name,
 * and to addresses that stand as the recipient where the site has a secret for such.
 */
final class WebhookTransport implements Transport {

  /** The header with the message's id, the same each time it is sent. */
  static final String DELIVERY = "Twinloop-Delivery";

  /** A second try right away spares a longer wait; the receiver knows it by the key. */
  private static final int TRIES = 2;

  /**
   * Where to post.
   *
   * @param secrets one, or two while one is replaced by the other
   */
  record Endpoint(URI address, List<Secret> secrets) {
    Endpoint {
      secrets = List.copyOf(secrets);
    }
  }

  private final Map<String, Endpoint> endpoints;
  private final List<Secret> callbackSecrets;
  private final OutboundHttp http;
  private final Clock clock;

  /**
   * @param endpoints by the recipient's name
   * @param callbackSecrets sign what goes to addresses that stand as the recipient; with none such
   *     messages would only be sent
   */
  WebhookTransport(
      Map<String, Endpoint> endpoints,
      List<Secret> callbackSecrets,
      OutboundHttp http,
      Clock clock) {
    this.endpoints = Map.copyOf(endpoints);
    this.callbackSecrets = List.copyOf(callbackSecrets);
    this.http = http;
    this.clock = clock;
  }

  @Override
  public CompletionStage<Delivery> deliver(OutboundMessage message) {
    String name = message.recipient() == null ? OutboundConfig.DEFAULT : message.recipient();
    Endpoint named = endpoints.get(name);
    Endpoint endpoint = named == null ? callback(name).orElse(null) : named;
    if (endpoint == null) {
      return CompletableFuture.completedStage(missing(name));
    }
    String body = body(message);
    Request request =
        new Request(
            "POST",
            endpoint.address(),
            Map.of(
                "content-type",
                "application/json",
                DELIVERY,
                message.id(),
                WebhookSignature.HEADER,
                WebhookSignature.of(body, clock.instant(), endpoint.secrets())),
            Set.of(),
            body,
            message.id(),
            null,
            false,
            TRIES);
    return http.send(request).thenApply(answer -> HttpDelivery.of(answer, clock));
  }

  private Optional<Endpoint> callback(String recipient) {
    if (callbackSecrets.isEmpty() || !isAddress(recipient)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Endpoint(new URI(recipient), callbackSecrets));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static boolean isAddress(String recipient) {
    return recipient.startsWith("https://") || recipient.startsWith("http://");
  }

  private static Delivery missing(String name) {
    return isAddress(name)
        ? new Delivery.NotConfigured(
            "Nothing is posted to addresses that messages name: there is no"
                + " twinloop.outbound.webhook.callback-secret, or the address is none.")
        : new Delivery.NotConfigured(
            "No endpoint is configured for '%s' (twinloop.outbound.webhook.endpoints)."
                .formatted(LogTransport.line(name)),
            "No endpoint is configured for this recipient (twinloop.outbound.webhook.endpoints).");
  }

  private static String body(OutboundMessage message) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("id", message.id()).put("at", message.at().toString());
    put(json, "subject", message.subject());
    json.put("message", message.body());
    put(json, "correlationId", message.correlationId());
    put(json, "workflowId", message.workflowId());
    return json.toString();
  }

  private static void put(ObjectNode json, String name, @Nullable String value) {
    if (value != null) {
      json.put(name, value);
    }
  }
}
