package io.twinloop.http.identity;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.http.Answers;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.OpenApiAnswers;
import io.twinloop.http.ProblemException;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.ApiKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** API keys from their making to their end, on a real PostgreSQL. */
class ApiKeyRoutesTest {

  private static final String ADMIN = "Bearer " + TestTokens.of("root", "twin_admin");
  private static final Duration MEMORY = Duration.ofHours(1);

  @TempDir private static Path folder;
  private static PostgreSqlServer postgres;
  private static HikariDataSource dataSource;
  private static Database database;
  private static TestServer server;
  private static volatile Duration ahead = Duration.ZERO;

  private static final Clock CLOCK =
      new Clock() {
        @Override
        public Instant instant() {
          return Instant.now().plus(ahead);
        }

        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }
      };

  @BeforeAll
  static void start() throws IOException, SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    database = new Database(dataSource, Runnable::run);
    server = server();
  }

  private static TestServer server() {
    KeptApiKeys keys = new KeptApiKeys(new ApiKeys(database), CLOCK, MEMORY);
    List<Endpoint> endpoints = new ArrayList<>(new ApiKeyRoutes(keys).endpoints());
    endpoints.add(
        Endpoint.get(
            "/api/v1/me",
            Permission.DEFINITION_READ,
            call ->
                CompletableFuture.completedStage(
                    Answers.ok(
                        Json.object()
                            .put("actor", call.caller().actor())
                            .put("role", call.caller().identity().role().wireName())))));
    endpoints.add(
        Endpoint.post(
            "/api/v1/events",
            Permission.EVENT_SEND,
            call ->
                CompletableFuture.completedStage(
                    Answers.ok(Json.object().put("actor", call.caller().actor())))));
    return TestServer.with(endpoints.toArray(Endpoint[]::new))
        .authenticator(Login.of(TestTokens.settings(), Optional.empty(), keys, Clock.systemUTC()))
        .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    dataSource.close();
    postgres.close();
  }

  private static Reply make(String body, String... headers) {
    List<String> all = new ArrayList<>(List.of("Authorization", ADMIN));
    all.addAll(List.of(headers));
    return OpenApiAnswers.described(
        "POST",
        "/api/v1/api-keys",
        server.post("/api/v1/api-keys", body, all.toArray(String[]::new)));
  }

  private static JsonNode made(String body) {
    Reply reply = make(body);
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(201);
    assertThat(reply.headers().firstValue("Cache-Control")).hasValue("no-store");
    return json(reply);
  }

  private static Reply me(String key) {
    return server.get("/api/v1/me", "X-Api-Key", key);
  }

  @Test
  void shouldLetInWhoeverHoldsTheKey() {
    JsonNode key = made("{\"name\": \"Dashboard\", \"role\": \"analyst\"}");

    Reply byHeader = me(key.path("key").asText());
    Reply byToken = server.get("/api/v1/me", "Authorization", "Bearer " + key.path("key").asText());

    assertThat(json(byHeader).path("role").asText()).isEqualTo("analyst");
    assertThat(json(byHeader).path("actor").asText()).isEqualTo("key:" + key.path("id").asText());
    assertThat(byToken.statusCode()).isEqualTo(200);
  }

  @Test
  void shouldLetADomainInAsItself() {
    String key = made("{\"name\": \"BNI\", \"domain\": \"BNI\"}").path("key").asText();

    Reply reply = server.post("/api/v1/events", "{}", "X-Api-Key", key);

    assertThat(json(reply).path("actor").asText()).isEqualTo("domain:BNI");
    assertThat(me(key).statusCode()).isEqualTo(403);
    assertThat(
            server
                .post("/api/v1/events", "{}", "X-Api-Key", key, "Twinloop-Actor", "BNP")
                .statusCode())
        .isEqualTo(403);
  }

  @Test
  void shouldShowAKeyOnceAndKeepItsHashAlone() throws SQLException {
    JsonNode key = made("{\"name\": \"Once\", \"role\": \"analyst\"}");
    String text = key.path("key").asText();
    String secret = text.substring(text.indexOf('_', 4) + 1);

    Reply list =
        OpenApiAnswers.described(
            "GET",
            "/api/v1/api-keys",
            server.get("/api/v1/api-keys?limit=1000", "Authorization", ADMIN));
    assertThat(list.body()).contains(key.path("id").asText()).doesNotContain(secret);
    assertThat(secret).hasSize(43);
    try (var connection = dataSource.getConnection()) {
      List<String> rows =
          Sql.list(
              connection,
              "SELECT api_key::text AS row FROM api_key"
                  + " UNION ALL SELECT idempotency_key::text FROM idempotency_key",
              row -> row.getString("row"));
      assertThat(String.join("\n", rows)).isNotEmpty().doesNotContain(secret);
    }
  }

  @Test
  void shouldNotMakeAKeyTwiceNorShowItAgain() {
    String body = "{\"name\": \"Repeated\", \"role\": \"analyst\"}";
    Reply first = make(body, "Idempotency-Key", "the-same");
    Reply second = make(body, "Idempotency-Key", "the-same");

    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(second.statusCode()).isEqualTo(409);
    assertThat(second.body())
        .contains(json(first).path("id").asText())
        .doesNotContain(json(first).path("key").asText());
    assertThat(me(json(first).path("key").asText()).statusCode()).isEqualTo(200);
  }

  @Test
  void shouldTakeARevokedKeyNoMore() {
    JsonNode key = made("{\"name\": \"Leaked\", \"role\": \"analyst\"}");
    assertThat(me(key.path("key").asText()).statusCode()).isEqualTo(200);

    for (int i = 0; i < 2; i++) {
      Reply revoked =
          OpenApiAnswers.described(
              "DELETE",
              "/api/v1/api-keys/{id}",
              server.delete("/api/v1/api-keys/" + key.path("id").asText(), "Authorization", ADMIN));
      assertThat(revoked.statusCode()).isEqualTo(204);
    }

    assertThat(me(key.path("key").asText()).statusCode()).isEqualTo(401);
    assertThat(server.delete("/api/v1/api-keys/none", "Authorization", ADMIN).statusCode())
        .isEqualTo(404);
  }

  @Test
  void shouldNotRememberAKeyThatWasRevokedWhileItWasLookedUp() {
    JsonNode key = made("{\"name\": \"late\", \"role\": \"analyst\"}");
    String id = key.path("id").asText();
    String text = key.path("key").asText();
    AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});
    Clock interrupted =
        new Clock() {
          @Override
          public Instant instant() {
            meanwhile.getAndSet(() -> {}).run();
            return CLOCK.instant();
          }

          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }
        };
    KeptApiKeys keys = new KeptApiKeys(new ApiKeys(database), interrupted, MEMORY);
    meanwhile.set(
        () -> {
          keys.store().revoke(id, CLOCK.instant()).toCompletableFuture().join();
          keys.forget(id);
        });

    assertThat(keys.identify(text).toCompletableFuture().join().actor()).isEqualTo("key:" + id);
    assertThat(keys.heldLately(text)).isFalse();
    assertThatThrownBy(() -> keys.identify(text).toCompletableFuture().join())
        .hasRootCauseInstanceOf(ProblemException.class);
  }

  @Test
  void shouldLookOnceForAllWhoShowAKeyAtTheSameTime() {
    String text = made("{\"name\": \"busy\", \"role\": \"analyst\"}").path("key").asText();
    Deque<Runnable> queries = new ArrayDeque<>();
    KeptApiKeys keys =
        new KeptApiKeys(new ApiKeys(new Database(dataSource, queries::add)), CLOCK, MEMORY);

    List<CompletableFuture<Identity>> all =
        Stream.generate(() -> keys.identify(text).toCompletableFuture()).limit(5).toList();
    assertThat(queries).hasSize(1);
    queries.remove().run();

    assertThat(all).allMatch(CompletableFuture::isDone);
    assertThat(keys.heldLately(text)).isTrue();
  }

  @Test
  void shouldTakeAnExpiredKeyNoMore() {
    String expiresAt = Instant.now().plusSeconds(3_600).toString();
    String key =
        made("{\"name\": \"Short\", \"role\": \"analyst\", \"expiresAt\": \"%s\"}"
                .formatted(expiresAt))
            .path("key")
            .asText();
    assertThat(me(key).statusCode()).isEqualTo(200);

    ahead = Duration.ofSeconds(3_601);
    try {
      assertThat(me(key).statusCode()).isEqualTo(401);
    } finally {
      ahead = Duration.ZERO;
    }
  }

  @Test
  void shouldTellAGuesserNothing() {
    JsonNode key = made("{\"name\": \"Guessed\", \"role\": \"analyst\"}");
    String wrong = "twl_" + key.path("id").asText() + "_" + "A".repeat(43);
    String unknown = "twl_0000000000000000_" + "A".repeat(43);

    assertThat(problem(me(wrong)).path("detail")).isEqualTo(problem(me(unknown)).path("detail"));
    assertThat(me(wrong).statusCode()).isEqualTo(401);
    assertThat(me(key.path("key").asText() + "A").statusCode()).isEqualTo(401);
    assertThat(me("twl_" + key.path("id").asText()).statusCode()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"name\": \"x\"}",
        "{\"role\": \"analyst\"}",
        "{\"name\": \"x\", \"role\": \"root\"}",
        "{\"name\": \"x\", \"role\": \"local\"}",
        "{\"name\": \"x\", \"role\": \"domain\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"domain\": \"BNI\"}",
        "{\"name\": \"x\", \"role\": \"dept_manager\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"unit\": \"sales\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"expiresAt\": \"2020-01-01T00:00:00Z\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"id\": \"0000000000000000\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"createdBy\": \"root\"}",
        "{\"name\": \"x\", \"role\": \"analyst\", \"key\": \"twl_known\"}",
      })
  void shouldRefuseABadRequestAndMakeNothing(String body) {
    int before = keys();

    assertThat(make(body).statusCode()).isEqualTo(400);
    assertThat(keys()).isEqualTo(before);
  }

  private static int keys() {
    return json(server.get("/api/v1/api-keys?limit=1000", "Authorization", ADMIN))
        .path("items")
        .size();
  }

  @Test
  void shouldLetNobodyButAdminsMakeKeys() {
    String key = made("{\"name\": \"Climber\", \"role\": \"data_engineer\"}").path("key").asText();

    Reply reply =
        server.post(
            "/api/v1/api-keys", "{\"name\": \"Up\", \"role\": \"twin_admin\"}", "X-Api-Key", key);

    assertThat(reply.statusCode()).isEqualTo(403);
  }

  @Test
  void shouldPageThroughTheKeys() {
    made("{\"name\": \"One\", \"role\": \"analyst\"}");
    made("{\"name\": \"Two\", \"role\": \"analyst\"}");
    JsonNode first = json(server.get("/api/v1/api-keys?limit=1", "Authorization", ADMIN));
    JsonNode second =
        json(
            server.get(
                "/api/v1/api-keys?limit=1&cursor=" + first.path("nextCursor").asText(),
                "Authorization",
                ADMIN));

    assertThat(second.at("/items/0/id")).isNotEqualTo(first.at("/items/0/id"));
  }
}
