package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.identity.Credentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node's login as its settings say it: by a key set over HTTP, by one in a file, or none. */
class CallerLoginTest {

  @TempDir private Path folder;

  private final RSAKey key = new RSAKeyGenerator(2048).keyID("k").generate();

  CallerLoginTest() throws Exception {}

  private static CallerLogin login(String settings) {
    return new CallerLogin(
        ConfigFactory.parseString(settings).withFallback(ConfigFactory.load()), null, null);
  }

  private Identity identify(CallerLogin login) throws Exception {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("k").build(),
            new JWTClaimsSet.Builder()
                .issuer("pilotpros-backend")
                .audience("pilotpros-bi")
                .expirationTime(Date.from(Instant.now().plusSeconds(600)))
                .claim("userId", "ada")
                .claim("role", "analyst")
                .build());
    token.sign(new RSASSASigner(key));
    return login
        .authenticator()
        .identify(
            new Credentials(
                Optional.of("Bearer " + token.serialize()), Optional.empty(), Optional.empty()))
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  @Test
  void shouldAskForNoLoginUntilThereAreSettings() throws Exception {
    try (CallerLogin login = login("")) {
      assertThat(login.authenticator().requiresLogin()).isFalse();
    }
  }

  @Test
  void shouldReadTheKeysWhereTheOperatorSaysEvenOnAPrivateAddress() throws Exception {
    byte[] keys = new JWKSet(key.toPublicJWK()).toString().getBytes(StandardCharsets.UTF_8);
    HttpServer issuer =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer.createContext(
        "/jwks",
        exchange -> {
          exchange.sendResponseHeaders(200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    issuer.start();
    String url = "http://127.0.0.1:" + issuer.getAddress().getPort() + "/jwks";
    try (CallerLogin login = login("twinloop.identity.jwks-url = \"" + url + "\"")) {
      assertThat(identify(login).role()).isEqualTo(Role.ANALYST);
    } finally {
      issuer.stop(0);
    }
  }

  @Test
  void shouldReadTheKeysFromAFile() throws Exception {
    Path file = folder.resolve("jwks.json");
    Files.writeString(file, new JWKSet(key.toPublicJWK()).toString());

    try (CallerLogin login = login("twinloop.identity.jwks-url = \"" + file.toUri() + "\"")) {
      assertThat(identify(login).subject()).isEqualTo("ada");
    }
  }

  @Test
  void shouldNotStartWithTheSecretEverybodyKnows() {
    assertThatThrownBy(
            () -> login("twinloop.identity.jwt-secret = dev-secret-change-in-production"))
        .hasMessageContaining("TWINLOOP_JWT_SECRET");
  }
}
