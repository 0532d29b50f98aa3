package io.twinloop.http;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.identity.AccessRule;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.Credentials;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets past the router: nobody without credentials, nobody without the permission. */
class AccessTest {

  private static final AtomicInteger HANDLED = new AtomicInteger();

  private static TestServer server;

  /** The header names a role, {@code Authorization: analyst}. */
  private static final class ByRole implements Authenticator {
    @Override
    public boolean requiresLogin() {
      return true;
    }

    @Override
    public CompletionStage<Identity> identify(Credentials credentials) {
      return credentials
          .authorization()
          .flatMap(Role::ofUser)
          .map(role -> CompletableFuture.completedStage(Identity.user("u", role)))
          .orElseThrow(() -> Problems.of("unauthenticated", "Who is it?").refuse());
    }
  }

  @BeforeAll
  static void start() {
    server =
        TestServer.with(
                Endpoint.get("/alive", AccessRule.open("a test"), AccessTest::handle),
                Endpoint.get("/api/v1/things", Permission.OUTBOX_READ, AccessTest::handle),
                Endpoint.post("/api/v1/things", Permission.CLOCK_MOVE, AccessTest::read),
                Endpoint.get("/api/v1/parts", Permission.TWIN_READ, AccessTest::handle),
                Endpoint.get("/api/v1/own", Permission.TWIN_READ, AccessTest::handle).withinReach())
            .authenticator(new ByRole())
            .settings("twinloop.limits.when = never")
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void forget() {
    HANDLED.set(0);
  }

  @ParameterizedTest
  @CsvSource({
    "GET,/api/v1/things",
    "HEAD,/api/v1/things",
    "POST,/api/v1/things",
    "DELETE,/api/v1/things",
    "OPTIONS,/api/v1/things",
    "GET,/api/v1/nothing",
    "POST,/api/v1/nothing",
    "GET,/api/v1//things",
    "GET,/nowhere",
    "POST,/alive",
    "OPTIONS,/alive",
  })
  void shouldTellStrangersNothingOfWhatThereIs(String method, String path) {
    Reply reply =
        server.send(server.request(path).method(method, HttpRequest.BodyPublishers.noBody()));

    assertThat(reply.statusCode()).isEqualTo(401);
    assertThat(reply.headers().firstValue("WWW-Authenticate"))
        .hasValue("Bearer realm=\"twinloop\"");
    assertThat(reply.headers().firstValue("Allow")).isEmpty();
    if (!method.equals("HEAD")) {
      assertThat(problem(reply).path("detail").textValue()).isEqualTo("Who is it?");
    }
    assertThat(HANDLED).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "analyst", "wrong"})
  void shouldAnswerWhatIsOpenWhateverTheCallerShows(String authorization) {
    Reply reply =
        authorization.isEmpty()
            ? server.get("/alive")
            : server.get("/alive", "Authorization", authorization);

    assertThat(reply.statusCode()).isEqualTo(200);
  }

  @Test
  void shouldNameRoleAndPermissionWhereTheyDoNotFit() {
    Reply reply = server.get("/api/v1/things", "Authorization", "analyst");

    assertThat(reply.statusCode()).isEqualTo(403);
    assertThat(problem(reply).path("code").textValue()).isEqualTo("forbidden");
    assertThat(problem(reply).path("detail").textValue()).contains("analyst", "outbox:read");
    assertThat(HANDLED).hasValue(0);
  }

  @Test
  void shouldDoNothingOfWhatIsRefused() {
    Reply reply =
        server.post(
            "/api/v1/things",
            "{ broken",
            "Authorization",
            "data_engineer",
            "Idempotency-Key",
            "mine");

    assertThat(reply.statusCode()).isEqualTo(403);
    assertThat(HANDLED).hasValue(0);

    Reply admitted =
        server.post(
            "/api/v1/things", "{}", "Authorization", "twin_admin", "Idempotency-Key", "mine");
    assertThat(admitted.statusCode()).isEqualTo(200);
    assertThat(HANDLED).hasValue(1);
  }

  @Test
  void shouldTellThoseItKnowsWhatThereIs() {
    assertThat(server.get("/api/v1/nothing", "Authorization", "analyst").statusCode())
        .isEqualTo(404);
    assertThat(server.delete("/api/v1/things", "Authorization", "analyst").statusCode())
        .isEqualTo(405);
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v1/parts,dept_manager,403",
    "/api/v1/parts,executive,403",
    "/api/v1/parts,analyst,200",
    "/api/v1/own,dept_manager,200",
    "/api/v1/own,analyst,200",
  })
  void shouldGiveAPartOnlyWhereTheHandlerKeepsToIt(String path, String role, int status) {
    assertThat(server.get(path, "Authorization", role).statusCode()).isEqualTo(status);
  }

  @Test
  void shouldListenToOtherMachinesOnceThereIsALogin() {
    try (TestServer open =
        TestServer.with(Endpoint.get("/alive", AccessRule.open("a test"), AccessTest::handle))
            .authenticator(new ByRole())
            .settings("twinloop.http.host = \"0.0.0.0\"")
            .start()) {
      assertThat(open.get("/alive").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void shouldNotTakeAnOpenDoorIntoTheApi() {
    assertThatThrownBy(
            () -> Endpoint.get("/api/v1/x", AccessRule.open("a test"), AccessTest::handle))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/api/v1/x");
    assertThatThrownBy(() -> Endpoint.get("/api/v1/x", null, AccessTest::handle))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> AccessRule.open(" ")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldKeepCredentialsOutOfLogs() {
    Credentials credentials =
        new Credentials(Optional.of("Bearer secret"), Optional.of("secret"), Optional.empty());

    assertThat(credentials.toString()).doesNotContain("secret");
  }

  private static CompletionStage<HttpResponse> handle(Call call) {
    HANDLED.incrementAndGet();
    return CompletableFuture.completedStage(Answers.ok(Json.object()));
  }

  private static CompletionStage<HttpResponse> read(Call call) {
    return Stages.flatMap(call.json(), json -> handle(call));
  }

  /** Lets in as it is told at the time. */
  private static final class Changing implements Authenticator {
    private final AtomicInteger asked = new AtomicInteger();
    private volatile Supplier<Identity> now = () -> Identity.user("u", Role.ANALYST);

    @Override
    public boolean requiresLogin() {
      return true;
    }

    @Override
    public CompletionStage<Identity> identify(Credentials credentials) {
      asked.incrementAndGet();
      return CompletableFuture.completedStage(now.get());
    }
  }

  static Stream<Supplier<Identity>> shouldEndAStreamWhoseCallerIsNotLetInAnyMore() {
    return Stream.of(
        () -> {
          throw Problems.of("unauthenticated", "The token expired.").refuse();
        },
        () -> Identity.domain("BNI"));
  }

  @ParameterizedTest
  @MethodSource
  void shouldEndAStreamWhoseCallerIsNotLetInAnyMore(Supplier<Identity> later) throws Exception {
    Changing login = new Changing();
    try (TestServer streaming = streaming(login)) {
      CompletableFuture<?> body = read(streaming);
      await().until(() -> login.asked.get() > 3);
      assertThat(body).isNotDone();
      login.now =
          () -> {
            throw new Unavailable("The source of the issuer's keys", Duration.ofSeconds(1));
          };
      int before = login.asked.get();
      await().until(() -> login.asked.get() > before + 2);
      assertThat(body).as("while nobody can tell").isNotDone();
      login.now = later;

      assertThat(body.get(20, TimeUnit.SECONDS)).isNotNull();
    }
  }

  private static TestServer streaming(Authenticator login) {
    return TestServer.with(
            Endpoint.get(
                "/api/v1/stream",
                Permission.EVENT_READ,
                call ->
                    CompletableFuture.completedStage(
                        Sse.response(call, Source.<Sse.Event>maybe()))))
        .authenticator(login)
        .settings("twinloop.http.stream-heartbeat = 50ms")
        .start();
  }

  private static CompletableFuture<?> read(TestServer server) {
    return server
        .client()
        .sendAsync(
            server.request("/api/v1/stream").header("Authorization", "x").build(),
            BodyHandlers.ofString());
  }
}
