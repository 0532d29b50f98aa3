package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import java.net.http.HttpRequest;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The router over real sockets: finding endpoints, refusing the rest, ids, conditions, paging. */
class RouterTest {

  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.with(
                Endpoint.get("/", Permission.TWIN_READ, call -> says("root")),
                Endpoint.get(
                    "/things/{id}", Permission.TWIN_READ, call -> says("thing " + call.id("id"))),
                Endpoint.put("/things/{id}", Permission.TWIN_READ, RouterTest::change),
                Endpoint.delete(
                    "/things/{id}", Permission.TWIN_READ, call -> done(Answers.noContent())),
                Endpoint.get("/things/special", Permission.TWIN_READ, call -> says("special")),
                Endpoint.get(
                    "/things/{id}/parts/{part}",
                    Permission.TWIN_READ,
                    call -> says(call.id("id") + " has " + call.id("part"))),
                Endpoint.get("/things/special/only", Permission.TWIN_READ, call -> says("only")),
                Endpoint.get(
                    "/files/{path*}",
                    Permission.TWIN_READ,
                    call -> says("file " + call.path("path"))),
                Endpoint.get("/query", Permission.TWIN_READ, RouterTest::echoQuery),
                Endpoint.get("/list", Permission.TWIN_READ, RouterTest::list),
                Endpoint.get(
                    "/caller", Permission.TWIN_READ, call -> done(Answers.ok(call.caller()))),
                Endpoint.post(
                    "/echo", Permission.TWIN_READ, call -> Stages.map(call.json(), Answers::ok)),
                Endpoint.get("/fails/{how}", Permission.TWIN_READ, RouterTest::fail))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "/,root",
    "/things/a,thing a",
    "/things/a/,thing a",
    "/things/kpi:1~x_y-z.0,thing kpi:1~x_y-z.0",
    "/things/%61%3Ab,thing a:b",
    "/things/special,special",
    "/things/special/,special",
    "/things/special/parts/p,special has p",
    "/things/special/only,only",
    "/files/a/b.js,file a/b.js",
    "/files,'file '",
  })
  void shouldFindTheEndpointOfAPath(String path, String answer) {
    Reply response = server.get(path);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(json(response).path("says").textValue()).isEqualTo(answer);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/thing",
        "/things",
        "/things/a/parts",
        "/things/a/parts/b/c",
        "/things//a",
        "//things/a",
        "/things/a//",
        "/things/a%2Fb",
        "/files/..%2f..%2fetc/passwd",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files/..%5c..%5cetc",
      })
  void shouldKnowNothingAtOtherPaths(String path) {
    Reply response = server.get(path);

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(problem(response).path("code").textValue()).isEqualTo("no-such-path");
  }

  @Test
  void shouldNotLeaveTheRootByDotSegments() {
    String answer =
        server.raw(
            "GET /files/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 404 ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/things/a%20b", "/things/%C3%A9", "/things/a%00", "/things/a,b"})
  void shouldRefuseAnIdWithOtherCharacters(String path) {
    Reply response = server.get(path);

    assertThat(response.statusCode()).isEqualTo(400);
    JsonNode problem = problem(response);
    assertThat(problem.at("/errors/0/pointer").textValue()).isEqualTo("{id}");
  }

  @Test
  void shouldRefuseAnIdThatIsTooLong() {
    assertThat(server.get("/things/" + "a".repeat(128)).statusCode()).isEqualTo(200);
    assertThat(server.get("/things/" + "a".repeat(129)).statusCode()).isEqualTo(400);
  }

  @Test
  void shouldSayWhichMethodsAPathKnows() {
    Reply response =
        server.send(server.request("/things/a").POST(HttpRequest.BodyPublishers.ofString("{}")));

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(problem(response).path("code").textValue()).isEqualTo("method-not-allowed");
    assertThat(response.headers().firstValue("Allow")).hasValue("DELETE, GET, HEAD, OPTIONS, PUT");
  }

  @Test
  void shouldAnswerOptionsWithTheMethods() {
    Reply response =
        server.send(server.request("/echo").method("OPTIONS", HttpRequest.BodyPublishers.noBody()));

    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(response.headers().firstValue("Allow")).hasValue("OPTIONS, POST");
  }

  @Test
  void shouldAnswerHeadWithTheHeadersOfGet() {
    Reply get = server.get("/things/a");
    Reply head =
        server.send(
            server.request("/things/a").method("HEAD", HttpRequest.BodyPublishers.noBody()));

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValue("Content-Length"))
        .isEqualTo(get.headers().firstValue("Content-Length"));
  }

  @Test
  void shouldRefuseTwoEndpointsForOnePath() {
    Endpoint one = Endpoint.get("/a/{id}", Permission.TWIN_READ, call -> says(""));
    Endpoint other = Endpoint.get("/a/{name}", Permission.TWIN_READ, call -> says(""));

    assertThatThrownBy(() -> new RouteTable(List.of(one, other)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/a/{id}")
        .hasMessageContaining("/a/{name}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "/a/", "/a//b", "/a/{b", "/{rest*}/a", "/a b", "/{1}"})
  void shouldRefuseABadTemplate(String path) {
    assertThatThrownBy(() -> Endpoint.get(path, Permission.TWIN_READ, call -> says("")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(path);
  }

  @Test
  void shouldTakeOverTheCallersIds() {
    String traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Reply response =
        server.get(
            "/caller",
            "X-Correlation-Id",
            "order:17",
            "traceparent",
            traceparent,
            "Twinloop-Actor",
            "alice");

    assertThat(response.headers().firstValue("X-Correlation-Id")).hasValue("order:17");
    assertThat(response.headers().firstValue("traceparent")).hasValue(traceparent);
    assertThat(json(response).at("/identity/subject").textValue()).isEqualTo("alice");
    assertThat(json(response).path("correlationGiven").booleanValue()).isTrue();
  }

  @Test
  void shouldMakeIdsWhereTheCallerGivesNone() {
    Reply one = server.get("/caller", "traceparent", "00-xyz");
    Reply other = server.get("/nowhere");

    assertThat(json(one).at("/identity/subject").textValue()).isEqualTo("local");
    assertThat(json(one).path("correlationGiven").booleanValue()).isFalse();
    for (Reply response : List.of(one, other)) {
      assertThat(response.headers().firstValue("X-Correlation-Id").orElseThrow())
          .matches("[0-9a-f-]{36}");
      assertThat(response.headers().firstValue("traceparent").orElseThrow())
          .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
    }
    assertThat(one.headers().firstValue("X-Correlation-Id"))
        .isNotEqualTo(other.headers().firstValue("X-Correlation-Id"));
  }

  @ParameterizedTest
  @CsvSource({
    "X-Correlation-Id,a b",
    "X-Correlation-Id,${jndi:ldap://x}",
    "X-Correlation-Id,a%0aFAKE",
    "Twinloop-Actor,a/b",
    "Twinloop-Actor,é",
    "Idempotency-Key,a b",
  })
  void shouldRefuseIdsThatCouldForgeALogLine(String header, String value) {
    Reply response = server.get("/caller", header, value);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(problem(response).path("code").textValue()).isEqualTo("malformed");
    assertThat(response.headers().firstValue("X-Correlation-Id").orElseThrow())
        .matches("[0-9a-f-]{36}");
  }

  @Test
  void shouldRefuseAHeaderThatStandsTwice() {
    Reply response = server.get("/caller", "X-Correlation-Id", "a", "X-Correlation-Id", "b");

    assertThat(response.statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource({
    "limit=5,limit,5",
    "'',limit,100",
    "at=2026-01-31T08:00:00Z,at,2026-01-31T08:00:00Z",
    "at=2026-01-31T10:00:00+02:00,at,2026-01-31T08:00:00Z",
    "at=2026-01-31T10:00:00%2B02:00,at,2026-01-31T08:00:00Z",
    "upTo=1500ms,upTo,PT1.5S",
    "upTo=PT2M,upTo,PT2M",
    "breached=true,breached,true",
  })
  void shouldReadTheQuery(String query, String name, String value) {
    Reply response = server.get("/query?" + query);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(json(response).path(name).asText()).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "limit=0",
        "limit=1001",
        "limit=ten",
        "limit=1e2",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "at=yesterday",
        "at=1899-12-31T23:59:59Z",
        "at=2201-01-01T00:00:00Z",
        "at=2026-02-30T00:00:00Z",
        "at=+999999999-12-31T23:59:59Z",
        "upTo=soon",
        "upTo=-PT1S",
        "breached=yes",
        "cursor=abc",
        "cursor=%00",
        "status=OPEN",
      })
  void shouldRefuseABadQueryNamingTheParameter(String query) {
    Reply response = server.get("/query?" + query);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(problem(response).at("/errors/0/pointer").textValue())
        .isEqualTo("?" + query.substring(0, query.indexOf('=')));
  }

  @Test
  void shouldPageThroughAList() {
    JsonNode first = json(server.get("/list?limit=2"));
    JsonNode second = json(server.get("/list?limit=2&cursor=" + first.path("nextCursor").asText()));
    JsonNode third = json(server.get("/list?limit=2&cursor=" + second.path("nextCursor").asText()));

    assertThat(first.path("items").toString()).isEqualTo("[1,2]");
    assertThat(second.path("items").toString()).isEqualTo("[3,4]");
    assertThat(third.path("items").toString()).isEqualTo("[5]");
    assertThat(third.path("nextCursor").isNull()).isTrue();
  }

  @Test
  void shouldRefuseACursorThatWasTamperedWith() {
    String cursor = json(server.get("/list?limit=2")).path("nextCursor").asText();
    String tampered = cursor.substring(0, cursor.length() - 1) + "_";

    assertThat(server.get("/list?cursor=" + tampered).statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '|',
      value = {
        "|\"3\"|,200",
        "*,200",
        "\"2\",412",
        "W/\"3\",412",
        "\"abc\",412",
        "3,400",
        "\"3,400",
        "\"1\" \"3\",400"
      })
  void shouldHonourIfMatch(String ifMatch, int status) {
    Reply response =
        server.send(
            server
                .request("/things/a")
                .PUT(HttpRequest.BodyPublishers.ofString("{}"))
                .header("Content-Type", "application/json")
                .header("If-Match", ifMatch));

    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    if (status == 200) {
      assertThat(response.headers().firstValue("ETag")).hasValue("\"4\"");
      assertThat(response.headers().firstValue("Twinloop-Position").flatMap(ReadPosition::decode))
          .hasValue(ReadPosition.of("Thing|a", 4));
    } else {
      problem(response);
    }
  }

  @Test
  void shouldRefuseToOverwriteWhatTheCallerThinksIsNew() {
    Reply response =
        server.send(
            server
                .request("/things/a")
                .PUT(HttpRequest.BodyPublishers.ofString("{}"))
                .header("If-None-Match", "*"));

    assertThat(response.statusCode()).isEqualTo(409);
  }

  @ParameterizedTest
  @CsvSource({
    "thrown,500,internal",
    "later,500,internal",
    "null,500,internal",
    "error,500,internal",
    "away,503,unavailable",
    "sql,503,unavailable",
    "bad-sql,500,internal",
    "full,503,overloaded",
    "late,503,timed-out",
    "refused,422,refused",
    "conflict,409,conflict",
  })
  void shouldTurnFailuresIntoProblems(String how, int status, String code) {
    Reply response = server.get("/fails/" + how);

    assertThat(response.statusCode()).isEqualTo(status);
    JsonNode problem = problem(response);
    assertThat(problem.path("code").textValue()).isEqualTo(code);
    assertThat(response.body()).doesNotContain("secret");
    assertThat(response.headers().firstValue("Retry-After").isPresent()).isEqualTo(status == 503);
  }

  @Test
  void shouldAnswerInTimeWhenTheHandlerDoesNot() {
    try (TestServer slow =
        TestServer.with(
                Endpoint.get("/never", Permission.TWIN_READ, call -> new CompletableFuture<>()))
            .settings("twinloop.http { request-timeout = 200ms }")
            .start()) {
      Reply response = slow.get("/never", "X-Correlation-Id", "mine");

      assertThat(response.statusCode()).isEqualTo(503);
      assertThat(problem(response).path("code").textValue()).isEqualTo("timed-out");
      assertThat(response.headers().firstValue("X-Correlation-Id")).hasValue("mine");
      assertThat(response.headers().firstValue("Retry-After")).isPresent();
    }
  }

  @Test
  void shouldGiveMoreTimeToAnAnswerThatAsksForIt() {
    try (TestServer patient =
        TestServer.with(
                Endpoint.get(
                    "/long",
                    Permission.TWIN_READ,
                    call -> {
                      call.allow(Duration.ofSeconds(30));
                      return CompletableFuture.supplyAsync(
                          Answers::noContent,
                          CompletableFuture.delayedExecutor(600, TimeUnit.MILLISECONDS));
                    }))
            .settings("twinloop.http { request-timeout = 200ms }")
            .start()) {
      assertThat(patient.get("/long").statusCode()).isEqualTo(204);
    }
  }

  private static CompletionStage<HttpResponse> change(Call call) {
    if (call.mustBeNew()) {
      return done(Answers.refused("already-exists", "It exists."));
    }
    if (call.ifMatch().isPresent() && call.ifMatch().getAsLong() != 3) {
      return done(Answers.refused("revision-mismatch", "It has revision 3."));
    }
    return done(
        Answers.withPosition(
            Answers.withRevision(Answers.ok(Json.object()), 4), ReadPosition.of("Thing|a", 4)));
  }

  private static CompletionStage<HttpResponse> echoQuery(Call call) {
    record Query(
        int limit, Optional<String> at, Optional<String> upTo, boolean breached, String cursor) {}
    call.oneOf("status", Thread.State.class);
    return done(
        Answers.ok(
            new Query(
                call.limit(),
                call.instant("at").map(Object::toString),
                call.duration("upTo").map(Object::toString),
                call.flag("breached"),
                call.cursor().orElse(""))));
  }

  private static CompletionStage<HttpResponse> list(Call call) {
    int after = call.cursor().map(Integer::parseInt).orElse(0);
    List<Integer> fetched =
        IntStream.rangeClosed(after + 1, 5).limit(call.limit() + 1L).boxed().toList();
    return done(Answers.page(fetched, call.limit(), i -> Integer.toString(i), i -> i));
  }

  private static CompletionStage<HttpResponse> fail(Call call) {
    return switch (call.id("how")) {
      case "thrown" -> throw new IllegalStateException("secret");
      case "later" -> CompletableFuture.failedStage(new IllegalStateException("secret"));
      case "null" -> done(null);
      case "error" -> CompletableFuture.failedStage(new StackOverflowError("secret"));
      case "away" -> throw new Unavailable("The bus", Duration.ofSeconds(3));
      case "sql" ->
          CompletableFuture.supplyAsync(
              () -> {
                throw new CompletionException(new SQLException("secret", "57P01"));
              });
      case "bad-sql" -> CompletableFuture.failedStage(new SQLException("secret", "42601"));
      case "full" -> throw new Overloaded("The queue");
      case "late" -> CompletableFuture.failedStage(new TimeoutException("secret"));
      case "conflict" -> done(Answers.refused("conflict", "No."));
      default -> throw Problems.of("refused", "No.").refuse();
    };
  }

  private static CompletionStage<HttpResponse> says(String text) {
    return done(Answers.ok(Json.object().put("says", text)));
  }

  private static CompletionStage<HttpResponse> done(HttpResponse response) {
    return CompletableFuture.completedStage(response);
  }
}
