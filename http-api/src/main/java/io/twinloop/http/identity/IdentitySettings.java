package io.twinloop.http.identity;

import com.typesafe.config.Config;
import io.twinloop.domain.Secret;
import io.twinloop.domain.SettingsUnder;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The settings {@code twinloop.identity}, each explained in {@code reference.conf}.
 *
 * @param secret for tokens with HS256; empty where they aren't taken
 * @param keySet where the keys for tokens with RS256 and ES256 are; empty where they aren't taken
 */
public record IdentitySettings(
    Secret secret,
    Optional<URI> keySet,
    String issuer,
    List<String> audiences,
    Duration leeway,
    Duration keySetRefresh,
    Duration keySetPause,
    Duration apiKeyMemory,
    Duration unitsMemory) {

  private static final String PATH = "twinloop.identity";
  private static final SettingsUnder SETTINGS = new SettingsUnder(PATH);
  private static final int SHORTEST_SECRET_BYTES = 32;
  private static final Duration LONGEST_LEEWAY = Duration.ofMinutes(5);

  /** Stands in examples of the service whose tokens these are, so everybody knows it. */
  private static final String KNOWN_TO_EVERYBODY = "dev-secret-change-in-production";

  public IdentitySettings {
    audiences = List.copyOf(audiences);
    checkSecret(secret);
    keySet.ifPresent(IdentitySettings::checkAddress);
    SETTINGS.check(!issuer.isBlank(), "issuer", "the iss of the tokens to take", issuer);
    SETTINGS.check(
        !audiences.isEmpty() && audiences.stream().noneMatch(String::isBlank),
        "audiences",
        "one or more names, with commas between them",
        audiences);
    SETTINGS.check(
        !leeway.isNegative() && leeway.compareTo(LONGEST_LEEWAY) <= 0,
        "leeway",
        "from 0 to 5 minutes",
        leeway);
    SETTINGS.checkPositive(keySetRefresh, "jwks-refresh");
    SETTINGS.checkPositive(keySetPause, "jwks-pause");
    SETTINGS.checkPositive(apiKeyMemory, "api-key-memory");
    SETTINGS.checkPositive(unitsMemory, "units-memory");
  }

  /** Reads the settings; throws with the key that is wrong. */
  public static IdentitySettings from(Config application) {
    Config config = application.getConfig(PATH);
    String keySet = config.getString("jwks-url").strip();
    return new IdentitySettings(
        Secret.of(config.getString("jwt-secret")),
        keySet.isEmpty() ? Optional.empty() : Optional.of(address(keySet)),
        config.getString("issuer"),
        Arrays.stream(config.getString("audiences").split(",", -1)).map(String::strip).toList(),
        config.getDuration("leeway"),
        config.getDuration("jwks-refresh"),
        config.getDuration("jwks-pause"),
        config.getDuration("api-key-memory"),
        config.getDuration("units-memory"));
  }

  /** Whether callers must show who they are. */
  public boolean requiresLogin() {
    return !secret.isEmpty() || keySet.isPresent();
  }

  private static void checkSecret(Secret secret) {
    String value = secret.reveal();
    boolean known = value.strip().toLowerCase(Locale.ROOT).contains(KNOWN_TO_EVERYBODY);
    int bytes = value.getBytes(StandardCharsets.UTF_8).length;
    if (!secret.isEmpty() && (known || bytes < SHORTEST_SECRET_BYTES)) {
      throw new IllegalArgumentException(
          PATH
              + ".jwt-secret (TWINLOOP_JWT_SECRET) "
              + (known
                  ? "is the one from the examples, which everybody knows"
                  : "has only " + bytes + " bytes")
              + "; set one of "
              + SHORTEST_SECRET_BYTES
              + " random bytes or more.");
    }
  }

  private static URI address(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          PATH + ".jwks-url must be an address, not " + text + ": " + e.getMessage(), e);
    }
  }

  private static void checkAddress(URI address) {
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    boolean web = (scheme.equals("https") || scheme.equals("http")) && address.getHost() != null;
    SETTINGS.check(
        web || (scheme.equals("file") && address.getPath() != null),
        "jwks-url",
        "an address that begins with https://, http:// or file:///",
        address);
  }
}
