package io.twinloop.persistence.r2dbc;

import static io.twinloop.persistence.r2dbc.TestEvents.event;
import static io.twinloop.persistence.r2dbc.TestEvents.events;
import static io.twinloop.persistence.r2dbc.TestEvents.id;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.pekko.actor.ActorSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How writes of many entities go together, and how each fails by itself. */
class GroupCommitTest {

  private PostgresSettings settings;
  private ActorSystem system;
  private PostgresPersistence postgres;
  private GroupCommit groupCommit;

  @BeforeEach
  void start() {
    settings = TestPostgres.database();
    startWith("");
  }

  @AfterEach
  void stop() {
    TestPostgres.stop(system);
  }

  private void startWith(String config) {
    system = TestPostgres.system(settings, config);
    postgres = PostgresPersistence.get(system);
    groupCommit = postgres.groupCommit();
  }

  private void restartWith(String config) {
    stop();
    startWith(config);
  }

  @Test
  void shouldWriteWhatWaitsTogether() throws Exception {
    List<CompletableFuture<Void>> writes;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      writes = writeOneEventEach(300);
      blocker.commit();
    }
    allOf(writes);

    assertThat(postgres.metrics().rows()).isEqualTo(300);
    assertThat(postgres.metrics().flushes()).isLessThanOrEqualTo(3);
    assertThat(count()).isEqualTo(300);
  }

  @Test
  void shouldFailOnlyTheWriteWhoseNumberExists() throws Exception {
    write("e150", events("e150", 1, 1)).get(5, SECONDS);
    List<CompletableFuture<Void>> writes;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      writes = writeOneEventEach(300);
      blocker.commit();
    }

    assertThat(reasonOf(writes.remove(150))).isEqualTo(JournalException.Reason.REFUSED);
    allOf(writes);
    assertThat(count()).isEqualTo(300);
    assertThat(postgres.metrics().failedWrites()).isEqualTo(1);
  }

  @Test
  void shouldFailOnlyTheWriteThatPostgresCannotTake() throws Exception {
    String endless = "x".repeat(300);
    List<CompletableFuture<Void>> writes;
    CompletableFuture<Void> tooLongAnId;
    CompletableFuture<Void> zeroCharacter;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      writes = writeOneEventEach(20);
      tooLongAnId = write(endless, events(endless, 1, 1));
      zeroCharacter = write("zero\0", events("zero\0", 1, 1));
      writes.addAll(writeOneEventEach("late", 20));
      blocker.commit();
    }

    assertThat(reasonOf(tooLongAnId)).isEqualTo(JournalException.Reason.REFUSED);
    assertThat(reasonOf(zeroCharacter)).isEqualTo(JournalException.Reason.REFUSED);
    allOf(writes);
    assertThat(count()).isEqualTo(40);
  }

  @Test
  void shouldWriteNothingWhileThisNodeMayNot() throws Exception {
    postgres.fence(() -> CompletableFuture.failedFuture(new IllegalStateException("cut off")));

    CompletableFuture<Void> refused = write("refused", events("refused", 1, 1));
    assertThat(refused).failsWithin(5, SECONDS).withThrowableOfType(ExecutionException.class);
    assertThat(groupCommit.probe()).succeedsWithin(5, SECONDS);
    assertThat(count()).isZero();

    postgres.fence(() -> CompletableFuture.completedFuture(null));
    write("taken", events("taken", 1, 1)).get(5, SECONDS);
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void shouldNeverDivideOneWriteBetweenFlushes() throws Exception {
    restartWith("twinloop.persistence.journal.flush-rows = 10");
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      for (int i = 0; i < 5; i++) {
        writes.add(write("seven" + i, events("seven" + i, 1, 7)));
      }
      writes.add(write("twenty", events("twenty", 1, 20)));
      blocker.commit();
    }
    allOf(writes);

    assertThat(
            TestPostgres.rows(
                settings,
                "SELECT DISTINCT count(DISTINCT db_xid) FROM event_journal GROUP BY persistence_id"))
        .containsExactly("1");
    assertThat(
            TestPostgres.value(
                settings,
                "SELECT count(*) FROM (SELECT db_xid FROM event_journal GROUP BY db_xid HAVING count(*) > 20)"))
        .isEqualTo("0");
  }

  @Test
  void shouldEndAFlushAtItsBytes() throws Exception {
    restartWith("twinloop.persistence.journal.flush-bytes = 1000");
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      for (int i = 0; i < 10; i++) {
        String entity = "e" + i;
        writes.add(write(entity, List.of(event(entity, 1, "x".repeat(400)))));
      }
      String large = "large";
      writes.add(write(large, List.of(event(large, 1, "x".repeat(4000)))));
      blocker.commit();
    }
    allOf(writes);

    assertThat(
            TestPostgres.value(
                settings,
                """
                SELECT max(bytes) FROM (SELECT sum(octet_length(event_payload)) AS bytes
                FROM event_journal GROUP BY db_xid HAVING count(*) > 1)
                """))
        .isEqualTo("800");
    assertThat(count()).isEqualTo(11);
  }

  @Test
  void shouldRefuseAtOnceWhenTheQueueIsFull() throws Exception {
    restartWith("twinloop.persistence.journal.queue-rows = 10");
    List<CompletableFuture<Void>> accepted = new ArrayList<>();
    CompletableFuture<Void> refused;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      accepted.add(write("in flight", events("in flight", 1, 1)));
      await().until(() -> postgres.metrics().queuedRows() == 0);
      accepted.add(write("waiting", events("waiting", 1, 10)));

      refused = write("one too many", events("one too many", 1, 1));

      assertThat(refused).isCompletedExceptionally();
      assertThat(postgres.metrics().queuedRows()).isEqualTo(10);
      blocker.commit();
    }
    assertThat(reasonOf(refused)).isEqualTo(JournalException.Reason.OVERLOADED);
    allOf(accepted);
    assertThat(count()).isEqualTo(11);
    assertThat(postgres.metrics().refusedForOverload()).isEqualTo(1);
    write("one too many", events("one too many", 1, 1)).get(5, SECONDS);
  }

  @Test
  void shouldRefuseAtOnceWhenTheQueueHoldsTooManyBytes() throws Exception {
    restartWith("twinloop.persistence.journal.queue-bytes = 1000");
    List<CompletableFuture<Void>> accepted = new ArrayList<>();
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      accepted.add(write("in flight", events("in flight", 1, 1)));
      await().until(() -> postgres.metrics().queuedRows() == 0);
      accepted.add(write("waiting", List.of(event("waiting", 1, "x".repeat(900)))));

      CompletableFuture<Void> refused =
          write("too large", List.of(event("too large", 1, "x".repeat(200))));

      assertThat(reasonOf(refused)).isEqualTo(JournalException.Reason.OVERLOADED);
      blocker.commit();
    }
    allOf(accepted);
  }

  @Test
  void shouldSettleWhenTheWriteEndedAndOnlyThen() throws Exception {
    CompletableFuture<Void> slow;
    CompletableFuture<Void> settled;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      slow = write("slow", events("slow", 1, 1));
      settled = groupCommit.settled(id("slow"));

      assertThat(settled).isNotDone();
      assertThat(groupCommit.settled(id("other"))).isCompleted();
      blocker.commit();
    }
    settled.get(5, SECONDS);
    assertThat(slow).isCompleted();
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void shouldFailWithUnknownOutcomeWhenTheConnectionIsLostInAFlush() throws Exception {
    List<CompletableFuture<Void>> lost;
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      lost = writeOneEventEach(50);
      awaitBlockedFlush();
      TestPostgres.execute(
          settings,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      assertThat(reasonOf(lost.get(0))).isEqualTo(JournalException.Reason.UNKNOWN_OUTCOME);
      blocker.commit();
    }
    for (CompletableFuture<Void> write : lost) {
      await().until(write::isDone);
    }
    List<String> acknowledged = new ArrayList<>();
    for (int i = 0; i < lost.size(); i++) {
      if (!lost.get(i).isCompletedExceptionally()) {
        acknowledged.add(id("e" + i));
      }
    }
    // The flush that was cut off left nothing, the one after it everything.
    assertThat(TestPostgres.rows(settings, "SELECT persistence_id FROM event_journal"))
        .containsExactlyInAnyOrderElementsOf(acknowledged);
    write("after", events("after", 1, 1)).get(5, SECONDS);
  }

  @Test
  void shouldGiveUpAFlushThatTakesTooLong() throws Exception {
    restartWith("twinloop.persistence.journal.write-timeout = 200ms");
    try (Connection blocker = TestPostgres.connect(settings)) {
      block(blocker);
      CompletableFuture<Void> slow = write("slow", events("slow", 1, 1));

      assertThat(reasonOf(slow)).isEqualTo(JournalException.Reason.UNKNOWN_OUTCOME);
      blocker.commit();
    }
    write("slow", events("slow", 1, 1)).get(5, SECONDS);
  }

  /** Holds a lock that lets a flush begin but not end, until the connection commits. */
  private static void block(Connection blocker) throws SQLException {
    blocker.setAutoCommit(false);
    try (Statement lock = blocker.createStatement()) {
      lock.execute("LOCK TABLE event_journal IN SHARE MODE");
    }
  }

  private void awaitBlockedFlush() {
    await()
        .until(
            () ->
                !TestPostgres.rows(
                        settings,
                        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
                    .isEmpty());
  }

  private CompletableFuture<Void> write(String entity, List<EventRow> rows) {
    return groupCommit.write(id(entity), rows);
  }

  private List<CompletableFuture<Void>> writeOneEventEach(int entities) {
    return writeOneEventEach("e", entities);
  }

  private List<CompletableFuture<Void>> writeOneEventEach(String prefix, int entities) {
    List<CompletableFuture<Void>> writes = new ArrayList<>();
    for (int i = 0; i < entities; i++) {
      writes.add(write(prefix + i, events(prefix + i, 1, 1)));
    }
    return writes;
  }

  private static void allOf(List<CompletableFuture<Void>> writes) throws Exception {
    CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)).get(10, SECONDS);
  }

  private static JournalException.Reason reasonOf(CompletableFuture<Void> write) throws Exception {
    try {
      write.get(10, SECONDS);
      throw new AssertionError("The write should have failed.");
    } catch (ExecutionException e) {
      return ((JournalException) e.getCause()).reason();
    }
  }

  private long count() {
    return Long.parseLong(TestPostgres.value(settings, "SELECT count(*) FROM event_journal"));
  }
}
