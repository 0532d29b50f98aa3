package io.twinloop.http.outbound;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.http.Endpoint;
import io.twinloop.http.OpenApiAnswers;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.outbound.JdbcOutbox;
import io.twinloop.projections.outbound.OutboxQueries;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four messages: one sent, one given up, one that would be sent, one that waits. */
class OutboxRoutesTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String OUTBOX = "/api/v1/outbox";

  @TempDir private static Path folder;
  private static PostgreSqlServer postgres;
  private static HikariDataSource dataSource;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    Database database = new Database(dataSource, Runnable::run);
    JdbcOutbox outbox = new JdbcOutbox(database, Clock.fixed(NOON, ZoneOffset.UTC));
    List<OutboundMessage> messages =
        List.of(
            new OutboundMessage("m-1", Channel.LOG, "ops", "S", "sent", "loop-1", "wf-1", NOON),
            new OutboundMessage("m-2", Channel.EMAIL, "a@x.example", "S", "B", "loop-1", "w", NOON),
            new OutboundMessage(
                "m-3", Channel.SLACK, null, null, "x".repeat(3_000), null, null, NOON),
            new OutboundMessage("m-4", Channel.LOG, null, null, "B", "loop-2", "wf-2", NOON));
    database
        .inTransaction(
            connection -> {
              for (OutboundMessage message : messages) {
                JdbcOutbox.put(connection, message);
              }
              return true;
            })
        .toCompletableFuture()
        .join();
    for (Outbox.Claim claim :
        outbox.claim(10, Duration.ofMinutes(1)).toCompletableFuture().join()) {
      Outbox.Outcome outcome =
          switch (claim.message().id()) {
            case "m-1" -> new Outbox.Sent();
            case "m-2" -> new Outbox.Failed("No such mailbox.");
            case "m-3" -> new Outbox.WouldSend("No Slack.");
            default -> new Outbox.TryAgain("Busy.", NOON.plusSeconds(5));
          };
      assertThat(outbox.settle(claim, outcome).toCompletableFuture().join()).isTrue();
    }
    server =
        TestServer.with(
                new OutboxRoutes(new OutboxQueries(database), outbox)
                    .endpoints()
                    .toArray(Endpoint[]::new))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    dataSource.close();
    postgres.close();
  }

  @Test
  void shouldShowWhatWasToldAndWhatCameOfIt() {
    JsonNode sent = list("?state=SENT").get(0);
    JsonNode waiting = list("?state=WAITING&channel=log").get(0);

    assertThat(sent.path("id").textValue()).isEqualTo("m-1");
    assertThat(sent.path("recipient").textValue()).isEqualTo("ops");
    assertThat(sent.path("body").textValue()).isEqualTo("sent");
    assertThat(sent.path("attempts").intValue()).isEqualTo(1);
    assertThat(sent.path("endedAt").textValue()).isEqualTo("2026-03-01T12:00:00Z");
    assertThat(waiting.path("id").textValue()).isEqualTo("m-4");
    assertThat(waiting.path("lastError").textValue()).isEqualTo("Busy.");
    assertThat(waiting.path("dueAt").textValue()).isEqualTo("2026-03-01T12:00:05Z");
  }

  @Test
  void shouldShowTheBeginningOfALongText() {
    JsonNode message = list("?channel=slack").get(0);

    assertThat(message.path("body").textValue()).hasSize(2_000);
    assertThat(message.path("bodyLength").intValue()).isEqualTo(3_000);
    assertThat(message.has("recipient")).isFalse();
  }

  @Test
  void shouldListPageByPageAndByLoop() {
    List<String> ids = new ArrayList<>();
    String query = "?limit=3";
    for (int page = 0; page < 2; page++) {
      JsonNode answer = json(get(query));
      answer.path("items").forEach(item -> ids.add(item.path("id").textValue()));
      query = "?limit=3&cursor=" + answer.path("nextCursor").textValue();
    }

    assertThat(ids).containsExactly("m-1", "m-2", "m-3", "m-4");
    assertThat(list("?correlationId=loop-2")).hasSize(1);
  }

  @Test
  void shouldRefuseAStateOrAChannelThatDoesNotExist() {
    JsonNode state = problem(get("?state=LOST"));
    JsonNode channel = problem(get("?channel=pigeon"));

    assertThat(state.path("code").textValue()).isEqualTo("malformed");
    assertThat(state.at("/errors/0/pointer").textValue()).isEqualTo("?state");
    assertThat(state.toString()).contains("WAITING, SENT, FAILED, WOULD_SEND", "'LOST'");
    assertThat(channel.toString()).contains("log, webhook, email, slack", "'pigeon'");
  }

  @Test
  void shouldNotSendAgainWhatIsSentOrUnknown() {
    JsonNode sent = problem(retry("m-1"));
    JsonNode unknown = problem(retry("m-9"));

    assertThat(sent.path("status").intValue()).isEqualTo(409);
    assertThat(sent.path("detail").textValue()).contains("'m-1' is SENT");
    assertThat(unknown.path("status").intValue()).isEqualTo(404);
    assertThat(list("?state=SENT")).hasSize(1);
  }

  @Test
  void shouldSendAgainWhatWasGivenUp() {
    Reply taken = retry("m-2");

    assertThat(taken.statusCode()).isEqualTo(202);
    assertThat(json(taken).path("state").textValue()).isEqualTo("WAITING");
    assertThat(json(taken).path("attempts").intValue()).isZero();
  }

  private static JsonNode list(String query) {
    return json(get(query)).path("items");
  }

  private static Reply get(String query) {
    Reply reply = server.get(OUTBOX + query);
    return reply.statusCode() == 200 ? OpenApiAnswers.described("GET", OUTBOX, reply) : reply;
  }

  private static Reply retry(String id) {
    return OpenApiAnswers.described(
        "POST", OUTBOX + "/{id}/retry", server.post(OUTBOX + "/" + id + "/retry", ""));
  }
}
