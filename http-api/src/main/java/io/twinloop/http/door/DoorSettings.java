package io.twinloop.http.door;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Set;

/**
 * The settings {@code twinloop.http.door}, each explained in {@code reference.conf}.
 *
 * @param connectionsPerAddress open at the same time
 * @param firstRequest how long the head of the first request may take to arrive
 * @param nextRequest how long the head of each next one may take, counted from the last answer
 * @param lastRequest how long it may take where the server stops
 * @param headers in one request
 * @param trustedProxies addresses whose X-Forwarded-For is believed
 */
public record DoorSettings(
    int connectionsPerAddress,
    Duration firstRequest,
    Duration nextRequest,
    Duration lastRequest,
    int headers,
    Set<String> trustedProxies) {

  private static final String PATH = "twinloop.http.door";
  private static final int ONE_OF_SO_MANY = 4;

  public DoorSettings {
    trustedProxies = Set.copyOf(trustedProxies);
    check(
        connectionsPerAddress >= 1, "connections-per-address", "1 or more", connectionsPerAddress);
    check(firstRequest.toMillis() >= 1, "first-request", "longer than nothing", firstRequest);
    check(nextRequest.toMillis() >= 1, "next-request", "longer than nothing", nextRequest);
    check(!lastRequest.isNegative(), "last-request", "0 or longer", lastRequest);
    check(headers >= 8, "headers", "8 or more", headers);
    try {
      new PeerAddress(trustedProxies);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(PATH + ".trusted-proxies: " + e.getMessage(), e);
    }
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static DoorSettings from(Config application) {
    Config config = application.getConfig(PATH);
    DoorSettings settings = read(config);
    int most = application.getInt("twinloop.http.max-connections") / ONE_OF_SO_MANY;
    check(
        settings.connectionsPerAddress() <= most || !settings.trustedProxies().isEmpty(),
        "connections-per-address",
        "%d or less, a quarter of twinloop.http.max-connections, unless trusted-proxies are set"
            .formatted(most),
        settings.connectionsPerAddress());
    return settings;
  }

  private static DoorSettings read(Config config) {
    return new DoorSettings(
        config.getInt("connections-per-address"),
        config.getDuration("first-request"),
        config.getDuration("next-request"),
        config.getDuration("last-request"),
        config.getInt("headers"),
        Set.copyOf(config.getStringList("trusted-proxies")));
  }

  private static void check(boolean fine, String key, String expected, Object value) {
    if (!fine) {
      throw new IllegalArgumentException(
          "%s.%s must be %s, not %s".formatted(PATH, key, expected, value));
    }
  }
}
