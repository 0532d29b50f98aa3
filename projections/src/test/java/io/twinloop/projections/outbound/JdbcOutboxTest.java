package io.twinloop.projections.outbound;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.domain.outbound.Outbox.Claim;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.outbound.OutboxQueries.Filter;
import io.twinloop.projections.outbound.OutboxQueries.Kept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JdbcOutboxTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration LEASE = Duration.ofMinutes(2);
  private static final Filter ALL = new Filter(null, null, null);

  private static ReadModels readModels;
  private static OutboxQueries queries;

  private final MovableClock clock = new MovableClock(NOON);
  private JdbcOutbox outbox;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    queries = new OutboxQueries(readModels.database());
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
    outbox = new JdbcOutbox(readModels.database(), clock);
  }

  @Test
  void shouldKeepAMessageOnceHoweverOftenItIsTold() {
    put("a");
    settle(claim(), new Outbox.Sent());
    put("a");

    assertThat(list(ALL)).singleElement().extracting(Kept::state).isEqualTo(Outbox.State.SENT);
    assertThat(join(outbox.claim(10, LEASE))).isEmpty();
  }

  @Test
  void shouldGiveOutWhatWaitsLongestFirst() {
    put(message("late", Channel.LOG, NOON.minusSeconds(1), "loop-1"));
    put(message("early", Channel.LOG, NOON.minusSeconds(9), "loop-1"));
    put(message("future", Channel.LOG, NOON.plusSeconds(1), "loop-1"));

    assertThat(claim().message().id()).isEqualTo("early");
    assertThat(claim().message().id()).isEqualTo("late");
    assertThat(join(outbox.claim(10, LEASE))).isEmpty();
  }

  @Test
  void shouldReturnAMessageAsItWasTold() {
    OutboundMessage told =
        new OutboundMessage("m", Channel.EMAIL, "ada@acme.example", "S", "B", "loop", "wf", NOON);
    put(told);

    Claim claim = claim();

    assertThat(claim.message()).isEqualTo(told);
    assertThat(claim.attempt()).isEqualTo(1);
    assertThat(claim.waitingSince()).isEqualTo(NOON);
  }

  @Test
  void shouldGiveAMessageToOneSenderAtATime() {
    IntStream.range(0, 200).forEach(i -> put("m" + i));

    List<CompletableFuture<List<Claim>>> senders =
        Stream.generate(() -> outbox.claim(10, LEASE).toCompletableFuture()).limit(40).toList();
    List<String> given = new ArrayList<>();
    senders.forEach(sender -> join(sender).forEach(claim -> given.add(claim.message().id())));
    while (given.size() < 200) {
      List<Claim> rest = join(outbox.claim(10, LEASE));
      assertThat(rest).as("after %d", given.size()).isNotEmpty();
      rest.forEach(claim -> given.add(claim.message().id()));
    }

    assertThat(given).doesNotHaveDuplicates().hasSize(200);
  }

  @Test
  void shouldGiveItToAnotherWhenTheLeaseIsOverAndForgetWhatTheFirstSays() {
    put("a");
    Claim lost = claim();
    clock.advance(LEASE);
    Claim second = claim();

    assertThat(second.attempt()).isEqualTo(2);
    assertThat(settle(lost, new Outbox.Failed("too late"))).isFalse();
    assertThat(settle(second, new Outbox.Sent())).isTrue();
    assertThat(list(ALL)).singleElement().extracting(Kept::state).isEqualTo(Outbox.State.SENT);
  }

  @Test
  void shouldGiveItAgainWhenItIsToBeTriedAgain() {
    put("a");
    settle(claim(), new Outbox.TryAgain("The server was busy.", NOON.plusSeconds(5)));

    Kept waiting = list(ALL).get(0);
    assertThat(join(outbox.claim(1, LEASE))).isEmpty();
    clock.advance(Duration.ofSeconds(5));

    assertThat(waiting.state()).isEqualTo(Outbox.State.WAITING);
    assertThat(waiting.lastError()).isEqualTo("The server was busy.");
    assertThat(waiting.dueAt()).isEqualTo(NOON.plusSeconds(5));
    assertThat(waiting.endedAt()).isNull();
    assertThat(claim().attempt()).isEqualTo(2);
  }

  @Test
  void shouldSendAgainWhatWasGivenUpOrNotConfiguredAndNothingElse() {
    for (String id : List.of("failed", "would", "sent", "waiting")) {
      put(id);
    }
    for (Claim claim : join(outbox.claim(10, LEASE))) {
      switch (claim.message().id()) {
        case "failed" -> settle(claim, new Outbox.Failed("No such mailbox."));
        case "would" -> settle(claim, new Outbox.WouldSend("No server."));
        case "sent" -> settle(claim, new Outbox.Sent());
        default -> settle(claim, new Outbox.TryAgain("Busy.", NOON.plusSeconds(60)));
      }
    }
    clock.advance(Duration.ofSeconds(30));

    assertThat(join(outbox.sendAgain("failed")).orElseThrow().taken()).isTrue();
    assertThat(join(outbox.sendAgain("would")).orElseThrow().taken()).isTrue();
    assertThat(join(outbox.sendAgain("sent")).orElseThrow().taken()).isFalse();
    assertThat(join(outbox.sendAgain("waiting")).orElseThrow().taken()).isFalse();
    assertThat(join(outbox.sendAgain("unknown"))).isEmpty();

    List<Claim> again = join(outbox.claim(10, LEASE));
    assertThat(again)
        .extracting(claim -> claim.message().id())
        .containsExactlyInAnyOrder("failed", "would");
    assertThat(again)
        .allSatisfy(
            claim -> {
              assertThat(claim.attempt()).isEqualTo(1);
              assertThat(claim.waitingSince()).isEqualTo(NOON.plusSeconds(30));
            });
  }

  @Test
  void shouldFindMessagesByStateChannelAndLoopPageByPage() {
    put(message("a", Channel.LOG, NOON, "loop-1"));
    put(message("b", Channel.EMAIL, NOON, "loop-1"));
    put(message("c", Channel.EMAIL, NOON.plusSeconds(1), "loop-2"));
    settle(claim(), new Outbox.Sent());

    assertThat(ids(new Filter("SENT", null, null))).hasSize(1).isSubsetOf("a", "b");
    assertThat(ids(new Filter(null, "email", null))).containsExactly("b", "c");
    assertThat(ids(new Filter(null, "email", "loop-2"))).containsExactly("c");
    assertThat(join(queries.list(ALL, NOON, "a", 1)))
        .extracting(kept -> kept.message().id())
        .containsExactly("b");
  }

  /** What an earlier release showed was never sent. */
  @Test
  void shouldTakeOverWhatAnEarlierReleaseKept() {
    try (ReadModels older = TestPostgres.emptyReadModels()) {
      migrate(older, "16");
      TestPostgres.execute(
          older.forQueries(),
          """
          INSERT INTO outbox (id, workflow_id, correlation_id, at, channel, notification) VALUES
            ('wf/do/0/tell', 'wf', 'loop', '2026-03-01T12:00:00Z', 'email',
             '{"channel": "EMAIL", "to": ["a@x.example", "b@x.example"], "subject": "S", "message": "a\\u0000b"}'),
            ('wf/do/1/tell', 'wf', 'loop', '2026-03-01T12:00:01Z', 'log',
             '{"channel": "LOG", "to": [], "message": "M"}')
          """);
      migrate(older, "latest");

      List<Kept> kept = join(new OutboxQueries(older.database()).list(ALL, Instant.EPOCH, "", 10));
      assertThat(kept)
          .extracting(Kept::state)
          .containsExactly(Outbox.State.WOULD_SEND, Outbox.State.WOULD_SEND);
      assertThat(kept.get(0).message().recipient()).isEqualTo("a@x.example, b@x.example");
      assertThat(kept.get(0).message().body()).isEqualTo("a\uFFFDb");
      assertThat(kept.get(0).message().id()).matches("[0-9a-f-]{36}");
      assertThat(kept.get(1).message().recipient()).isNull();
      assertThat(join(new JdbcOutbox(older.database(), clock).claim(10, LEASE))).isEmpty();
    }
  }

  /** What an earlier release kept of the other side's words may be the address in clear. */
  @Test
  void shouldForgetWhatWasSaidOfMessagesThatAreSealed() {
    try (ReadModels older = TestPostgres.emptyReadModels()) {
      migrate(older, "20");
      TestPostgres.execute(
          older.forQueries(),
          """
          INSERT INTO outbox
            (id, at, channel, recipient, body, state, waiting_since, last_error) VALUES
            ('a', '2026-03-01T12:00:00Z', 'email', '^pd1.YQ.eHl6^', 'B', 'FAILED',
             '2026-03-01T12:00:00Z', '550 <jane@acme.example> unknown'),
            ('b', '2026-03-01T12:00:00Z', 'email', 'sales@acme.example', 'B', 'FAILED',
             '2026-03-01T12:00:00Z', '550 <sales@acme.example> unknown'),
            ('c', '2026-03-01T12:00:00Z', 'email', '^pd1.YQ.eHl6^', 'B', 'SENT',
             '2026-03-01T12:00:00Z', NULL)
          """);
      migrate(older, "latest");

      List<Kept> kept = join(new OutboxQueries(older.database()).list(ALL, Instant.EPOCH, "", 10));
      assertThat(kept.get(0).lastError()).contains("not kept").doesNotContain("jane");
      assertThat(kept.get(1).lastError()).isEqualTo("550 <sales@acme.example> unknown");
      assertThat(kept.get(2).lastError()).isNull();
    }
  }

  @Test
  void shouldTellSinceWhenAMessageIsDue() {
    assertThat(join(queries.dueSince())).isEmpty();
    put(message("a", Channel.LOG, NOON.minusSeconds(9), "loop-1"));
    put(message("b", Channel.LOG, NOON.minusSeconds(5), "loop-1"));
    assertThat(join(queries.dueSince())).contains(NOON.minusSeconds(9));

    settle(claim(), new Outbox.TryAgain("Busy.", NOON.plusSeconds(60)));
    assertThat(join(queries.dueSince())).contains(NOON.minusSeconds(5));
    settle(claim(), new Outbox.Sent());
    assertThat(join(queries.dueSince())).contains(NOON.plusSeconds(60));
  }

  private static void migrate(ReadModels readModels, String version) {
    Flyway.configure(JdbcOutboxTest.class.getClassLoader())
        .dataSource(readModels.forQueries())
        .locations("classpath:io/twinloop/projections/schema")
        .table("read_model_schema_history")
        .target(version)
        .load()
        .migrate();
  }

  private void put(String id) {
    put(message(id, Channel.LOG, NOON, "loop-1"));
  }

  private void put(OutboundMessage message) {
    join(
        readModels
            .database()
            .inTransaction(
                connection -> {
                  JdbcOutbox.put(connection, message);
                  return true;
                }));
  }

  private static OutboundMessage message(String id, Channel channel, Instant at, String loop) {
    return new OutboundMessage(id, channel, null, null, "text", loop, "wf-1", at);
  }

  private Claim claim() {
    List<Claim> claims = join(outbox.claim(1, LEASE));
    assertThat(claims).hasSize(1);
    return claims.get(0);
  }

  private boolean settle(Claim claim, Outbox.Outcome outcome) {
    return join(outbox.settle(claim, outcome));
  }

  private static List<Kept> list(Filter filter) {
    return join(queries.list(filter, Instant.EPOCH, "", 100));
  }

  private static List<String> ids(Filter filter) {
    return list(filter).stream().map(kept -> kept.message().id()).toList();
  }
}
