package io.twinloop.http.identity;

import static io.twinloop.http.TestServer.head;
import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static io.twinloop.http.identity.TestTokens.ecKey;
import static io.twinloop.http.identity.TestTokens.hs256;
import static io.twinloop.http.identity.TestTokens.published;
import static io.twinloop.http.identity.TestTokens.rsaKey;
import static io.twinloop.http.identity.TestTokens.signed;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Stages;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What somebody tries who wants in without being let in, or further than that. */
class IdentityAttacksTest {

  private static final RSAKey RSA = rsaKey("rsa-1");
  private static final ECKey EC = ecKey("ec-1");
  private static final RSAKey FOREIGN = rsaKey("rsa-1");
  private static final String GOOD_KEY = "twl_0123456789abcdef_" + "A".repeat(43);
  private static final AtomicInteger LOOKS = new AtomicInteger();

  private static TestServer server;

  @BeforeAll
  static void start() {
    Authenticator login =
        Login.of(
            TestTokens.settings("twinloop.identity.jwks-url = \"https://keys.example/jwks\""),
            Optional.of(
                () -> {
                  LOOKS.incrementAndGet();
                  return CompletableFuture.completedStage(published(RSA, EC));
                }),
            key -> {
              if (!key.equals(GOOD_KEY)) {
                throw Tokens.unauthenticated("The API key is unknown, revoked or expired.");
              }
              return CompletableFuture.completedStage(Identity.user("key:1", Role.ANALYST));
            },
            Clock.systemUTC());
    server =
        TestServer.with(
                Endpoint.get("/api/v1/me", Permission.CLOCK_READ, IdentityAttacksTest::whoAmI),
                Endpoint.post("/api/v1/me", Permission.TASK_WORK, IdentityAttacksTest::rename)
                    .withinReach(),
                Endpoint.post("/api/v1/clock", Permission.CLOCK_MOVE, IdentityAttacksTest::whoAmI),
                Endpoint.post("/api/v1/events", Permission.EVENT_SEND, IdentityAttacksTest::whoAmI))
            .authenticator(login)
            .settings(
                """
                twinloop.http {
                  allowed-hosts = twin.example.org, allowed-origins = "https://ok.example"
                }
                # Each is to be refused for its own reason, not for being one of many.
                twinloop.limits.when = never
                """)
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static CompletionStage<HttpResponse> whoAmI(Call call) {
    Identity identity = call.caller().identity();
    return CompletableFuture.completedStage(
        Answers.ok(
            Json.object()
                .put("actor", call.caller().actor())
                .put("kind", identity.kind().name())
                .put("role", identity.role().wireName())));
  }

  private static CompletionStage<HttpResponse> rename(Call call) {
    return Stages.flatMap(
        call.json(),
        body -> {
          JsonFields.read(body, fields -> fields.string("name"));
          return whoAmI(call);
        });
  }

  // --- What holds, so that what doesn't is refused for its own reason.

  @Test
  void shouldTakeTokensThatHold() {
    for (String token :
        List.of(
            TestTokens.of("ada", "analyst"),
            signed(RSA, header -> header),
            signed(EC, header -> header),
            signed(EC, header -> header.keyID(null)),
            hs256(claims -> claims.claim("userId", 17).claim("role", "analyst")),
            hs256(claims -> claims.subject("ada").claim("role", "analyst")))) {
      Reply reply = me(token);
      assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
      assertThat(json(reply).path("role").textValue()).isEqualTo("analyst");
    }
    assertThat(json(me(TestTokens.of("ada", "analyst"))).path("actor").textValue())
        .isEqualTo("ada");
    assertThat(server.get("/api/v1/me", "X-Api-Key", GOOD_KEY).statusCode()).isEqualTo(200);
    assertThat(me(GOOD_KEY).statusCode()).isEqualTo(200);
  }

  // --- Tokens

  static Stream<String> forgeries() throws JOSEException {
    String none = new PlainJWT(sound()).serialize();
    String good = TestTokens.of("ada", "analyst");
    String[] parts = good.split("\\.", -1);
    return Stream.of(
        none,
        none + "AAAA",
        forged("{\"alg\":\"none\"}", parts[1], ""),
        forged("{\"alg\":\"None\"}", parts[1], parts[2]),
        forged("{\"alg\":\"nOnE\"}", parts[1], parts[2]),
        forged("{\"alg\":\"HS256\"}", parts[1], ""),
        parts[0] + "." + parts[1],
        parts[0] + "." + parts[1] + "." + parts[2].substring(2),
        parts[0] + "." + base64("{\"userId\":\"ada\",\"role\":\"twin_admin\"}") + "." + parts[2],
        // The wrong key.
        hs256("another secret, also 32 bytes or more", claims -> analyst(claims)),
        signed(FOREIGN, header -> header),
        signed(ecKey("ec-1"), header -> header),
        // Other algorithms of the same family, and keys used for the wrong one.
        TestTokens.sign(
            new JWSHeader(JWSAlgorithm.HS512),
            new MACSigner(TestTokens.SECRET.repeat(2)),
            claims -> analyst(claims)),
        signed(RSA, header -> header.keyID("ec-1")),
        signed(EC, header -> header.keyID("rsa-1")),
        // The public key of RS256 as the secret of HS256: in PEM, in DER, as JSON.
        confused(RSA.toRSAPublicKey().getEncoded()),
        confused(pem(RSA).getBytes(StandardCharsets.UTF_8)),
        confused(RSA.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8)),
        // A key the token brings along or points at.
        signed(FOREIGN, header -> header.jwk(FOREIGN.toPublicJWK()).keyID(null)),
        signed(FOREIGN, header -> header.jwkURL(URI.create("https://evil.example/jwks"))),
        signed(FOREIGN, header -> header.x509CertURL(URI.create("https://evil.example/cert"))),
        // A demand that isn't understood.
        signed(RSA, header -> header.criticalParams(Set.of("exp"))));
  }

  @ParameterizedTest
  @MethodSource("forgeries")
  void shouldRefuseAForgedToken(String token) {
    refused(token);
  }

  static Stream<UnaryOperator<JWTClaimsSet.Builder>> claimsThatDoNotFit() {
    Instant now = Instant.now();
    return Stream.of(
        claims -> claims.issuer("somebody-else"),
        claims -> claims.issuer(null),
        claims -> claims.issuer(TestTokens.ISSUER + "/"),
        claims -> claims.audience("somebody"),
        claims -> claims.audience(List.of()),
        claims -> claims.audience((String) null),
        claims -> claims.expirationTime(Date.from(now.minusSeconds(60))),
        claims -> claims.expirationTime(Date.from(Instant.EPOCH)),
        claims -> claims.expirationTime(null),
        claims -> claims.notBeforeTime(Date.from(now.plusSeconds(120))),
        claims -> claims.claim("exp", "never"),
        claims -> claims.claim("userId", null),
        claims -> claims.claim("userId", ""),
        claims -> claims.claim("userId", List.of("ada")),
        claims -> claims.claim("userId", "ada\nFAKE log line"),
        claims -> claims.claim("userId", "a".repeat(129)),
        claims -> claims.claim("userId", "local"),
        claims -> claims.claim("userId", "domain:BNI"),
        claims -> claims.claim("userId", "key:0123456789abcdef"));
  }

  @ParameterizedTest
  @MethodSource("claimsThatDoNotFit")
  void shouldRefuseATokenThatIsNotForUsNow(UnaryOperator<JWTClaimsSet.Builder> change) {
    refused(hs256(claims -> change.apply(analyst(claims))));
  }

  @Test
  void shouldAllowForClocksThatAreALittleApart() {
    Instant now = Instant.now();

    assertThat(
            me(hs256(
                    claims ->
                        analyst(claims)
                            .expirationTime(Date.from(now.minusSeconds(10)))
                            .notBeforeTime(Date.from(now.plusSeconds(10)))))
                .statusCode())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "root", "Analyst", "analyst ", "local", "nobody", "domain"})
  void shouldLetNobodyInWithARoleThatIsNone(String role) {
    Reply reply = me(hs256(claims -> claims.claim("userId", "u").claim("role", role)));

    assertThat(reply.statusCode()).isEqualTo(403);
    assertThat(problem(reply).path("detail").textValue()).contains("twin_admin", "analyst");
  }

  @Test
  void shouldLetNobodyInWithoutARoleOrWithARoleBesidesADomain() {
    assertThat(me(hs256(claims -> claims.claim("userId", "u"))).statusCode()).isEqualTo(403);
    assertThat(
            me(hs256(claims -> analyst(claims).claim("role", List.of("twin_admin")))).statusCode())
        .isEqualTo(401);
    assertThat(me(hs256(claims -> analyst(claims).claim("domain", "BNI"))).statusCode())
        .isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../../dev/null",
        "/etc/passwd",
        "rsa-1' OR '1'='1",
        "x' UNION SELECT 'secret' --",
        "rsa-1\0",
        "https://evil.example/jwks",
        "RSA-1",
        "rsa-1 ",
        "unknown",
      })
  void shouldFindNoKeyByATrick(String keyId) {
    refused(signed(FOREIGN, header -> header.keyID(keyId)));
    refused(signed(RSA, header -> header.keyID(keyId)));
  }

  @Test
  void shouldTakeNoHugeKeyId() {
    refused(signed(RSA, header -> header.keyID("k".repeat(201))));
    refused(signed(RSA, header -> header.keyID("k".repeat(7_000))));
  }

  @Test
  void shouldNotBeSentToTheIssuerByMadeUpKeyIds() {
    me(signed(RSA, header -> header));
    int before = LOOKS.get();

    for (int i = 0; i < 50; i++) {
      int id = i;
      refused(signed(FOREIGN, header -> header.keyID("made-up-" + id)));
    }

    assertThat(LOOKS.get() - before).isLessThanOrEqualTo(2);
  }

  @Test
  void shouldTakeNoHugeToken() {
    refused(hs256(claims -> analyst(claims).claim("more", "x".repeat(10_000))));
  }

  // --- The header Authorization

  @ParameterizedTest
  @CsvSource({"Bearer,200", "bearer,200", "BEARER,200", "bEaReR,200", "Basic,401", "Token,401"})
  void shouldReadTheSchemeInAnyCaseAndNoOther(String scheme, int status) {
    String token = TestTokens.of("ada", "analyst");

    assertThat(server.get("/api/v1/me", "Authorization", scheme + " " + token).statusCode())
        .isEqualTo(status);
  }

  @Test
  void shouldTakeOneTokenAndNothingAroundIt() {
    String token = TestTokens.of("ada", "analyst");
    for (String value :
        List.of(
            token,
            "Bearer",
            "Bearer " + token + " " + token,
            "Bearer " + token + ", Bearer " + token,
            "Bearer \"" + token + "\"",
            "Bearer " + token.toUpperCase(Locale.ROOT),
            "Bearer Bearer " + token)) {
      assertThat(server.get("/api/v1/me", "Authorization", value).statusCode())
          .as(value.substring(0, Math.min(20, value.length())))
          .isEqualTo(401);
    }
    assertThat(
            server
                .get("/api/v1/me", "Authorization", "Bearer " + token, "Authorization", "Bearer x")
                .statusCode())
        .isEqualTo(400);
    assertThat(server.get("/api/v1/me?access_token=" + token).statusCode()).isEqualTo(401);
    assertThat(server.get("/api/v1/me", "Cookie", "token=" + token).statusCode()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "twl_",
        "twl_0123456789abcdef_",
        "twl_0123456789ABCDEF_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "twl_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
        "TWL_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "' OR 1=1 --",
      })
  void shouldTakeNoGuessedApiKey(String key) {
    Reply reply = server.get("/api/v1/me", "X-Api-Key", key);

    assertThat(reply.statusCode()).isEqualTo(401);
    assertThat(reply.body()).doesNotContain(key);
  }

  @Test
  void shouldTakeATokenOrAKeyNotBoth() {
    Reply reply =
        server.get(
            "/api/v1/me",
            "X-Api-Key",
            GOOD_KEY,
            "Authorization",
            "Bearer " + TestTokens.of("root", "twin_admin"));

    assertThat(reply.statusCode()).isEqualTo(401);
  }

  // --- More than one may

  @ParameterizedTest
  @CsvSource({
    "Twinloop-Actor,root",
    "Twinloop-Role,twin_admin",
    "X-Role,twin_admin",
    "Role,twin_admin",
    "X-Forwarded-User,root",
    "X-Original-URL,/health",
    "X-HTTP-Method-Override,GET",
    "X-Forwarded-For,127.0.0.1",
  })
  void shouldTakeNoRoleAndNoNameFromAHeader(String header, String value) {
    String bearer = "Bearer " + TestTokens.of("ada", "analyst");

    Reply me = server.get("/api/v1/me", "Authorization", bearer, header, value);
    Reply clock = server.post("/api/v1/clock", "{}", "Authorization", bearer, header, value);

    assertThat(json(me).path("actor").textValue()).isEqualTo("ada");
    assertThat(json(me).path("role").textValue()).isEqualTo("analyst");
    assertThat(clock.statusCode()).isEqualTo(403);
    assertThat(server.get("/api/v1/me", header, value).statusCode()).isEqualTo(401);
  }

  @Test
  void shouldTakeNoRoleAndNoNameFromTheBodyOrTheQuery() {
    String bearer = "Bearer " + TestTokens.of("ada", "analyst");
    for (String field : List.of("role", "actor", "userId", "identity", "permissions", "kind")) {
      Reply reply =
          server.post(
              "/api/v1/me",
              "{\"name\": \"x\", \"%s\": \"twin_admin\"}".formatted(field),
              "Authorization",
              bearer);
      assertThat(reply.statusCode()).as(field).isEqualTo(400);
      assertThat(problem(reply).at("/errors/0/pointer").textValue()).isEqualTo("/" + field);
    }
    Reply reply = server.get("/api/v1/me?role=twin_admin&actor=root", "Authorization", bearer);
    assertThat(json(reply).path("role").textValue()).isEqualTo("analyst");
    assertThat(json(reply).path("actor").textValue()).isEqualTo("ada");
  }

  @Test
  void shouldLetADomainActForItselfOnly() {
    String bearer = "Bearer " + TestTokens.ofDomain("BNI");

    Reply itself =
        server.post("/api/v1/events", "{}", "Authorization", bearer, "Twinloop-Actor", "BNI");
    Reply another =
        server.post("/api/v1/events", "{}", "Authorization", bearer, "Twinloop-Actor", "BNP");

    assertThat(itself.statusCode()).isEqualTo(200);
    assertThat(json(itself).path("actor").textValue()).isEqualTo("domain:BNI");
    assertThat(another.statusCode()).isEqualTo(403);
    assertThat(problem(another).path("detail").textValue()).contains("BNI", "BNP");
    assertThat(server.get("/api/v1/me", "Authorization", bearer).statusCode()).isEqualTo(403);
  }

  // --- From elsewhere

  @ParameterizedTest
  @CsvSource({
    "localhost,200",
    "127.0.0.1:8080,200",
    "10.1.2.3:8080,200",
    "[fd00::1],200",
    "twin.example.org,200",
    "TWIN.example.org:8443,200",
    "evil.example,403",
    "twin.example.org.evil.example,403",
    "evil.example:80,403",
    "127.0.0.1.evil.example,403",
  })
  void shouldAnswerUnderItsOwnNamesOnly(String host, int status) {
    assertThat(raw("GET /api/v1/me HTTP/1.1", "Host: " + host, bearer()))
        .startsWith("HTTP/1.1 " + status);
  }

  @ParameterizedTest
  @CsvSource({
    "https://twin.example.org,200",
    "http://twin.example.org,200",
    "https://ok.example,200",
    "https://evil.example,403",
    "https://ok.example.evil.example,403",
    "https://twin.example.org.evil.example,403",
    "http://localhost:3000,403",
    "null,403",
    "file://,403",
  })
  void shouldTakeNothingFromPagesOfOtherSites(String origin, int status) {
    assertThat(
            raw("GET /api/v1/me HTTP/1.1", "Host: twin.example.org", bearer(), "Origin: " + origin))
        .startsWith("HTTP/1.1 " + status)
        .doesNotContain("Access-Control-Allow");
  }

  @Test
  void shouldNotOpenAWebSocketForAPageOfAnotherSite() {
    String answer =
        raw(
            "GET /api/v1/me HTTP/1.1",
            "Host: twin.example.org",
            bearer(),
            "Origin: https://evil.example",
            "Upgrade: websocket",
            "Connection: Upgrade, close",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");

    assertThat(answer).startsWith("HTTP/1.1 403").contains("foreign-host");
  }

  @Test
  void shouldNotOpenAWebSocketWithoutCredentials() {
    String answer =
        raw(
            "GET /api/v1/me HTTP/1.1",
            "Host: twin.example.org",
            "Upgrade: websocket",
            "Connection: Upgrade, close",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");

    assertThat(answer).startsWith("HTTP/1.1 401");
  }

  @Test
  void shouldNotOpenUpToOtherSitesByPreflight() {
    String answer =
        raw(
            "OPTIONS /api/v1/me HTTP/1.1",
            "Host: twin.example.org",
            "Origin: https://ok.example",
            "Access-Control-Request-Method: POST");

    assertThat(answer).startsWith("HTTP/1.1 401").doesNotContain("Access-Control-Allow");
  }

  // --- Tools

  private static JWTClaimsSet.Builder analyst(JWTClaimsSet.Builder claims) {
    return claims.claim("userId", "u").claim("role", "analyst");
  }

  private static JWTClaimsSet sound() {
    return analyst(TestTokens.claims()).build();
  }

  private static String confused(byte[] key) throws JOSEException {
    return TestTokens.sign(
        new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("rsa-1").build(),
        new MACSigner(key),
        IdentityAttacksTest::analyst);
  }

  private static String pem(RSAKey key) throws JOSEException {
    return "-----BEGIN PUBLIC KEY-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'})
            .encodeToString(key.toRSAPublicKey().getEncoded())
        + "\n-----END PUBLIC KEY-----\n";
  }

  private static String forged(String header, String claims, String signature) {
    return base64(header) + "." + claims + "." + signature;
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Reply me(String token) {
    return server.get("/api/v1/me", "Authorization", "Bearer " + token);
  }

  private static String bearer() {
    return "Authorization: Bearer " + TestTokens.of("ada", "analyst");
  }

  private static String raw(String... lines) {
    boolean upgrades = Arrays.stream(lines).anyMatch(line -> line.contains("Upgrade"));
    String[] all = Arrays.copyOf(lines, lines.length + 1);
    all[lines.length] = upgrades ? "X-Nothing: more" : "Connection: close";
    return server.raw(head(all));
  }

  private static void refused(String token) {
    Reply reply = me(token);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(401);
    assertThat(problem(reply).path("code").textValue()).isEqualTo("unauthenticated");
    assertThat(reply.body()).doesNotContain(TestTokens.SECRET);
    assertThat(reply.headers().firstValue("WWW-Authenticate")).isPresent();
  }
}
