package io.twinloop.integrations.outbound;

import com.typesafe.config.Config;
import io.twinloop.domain.Secret;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.integrations.outbound.WebhookTransport.Endpoint;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Clock;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Which transport serves which channel, as {@code twinloop.outbound} says. */
public final class Transports {

  private static final String PATH = "twinloop.outbound";

  private Transports() {}

  /**
   * The transports of the channels that are served; throws with the key that is wrong, and never
   * with its value, where that is secret.
   *
   * @param clock tells the time that signatures carry, that of the machine
   */
  public static Map<Channel, Transport> of(Config application, OutboundHttp http, Clock clock) {
    Config config = application.getConfig(PATH);
    Map<String, Transport> byName =
        Map.of(
            "log", new LogTransport(),
            "smtp", new SmtpTransport(SmtpSettings.from(application)),
            "slack", new SlackTransport(slackAddresses(config), http, clock),
            "webhook",
                new WebhookTransport(
                    webhookEndpoints(config),
                    secrets(config.getConfig("webhook"), "callback-secret"),
                    http,
                    clock));
    Map<Channel, Transport> transports = new EnumMap<>(Channel.class);
    for (Channel channel : Channel.values()) {
      String name = config.getString("channels." + channel.wireName());
      Transport transport = byName.get(name);
      if (transport != null) {
        transports.put(channel, transport);
      } else if (!name.equals("none")) {
        throw new IllegalArgumentException(
            "%s.channels.%s must be log, smtp, slack, webhook or none, not '%s'"
                .formatted(PATH, channel.wireName(), name));
      }
    }
    return transports;
  }

  private static Map<String, Secret> slackAddresses(Config config) {
    Map<String, Secret> addresses = new LinkedHashMap<>();
    OutboundConfig.texts(config.getConfig("slack"), "addresses")
        .forEach(
            (name, address) ->
                addresses.put(
                    name, Secret.of(address(address, "slack.addresses." + name).toString())));
    return addresses;
  }

  private static Map<String, Endpoint> webhookEndpoints(Config config) {
    Map<String, Endpoint> endpoints = new LinkedHashMap<>();
    OutboundConfig.tables(config.getConfig("webhook"), "endpoints")
        .forEach(
            (name, endpoint) -> {
              String key = "webhook.endpoints." + name;
              List<Secret> secrets = secrets(endpoint, "secret");
              String address = endpoint.getString("url");
              if (!address.isEmpty()) {
                check(!secrets.isEmpty(), key + ".secret", "given, as webhooks are signed");
                endpoints.put(name, new Endpoint(address(address, key + ".url"), secrets));
              }
            });
    return endpoints;
  }

  /** The secret of a key and the one it replaces, as far as they are given. */
  private static List<Secret> secrets(Config config, String key) {
    return Stream.of(key, "previous-" + key)
        .filter(config::hasPath)
        .map(each -> Secret.of(config.getString(each)))
        .filter(secret -> !secret.isEmpty())
        .toList();
  }

  private static URI address(String text, String key) {
    try {
      URI address = new URI(text);
      boolean http =
          "https".equalsIgnoreCase(address.getScheme())
              || "http".equalsIgnoreCase(address.getScheme());
      check(http && address.getHost() != null, key, "an http or https address");
      return address;
    } catch (URISyntaxException e) {
      throw wrong(key, "an http or https address");
    }
  }

  private static void check(boolean fine, String key, String expected) {
    if (!fine) {
      throw wrong(key, expected);
    }
  }

  private static IllegalArgumentException wrong(String key, String expected) {
    return new IllegalArgumentException("%s.%s must be %s".formatted(PATH, key, expected));
  }
}
