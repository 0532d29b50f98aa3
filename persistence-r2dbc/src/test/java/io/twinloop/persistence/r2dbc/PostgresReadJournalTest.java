package io.twinloop.persistence.r2dbc;

import static io.twinloop.persistence.r2dbc.TestEvents.event;
import static io.twinloop.persistence.r2dbc.TestEvents.events;
import static io.twinloop.persistence.r2dbc.TestEvents.id;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.testkit.TestSubscriber;
import org.apache.pekko.stream.testkit.javadsl.TestSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.concurrent.duration.FiniteDuration;

/** Queries: every event once, in order, from any offset, however late its transaction commits. */
class PostgresReadJournalTest {

  private static final Offset START = Offset.noOffset();
  private static final FiniteDuration QUIET = FiniteDuration.apply(150, "ms");

  private PostgresSettings settings;
  private ActorSystem system;
  private GroupCommit groupCommit;
  private PostgresReadJournal queries;

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
    groupCommit = PostgresPersistence.get(system).groupCommit();
    queries =
        PersistenceQuery.get(system)
            .getReadJournalFor(PostgresReadJournal.class, PostgresReadJournal.IDENTIFIER);
  }

  private void restartWith(String config) {
    stop();
    startWith(config);
  }

  @Test
  void shouldGiveCurrentEventsInTheOrderTheyWereStored() throws Exception {
    restartWith("twinloop.persistence.query.page-rows = 3");
    List<String> written = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      for (String entity : List.of("a", "b")) {
        write(event(entity, i));
        written.add(entity + "-" + i);
      }
    }

    assertThat(texts(current(START))).isEqualTo(written);
  }

  @Test
  void shouldGiveEnvelopesWithAllThatIsKnown() throws Exception {
    Instant before = Instant.now().minusSeconds(1);
    write(event("a", 1));

    EventEnvelope<String> envelope = current(START).get(0);

    assertThat(envelope.persistenceId()).isEqualTo("Thing|a");
    assertThat(envelope.entityType()).isEqualTo("Thing");
    assertThat(envelope.sequenceNr()).isEqualTo(1);
    assertThat(envelope.slice()).isEqualTo(event("a", 1).slice());
    assertThat(envelope.event()).isEqualTo("a-1");
    assertThat(envelope.offset()).isInstanceOf(JournalOffset.class);
    assertThat(Instant.ofEpochMilli(envelope.timestamp())).isBetween(before, Instant.now());
  }

  @Test
  void shouldGoOnAfterAnyOffset() throws Exception {
    restartWith("twinloop.persistence.query.page-rows = 2");
    write(events("a", 1, 3).toArray(EventRow[]::new));
    write(events("b", 1, 4).toArray(EventRow[]::new));
    List<EventEnvelope<String>> all = current(START);

    for (int i = 0; i < all.size(); i++) {
      assertThat(texts(current(all.get(i).offset())))
          .isEqualTo(texts(all.subList(i + 1, all.size())));
    }
  }

  @Test
  void shouldGiveOnlyTheSlicesAndEntityTypeAskedFor() throws Exception {
    for (int i = 0; i < 50; i++) {
      write(event("e" + i, 1));
    }
    Set<String> seen = new HashSet<>();
    for (Pair<Integer, Integer> range : queries.sliceRanges(4)) {
      List<EventEnvelope<String>> part = current("Thing", range.first(), range.second(), START);
      assertThat(part)
          .allSatisfy(e -> assertThat(e.slice()).isBetween(range.first(), range.second()));
      part.forEach(e -> assertThat(seen.add(e.event())).isTrue());
    }

    assertThat(seen).hasSize(50);
    assertThat(current("Thin", 0, 1023, START)).isEmpty();
  }

  @Test
  void shouldLeaveOutDeletedEvents() throws Exception {
    write(events("a", 1, 3).toArray(EventRow[]::new));
    new JournalDriver(system, "writer").delete(id("a"), 2);
    assertThat(texts(current(START))).containsExactly("a-3");

    new JournalDriver(system, "writer").delete(id("a"), 3);
    assertThat(current(START)).isEmpty();
  }

  @Test
  void shouldGiveLiveEventsAsTheyAreStored() throws Exception {
    write(event("a", 1));
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(100);
    assertThat(live.expectNext().event()).isEqualTo("a-1");

    for (int i = 2; i <= 20; i++) {
      live.expectNoMessage(FiniteDuration.apply(1 + i, "ms"));
      write(event("a", i));
      assertThat(live.expectNext().event()).isEqualTo("a-" + i);
    }
    live.cancel();
  }

  @Test
  void shouldGiveLiveEventsFromAnyOffset() throws Exception {
    write(events("a", 1, 4).toArray(EventRow[]::new));
    Offset second = current(START).get(1).offset();

    TestSubscriber.Probe<EventEnvelope<String>> live = live(second);
    live.request(100);

    assertThat(live.expectNext().event()).isEqualTo("a-3");
    assertThat(live.expectNext().event()).isEqualTo("a-4");
    write(event("b", 1));
    assertThat(live.expectNext().event()).isEqualTo("b-1");
    live.cancel();
  }

  @Test
  void shouldFindEventsThatAnotherNodeStored() throws Exception {
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(100);
    live.expectNoMessage(QUIET);
    try (Connection other = TestPostgres.connect(settings)) {
      insert(other, event("a", 1));
    }

    assertThat(live.expectNext().event()).isEqualTo("a-1");
    live.cancel();
  }

  @Test
  void shouldGiveNoMoreThanWasAskedFor() throws Exception {
    write(events("a", 1, 10).toArray(EventRow[]::new));
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);

    live.request(3);

    live.expectNextN(3);
    live.expectNoMessage(QUIET);
    live.request(1);
    assertThat(live.expectNext().event()).isEqualTo("a-4");
    live.cancel();
  }

  @Test
  void shouldNeverSkipATransactionThatCommitsLate() throws Exception {
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(100);
    try (Connection late = TestPostgres.connect(settings)) {
      late.setAutoCommit(false);
      insert(late, event("late", 1));
      write(event("early", 1));

      // The later transaction has committed, but what the earlier one will bring comes first.
      live.expectNoMessage(QUIET);
      late.commit();
    }

    assertThat(live.expectNext().event()).isEqualTo("late-1");
    assertThat(live.expectNext().event()).isEqualTo("early-1");
    live.cancel();
  }

  @Test
  void shouldGoOnWhenALateTransactionRollsBack() throws Exception {
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(100);
    try (Connection late = TestPostgres.connect(settings)) {
      late.setAutoCommit(false);
      insert(late, event("late", 1));
      write(event("early", 1));
      live.expectNoMessage(QUIET);
      late.rollback();
    }

    assertThat(live.expectNext().event()).isEqualTo("early-1");
    live.cancel();
  }

  @Test
  void shouldSkipAndDoubleNothingWhenManyTransactionsOverlap() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int transactions = 300;
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(Long.MAX_VALUE);
    List<Connection> open = new ArrayList<>();
    Set<String> expected = new HashSet<>();
    for (int i = 0; i < transactions; i++) {
      if (open.size() == 8) {
        close(open.remove(random.nextInt(open.size())));
      }
      Connection connection = TestPostgres.connect(settings);
      connection.setAutoCommit(false);
      insert(connection, event("t" + i, 1));
      open.add(connection);
      write(event("g" + i, 1));
      expected.add("t" + i + "-1");
      expected.add("g" + i + "-1");
    }
    for (Connection connection : open) {
      close(connection);
    }

    List<JournalOffset> offsets = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < expected.size(); i++) {
      EventEnvelope<String> next = live.expectNext(FiniteDuration.apply(5, "s"));
      assertThat(seen.add(next.event())).as("twice, seed %d", seed).isTrue();
      offsets.add(JournalOffset.of(next.offset()));
    }
    assertThat(seen).as("seed %d", seed).isEqualTo(expected);
    assertThat(offsets).as("seed %d", seed).isSorted();
    live.cancel();
  }

  @Test
  void shouldWaitWithCurrentEventsForOlderTransactions() throws Exception {
    try (Connection late = TestPostgres.connect(settings)) {
      late.setAutoCommit(false);
      insert(late, event("late", 1));
      write(event("early", 1));
      var events =
          queries
              .<String>currentEventsBySlices("Thing", 0, 1023, START)
              .map(EventEnvelope::event)
              .runWith(Sink.seq(), system)
              .toCompletableFuture();
      TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
      live.request(1);
      live.expectNoMessage(QUIET);
      assertThat(events).isNotDone();
      late.commit();
      assertThat(events.get(5, SECONDS)).containsExactly("late-1", "early-1");
      live.cancel();
    }
  }

  @Test
  void shouldSayWhyCurrentEventsCannotBeGiven() throws Exception {
    restartWith("twinloop.persistence.query.current-wait = 100ms");
    try (Connection late = TestPostgres.connect(settings)) {
      late.setAutoCommit(false);
      insert(late, event("late", 1));
      write(event("early", 1));

      assertThatThrownBy(() -> current(START))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("is still open after 100 ms");
    }
  }

  @Test
  void shouldEndAPageAtItsBytes() throws Exception {
    restartWith("twinloop.persistence.query.page-bytes = 1000");
    List<String> written = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      String text = "x".repeat(i * 100) + i;
      write(event("a", i, text));
      written.add(text);
    }

    JournalReads reads = PostgresPersistence.get(system).reads();
    List<StoredEvent> page =
        reads
            .pageOfSlices("Thing", 0, 1023, JournalOffset.START, JournalReads.NO_BOUND)
            .get(5, SECONDS);

    assertThat(page).hasSize(4);
    assertThat(texts(current(START))).isEqualTo(written);
    assertThat(byPersistenceId("a", 1, Long.MAX_VALUE)).isEqualTo(written);
  }

  @Test
  void shouldGiveCurrentEventsOfOnePersistenceId() throws Exception {
    restartWith("twinloop.persistence.query.page-rows = 2");
    write(events("a", 1, 5).toArray(EventRow[]::new));
    write(event("b", 1));

    assertThat(byPersistenceId("a", 0, Long.MAX_VALUE))
        .containsExactly("a-1", "a-2", "a-3", "a-4", "a-5");
    assertThat(byPersistenceId("a", 2, 3)).containsExactly("a-2", "a-3");
    assertThat(byPersistenceId("a", 6, Long.MAX_VALUE)).isEmpty();
    assertThat(byPersistenceId("c", 0, Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void shouldGiveLiveEventsOfOnePersistenceIdUpToTheLast() throws Exception {
    write(event("a", 1));
    TestSubscriber.Probe<String> live =
        probe(queries.eventsByPersistenceId(id("a"), 1, 3).map(e -> (String) e.event()));
    live.request(100);
    assertThat(live.expectNext()).isEqualTo("a-1");
    live.expectNoMessage(QUIET);

    write(event("b", 1));
    write(event("a", 2));
    assertThat(live.expectNext()).isEqualTo("a-2");
    write(event("a", 3));
    assertThat(live.expectNext()).isEqualTo("a-3");

    live.expectComplete();
  }

  @Test
  void shouldGiveAllPersistenceIdsInPages() throws Exception {
    restartWith("twinloop.persistence.query.page-rows = 2");
    for (String entity : List.of("c", "a", "e", "b", "d")) {
      write(event(entity, 1), event(entity, 2));
    }

    assertThat(run(queries.currentPersistenceIds()))
        .containsExactly("Thing|a", "Thing|b", "Thing|c", "Thing|d", "Thing|e");
    assertThat(run(queries.currentPersistenceIds(Optional.of("Thing|b"), 2)))
        .containsExactly("Thing|c", "Thing|d");
  }

  @Test
  void shouldGiveTheTimeOfAnEvent() throws Exception {
    write(event("a", 1));
    Optional<Instant> time = queries.timestampOf(id("a"), 1).toCompletableFuture().get(5, SECONDS);

    assertThat(time.orElseThrow().toEpochMilli()).isEqualTo(current(START).get(0).timestamp());
    assertThat(queries.timestampOf(id("a"), 2).toCompletableFuture().get(5, SECONDS)).isEmpty();
  }

  @Test
  void shouldLoadOneEvent() throws Exception {
    write(event("a", 1), event("a", 2));

    EventEnvelope<String> loaded =
        queries.<String>loadEnvelope(id("a"), 2).toCompletableFuture().get(5, SECONDS);

    assertThat(loaded).isEqualTo(current(START).get(1));
    assertThatThrownBy(() -> queries.loadEnvelope(id("a"), 3).toCompletableFuture().get(5, SECONDS))
        .hasCauseInstanceOf(NoSuchElementException.class)
        .hasMessageContaining("There is no event 3 of 'Thing|a'.");
  }

  @Test
  void shouldServeTheScalaInterfacesToo() throws Exception {
    write(event("a", 1));
    PostgresScalaReadJournal scala =
        PersistenceQuery.get(system).readJournalFor(PostgresReadJournal.IDENTIFIER);

    assertThat(run(scala.<String>currentEventsBySlices("Thing", 0, 1023, START).asJava()))
        .isEqualTo(current(START));
    assertThat(scala.sliceRanges(4).apply(3).head()).isEqualTo(768);
    assertThat(scala.sliceRanges(4).apply(3).last()).isEqualTo(1023);
  }

  @Test
  void shouldShowEventsWithinMillisecondsWhenTheWriterSignals() throws Exception {
    restartWith("twinloop.persistence.query { poll-interval = 30s, idle-poll-interval = 60s }");
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(1000);
    live.expectNoMessage(QUIET);

    // With polls this rare only the signal, and the retries after it, can bring these in time.
    for (int i = 1; i <= 200; i++) {
      write(event("a", i));
      assertThat(live.expectNext(FiniteDuration.apply(5, "s")).event()).isEqualTo("a-" + i);
    }
    live.cancel();
  }

  @Test
  void shouldShowWhatOtherNodesWriteAlthoughNobodySignals() throws Exception {
    restartWith("twinloop.persistence.query { poll-interval = 20ms, idle-poll-interval = 60s }");
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(1000);
    live.expectNoMessage(QUIET);

    for (int i = 1; i <= 20; i++) {
      try (Connection connection = TestPostgres.connect(settings)) {
        insert(connection, event("a", i));
      }
      assertThat(live.expectNext(FiniteDuration.apply(10, "s")).event()).isEqualTo("a-" + i);
    }
    live.cancel();
  }

  @Test
  void shouldSkipNoEventThatCommitsAfterOneThatWasWrittenLater() throws Exception {
    restartWith("twinloop.persistence.query { poll-interval = 20ms, idle-poll-interval = 60s }");
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(1000);
    Connection late = TestPostgres.connect(settings);
    late.setAutoCommit(false);
    insert(late, event("late", 1));

    write(event("early", 1));
    live.expectNoMessage(FiniteDuration.apply(500, "ms"));
    close(late);

    assertThat(live.expectNext(FiniteDuration.apply(10, "s")).event()).isEqualTo("late-1");
    assertThat(live.expectNext(FiniteDuration.apply(10, "s")).event()).isEqualTo("early-1");
    live.cancel();
  }

  @Test
  void shouldReadOnceForReadersOfTheSameSlices() throws Exception {
    for (int i = 1; i <= 200; i++) {
      write(event("a", i));
    }
    TestSubscriber.Probe<EventEnvelope<String>> first = live(START);
    TestSubscriber.Probe<EventEnvelope<String>> second = live(START);
    first.request(1000);
    EventEnvelope<String> third = null;
    for (int i = 1; i <= 200; i++) {
      EventEnvelope<String> next = first.expectNext(FiniteDuration.apply(10, "s"));
      third = i == 3 ? next : third;
    }
    second.request(1000);
    second.expectNext(FiniteDuration.apply(10, "s"));
    second.expectNext(FiniteDuration.apply(10, "s"));

    assertThat(second.expectNext(FiniteDuration.apply(10, "s")))
        .as("the very same object: it was deserialised once")
        .isSameAs(third);
    first.cancel();
    second.cancel();
  }

  @Test
  void shouldGiveReadersOfTheSameSlicesAllEventsWhateverTheirPace() throws Exception {
    restartWith("twinloop.persistence.query { page-rows = 7, gather = 1ms }");
    List<TestSubscriber.Probe<EventEnvelope<String>>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      readers.add(live(START));
    }
    List<String> written = new ArrayList<>();
    List<List<String>> seen = new ArrayList<>();
    readers.forEach(reader -> seen.add(new ArrayList<>()));
    for (int i = 1; i <= 300; i++) {
      write(event("a", i));
      written.add("a-" + i);
      for (int reader = 0; reader < readers.size(); reader++) {
        if (i % (reader + 1) == 0) {
          readers.get(reader).request(1);
          seen.get(reader)
              .add(readers.get(reader).expectNext(FiniteDuration.apply(10, "s")).event());
        }
      }
    }
    for (int reader = 0; reader < readers.size(); reader++) {
      readers.get(reader).request(1000);
      while (seen.get(reader).size() < written.size()) {
        seen.get(reader).add(readers.get(reader).expectNext(FiniteDuration.apply(10, "s")).event());
      }
      assertThat(seen.get(reader)).as("reader %d", reader).isEqualTo(written);
      readers.get(reader).cancel();
    }
  }

  @Test
  void shouldGoOnPastAnEventThatCannotBeReadAndSayWhy() throws Exception {
    write(event("a", 1));
    EventRow good = event("a", 2);
    Payload unknown = new Payload(987_654, "", good.event().bytes());
    write(
        new EventRow(
            good.slice(),
            good.entityType(),
            good.persistenceId(),
            2,
            unknown,
            good.writer(),
            "",
            List.of(),
            null));
    write(event("a", 3));
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(1000);

    assertThat(live.expectNext(FiniteDuration.apply(10, "s")).event()).isEqualTo("a-1");
    EventEnvelope<String> gap = live.expectNext(FiniteDuration.apply(10, "s"));
    assertThat(gap.getOptionalEvent()).isEmpty();
    assertThat(gap.sequenceNr()).isEqualTo(2);
    assertThat(gap.getEventMetaData())
        .hasValueSatisfying(
            why -> assertThat(why).isInstanceOf(Throwable.class).asString().contains("987654"));
    assertThat(live.expectNext(FiniteDuration.apply(10, "s")).event()).isEqualTo("a-3");
    live.cancel();
    assertThat(failureOf(queries.currentEventsBySlices("Thing", 0, 1023, START)))
        .as("whoever asks for what is there now gets no gap unasked")
        .isNotNull();
  }

  private Throwable failureOf(Source<?, ?> source) {
    return org.assertj.core.api.Assertions.catchThrowable(() -> run(source));
  }

  @Test
  void shouldFailAQueryWhenPostgresRefusesIt() {
    TestPostgres.execute(settings, "ALTER TABLE event_journal RENAME COLUMN ordinal TO hidden");
    TestSubscriber.Probe<EventEnvelope<String>> live = live(START);
    live.request(1);

    assertThat(live.expectError()).hasMessageContaining("ordinal");
  }

  private void write(EventRow... rows) throws Exception {
    groupCommit.write(rows[0].persistenceId(), List.of(rows)).get(10, SECONDS);
  }

  private static void insert(Connection connection, EventRow row) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp,
              event_ser_id, event_ser_manifest, event_payload, writer)
            VALUES (?, ?, ?, ?, now(), ?, '', ?, 'another node')
            """)) {
      insert.setInt(1, row.slice());
      insert.setString(2, row.entityType());
      insert.setString(3, row.persistenceId());
      insert.setLong(4, row.seqNr());
      insert.setInt(5, row.event().serializerId());
      insert.setBytes(6, row.event().bytes());
      insert.executeUpdate();
    }
  }

  private static void close(Connection connection) throws SQLException {
    connection.commit();
    connection.close();
  }

  private List<EventEnvelope<String>> current(Offset offset) throws Exception {
    return current("Thing", 0, 1023, offset);
  }

  private List<EventEnvelope<String>> current(
      String entityType, int minSlice, int maxSlice, Offset offset) throws Exception {
    return run(queries.currentEventsBySlices(entityType, minSlice, maxSlice, offset));
  }

  private List<String> byPersistenceId(String entity, long from, long to) throws Exception {
    return run(
        queries.currentEventsByPersistenceId(id(entity), from, to).map(e -> (String) e.event()));
  }

  private <T> List<T> run(Source<T, ?> source) throws Exception {
    return source.runWith(Sink.seq(), system).toCompletableFuture().get(10, SECONDS);
  }

  private TestSubscriber.Probe<EventEnvelope<String>> live(Offset offset) {
    return probe(queries.eventsBySlices("Thing", 0, 1023, offset));
  }

  private <T> TestSubscriber.Probe<T> probe(Source<T, ?> source) {
    return source.completionTimeout(Duration.ofMinutes(1)).runWith(TestSink.create(system), system);
  }

  private static List<String> texts(List<EventEnvelope<String>> events) {
    return events.stream().map(EventEnvelope::event).toList();
  }
}
