package io.twinloop.projections.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.projections.idempotency.IdempotencyKeys.Answer;
import io.twinloop.projections.idempotency.IdempotencyKeys.Claim;
import io.twinloop.projections.idempotency.IdempotencyKeys.Key;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What every store of idempotency keys promises, shown on PostgreSQL and in memory. */
class IdempotencyKeysTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration RETENTION = Duration.ofHours(24);
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Key KEY = new Key("alice", "POST /api/v1/orders", "k1");
  private static final Answer ANSWER =
      new Answer(
          201,
          List.of("Content-Type: application/json", "Location: /orders/1, 'x\"{}'"),
          "{\"n\":1}".getBytes(StandardCharsets.UTF_8));
  private static final AtomicReference<Instant> NOW = new AtomicReference<>(START);

  @TempDir private static Path folder;
  private static PostgreSqlServer postgres;
  private static DataSource database;
  private static ExecutorService blocking;

  @BeforeAll
  static void start() throws IOException, SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    database = database(postgres.jdbcUrl());
    blocking = Executors.newFixedThreadPool(4);
    try (InputStream ddl =
            JdbcIdempotencyKeys.class.getResourceAsStream(
                "/io/twinloop/projections/schema/V010__idempotency_key.sql");
        Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(new String(ddl.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  @AfterAll
  static void stop() {
    blocking.shutdown();
    postgres.close();
  }

  @BeforeEach
  void empty() throws SQLException {
    NOW.set(START);
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("TRUNCATE idempotency_key");
    }
  }

  static Stream<IdempotencyKeys> stores() {
    return Stream.of(
        new JdbcIdempotencyKeys(database, blocking, NOW::get, RETENTION, LEASE),
        new InMemoryIdempotencyKeys(NOW::get, RETENTION, LEASE));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldGiveTheAnswerAgain(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, "f1");
    assertThat(join(keys.keep(KEY, owner, "f1", ANSWER))).isTrue();

    Claim.Repeat repeat = (Claim.Repeat) claim(keys, KEY, "f1");
    assertThat(repeat.fingerprint()).isEqualTo("f1");
    assertThat(repeat.answer()).isEqualTo(ANSWER);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldKnowAnotherBody(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, "f1");
    assertThat(claim(keys, KEY, "f2")).isInstanceOf(Claim.OtherBody.class);

    join(keys.keep(KEY, owner, "f1", ANSWER));
    assertThat(claim(keys, KEY, "f2")).isInstanceOf(Claim.OtherBody.class);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldLeaveTheComparisonToTheCallerWhenABodyIsNotReadYet(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, null);
    assertThat(claim(keys, KEY, null)).isInstanceOf(Claim.InProgress.class);

    join(keys.keep(KEY, owner, "f1", ANSWER));
    assertThat(((Claim.Repeat) claim(keys, KEY, null)).fingerprint()).isEqualTo("f1");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldKeepCallersRoutesAndKeysApart(IdempotencyKeys keys) {
    claimed(keys, KEY, "f1");

    claimed(keys, new Key("bob", KEY.route(), KEY.key()), "f1");
    claimed(keys, new Key(KEY.caller(), "POST /other", KEY.key()), "f1");
    claimed(keys, new Key(KEY.caller(), KEY.route(), "k2"), "f1");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldTellHowLongTheFirstMayStillTake(IdempotencyKeys keys) {
    claimed(keys, KEY, "f1");
    NOW.set(START.plusSeconds(10));

    assertThat(claim(keys, KEY, "f1")).isEqualTo(new Claim.InProgress(Duration.ofSeconds(20)));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldLetARepeatExecuteWhenTheLeaseRanOut(IdempotencyKeys keys) {
    UUID first = claimed(keys, KEY, "f1");
    NOW.set(START.plus(LEASE));
    UUID second = claimed(keys, KEY, "f1");

    assertThat(second).isNotEqualTo(first);
    assertThat(join(keys.keep(KEY, first, "f1", ANSWER))).isFalse();
    assertThat(join(keys.renew(KEY, first))).isFalse();
    assertThat(join(keys.release(KEY, first))).isFalse();
    assertThat(join(keys.keep(KEY, second, "f1", ANSWER))).isTrue();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldNotLendAnAbandonedKeyToAnotherBody(IdempotencyKeys keys) {
    claimed(keys, KEY, "f1");
    NOW.set(START.plus(LEASE));

    assertThat(claim(keys, KEY, "f2")).isInstanceOf(Claim.OtherBody.class);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldProlongTheLeaseWhileTheFirstIsAtWork(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, "f1");
    NOW.set(START.plusSeconds(20));
    assertThat(join(keys.renew(KEY, owner))).isTrue();
    NOW.set(START.plus(LEASE));

    assertThat(claim(keys, KEY, "f1")).isEqualTo(new Claim.InProgress(Duration.ofSeconds(20)));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldExecuteAtOnceAfterARelease(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, "f1");
    assertThat(join(keys.release(KEY, owner))).isTrue();

    claimed(keys, KEY, "f2");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldNotTakeBackAnAnswer(IdempotencyKeys keys) {
    UUID owner = claimed(keys, KEY, "f1");
    join(keys.keep(KEY, owner, "f1", ANSWER));

    assertThat(join(keys.release(KEY, owner))).isFalse();
    assertThat(join(keys.renew(KEY, owner))).isFalse();
    assertThat(join(keys.keep(KEY, owner, "f1", ANSWER))).isFalse();
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldForgetAnAnswerAfterTheRetention(IdempotencyKeys keys) {
    join(keys.keep(KEY, claimed(keys, KEY, "f1"), "f1", ANSWER));
    Key later = new Key("alice", KEY.route(), "k2");
    NOW.set(START.plusSeconds(1));
    join(keys.keep(later, claimed(keys, later, "f1"), "f1", ANSWER));
    NOW.set(START.plus(RETENTION));

    assertThat(join(keys.deleteExpired())).isEqualTo(1);
    assertThat(claim(keys, later, "f1")).isInstanceOf(Claim.Repeat.class);
    claimed(keys, KEY, "f2");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldTreatAnExpiredAnswerAsForgottenBeforeItIsDeleted(IdempotencyKeys keys) {
    join(keys.keep(KEY, claimed(keys, KEY, "f1"), "f1", ANSWER));
    NOW.set(START.plus(RETENTION));

    claimed(keys, KEY, "f2");
  }

  @ParameterizedTest
  @MethodSource("stores")
  void shouldGiveTheKeyToOneOfManyAtOnce(IdempotencyKeys keys) {
    List<CompletionStage<Claim>> claims =
        IntStream.range(0, 32).mapToObj(i -> keys.claim(KEY, Optional.of("f1"))).toList();

    assertThat(claims.stream().map(IdempotencyKeysTest::join))
        .filteredOn(Claim.Execute.class::isInstance)
        .hasSize(1);
  }

  @Test
  void shouldDeleteManyExpiredRowsInPortions() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO idempotency_key SELECT 'c', 'r', n::text, gen_random_uuid(), null, now(),"
              + " timestamptz '2025-12-31', null, null, null FROM generate_series(1, 2500) n");
    }

    assertThat(join(stores().findFirst().orElseThrow().deleteExpired())).isEqualTo(2500);
  }

  @Test
  void shouldFailWithTheCauseWhenTheDatabaseIsAway() {
    IdempotencyKeys away =
        new JdbcIdempotencyKeys(
            database(postgres.jdbcUrl() + "-missing"), blocking, NOW::get, RETENTION, LEASE);

    assertThatThrownBy(() -> claim(away, KEY, "f1")).hasCauseInstanceOf(SQLException.class);
  }

  @Test
  void shouldRefuseToKeepAnAnswerThatIsTooLarge() {
    assertThatThrownBy(() -> new Answer(200, List.of(), new byte[Answer.MAX_BODY + 1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1048577");
  }

  private static DataSource database(String url) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(url);
    source.setUser(postgres.user());
    source.setPassword(postgres.password());
    return source;
  }

  private static UUID claimed(IdempotencyKeys keys, Key key, String fingerprint) {
    Claim claim = claim(keys, key, fingerprint);
    assertThat(claim).isInstanceOf(Claim.Execute.class);
    return ((Claim.Execute) claim).owner();
  }

  private static Claim claim(IdempotencyKeys keys, Key key, String fingerprint) {
    return join(keys.claim(key, Optional.ofNullable(fingerprint)));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
