package io.twinloop.integrations.outbound;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.Secret;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.domain.outbound.OutboundHttp.Request;
import io.twinloop.domain.outbound.OutboundMessage;
import java.net.URI;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Posts to incoming webhooks as Slack, Mattermost and others have them: JSON with a {@code text}.
 * They take no key for repetitions, so a message that goes out again appears twice.
 */
final class SlackTransport implements Transport {

  private final Map<String, Secret> addresses;
  private final OutboundHttp http;
  private final Clock clock;

  /**
   * @param addresses by the recipient's name; whoever knows one may post to it, so they are secret
   */
  SlackTransport(Map<String, Secret> addresses, OutboundHttp http, Clock clock) {
    this.addresses = Map.copyOf(addresses);
    this.http = http;
    this.clock = clock;
  }

  @Override
  public CompletionStage<Delivery> deliver(OutboundMessage message) {
    String name = message.recipient() == null ? OutboundConfig.DEFAULT : message.recipient();
    Secret address = addresses.get(name);
    if (address == null) {
      return CompletableFuture.completedStage(
          new Delivery.NotConfigured(
              "No address is configured for '%s' (twinloop.outbound.slack.addresses)."
                  .formatted(LogTransport.line(name)),
              "No address is configured for this recipient (twinloop.outbound.slack.addresses)."));
    }
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("text", text(message));
    Request request =
        new Request(
            "POST",
            URI.create(address.reveal()),
            Map.of("content-type", "application/json"),
            Set.of(),
            json.toString(),
            null,
            null,
            false,
            1);
    return http.send(request).thenApply(answer -> HttpDelivery.of(answer, clock));
  }

  /**
   * The three characters that Slack's markup is made of are escaped, so that none is smuggled in.
   */
  private static String text(OutboundMessage message) {
    String body = escaped(message.body());
    return message.subject() == null ? body : "*" + escaped(message.subject()) + "*\n" + body;
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
