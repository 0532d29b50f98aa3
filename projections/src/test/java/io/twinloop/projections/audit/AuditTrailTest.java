package io.twinloop.projections.audit;

import static io.twinloop.projections.TestPostgres.execute;
import static io.twinloop.projections.TestPostgres.join;
import static io.twinloop.projections.TestPostgres.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditEntry.Type;
import io.twinloop.domain.audit.AuditEntry.Who;
import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.ChainCheck.Noted;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.audit.AuditQueries.Filter;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The audit on a real PostgreSQL: written, asked, cut, tampered with. */
class AuditTrailTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration RETENTION = Duration.ofDays(30);
  private static final AuditSettings SETTINGS =
      new AuditSettings(true, 1_000, Duration.ofSeconds(10), RETENTION);
  private static final Filter ALL = new Filter(null, null, null, null);

  private final AtomicReference<Instant> now = new AtomicReference<>(START);
  private ReadModels readModels;
  private JdbcAuditTrail trail;

  @BeforeEach
  void open() {
    readModels = TestPostgres.readModels();
    trail = new JdbcAuditTrail(readModels.forAudit(), now::get, SETTINGS, Runnable::run);
  }

  @AfterEach
  void close() {
    trail.close();
    readModels.close();
  }

  @Test
  void shouldKeepWhatWasRecordedInOrder() {
    AuditEntry first =
        new AuditEntry(
            new Who("user", "ada", Optional.of("analyst")),
            "PUT /api/v1/kpis/{id}",
            "/api/v1/kpis/größe \\N {\"a\",'b'}",
            Type.REFUSAL,
            "2001:db8::1",
            422,
            Optional.of("refused"),
            "c-1");
    AuditEntry second = entry("bob", "DELETE /api/v1/kpis/{id}");
    join(record(trail, first));
    now.set(START.plusSeconds(1));
    join(record(trail, second));

    List<AuditLink> links = list(ALL);
    assertThat(links).extracting(AuditLink::entry).containsExactly(first, second);
    assertThat(links).extracting(AuditLink::number).containsExactly(1L, 2L);
    assertThat(links).extracting(AuditLink::at).containsExactly(START, START.plusSeconds(1));
    assertWhole(2);
  }

  @Test
  void shouldFindByActorActionAndTime() {
    for (int i = 0; i < 20; i++) {
      now.set(START.plusSeconds(i / 2));
      join(record(trail, entry(i % 2 == 0 ? "ada" : "bob", i % 4 < 2 ? "PUT /a" : "PUT /b")));
    }

    assertThat(numbers(new Filter("ada", null, null, null)))
        .containsExactly(1L, 3L, 5L, 7L, 9L, 11L, 13L, 15L, 17L, 19L);
    assertThat(numbers(new Filter("bob", "PUT /b", null, null)))
        .containsExactly(4L, 8L, 12L, 16L, 20L);
    assertThat(numbers(new Filter(null, null, START.plusSeconds(3), START.plusSeconds(5))))
        .containsExactly(7L, 8L, 9L, 10L);
    assertThat(numbers(new Filter("nobody", null, null, null))).isEmpty();
    assertThat(numbers(new Filter(null, null, START.plusSeconds(60), null))).isEmpty();
    assertThat(numbers(new Filter(null, null, null, START))).isEmpty();
    assertThat(numbers(new Filter(null, null, START.minusSeconds(9), START.plusSeconds(99))))
        .hasSize(20);
    assertThat(join(queries().after(18, ALL, 1)))
        .extracting(AuditLink::number)
        .containsExactly(19L);
  }

  @Test
  void shouldShareOneChainAmongNodes() {
    try (JdbcAuditTrail other =
        new JdbcAuditTrail(readModels.forAudit(), now::get, SETTINGS, Runnable::run)) {
      List<CompletionStage<Void>> all = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        all.add(record(i % 2 == 0 ? trail : other, entry("u" + i, "PUT /a")));
      }
      all.forEach(TestPostgres::join);
    }

    assertThat(list(ALL)).extracting(link -> link.entry().who().subject()).doesNotHaveDuplicates();
    assertWhole(300);
  }

  @Test
  void shouldGoOnWithAChainThatExists() {
    join(record(trail, entry("ada", "PUT /a")));
    trail.close();
    trail = new JdbcAuditTrail(readModels.forAudit(), now::get, SETTINGS, Runnable::run);
    join(record(trail, entry("bob", "PUT /a")));

    assertWhole(2);
  }

  @Test
  void shouldWriteWhatWaitsBeforeItCloses() {
    List<CompletionStage<Void>> all =
        IntStream.range(0, 50).mapToObj(i -> record(trail, entry("u" + i, "PUT /a"))).toList();
    trail.close();

    assertThat(all).allMatch(stage -> stage.toCompletableFuture().isDone());
    assertWhole(50);
  }

  @Test
  void shouldKeepAnEntryUntilTheDatabaseIsBack() {
    execute(readModels.forQueries(), "ALTER TABLE audit_entry RENAME TO away");
    CompletableFuture<Void> waits = record(trail, entry("ada", "PUT /a")).toCompletableFuture();
    await().until(() -> !waits.isDone() && trail.waiting() == 1);
    execute(readModels.forQueries(), "ALTER TABLE away RENAME TO audit_entry");

    join(waits);
    assertThat(trail.waiting()).isZero();
    assertWhole(1);
  }

  @Test
  void shouldSeeThatABatchOfUnknownOutcomeStands() throws SQLException {
    join(record(trail, entry("ada", "PUT /a")));
    // The commit of the next one reaches the database, its answer doesn't reach the node.
    LosingAnswers losing = new LosingAnswers(readModels.forAudit());
    try (JdbcAuditTrail unlucky =
        new JdbcAuditTrail(losing.source(), now::get, SETTINGS, Runnable::run)) {
      losing.loseNextCommit();
      join(record(unlucky, entry("bob", "PUT /a")));
      assertThat(losing.lost()).isTrue();
    }

    assertThat(list(ALL))
        .extracting(link -> link.entry().who().subject())
        .containsExactly("ada", "bob");
    assertWhole(2);
  }

  @Test
  void shouldRefuseAChangeWhenNoPlaceComesFree() {
    AuditSettings small = new AuditSettings(true, 1, Duration.ofMillis(50), RETENTION);
    try (JdbcAuditTrail full =
        new JdbcAuditTrail(readModels.forAudit(), now::get, small, Runnable::run)) {
      AuditTrail.Place place = join(full.reserve());

      assertThatThrownBy(() -> join(full.reserve()))
          .hasCauseInstanceOf(AuditTrail.FullException.class);
      place.release();
      AuditTrail.Place next = join(full.reserve());
      join(next.record(entry("ada", "PUT /a")));
      assertThatThrownBy(next::release).isInstanceOf(IllegalStateException.class);
      join(full.reserve()).release();
      assertThat(full.waiting()).isZero();
    }
  }

  @Test
  void shouldGiveAPlaceToWhoeverWaitsForIt() {
    AuditSettings small = new AuditSettings(true, 1, Duration.ofSeconds(10), RETENTION);
    try (JdbcAuditTrail full =
        new JdbcAuditTrail(readModels.forAudit(), now::get, small, Runnable::run)) {
      AuditTrail.Place place = join(full.reserve());
      CompletableFuture<AuditTrail.Place> waits = full.reserve().toCompletableFuture();
      assertThat(waits).isNotDone();
      place.release();

      join(waits).release();
      assertThat(full.waiting()).isZero();
    }
  }

  @Test
  void shouldKeepItsWriterForWritingWhereOthersWaitedForAPlace() {
    AuditSettings small = new AuditSettings(true, 1, Duration.ofSeconds(10), RETENTION);
    ExecutorService others =
        Executors.newSingleThreadExecutor(task -> new Thread(task, "who-waited"));
    try (JdbcAuditTrail full = new JdbcAuditTrail(readModels.forAudit(), now::get, small, others)) {
      AuditTrail.Place place = join(full.reserve());
      CompletionStage<String> goesOn =
          full.reserve()
              .thenApply(
                  next -> {
                    next.release();
                    return Thread.currentThread().getName();
                  });
      join(place.record(entry("ada", "PUT /a")));

      assertThat(join(goesOn)).isEqualTo("who-waited");
    } finally {
      others.shutdown();
    }
  }

  @Test
  void shouldGoOnWritingAfterAnError() {
    AtomicBoolean broken = new AtomicBoolean(true);
    DataSource source =
        (DataSource)
            Proxy.newProxyInstance(
                DataSource.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                  if (broken.getAndSet(false)) {
                    throw new StackOverflowError("a test");
                  }
                  return method.invoke(readModels.forAudit(), arguments);
                });
    try (JdbcAuditTrail unlucky = new JdbcAuditTrail(source, now::get, SETTINGS, Runnable::run)) {
      join(record(unlucky, entry("ada", "PUT /a")));

      assertThat(broken).isFalse();
      assertThat(unlucky.isWriting()).isTrue();
    }
    assertWhole(1);
  }

  @Test
  void shouldTellThatNobodyWritesAnyMore() {
    assertThat(trail.isWriting()).isTrue();
    trail.close();

    assertThat(trail.isWriting()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit_entry SET actor = 'eve' WHERE number = 1",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "UPDATE audit_head SET number = 0",
      })
  void shouldRefuseToChangeWhatIsWritten(String statement) {
    join(record(trail, entry("ada", "PUT /a")));

    assertThatThrownBy(() -> run(statement))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("The audit is append-only");
    assertWhole(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit_entry SET actor = 'eve' WHERE number = 4|4",
        "UPDATE audit_entry SET path = path || chr(10) WHERE number = 4|4",
        "UPDATE audit_entry SET role = NULL WHERE number = 4|4",
        "UPDATE audit_entry SET at = at - interval '1 hour' WHERE number = 4|4",
        "UPDATE audit_entry SET status = 500 WHERE number = 4|4",
        "UPDATE audit_entry SET hash = sha256('x') WHERE number = 4|4",
        "DELETE FROM audit_entry WHERE number = 4|4",
        "DELETE FROM audit_entry WHERE number = 1|1",
        "DELETE FROM audit_entry WHERE number >= 9|9",
        "DELETE FROM audit_entry|1",
        "DELETE FROM audit_head|1",
        "DELETE FROM audit_entry;DELETE FROM audit_head|1",
        "UPDATE audit_entry SET number = CASE number WHEN 4 THEN -5 ELSE -4 END WHERE number IN (4,"
            + " 5);UPDATE audit_entry SET number = -number WHERE number < 0|4",
        "INSERT INTO audit_entry SELECT 11, at, kind, actor, role, action, path, type, address,"
            + " status, code, correlation_id, hash FROM audit_entry WHERE number = 10|11",
        "DELETE FROM audit_entry WHERE number <= 3;UPDATE audit_head SET cut_number = 3, cut_hash ="
            + " (SELECT sha256('x'))|4",
      })
  void shouldFindWhatWasTamperedWith(String tampering) throws SQLException {
    for (int i = 0; i < 10; i++) {
      join(record(trail, entry("user" + i, "PUT /a")));
    }
    int bar = tampering.lastIndexOf('|');
    run("SET session_replication_role = replica;" + tampering.substring(0, bar));

    Verdict verdict = AuditVerification.verify(readModels.forQueries());
    assertThat(verdict).isInstanceOf(Verdict.Broken.class);
    assertThat(((Verdict.Broken) verdict).number())
        .isEqualTo(Long.parseLong(tampering.substring(bar + 1)));
  }

  @Test
  void shouldFindAnotherChainByAHashThatWasNoted() throws SQLException {
    for (int i = 0; i < 3; i++) {
      join(record(trail, entry("user" + i, "PUT /a")));
    }
    Verdict.Whole whole = (Verdict.Whole) AuditVerification.verify(readModels.forQueries());
    Optional<Noted> noted = Optional.of(new Noted(3, whole.head().hash()));

    assertThat(AuditVerification.verify(readModels.forQueries(), noted)).isEqualTo(whole);
    assertThat(
            AuditVerification.verify(
                readModels.forQueries(), Optional.of(new Noted(2, whole.head().hash()))))
        .isInstanceOf(Verdict.Broken.class);
    run(
        "SET session_replication_role = replica;DELETE FROM audit_entry;"
            + "DELETE FROM audit_head;INSERT INTO audit_head DEFAULT VALUES");
    assertThat(AuditVerification.verify(readModels.forQueries())).isInstanceOf(Verdict.Whole.class);
    assertThat(AuditVerification.verify(readModels.forQueries(), noted))
        .isInstanceOf(Verdict.Broken.class);
  }

  @Test
  void shouldFindABeginningCutOffWithoutAWord() throws SQLException {
    for (int i = 0; i < 5; i++) {
      join(record(trail, entry("user" + i, "PUT /a")));
    }
    run(
        "SET session_replication_role = replica;"
            + "UPDATE audit_head SET cut_number = 2, cut_hash ="
            + " (SELECT hash FROM audit_entry WHERE number = 2);"
            + "DELETE FROM audit_entry WHERE number <= 2");

    assertThat(AuditVerification.verify(readModels.forQueries()))
        .isInstanceOf(Verdict.Broken.class);
  }

  @Test
  void shouldCutOffWhatIsTooOldAndStayWhole() throws SQLException {
    for (int day = 0; day < 10; day++) {
      now.set(START.plus(Duration.ofDays(day)));
      join(record(trail, entry("user" + day, "PUT /a")));
    }
    now.set(START.plus(RETENTION).plus(Duration.ofDays(4)));
    AuditRetention retention = new AuditRetention(readModels.forAudit(), now::get, RETENTION);

    assertThat(retention.cut()).isEqualTo(4);
    assertThat(numbers(ALL)).containsExactly(5L, 6L, 7L, 8L, 9L, 10L, 11L);
    assertThat(list(ALL).get(6).entry().path()).startsWith("4 ");
    assertWhole(7);
    assertThat(retention.cut()).as("nothing more is too old").isZero();

    join(record(trail, entry("later", "PUT /a")));
    now.set(now.get().plus(RETENTION).plus(Duration.ofDays(1)));
    assertThat(retention.cut()).as("all of it is").isEqualTo(8);
    assertThat(numbers(ALL)).containsExactly(13L);
    assertWhole(1);
  }

  @Test
  void shouldCutOffALongPastInPortions() throws SQLException {
    List<CompletionStage<Void>> all = new ArrayList<>();
    AuditSettings large = new AuditSettings(true, 20_000, Duration.ofSeconds(10), RETENTION);
    try (JdbcAuditTrail roomy =
        new JdbcAuditTrail(readModels.forAudit(), now::get, large, Runnable::run)) {
      for (int i = 0; i < 12_000; i++) {
        all.add(record(roomy, entry("u", "PUT /a")));
      }
      all.forEach(TestPostgres::join);
    }
    now.set(START.plus(RETENTION).plusSeconds(1));

    assertThat(new AuditRetention(readModels.forAudit(), now::get, RETENTION).cut())
        .isEqualTo(12_000);
    assertThat(numbers(ALL)).containsExactly(12_001L, 12_002L, 12_003L);
    assertWhole(3);
  }

  @Test
  void shouldLetOthersGoOnWhenASessionStandsStillInTheMiddle() throws SQLException {
    try (Connection stopped = readModels.forAudit().getConnection()) {
      stopped.setAutoCommit(false);
      try (Statement statement = stopped.createStatement()) {
        statement.execute("SELECT number FROM audit_head FOR UPDATE");
        join(record(trail, entry("ada", "PUT /a")));
      }
    } catch (SQLException ended) {
      // Its session was ended: that is what let the others go on.
    }

    assertWhole(1);
  }

  private static CompletionStage<Void> record(AuditTrail trail, AuditEntry entry) {
    return trail.reserve().thenCompose(place -> place.record(entry));
  }

  private static AuditEntry entry(String actor, String action) {
    return new AuditEntry(
        new Who("user", actor, Optional.of("analyst")),
        action,
        "/a",
        Type.CHANGE,
        "127.0.0.1",
        200,
        Optional.empty(),
        "c");
  }

  private AuditQueries queries() {
    return new AuditQueries(new Database(readModels.forQueries(), Runnable::run));
  }

  private List<AuditLink> list(Filter filter) {
    return join(queries().after(0, filter, 1_000));
  }

  private List<Long> numbers(Filter filter) {
    return list(filter).stream().map(AuditLink::number).toList();
  }

  private void run(String statements) throws SQLException {
    try (Connection connection = readModels.forQueries().getConnection()) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        for (String sql : statements.split(";", -1)) {
          statement.execute(sql.replaceFirst("^SET ", "SET LOCAL "));
        }
        connection.commit();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    }
  }

  private void assertWhole(long entries) {
    try {
      Verdict verdict = AuditVerification.verify(readModels.forQueries());
      assertThat(verdict).isInstanceOf(Verdict.Whole.class);
      assertThat(((Verdict.Whole) verdict).entries()).isEqualTo(entries);
      assertThat(rows(readModels, "SELECT count(*) FROM audit_entry"))
          .containsExactly(Long.toString(entries));
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
