package io.twinloop.http;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditEntry.Type;
import io.twinloop.domain.audit.AuditEntry.Who;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.Credentials;
import io.twinloop.projections.audit.AuditTrail;
import io.twinloop.projections.audit.InMemoryAuditTrail;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.junit.jupiter.api.Test;

/** What is limited and what is kept of requests. */
class DoorTest {

  private final InMemoryAuditTrail audit = new InMemoryAuditTrail();
  private final AtomicInteger handled = new AtomicInteger();
  private final AtomicInteger lookedUp = new AtomicInteger();

  private final Endpoint read =
      Endpoint.get("/api/v1/things/{id}", Permission.KPI_READ, call -> answer(call.id("id")));

  private final Endpoint change =
      Endpoint.put(
          "/api/v1/things/{id}",
          Permission.KPI_DEFINE,
          call -> {
            call.ifMatch();
            return answer(call.id("id"));
          });

  private final Endpoint analysis =
      Endpoint.post("/api/v1/analyses", Permission.KPI_DEFINE, call -> answer("done"))
          .limited("analysis");

  private CompletionStage<HttpResponse> answer(String id) {
    handled.incrementAndGet();
    return CompletableFuture.completedStage(
        switch (id) {
          case "refused" -> Answers.refused("refused", "No.");
          case "missing" -> Answers.refused("not-found", "There is none.");
          case "broken" -> throw new IllegalStateException("Broken");
          default -> Answers.ok(Json.object());
        });
  }

  @Test
  void shouldKeepChangesWhateverBecameOfThem() {
    try (TestServer server = server("")) {
      put(server, "/api/v1/things/a", "admin");
      put(server, "/api/v1/things/refused?secret=1", "admin");
      put(server, "/api/v1/things/broken", "admin");
      put(server, "/api/v1/things/a", "analyst");
    }

    assertThat(audit.entries())
        .extracting(AuditEntry::who, AuditEntry::path, AuditEntry::type, AuditEntry::status)
        .containsExactly(
            tuple(who("admin", "twin_admin"), "/api/v1/things/a", Type.CHANGE, 200),
            tuple(who("admin", "twin_admin"), "/api/v1/things/refused", Type.REFUSAL, 422),
            tuple(who("admin", "twin_admin"), "/api/v1/things/broken", Type.FAILURE, 500),
            tuple(who("analyst", "analyst"), "/api/v1/things/a", Type.REFUSAL, 403));
    assertThat(audit.entries())
        .allSatisfy(
            entry -> {
              assertThat(entry.action()).isEqualTo("PUT /api/v1/things/{id}");
              assertThat(entry.address()).isEqualTo("127.0.0.1");
              assertThat(entry.correlationId()).isEqualTo("c-1");
            });
    assertThat(audit.entries())
        .extracting(entry -> entry.code().orElse(""))
        .containsExactly("", "refused", "internal", "forbidden");
  }

  @Test
  void shouldKeepARefusalThatQuotesWhatItRefuses() {
    try (TestServer server = server("")) {
      for (String quoted : List.of("^pd1.", "^pd1.YQ.YQ^")) {
        Reply put =
            server.put("/api/v1/things/a", "{}", "Authorization", "admin", "If-Match", quoted);
        Reply path = put(server, "/api/v1/things/" + quoted.replace("^", "%5E"), "admin");

        assertThat(put.statusCode()).as(put.body()).isEqualTo(400);
        assertThat(path.statusCode()).as(path.body()).isEqualTo(400);
      }
    }

    assertThat(audit.entries())
        .extracting(entry -> entry.status() + " " + entry.code().orElse(""))
        .containsExactly("400 malformed", "400 malformed", "400 malformed", "400 malformed");
  }

  @Test
  void shouldGiveBackThePlaceOfAnEntryThatCannotBeMade() {
    AtomicInteger released = new AtomicInteger();
    AuditTrail counting =
        () ->
            CompletableFuture.completedStage(
                new AuditTrail.Place() {
                  @Override
                  public CompletionStage<Void> record(AuditEntry entry) {
                    throw new AssertionError("There is no entry");
                  }

                  @Override
                  public void release() {
                    released.incrementAndGet();
                  }
                });
    Endpoint unreadable =
        Endpoint.put(
            "/api/v1/odd",
            Permission.KPI_DEFINE,
            call ->
                CompletableFuture.completedStage(
                    HttpResponse.create()
                        .withStatus(422)
                        .withEntity(HttpEntities.create(Answers.PROBLEM_JSON, new byte[] {1}))));
    try (TestServer server = TestServer.with(unreadable).audit(counting).start()) {
      Reply reply = server.put("/api/v1/odd", "{}");

      assertThat(problem(reply).path("code").textValue()).isEqualTo("internal");
    }
    assertThat(released).hasValue(1);
  }

  @Test
  void shouldKeepNoReadingUnlessItIsRefusedForWhoAsks() {
    try (TestServer server = server("")) {
      assertThat(get(server, "/api/v1/things/a", "admin").statusCode()).isEqualTo(200);
      assertThat(get(server, "/api/v1/things/missing", "admin").statusCode()).isEqualTo(404);
      assertThat(get(server, "/api/v1/nothing", "admin").statusCode()).isEqualTo(404);
      assertThat(server.delete("/api/v1/things/a", "Authorization", "admin").statusCode())
          .isEqualTo(405);
      assertThat(audit.entries()).isEmpty();

      assertThat(get(server, "/api/v1/things/a", "stranger").statusCode()).isEqualTo(401);
      assertThat(get(server, "/api/v1/nothing", "stranger").statusCode()).isEqualTo(401);
      assertThat(server.get("/api/v1/things/a").statusCode()).isEqualTo(401);
      assertThat(server.get("/api/v1/things/a", "Origin", "http://evil.example").statusCode())
          .isEqualTo(403);
    }

    assertThat(audit.entries())
        .extracting(entry -> entry.action() + " " + entry.status())
        .containsExactly(
            "GET /api/v1/things/{id} 401",
            "GET (no such path) 401",
            "GET /api/v1/things/{id} 401",
            "GET (no such path) 403");
    assertThat(audit.entries()).extracting(entry -> entry.who().kind()).containsOnly("nobody");
  }

  @Test
  void shouldChangeNothingWithoutAPlaceInTheAudit() {
    AuditTrail full = () -> CompletableFuture.failedStage(new AuditTrail.FullException());
    try (TestServer server = TestServer.with(read, change).audit(full).start()) {
      Reply reply = server.put("/api/v1/things/a", "{}");

      assertThat(reply.statusCode()).isEqualTo(503);
      assertThat(reply.headers().firstValue("Retry-After")).isPresent();
      assertThat(problem(reply).path("code").textValue()).isEqualTo("overloaded");
      assertThat(handled).hasValue(0);
      assertThat(server.get("/api/v1/things/a").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldAnswerAChangeWhenItsEntryIsDurable() {
    CompletableFuture<Void> durable = new CompletableFuture<>();
    List<AuditEntry> recorded = new CopyOnWriteArrayList<>();
    AuditTrail slow =
        () ->
            CompletableFuture.completedStage(
                new AuditTrail.Place() {
                  @Override
                  public CompletionStage<Void> record(AuditEntry entry) {
                    recorded.add(entry);
                    return durable;
                  }

                  @Override
                  public void release() {
                    throw new AssertionError("It was taken for an entry");
                  }
                });
    try (TestServer server = TestServer.with(change).audit(slow).start()) {
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(() -> server.put("/api/v1/things/a", "{}"));
      await().until(() -> recorded.size() == 1);
      assertThat(reply).isNotDone();
      durable.complete(null);

      assertThat(reply.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldRefuseWhoAsksTooOftenAndKeepOnlyTheFirst() {
    try (TestServer server =
        server("twinloop.limits.classes.analysis { requests = 2, per = 1h }")) {
      Reply first = analyse(server, "admin");
      assertThat(first.headers().firstValue("RateLimit-Policy"))
          .hasValue("\"analysis\";q=2;w=3600");
      assertThat(first.headers().firstValue("RateLimit").orElseThrow())
          .startsWith("\"analysis\";r=1;t=");
      analyse(server, "admin");
      Reply refused = analyse(server, "admin");
      analyse(server, "admin");

      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(problem(refused).path("code").textValue()).isEqualTo("too-many-requests");
      assertThat(Long.parseLong(refused.headers().firstValue("Retry-After").orElseThrow()))
          .isBetween(1_700L, 1_800L);
      assertThat(refused.headers().firstValue("RateLimit").orElseThrow()).contains("r=0");
      assertThat(handled).hasValue(2);
      assertThat(analyse(server, "other").statusCode()).as("another user").isEqualTo(200);
      assertThat(put(server, "/api/v1/things/a", "admin").statusCode())
          .as("another route")
          .isEqualTo(200);
    }

    assertThat(audit.entries())
        .extracting(AuditEntry::status)
        .containsExactly(200, 200, 429, 200, 200);
  }

  @Test
  void shouldStopAnAddressThatTriesCredentialsAndNobodyElseBehindIt() {
    try (TestServer server =
        server(
            """
            twinloop.limits.failed-logins { requests = 2, per = 1h }
            twinloop.http.door.trusted-proxies = ["127.0.0.1"]
            """)) {
      for (int status : List.of(401, 401, 429, 429)) {
        assertThat(from(server, "192.0.2.7", "stranger").statusCode()).isEqualTo(status);
      }
      assertThat(from(server, "192.0.2.7", "admin").statusCode()).isEqualTo(200);
      assertThat(from(server, "192.0.2.8", "stranger").statusCode()).isEqualTo(401);
    }

    assertThat(audit.entries())
        .extracting(entry -> entry.address() + " " + entry.status())
        .containsExactly("192.0.2.7 401", "192.0.2.7 401", "192.0.2.7 429", "192.0.2.8 401");
  }

  @Test
  void shouldLookUpNoMoreKeysForAnAddressThatGuessedButThoseItShowedBefore() {
    try (TestServer server = server("twinloop.limits.failed-logins { requests = 2, per = 1h }")) {
      for (int status : List.of(401, 401, 429)) {
        assertThat(withKey(server, "wrong-key").statusCode()).isEqualTo(status);
      }
      lookedUp.set(0);

      assertThat(withKey(server, "wrong-key").statusCode()).isEqualTo(429);
      assertThat(withKey(server, "new-key").statusCode()).isEqualTo(429);
      assertThat(lookedUp).hasValue(0);
      assertThat(withKey(server, "known-key").statusCode()).isEqualTo(200);
      assertThat(lookedUp).hasValue(1);
    }
  }

  @Test
  void shouldNotHoldItAgainstAnAddressThatATokenHasExpired() {
    try (TestServer server = server("twinloop.limits.failed-logins { requests = 2, per = 1h }")) {
      for (int i = 0; i < 5; i++) {
        assertThat(get(server, "/api/v1/things/a", "expired").statusCode()).isEqualTo(401);
        assertThat(put(server, "/api/v1/things/a", "roleless").statusCode()).isEqualTo(403);
      }
      assertThat(get(server, "/api/v1/things/a", "stranger").statusCode()).isEqualTo(401);
    }

    assertThat(audit.entries()).extracting(AuditEntry::status).containsExactly(401, 403, 401);
  }

  @Test
  void shouldReadEveryLineInWhichAProxyNamesItsCaller() {
    try (TestServer server = server("twinloop.http.door.trusted-proxies = [\"127.0.0.1\"]")) {
      server.get(
          "/api/v1/things/a",
          "Authorization",
          "stranger",
          "X-Forwarded-For",
          "198.51.100.1",
          "X-Forwarded-For",
          "192.0.2.7");
    }

    assertThat(audit.entries()).extracting(AuditEntry::address).containsExactly("192.0.2.7");
  }

  @Test
  void shouldLimitWhatIsRefusedTooSoThatItCannotFillTheAudit() {
    try (TestServer server =
        server(
            """
            twinloop.limits.usual { requests = 2, per = 1h }
            twinloop.limits.failed-logins { requests = 3, per = 1h }
            """)) {
      for (int status : List.of(403, 403, 429, 429)) {
        assertThat(put(server, "/api/v1/things/a", "analyst").statusCode()).isEqualTo(status);
      }
      for (int status : List.of(401, 401, 401, 429, 429)) {
        assertThat(server.get("/api/v1/things/a").statusCode()).isEqualTo(status);
      }
      for (int i = 0; i < 6; i++) {
        assertThat(server.get("/api/v1/things/a", "Origin", "http://evil.example").statusCode())
            .isEqualTo(403);
      }
    }

    assertThat(audit.entries())
        .extracting(AuditEntry::status)
        .containsExactly(403, 403, 429, 401, 401, 401, 429, 403, 403, 403);
  }

  @Test
  void shouldKeepABoundedNumberOfForeignPagesAlsoWithoutALogin() {
    try (TestServer server =
        TestServer.with(read)
            .audit(audit)
            .settings("twinloop.limits.failed-logins { requests = 2, per = 1h }")
            .start()) {
      for (int i = 0; i < 5; i++) {
        assertThat(server.get("/api/v1/things/a", "Origin", "http://evil.example").statusCode())
            .isEqualTo(403);
      }
    }

    assertThat(audit.entries()).extracting(AuditEntry::status).containsExactly(403, 403);
  }

  @Test
  void shouldBelieveNobodyButAProxyThatIsTrusted() {
    try (TestServer server = server("")) {
      from(server, "192.0.2.7", "stranger");
    }

    assertThat(audit.entries()).extracting(AuditEntry::address).containsExactly("127.0.0.1");
  }

  @Test
  void shouldLimitNothingWhereNobodyLogsIn() {
    try (TestServer server =
        TestServer.with(analysis)
            .settings("twinloop.limits.classes.analysis { requests = 1, per = 1h }")
            .start()) {
      for (int i = 0; i < 5; i++) {
        Reply reply = analyse(server, "");
        assertThat(reply.statusCode()).isEqualTo(200);
        assertThat(reply.headers().firstValue("RateLimit")).isEmpty();
      }
    }
  }

  @Test
  void shouldNameALimitClassThatIsMissingAtStart() {
    assertThatThrownBy(() -> TestServer.with(read.limited("no-such-class")).start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'no-such-class'");
  }

  private TestServer server(String settings) {
    return TestServer.with(read, change, analysis)
        .authenticator(new ByName())
        .audit(audit)
        .settings(settings)
        .start();
  }

  private static Reply put(TestServer server, String path, String who) {
    return server.put(path, "{}", "Authorization", who, "X-Correlation-Id", "c-1");
  }

  private static Reply get(TestServer server, String path, String who) {
    return server.get(path, "Authorization", who);
  }

  private static Reply withKey(TestServer server, String key) {
    return server.get("/api/v1/things/a", "X-Api-Key", key);
  }

  private static Reply from(TestServer server, String address, String who) {
    return server.get(
        "/api/v1/things/a", "Authorization", who, "X-Forwarded-For", "198.51.100.1, " + address);
  }

  private static Reply analyse(TestServer server, String who) {
    return who.isEmpty()
        ? server.post("/api/v1/analyses", "{}")
        : server.post("/api/v1/analyses", "{}", "Authorization", who);
  }

  private static Who who(String subject, String role) {
    return new Who("user", subject, Optional.of(role));
  }

  /** Takes a name for a proof: real ones are another test's. */
  private final class ByName implements Authenticator {
    @Override
    public boolean requiresLogin() {
      return true;
    }

    @Override
    public boolean isGuess(Credentials credentials) {
      return credentials.apiKey().filter(key -> !key.equals("known-key")).isPresent();
    }

    @Override
    public CompletionStage<Identity> identify(Credentials credentials) {
      if (credentials.apiKey().isPresent()) {
        lookedUp.incrementAndGet();
      }
      String name = credentials.authorization().or(credentials::apiKey).orElse("");
      return switch (name) {
        case "known-key" -> CompletableFuture.completedStage(Identity.user("key:1", Role.ANALYST));
        case "expired" -> throw Problems.of("unauthenticated", "It expired.").refuse().uncounted();
        case "roleless" -> throw Problems.of("forbidden", "It names no role.").refuse();
        case "admin", "other" ->
            CompletableFuture.completedStage(Identity.user(name, Role.TWIN_ADMIN));
        case "analyst" -> CompletableFuture.completedStage(Identity.user(name, Role.ANALYST));
        default ->
            CompletableFuture.failedStage(
                Problems.of("unauthenticated", "Nobody knows you.").refuse());
      };
    }
  }
}
