package io.twinloop.http;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.idempotency.IdempotencyKeys;
import io.twinloop.projections.idempotency.InMemoryIdempotencyKeys;
import java.net.http.HttpRequest.BodyPublishers;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A repeat with the same Idempotency-Key gets the first answer, whatever happens in between. */
class IdempotencyTest {

  private static final Duration LEASE = Duration.ofSeconds(30);

  private final AtomicInteger executions = new AtomicInteger();
  private final Queue<String> commandIds = new ConcurrentLinkedQueue<>();
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
  private final IdempotencyKeys keys =
      new InMemoryIdempotencyKeys(now::get, Duration.ofHours(24), LEASE);
  private final Queue<CompletableFuture<HttpResponse>> held = new ConcurrentLinkedQueue<>();
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.with(
                Endpoint.post("/orders", Permission.TWIN_READ, this::order),
                Endpoint.post("/orders/{id}", Permission.TWIN_READ, this::order),
                Endpoint.put("/orders", Permission.TWIN_READ, this::order),
                Endpoint.post("/refused", Permission.TWIN_READ, call -> execute(call, 422)),
                Endpoint.post("/thrown", Permission.TWIN_READ, this::refuse),
                Endpoint.post("/broken", Permission.TWIN_READ, call -> execute(call, 503)),
                Endpoint.post("/limited", Permission.TWIN_READ, call -> execute(call, 429)),
                Endpoint.post("/held", Permission.TWIN_READ, this::hold),
                Endpoint.post("/bulk", Permission.TWIN_READ, this::bulk).streamed(),
                Endpoint.post("/half", Permission.TWIN_READ, this::half).streamed())
            .keys(keys)
            .start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldGiveARepeatTheFirstAnswer() {
    Reply first = server.post("/orders", "{\"a\":1}", "Idempotency-Key", "k1");
    Reply repeat = server.post("/orders", "{\"a\":1}", "Idempotency-Key", "k1");

    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(repeat.statusCode()).isEqualTo(201);
    assertThat(repeat.body()).isEqualTo(first.body());
    for (String header : List.of("Location", "ETag", "Twinloop-Position", "Content-Type")) {
      assertThat(repeat.headers().firstValue(header))
          .as(header)
          .isPresent()
          .isEqualTo(first.headers().firstValue(header));
    }
    assertThat(executions).hasValue(1);
  }

  @Test
  void shouldExecuteEveryTimeWithoutAKey() {
    server.post("/orders", "{}");
    server.post("/orders", "{}");

    assertThat(executions).hasValue(2);
    assertThat(commandIds).doesNotHaveDuplicates();
  }

  @Test
  void shouldLeaveOtherMethodsAlone() {
    for (int i = 0; i < 2; i++) {
      server.send(
          server
              .request("/orders")
              .PUT(BodyPublishers.ofString("{}"))
              .header("Idempotency-Key", "k1"));
    }

    assertThat(executions).hasValue(2);
  }

  @Test
  void shouldRefuseTheKeyWithAnotherBodyOrQuery() {
    server.post("/orders?a=1", "{\"a\":1}", "Idempotency-Key", "k1");

    Reply otherBody = server.post("/orders?a=1", "{\"a\":2}", "Idempotency-Key", "k1");
    Reply otherQuery = server.post("/orders?a=2", "{\"a\":1}", "Idempotency-Key", "k1");

    for (Reply reply : List.of(otherBody, otherQuery)) {
      assertThat(reply.statusCode()).isEqualTo(422);
      assertThat(problem(reply).path("code").textValue()).isEqualTo("idempotency-key-reused");
    }
    assertThat(executions).hasValue(1);
  }

  @Test
  void shouldKeepKeysOfCallersAndPathsApart() {
    server.post("/orders", "{}", "Idempotency-Key", "k1");
    server.post("/orders", "{}", "Idempotency-Key", "k1", "Twinloop-Actor", "alice");
    server.post("/orders/1", "{}", "Idempotency-Key", "k1");
    server.post("/orders/2", "{}", "Idempotency-Key", "k1");

    assertThat(executions).hasValue(4);
    assertThat(commandIds).doesNotHaveDuplicates();
  }

  @Test
  void shouldKeepRefusalsToo() {
    for (String path : List.of("/refused", "/thrown")) {
      executions.set(0);
      Reply first = server.post(path, "{}", "Idempotency-Key", "k1");
      Reply repeat = server.post(path, "{}", "Idempotency-Key", "k1");

      assertThat(first.statusCode()).isEqualTo(422);
      assertThat(repeat.body()).isEqualTo(first.body());
      assertThat(repeat.headers().firstValue("Content-Type")).hasValue("application/problem+json");
      assertThat(executions).hasValue(1);
    }
  }

  @Test
  void shouldNotKeepAnswersThatSayLater() {
    for (String path : List.of("/broken", "/limited")) {
      executions.set(0);
      commandIds.clear();
      server.post(path, "{}", "Idempotency-Key", "k1");
      server.post(path, "{}", "Idempotency-Key", "k1");

      assertThat(executions).hasValue(2);
      assertThat(commandIds.stream().distinct()).hasSize(1);
    }
  }

  @Test
  void shouldTellARepeatToWaitWhileTheFirstIsBeingAnswered() {
    CompletableFuture<Reply> first =
        CompletableFuture.supplyAsync(() -> server.post("/held", "{}", "Idempotency-Key", "k1"));
    await().until(() -> !held.isEmpty());

    Reply early = server.post("/held", "{}", "Idempotency-Key", "k1");
    assertThat(early.statusCode()).isEqualTo(409);
    assertThat(early.headers().firstValue("Retry-After")).hasValue("1");
    assertThat(problem(early).path("code").textValue()).isEqualTo("request-in-progress");

    held.remove().complete(Answers.ok(Json.object().put("done", true)));
    assertThat(first.join().statusCode()).isEqualTo(200);
    assertThat(server.post("/held", "{}", "Idempotency-Key", "k1").body())
        .isEqualTo(first.join().body());
  }

  @Test
  void shouldExecuteAgainWithTheSameCommandIdWhenTheFirstRequestDied() {
    CompletableFuture<Reply> first =
        CompletableFuture.supplyAsync(() -> server.post("/held", "{}", "Idempotency-Key", "k1"));
    await().until(() -> !held.isEmpty());
    CompletableFuture<HttpResponse> lost = held.remove();

    now.updateAndGet(instant -> instant.plus(LEASE));
    CompletableFuture<Reply> second =
        CompletableFuture.supplyAsync(() -> server.post("/held", "{}", "Idempotency-Key", "k1"));
    await().until(() -> !held.isEmpty());
    held.remove().complete(Answers.ok(Json.object().put("from", "second")));
    assertThat(json(second.join()).path("from").textValue()).isEqualTo("second");

    lost.complete(Answers.ok(Json.object().put("from", "first")));
    first.join();
    Reply third = server.post("/held", "{}", "Idempotency-Key", "k1");
    assertThat(json(third).path("from").textValue()).isEqualTo("second");
    assertThat(commandIds.stream().distinct()).hasSize(1);
  }

  @Test
  void shouldForgetAnAnswerAfterTheRetention() {
    server.post("/orders", "{\"a\":1}", "Idempotency-Key", "k1");
    now.updateAndGet(instant -> instant.plus(Duration.ofHours(24)));

    assertThat(server.post("/orders", "{\"a\":2}", "Idempotency-Key", "k1").statusCode())
        .isEqualTo(201);
    assertThat(executions).hasValue(2);
  }

  @Test
  void shouldGiveARepeatOfAStreamedBodyTheFirstAnswer() {
    String body = "{\"a\":1}\n".repeat(50_000);
    Reply first = server.post("/bulk", body, "Idempotency-Key", "k1");
    Reply repeat = server.post("/bulk", body, "Idempotency-Key", "k1");
    Reply other = server.post("/bulk", body + "{\"a\":2}\n", "Idempotency-Key", "k1");

    assertThat(json(first).path("accepted").intValue()).isEqualTo(50_000);
    assertThat(repeat.body()).isEqualTo(first.body());
    assertThat(other.statusCode()).isEqualTo(422);
    assertThat(executions).hasValue(1);
  }

  @Test
  void shouldNotKeepTheAnswerToAStreamedBodyThatWasNotReadToItsEnd() {
    String body = "{\"a\":1}\n".repeat(50_000);
    server.post("/half", body, "Idempotency-Key", "k1");
    server.post("/half", body, "Idempotency-Key", "k1");

    assertThat(executions).hasValue(2);
  }

  @Test
  void shouldRefuseABadBodyWithoutTakingTheKey() {
    Reply tooLarge = server.post("/orders", "x".repeat(70_000), "Idempotency-Key", "k1");
    Reply fine = server.post("/orders", "{}", "Idempotency-Key", "k1");

    assertThat(tooLarge.statusCode()).isEqualTo(413);
    assertThat(fine.statusCode()).isEqualTo(201);
  }

  @Test
  void shouldSayWhichDependencyIsAwayWhenKeysCannotBeClaimed() {
    try (TestServer away =
        TestServer.with(Endpoint.post("/orders", Permission.TWIN_READ, this::order))
            .keys(new KeysAway(keys, true))
            .start()) {
      Reply withKey = away.post("/orders", "{}", "Idempotency-Key", "k1");
      Reply without = away.post("/orders", "{}");

      assertThat(withKey.statusCode()).isEqualTo(503);
      assertThat(withKey.headers().firstValue("Retry-After")).isPresent();
      assertThat(problem(withKey).path("detail").textValue()).contains("PostgreSQL");
      assertThat(without.statusCode()).isEqualTo(201);
    }
  }

  @Test
  void shouldAnswerThoughTheAnswerCannotBeKept() {
    try (TestServer away =
        TestServer.with(Endpoint.post("/orders", Permission.TWIN_READ, this::order))
            .keys(new KeysAway(keys, false))
            .start()) {
      assertThat(away.post("/orders", "{}", "Idempotency-Key", "k1").statusCode()).isEqualTo(201);
    }
  }

  @Test
  void shouldRenewTheLeaseWhileARequestTakesItsTime() {
    AtomicInteger renewals = new AtomicInteger();
    try (TestServer slow =
        TestServer.with(Endpoint.post("/held", Permission.TWIN_READ, this::hold))
            .settings("twinloop.http.idempotency-lease = 150ms")
            .keys(
                new KeysAway(keys, false) {
                  @Override
                  public CompletionStage<Boolean> renew(Key key, UUID owner) {
                    renewals.incrementAndGet();
                    return super.renew(key, owner);
                  }
                })
            .start()) {
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(() -> slow.post("/held", "{}", "Idempotency-Key", "k1"));
      await().until(() -> renewals.get() >= 3);
      held.remove().complete(Answers.noContent());

      assertThat(reply.join().statusCode()).isEqualTo(204);
      int soFar = renewals.get();
      await().during(Duration.ofMillis(300)).until(() -> renewals.get() <= soFar + 1);
    }
  }

  private CompletionStage<HttpResponse> order(Call call) {
    commandIds.add(call.commandId());
    int number = executions.incrementAndGet();
    return Stages.map(
        call.json(),
        json ->
            Answers.withPosition(
                Answers.withRevision(
                    Answers.created("/orders/" + number, Json.object().put("number", number)),
                    number),
                ReadPosition.of("Order|" + number, 1)));
  }

  private CompletionStage<HttpResponse> execute(Call call, int status) {
    commandIds.add(call.commandId());
    return CompletableFuture.completedStage(
        Answers.problem(
            new Problem(status, "x", "X", "Execution " + executions.incrementAndGet(), List.of())));
  }

  private CompletionStage<HttpResponse> refuse(Call call) {
    throw Problems.of("refused", "Execution " + executions.incrementAndGet()).refuse();
  }

  private CompletionStage<HttpResponse> hold(Call call) {
    commandIds.add(call.commandId());
    CompletableFuture<HttpResponse> answer = new CompletableFuture<>();
    held.add(answer);
    return answer;
  }

  private CompletionStage<HttpResponse> bulk(Call call) {
    executions.incrementAndGet();
    return Stages.map(
        Ndjson.lines(call.bytes(), 1_000)
            .runFold(new BulkSummary(), (sum, line) -> sum.accept(1), call.system()),
        sum -> Answers.ok(sum.toJson()));
  }

  private CompletionStage<HttpResponse> half(Call call) {
    executions.incrementAndGet();
    return Stages.map(
        Ndjson.lines(call.bytes(), 1_000).runWith(Sink.head(), call.system()),
        line -> Answers.ok(Json.object()));
  }

  /** Keys whose database goes away before or after the claim. */
  private static class KeysAway implements IdempotencyKeys {
    private final IdempotencyKeys keys;
    private final boolean beforeTheClaim;

    KeysAway(IdempotencyKeys keys, boolean beforeTheClaim) {
      this.keys = keys;
      this.beforeTheClaim = beforeTheClaim;
    }

    @Override
    public CompletionStage<Claim> claim(Key key, Optional<String> fingerprint) {
      return beforeTheClaim ? away() : keys.claim(key, fingerprint);
    }

    @Override
    public CompletionStage<Boolean> renew(Key key, UUID owner) {
      return away();
    }

    @Override
    public CompletionStage<Boolean> keep(Key key, UUID owner, String fingerprint, Answer answer) {
      return away();
    }

    @Override
    public CompletionStage<Boolean> release(Key key, UUID owner) {
      return away();
    }

    @Override
    public CompletionStage<Integer> deleteExpired() {
      return away();
    }

    private static <T> CompletionStage<T> away() {
      return CompletableFuture.failedStage(new SQLException("refused", "08001"));
    }
  }
}
