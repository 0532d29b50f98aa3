package io.twinloop.http.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.typesafe.config.ConfigFactory;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.function.UnaryOperator;

/** Tokens of an issuer that the settings of the test trust, and of others. */
public final class TestTokens {

  public static final String SECRET = "a secret of this test, 32 bytes or more";
  public static final String ISSUER = "the-issuer";
  public static final String AUDIENCE = "the-twin";

  private TestTokens() {}

  /** Settings under which {@link #of} makes tokens that hold. */
  public static IdentitySettings settings() {
    return settings("");
  }

  static IdentitySettings settings(String overrides) {
    return IdentitySettings.from(
        ConfigFactory.parseString(overrides)
            .withFallback(
                ConfigFactory.parseString(
                    """
                    twinloop.identity {
                      jwt-secret = "%s", issuer = "%s", audiences = "others, %s", leeway = 30s
                    }
                    """
                        .formatted(SECRET, ISSUER, AUDIENCE)))
            .withFallback(ConfigFactory.load()));
  }

  /** A token that holds, of a user. */
  public static String of(String userId, String role) {
    return hs256(claims -> claims.claim("userId", userId).claim("role", role));
  }

  /** A token that holds, of a department manager limited to a unit. */
  public static String ofManager(String userId, String unit) {
    return hs256(
        claims -> claims.claim("userId", userId).claim("role", "dept_manager").claim("unit", unit));
  }

  /** A token that holds, of a domain. */
  public static String ofDomain(String code) {
    return hs256(claims -> claims.claim("domain", code));
  }

  static String hs256(UnaryOperator<JWTClaimsSet.Builder> more) {
    return hs256(SECRET, more);
  }

  static String hs256(String secret, UnaryOperator<JWTClaimsSet.Builder> more) {
    try {
      return sign(new JWSHeader(JWSAlgorithm.HS256), new MACSigner(secret), more);
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  static String signed(JWK key, UnaryOperator<JWSHeader.Builder> header) {
    return signed(key, header, claims -> claims.claim("userId", "u").claim("role", "analyst"));
  }

  static String signed(
      JWK key, UnaryOperator<JWSHeader.Builder> header, UnaryOperator<JWTClaimsSet.Builder> more) {
    try {
      boolean rsa = key instanceof RSAKey;
      JWSSigner signer = rsa ? new RSASSASigner(key.toRSAKey()) : new ECDSASigner(key.toECKey());
      JWSHeader.Builder builder =
          new JWSHeader.Builder(rsa ? JWSAlgorithm.RS256 : JWSAlgorithm.ES256)
              .keyID(key.getKeyID());
      return sign(header.apply(builder).build(), signer, more);
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  static String sign(JWSHeader header, JWSSigner signer, UnaryOperator<JWTClaimsSet.Builder> more) {
    try {
      SignedJWT token = new SignedJWT(header, more.apply(claims()).build());
      token.sign(signer);
      return token.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a sound token says besides whose it is. */
  static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience(List.of("somebody", AUDIENCE))
        .expirationTime(Date.from(Instant.now().plusSeconds(600)));
  }

  static RSAKey rsaKey(String id) {
    try {
      return new RSAKeyGenerator(2048).keyID(id).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  static ECKey ecKey(String id) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(id).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The public halves as an issuer publishes them. */
  static String published(JWK... keys) {
    return new JWKSet(List.of(keys)).toString(true);
  }
}
