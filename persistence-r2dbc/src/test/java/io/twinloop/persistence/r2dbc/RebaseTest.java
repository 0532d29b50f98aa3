package io.twinloop.persistence.r2dbc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/**
 * A journal is copied, as a dump does, into a PostgreSQL that has just been made, and goes on
 * there. The copy uses COPY on all tables, as the binaries the tests run on have no pg_dump.
 */
class RebaseTest {

  private static final String OFFSETS = "pekko_projection_offset_store";
  private static final List<String> TABLES = List.of("event_journal", "snapshot", OFFSETS);

  private static TestPostgres oldServer;
  private static TestPostgres newServer;

  private PostgresSettings before;
  private PostgresSettings after;

  @BeforeAll
  static void start() {
    oldServer = TestPostgres.ownServer();
    newServer = TestPostgres.ownServer();
  }

  @AfterAll
  static void stop() {
    oldServer.close();
    newServer.close();
  }

  @BeforeEach
  void makeDatabases() {
    before = oldServer.newDatabase();
    after = newServer.newDatabase();
    createOffsetTable(before);
    createOffsetTable(after);
    useUpTransactionIds();
  }

  @Test
  void shouldAcceptAJournalInItsOwnDatabase() throws Exception {
    RestoreCheck.verify(before);
    write(before, "a", 1, 3);
    RestoreCheck.verify(before);
  }

  @Test
  void shouldRefuseARestoredJournalAndNameTheCommand() throws Exception {
    write(before, "a", 1, 3);
    dumpAndRestore();

    assertThatThrownBy(() -> RestoreCheck.verify(after))
        .isInstanceOf(RestoreCheck.RestoredJournalException.class)
        .hasMessageContaining("restored from a dump")
        .hasMessageContaining("'./twinloop rebase'");
  }

  @Test
  void shouldNotWriteToARestoredJournalEvenWhenNobodyChecked() throws Exception {
    write(before, "a", 1, 3);
    dumpAndRestore();
    ActorSystem system = TestPostgres.system(after);

    assertThatThrownBy(
            () ->
                PostgresPersistence.get(system)
                    .groupCommit()
                    .write(TestEvents.id("a"), TestEvents.events("a", 4, 4))
                    .get(10, SECONDS))
        .hasMessageContaining("'./twinloop rebase'");
    TestPostgres.stop(system);
  }

  @Test
  void shouldGoOnReadingAfterARebaseWithoutLossOrDouble() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 1; i <= 40; i++) {
      write(before, "e" + random.nextInt(5), i);
    }
    List<EventEnvelope<String>> history = current(before, Offset.noOffset());
    for (int i = 0; i < history.size(); i++) {
      storeOffset("projection", "upto" + i, history.get(i).offset().toString());
    }
    storeOffset("projection", "start", "0:0");
    String foreign =
        "INSERT INTO %s VALUES ('other', 'k', '17', 'LNG', false, 0)".formatted(OFFSETS);
    TestPostgres.execute(before, foreign);
    dumpAndRestore();

    Rebase.Result result = Rebase.run(after, OFFSETS);

    assertThat(result).isEqualTo(new Rebase.Result(40, 41));
    RestoreCheck.verify(after);
    write(after, "new", 1, 3);
    List<String> all = new ArrayList<>(texts(history));
    all.addAll(List.of("new-1", "new-2", "new-3"));
    assertThat(texts(current(after, Offset.noOffset()))).as("seed %d", seed).isEqualTo(all);
    assertThat(texts(current(after, offset("start")))).isEqualTo(all);
    for (int i = 0; i < history.size(); i++) {
      assertThat(texts(current(after, offset("upto" + i))))
          .as("after event %d, seed %d", i, seed)
          .isEqualTo(all.subList(i + 1, all.size()));
    }
    assertThat(
            TestPostgres.value(
                after, "SELECT current_offset FROM %s WHERE manifest = 'LNG'".formatted(OFFSETS)))
        .isEqualTo("17");
  }

  @Test
  void shouldRebaseAgainAfterAnotherRestore() throws Exception {
    write(before, "a", 1, 3);
    dumpAndRestore();
    Rebase.run(after, OFFSETS);
    write(after, "b", 1, 3);
    List<EventEnvelope<String>> history = current(after, Offset.noOffset());

    Rebase.run(after, OFFSETS);
    write(after, "c", 1, 3);

    assertThat(texts(current(after, Offset.noOffset())))
        .startsWith(texts(history).toArray(String[]::new))
        .endsWith("c-1", "c-2", "c-3")
        .hasSize(9);
  }

  @Test
  void shouldRebaseAnEmptyJournalWithoutProjections() throws Exception {
    TestPostgres.execute(after, "DROP TABLE " + OFFSETS);

    assertThat(Rebase.run(after, OFFSETS)).isEqualTo(new Rebase.Result(0, 0));
    write(after, "a", 1, 3);
    assertThat(current(after, Offset.noOffset())).hasSize(3);
  }

  @Test
  void shouldChangeNothingWhenAnOffsetCannotBeRead() throws Exception {
    write(before, "a", 1, 3);
    storeOffset("projection", "broken", "not an offset");
    dumpAndRestore();
    List<String> rows = TestPostgres.rows(after, "SELECT db_xid, ordinal FROM event_journal");

    assertThatThrownBy(() -> Rebase.run(after, OFFSETS)).hasMessageContaining("'not an offset'");

    assertThat(TestPostgres.rows(after, "SELECT db_xid, ordinal FROM event_journal"))
        .isEqualTo(rows);
  }

  /** So that the old PostgreSQL is far ahead of a new one. */
  private void useUpTransactionIds() {
    TestPostgres.execute(
        before,
        "SET synchronous_commit = off",
        """
        DO $$ BEGIN
          FOR i IN 1..5000 LOOP
            PERFORM pg_current_xact_id();
            COMMIT;
          END LOOP;
        END $$
        """);
  }

  private static void createOffsetTable(PostgresSettings settings) {
    TestPostgres.execute(
        settings,
        """
        CREATE TABLE %s (
          projection_name varchar(255) NOT NULL, projection_key varchar(255) NOT NULL,
          current_offset varchar(255) NOT NULL, manifest varchar(4) NOT NULL,
          mergeable boolean NOT NULL, last_updated bigint NOT NULL,
          PRIMARY KEY (projection_name, projection_key))
        """
            .formatted(OFFSETS));
  }

  private void storeOffset(String projection, String key, String offset) {
    TestPostgres.execute(
        before,
        "INSERT INTO %s VALUES ('%s', '%s', '%s', '91:x', false, 0)"
            .formatted(
                OFFSETS,
                projection,
                key,
                Base64.getEncoder().encodeToString(offset.getBytes(StandardCharsets.UTF_8))));
  }

  private Offset offset(String key) {
    String stored =
        TestPostgres.value(
            after,
            "SELECT current_offset FROM %s WHERE projection_key = '%s'".formatted(OFFSETS, key));
    return JournalOffset.parse(
        new String(Base64.getDecoder().decode(stored), StandardCharsets.UTF_8));
  }

  private void dumpAndRestore() throws Exception {
    try (Connection from = TestPostgres.connect(before);
        Connection to = TestPostgres.connect(after)) {
      for (String table : TABLES) {
        ByteArrayOutputStream dump = new ByteArrayOutputStream();
        from.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY " + table + " TO STDOUT", dump);
        to.unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("COPY " + table + " FROM STDIN", new ByteArrayInputStream(dump.toByteArray()));
      }
    }
  }

  private static void write(PostgresSettings settings, String entity, long from, long to)
      throws Exception {
    withSystem(
        settings,
        system ->
            PostgresPersistence.get(system)
                .groupCommit()
                .write(TestEvents.id(entity), TestEvents.events(entity, from, to))
                .get(10, SECONDS));
  }

  /** As a transaction of its own, without the cost of an actor system. */
  private static void write(PostgresSettings settings, String entity, long seqNr) {
    TestPostgres.execute(
        settings,
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp,
          event_ser_id, event_ser_manifest, event_payload, writer)
        VALUES (1, 'Thing', 'Thing|%1$s', %2$d, now(), 20, '', '%1$s-%2$d', 'w')
        """
            .formatted(entity, seqNr));
  }

  private static List<EventEnvelope<String>> current(PostgresSettings settings, Offset offset)
      throws Exception {
    return withSystem(
        settings,
        system ->
            PersistenceQuery.get(system)
                .getReadJournalFor(PostgresReadJournal.class, PostgresReadJournal.IDENTIFIER)
                .<String>currentEventsBySlices("Thing", 0, 1023, offset)
                .runWith(Sink.seq(), system)
                .toCompletableFuture()
                .get(10, SECONDS));
  }

  private static List<String> texts(List<EventEnvelope<String>> events) {
    return events.stream().map(EventEnvelope::event).toList();
  }

  @FunctionalInterface
  private interface Work<T> {
    T on(ActorSystem system) throws Exception;
  }

  private static <T> T withSystem(PostgresSettings settings, Work<T> work) throws Exception {
    ActorSystem system = TestPostgres.system(settings);
    try {
      return work.on(system);
    } finally {
      TestPostgres.stop(system);
    }
  }
}
