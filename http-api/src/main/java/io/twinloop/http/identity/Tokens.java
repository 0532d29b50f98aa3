package io.twinloop.http.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Role;
import io.twinloop.entities.Cause;
import io.twinloop.http.Inputs;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Clock;
import java.time.Instant;
import java.util.Collections;
import java.util.Date;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Signed tokens (RFC 7519, read as RFC 8725 advises) become identities.
 *
 * <p>Which algorithm counts is ours to say, not the token's: HS256 with the shared secret, RS256
 * and ES256 with the issuer's keys, each key for one algorithm. Keys a token brings along or points
 * at are no keys. A token that holds says who it is in {@code userId} (else {@code sub}) and {@code
 * role}, or in {@code domain}.
 */
final class Tokens {

  private static final int LONGEST_TOKEN = 8 * 1024;
  private static final int LONGEST_KEY_ID = 200;
  private static final int LONGEST_EMAIL = 254;
  private static final Set<String> TYPES = Set.of("JWT", "AT+JWT");

  private final IdentitySettings settings;
  private final Optional<JWSVerifier> ofSecret;
  private final Optional<IssuerKeys> issuerKeys;
  private final Clock clock;

  /** An identity, and until when its token holds, leeway included. */
  record Holder(Identity identity, Instant until) {}

  Tokens(IdentitySettings settings, Optional<IssuerKeys> issuerKeys, Clock clock) {
    this.settings = settings;
    this.issuerKeys = issuerKeys;
    this.clock = clock;
    this.ofSecret =
        settings.secret().isEmpty() ? Optional.empty() : Optional.of(macVerifier(settings));
  }

  private static JWSVerifier macVerifier(IdentitySettings settings) {
    try {
      return new MACVerifier(settings.secret().reveal().getBytes(StandardCharsets.UTF_8));
    } catch (JOSEException e) {
      throw new IllegalArgumentException(
          "twinloop.identity.jwt-secret can't be used: " + e.getMessage(), e);
    }
  }

  /** Who holds the token; fails with a {@link ProblemException} when it doesn't hold. */
  CompletionStage<Holder> verify(String text) {
    SignedJWT token = parse(text);
    JWSHeader header = token.getHeader();
    checkHeader(header);
    JWSAlgorithm algorithm = header.getAlgorithm();
    if (algorithm.equals(JWSAlgorithm.HS256) && ofSecret.isPresent()) {
      return CompletableFuture.completedStage(holder(token, ofSecret.get()));
    }
    boolean ofIssuer = algorithm.equals(JWSAlgorithm.RS256) || algorithm.equals(JWSAlgorithm.ES256);
    if (!ofIssuer || issuerKeys.isEmpty()) {
      throw unauthenticated(
          "Tokens signed with " + Inputs.quoted(algorithm.getName()) + " aren't taken here.");
    }
    return issuerKeys
        .get()
        .find(Optional.ofNullable(header.getKeyID()), algorithm)
        .thenApplyAsync(
            key ->
                holder(
                    token,
                    key.orElseThrow(
                            () ->
                                unauthenticated(
                                    "The issuer has no "
                                        + algorithm.getName()
                                        + " key with the id the token names."))
                        .verifier()),
            Runnable::run);
  }

  private static SignedJWT parse(String text) {
    if (text.length() > LONGEST_TOKEN) {
      throw unauthenticated("The token is longer than " + LONGEST_TOKEN + " characters.");
    }
    try {
      return SignedJWT.parse(text);
    } catch (ParseException | IllegalArgumentException e) {
      throw unauthenticated("The token can't be read as a signed JWT.");
    }
  }

  private static void checkHeader(JWSHeader header) {
    if (header.getJWK() != null
        || header.getJWKURL() != null
        || header.getX509CertURL() != null
        || header.getX509CertChain() != null) {
      throw unauthenticated("The token brings or names a key of its own (jwk, jku, x5u, x5c).");
    }
    Set<String> critical = header.getCriticalParams();
    if (critical != null && !critical.isEmpty()) {
      throw unauthenticated("The token demands what isn't understood here (crit).");
    }
    JOSEObjectType type = header.getType();
    if (type != null && !TYPES.contains(type.getType().toUpperCase(Locale.ROOT))) {
      throw unauthenticated("The token is of another type than JWT.");
    }
    String keyId = header.getKeyID();
    if (keyId != null && keyId.length() > LONGEST_KEY_ID) {
      throw unauthenticated(
          "The token names a key id of more than " + LONGEST_KEY_ID + " characters.");
    }
  }

  private Holder holder(SignedJWT token, JWSVerifier verifier) {
    try {
      if (!token.verify(verifier)) {
        throw unauthenticated("The token's signature doesn't hold.");
      }
      JWTClaimsSet claims = token.getJWTClaimsSet();
      Instant until = checkTimes(claims);
      checkParties(claims);
      return new Holder(identity(claims), until);
    } catch (JOSEException | ParseException | IllegalStateException e) {
      throw unauthenticated("The token can't be read as a signed JWT.");
    }
  }

  private Instant checkTimes(JWTClaimsSet claims) {
    Instant now = clock.instant();
    Date expires = claims.getExpirationTime();
    if (expires == null) {
      throw unauthenticated("The token doesn't say when it expires (exp).");
    }
    Instant until = expires.toInstant().plus(settings.leeway());
    if (!now.isBefore(until)) {
      throw unauthenticated("The token expired at " + expires.toInstant() + ".").uncounted();
    }
    Date from = claims.getNotBeforeTime();
    if (from != null && now.plus(settings.leeway()).isBefore(from.toInstant())) {
      throw unauthenticated("The token holds only from " + from.toInstant() + " on.").uncounted();
    }
    return until;
  }

  private void checkParties(JWTClaimsSet claims) {
    if (!settings.issuer().equals(claims.getIssuer())) {
      throw unauthenticated("The token is of another issuer (iss).");
    }
    if (Collections.disjoint(settings.audiences(), claims.getAudience())) {
      throw unauthenticated("The token is meant for others (aud).");
    }
  }

  private static Identity identity(JWTClaimsSet claims) {
    Optional<String> domain = text(claims, "domain");
    Optional<String> role = text(claims, "role");
    if (domain.isPresent()) {
      if (role.isPresent()) {
        throw forbidden("The token has both a domain and a role; it must have one of them.");
      }
      return Identity.domain(domainCode(domain.get()));
    }
    String name =
        role.orElseThrow(
            () -> forbidden("The token names no role; known are " + Role.userRoleNames() + "."));
    Role known =
        Role.ofUser(name)
            .orElseThrow(
                () ->
                    forbidden(
                        "The token names the role %s; known are %s."
                            .formatted(Inputs.quoted(name), Role.userRoleNames())));
    String user =
        text(claims, "userId")
            .or(() -> text(claims, "sub"))
            .orElseThrow(() -> unauthenticated("The token doesn't say whose it is (userId)."));
    return new Identity(
        Identity.Kind.USER,
        userId(user),
        known,
        text(claims, "email").filter(email -> email.length() <= LONGEST_EMAIL),
        text(claims, "unit").map(unit -> id(unit, "unit")));
  }

  /** Names that stand for others may not be a user's. */
  private static String userId(String value) {
    boolean taken =
        value.equals(Cause.UNNAMED) || value.startsWith("domain:") || value.startsWith("key:");
    if (taken) {
      throw unauthenticated("The userId of the token is kept for others.");
    }
    return id(value, "userId");
  }

  private static String domainCode(String value) {
    if (!Identity.isDomainCode(value)) {
      throw unauthenticated("The domain of the token is kept for events of Twinloop itself.");
    }
    return id(value, "domain");
  }

  private static String id(String value, String claim) {
    if (!Inputs.isId(value)) {
      throw unauthenticated(
          "The %s of the token is no id: 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ -"
              .formatted(claim));
    }
    return value;
  }

  /** A claim's text; a whole number counts, as ids of users are often numbers. */
  private static Optional<String> text(JWTClaimsSet claims, String name) {
    @Nullable Object value = claims.getClaim(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String || value instanceof Long || value instanceof Integer) {
      return Optional.of(value.toString()).filter(text -> !text.isEmpty());
    }
    throw unauthenticated("The claim " + name + " of the token is no text.");
  }

  static ProblemException unauthenticated(String detail) {
    return Problems.of("unauthenticated", detail).refuse();
  }

  private static ProblemException forbidden(String detail) {
    return Problems.of("forbidden", detail).refuse();
  }
}
