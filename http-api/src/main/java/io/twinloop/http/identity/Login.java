package io.twinloop.http.identity;

import static io.twinloop.http.identity.Tokens.unauthenticated;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Identity.Kind;
import io.twinloop.domain.identity.KeySetSource;
import io.twinloop.http.Problems;
import io.twinloop.http.Stages;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Callers show a token or an API key: {@code Authorization: Bearer …} for both, {@code X-Api-Key}
 * for a key.
 *
 * <p>A token that held is remembered for a few seconds, under its hash, so that a busy caller's
 * signature isn't calculated for each request.
 */
public final class Login implements Authenticator {

  private static final Pattern BEARER = Pattern.compile("(?i:bearer) +([A-Za-z0-9._~+/-]+=*)");
  private static final Duration TOKEN_MEMORY = Duration.ofSeconds(5);
  private static final int REMEMBERED_TOKENS = 10_000;

  private final Tokens tokens;
  private final ApiKeyCheck apiKeys;
  private final Clock clock;
  private final Cache<String, Tokens.Holder> remembered =
      Caffeine.newBuilder()
          .maximumSize(REMEMBERED_TOKENS)
          .expireAfterWrite(TOKEN_MEMORY)
          .executor(Stages.SAME_THREAD)
          .build();

  private Login(Tokens tokens, ApiKeyCheck apiKeys, Clock clock) {
    this.tokens = tokens;
    this.apiKeys = apiKeys;
    this.clock = clock;
  }

  /**
   * The login these settings ask for; {@link Authenticator#OFF} where they hold no key for tokens.
   *
   * @param keySet reads {@link IdentitySettings#keySet}, where there is one
   * @param clock the real time, which no trial moves
   */
  public static Authenticator of(
      IdentitySettings settings, Optional<KeySetSource> keySet, ApiKeyCheck apiKeys, Clock clock) {
    if (!settings.requiresLogin()) {
      return OFF;
    }
    Optional<IssuerKeys> issuerKeys =
        keySet.map(
            source ->
                new IssuerKeys(source, clock, settings.keySetRefresh(), settings.keySetPause()));
    return new Login(new Tokens(settings, issuerKeys, clock), apiKeys, clock);
  }

  @Override
  public boolean requiresLogin() {
    return true;
  }

  @Override
  public CompletionStage<Identity> identify(Credentials credentials) {
    if (credentials.authorization().isPresent() && credentials.apiKey().isPresent()) {
      throw unauthenticated("Show a token or an API key, not both.");
    }
    String shown =
        credentials
            .authorization()
            .map(Login::bearer)
            .or(credentials::apiKey)
            .orElseThrow(
                () ->
                    unauthenticated(
                        "Show who you are: Authorization: Bearer with a token, or X-Api-Key."));
    boolean isKey = credentials.apiKey().isPresent() || isKey(shown);
    CompletionStage<Identity> identity = isKey ? apiKeys.identify(shown) : ofToken(shown);
    return Stages.map(identity, known -> actingForItself(known, credentials.actor()));
  }

  @Override
  public boolean isGuess(Credentials credentials) {
    return credentials
        .apiKey()
        .or(
            () ->
                credentials
                    .authorization()
                    .map(BEARER::matcher)
                    .filter(Matcher::matches)
                    .map(matcher -> matcher.group(1))
                    .filter(Login::isKey))
        .filter(key -> !apiKeys.heldLately(key))
        .isPresent();
  }

  private static boolean isKey(String shown) {
    return shown.startsWith(ApiKeyText.PREFIX);
  }

  private static String bearer(String authorization) {
    Matcher matcher = BEARER.matcher(authorization);
    if (!matcher.matches()) {
      throw unauthenticated("Expected Authorization to be Bearer and a token.");
    }
    return matcher.group(1);
  }

  private CompletionStage<Identity> ofToken(String token) {
    String hash = sha256(token);
    Tokens.Holder known = remembered.getIfPresent(hash);
    if (known != null && clock.instant().isBefore(known.until())) {
      return CompletableFuture.completedStage(known.identity());
    }
    return Stages.map(
        tokens.verify(token),
        holder -> {
          remembered.put(hash, holder);
          return holder.identity();
        });
  }

  /**
   * The token speaks, not the header: a user's {@code Twinloop-Actor} counts for nothing, and a
   * domain that names another one is refused.
   */
  private static Identity actingForItself(Identity identity, Optional<String> actor) {
    if (identity.kind() == Kind.DOMAIN
        && actor.isPresent()
        && !actor.get().equals(identity.subject())
        && !actor.get().equals(identity.actor())) {
      throw Problems.of(
              "forbidden",
              "The domain '%s' can't act for '%s' (Twinloop-Actor)."
                  .formatted(identity.subject(), actor.get()))
          .refuse();
    }
    return identity;
  }

  static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }
}
