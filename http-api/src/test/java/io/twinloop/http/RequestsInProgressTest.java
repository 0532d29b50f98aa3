package io.twinloop.http;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.identity.AccessRule;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.audit.InMemoryAuditTrail;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.junit.jupiter.api.Test;

/** More requests than a node answers at once. */
class RequestsInProgressTest {

  private static final int MOST = 2;
  private static final int MOST_UPLOADS = 3;

  private final InMemoryAuditTrail audit = new InMemoryAuditTrail();
  private final List<CompletableFuture<HttpResponse>> asked = new CopyOnWriteArrayList<>();

  private final Endpoint change =
      Endpoint.post("/api/v1/things", Permission.KPI_DEFINE, call -> answerLater());

  private final Endpoint patient =
      Endpoint.get(
          "/api/v1/patience",
          Permission.KPI_READ,
          call -> {
            call.allow(Duration.ofMinutes(1));
            return answerLater();
          });

  private final Endpoint upload =
      Endpoint.post("/api/v1/uploads", Permission.KPI_BULK, call -> answerLater()).streamed();

  private final Endpoint probe =
      Endpoint.get(
          "/alive",
          AccessRule.open("probes ask for it"),
          call -> CompletableFuture.completedStage(Answers.ok(Json.object())));

  private CompletionStage<HttpResponse> answerLater() {
    CompletableFuture<HttpResponse> answer = new CompletableFuture<>();
    asked.add(answer);
    return answer;
  }

  @Test
  void shouldRefuseOneMoreAtOnceAndAnswerThoseItLetIn() {
    try (TestServer server = server()) {
      List<CompletableFuture<Reply>> inside = inProgress(server, MOST);

      Reply tooMuch = server.post("/api/v1/things", "{}");

      assertThat(tooMuch.statusCode()).isEqualTo(503);
      assertThat(problem(tooMuch).path("code").textValue()).isEqualTo("overloaded");
      assertThat(tooMuch.headers().firstValue("Retry-After")).hasValue("1");
      assertThat(tooMuch.headers().firstValue("X-Correlation-Id")).isPresent();
      assertThat(asked).as("handled").hasSize(MOST);
      asked.forEach(answer -> answer.complete(Answers.noContent()));
      assertThat(inside).allSatisfy(reply -> assertThat(reply.join().statusCode()).isEqualTo(204));
    }
    assertThat(audit.entries()).extracting(AuditEntry::status).containsExactly(204, 204);
  }

  @Test
  void shouldTakeTheNextAsSoonAsOneIsAnswered() {
    try (TestServer server = server()) {
      List<CompletableFuture<Reply>> inside = inProgress(server, MOST);
      asked.get(0).complete(Answers.noContent());
      await().until(() -> inside.stream().anyMatch(CompletableFuture::isDone));

      List<CompletableFuture<Reply>> next = inProgress(server, 1);

      assertThat(server.post("/api/v1/things", "{}").statusCode()).isEqualTo(503);
      asked.forEach(answer -> answer.complete(Answers.noContent()));
      assertThat(next.get(0).join().statusCode()).isEqualTo(204);
    }
  }

  @Test
  void shouldKeepNoPlaceForAnAnswerThatFailed() {
    try (TestServer server = server()) {
      for (int i = 0; i <= MOST; i++) {
        CompletableFuture<Reply> reply = inProgress(server, 1).get(0);
        asked.get(i).completeExceptionally(new IllegalStateException("Broken"));

        assertThat(reply.join().statusCode()).isEqualTo(500);
      }
    }
  }

  @Test
  void shouldTakeNoMoreUploadsThanItMay() {
    try (TestServer server = server()) {
      List<CompletableFuture<Reply>> uploads =
          IntStream.range(0, MOST_UPLOADS)
              .mapToObj(i -> later(() -> server.post("/api/v1/uploads", "{}")))
              .toList();
      await().until(() -> asked.size() == MOST_UPLOADS);

      assertThat(server.post("/api/v1/uploads", "{}").statusCode()).isEqualTo(503);
      asked.forEach(answer -> answer.complete(Answers.noContent()));
      assertThat(uploads).allSatisfy(reply -> assertThat(reply.join().statusCode()).isEqualTo(204));
    }
  }

  @Test
  void shouldNotCountWhatTakesItsTimeOrTellsThatItLives() {
    try (TestServer server = server()) {
      List<CompletableFuture<Reply>> slow =
          Stream.concat(
                  IntStream.range(0, MOST)
                      .mapToObj(i -> later(() -> server.get("/api/v1/patience"))),
                  IntStream.range(0, MOST)
                      .mapToObj(i -> later(() -> server.post("/api/v1/uploads", "{}"))))
              .toList();
      await().until(() -> asked.size() == slow.size());
      List<CompletableFuture<Reply>> inside = inProgress(server, MOST);

      assertThat(server.post("/api/v1/things", "{}").statusCode()).isEqualTo(503);
      assertThat(server.get("/alive").statusCode()).isEqualTo(200);
      asked.forEach(answer -> answer.complete(Answers.noContent()));
      assertThat(Stream.concat(slow.stream(), inside.stream()))
          .allSatisfy(reply -> assertThat(reply.join().statusCode()).isEqualTo(204));
    }
  }

  private TestServer server() {
    return TestServer.with(change, patient, upload, probe)
        .audit(audit)
        .settings(
            "twinloop.http { requests-in-progress = %d, uploads-in-progress = %d }"
                .formatted(MOST, MOST_UPLOADS))
        .start();
  }

  /** So many more that are being answered. */
  private List<CompletableFuture<Reply>> inProgress(TestServer server, int more) {
    int before = asked.size();
    List<CompletableFuture<Reply>> replies =
        IntStream.range(0, more)
            .mapToObj(i -> later(() -> server.post("/api/v1/things", "{}")))
            .toList();
    await().until(() -> asked.size() == before + more);
    return replies;
  }

  private static CompletableFuture<Reply> later(Supplier<Reply> request) {
    CompletableFuture<Reply> reply = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                reply.complete(request.get());
              } catch (RuntimeException e) {
                reply.completeExceptionally(e);
              }
            },
            "caller");
    thread.setDaemon(true);
    thread.start();
    return reply;
  }
}
