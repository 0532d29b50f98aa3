package io.twinloop.projections;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.twinloop.projections.ProjectionState.EventKey;
import io.twinloop.projections.bus.BusUnavailableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.javadsl.Handler;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.Option;

/** A projection that meets an event it can't take says which, and goes on without it when told. */
class StuckProjectionTest {

  private static final ProjectionId ID = ProjectionId.of("notes", "Note-0-1023");
  private static final EventKey POISON = new EventKey("Note|n", 2);

  private static ReadModels readModels;
  private static ProjectionState state;

  private final TestJournal<String> journal = new TestJournal<>("Note", "n");

  /** Notes in a table that takes whole numbers only. */
  private static final class Notes extends ReadModel<String> {
    @Override
    protected void write(Connection connection, List<EventEnvelope<String>> events)
        throws SQLException {
      for (EventEnvelope<String> event : events) {
        Sql.update(connection, "INSERT INTO note (text) VALUES (?::int::text)", event.event());
      }
    }
  }

  /**
   * A group that fails only as a group: PostgreSQL chose it as the victim of a deadlock, for one.
   */
  private static final class Moody extends ReadModel<String> {
    @Override
    protected void write(Connection connection, List<EventEnvelope<String>> events)
        throws SQLException {
      if (events.size() > 1) {
        throw new SQLException("deadlock detected", "40P01");
      }
      Sql.update(connection, "INSERT INTO note (text) VALUES (?)", events.get(0).event());
    }
  }

  /** Keeps what is published; refuses what the bus would refuse. */
  private static final class Sent extends Handler<List<EventEnvelope<String>>> {
    private final List<String> published = new ArrayList<>();

    @Override
    public CompletionStage<Done> process(List<EventEnvelope<String>> envelopes) {
      for (EventEnvelope<String> envelope : envelopes) {
        if (envelope.event().equals("large")) {
          return CompletableFuture.failedStage(
              new BusUnavailableException(
                  "Kafka", "t", new RecordTooLargeException("too large"), true));
        }
        if (envelope.event().equals("away")) {
          return CompletableFuture.failedStage(
              new BusUnavailableException("Kafka", "t", new TimeoutException("no answer")));
        }
        published.add(envelope.event());
      }
      return CompletableFuture.completedStage(Done.getInstance());
    }
  }

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    state = new ProjectionState(readModels.database());
    TestPostgres.execute(
        readModels.forQueries(),
        "CREATE TABLE note (text TEXT)",
        """
        CREATE TABLE event_journal (entity_type TEXT, slice INT, db_xid xid8, ordinal BIGINT,
          db_timestamp TIMESTAMPTZ, deleted BOOLEAN)
        """);
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
    join(state.register(ID));
  }

  @Test
  void shouldSayWhichEventOfAGroupItCannotTakeAndWriteNoneOfIt() {
    GuardedReadModel<String> model = notesModel();

    assertThatThrownBy(() -> project(model, journal.write("1", "two", "3")))
        .isInstanceOfSatisfying(
            EventFailedException.class, failed -> assertThat(failed.event()).isEqualTo(POISON))
        .hasMessageContaining("Event 2 of Note|n");
    assertThat(notes()).isEmpty();
  }

  @Test
  void shouldGoOnWithoutTheEventOnceToldAndStillFollowIt() throws SQLException {
    GuardedReadModel<String> model = notesModel();
    List<EventEnvelope<String>> group = journal.write("1", "two", "3");
    assertThatThrownBy(() -> project(model, group)).isInstanceOf(EventFailedException.class);
    join(state.failed(ID, "two is no number", Optional.of(POISON)));

    List<ProjectionState.Range> skipped = join(state.skip("notes", null, "ada"));
    project(model, group);

    assertThat(skipped)
        .containsExactly(new ProjectionState.Range(ID.key(), "two is no number", POISON));
    assertThat(notes()).containsExactly("1", "3");
    assertThat(TestPostgres.rows(readModels, "SELECT * FROM read_model_progress"))
        .containsExactly("Note|n|3");
    assertThat(TestPostgres.rows(readModels, "SELECT actor, error FROM projection_skip"))
        .containsExactly("ada|two is no number");
    assertThatThrownBy(() -> project(model, journal.write("four")))
        .as("the next such event")
        .isInstanceOf(EventFailedException.class);
  }

  @Test
  void shouldLeaveOutWhatItWasToldAlsoAfterARestart() throws SQLException {
    join(state.failed(ID, "two is no number", Optional.of(POISON)));
    join(state.skip("notes", ID.key(), "ada"));

    project(notesModel(), journal.write("1", "two"));

    assertThat(notes()).containsExactly("1");
  }

  @Test
  void shouldWriteNothingOnceAnotherNodeHasBegun() throws SQLException {
    GuardedReadModel<String> stopped = notesModel();
    project(stopped, journal.write("1"));
    GuardedReadModel<String> successor = notesModel();
    List<EventEnvelope<String>> group = journal.write("2");

    project(successor, group);

    assertThatThrownBy(() -> project(stopped, group))
        .isInstanceOf(ProjectionTerm.TermEndedException.class)
        .hasMessageContaining("Nothing was written");
    assertThat(notes()).containsExactly("1", "2");
  }

  @Test
  void shouldBeginAgainWhenTheGroupBeforeIsGone() throws SQLException {
    ProjectionTerm term = new ProjectionTerm(ID);
    join(term.begin(readModels.database()));
    GuardedReadModel<String> model = new GuardedReadModel<>(ID, new Notes(), term);
    project(model, journal.write("1"));
    List<EventEnvelope<String>> group = journal.write("2");
    List<String> before = notes();
    project(model, group);
    // As a crash of PostgreSQL leaves it, before the second group has reached its disk.
    TestPostgres.execute(
        readModels.forQueries(),
        "DELETE FROM note WHERE text = '2'",
        "UPDATE read_model_progress SET seq_nr = 1");
    List<EventEnvelope<String>> next = journal.write("3");

    assertThatThrownBy(() -> project(model, next))
        .isInstanceOf(ProjectionTerm.GroupLostException.class)
        .hasMessageContaining("up to event 2, of which event 1 is the last that is left");
    assertThat(notes()).isEqualTo(before);

    join(term.begin(readModels.database()));
    project(model, group);
    project(model, next);
    assertThat(notes()).containsExactly("1", "2", "3");
  }

  @Test
  void shouldKeepTheOffsetOfAGroupThatIsWrittenEventByEvent() throws SQLException {
    ProjectionTerm term = new ProjectionTerm(ID);
    join(term.begin(readModels.database()));
    GuardedReadModel<String> model = new GuardedReadModel<>(ID, new Moody(), term);
    ProjectionSession session = new ProjectionSession(readModels.forProjections());
    try {
      // As the projection library does it: the offset first, then the handler.
      Sql.update(
          session.connection(),
          "INSERT INTO pekko_projection_offset_store VALUES (?, ?, 'offset', '91:x', false, 0)",
          ID.name(),
          ID.key());
      model.process(session, journal.write("a", "b"));
      session.commit();
    } finally {
      session.close();
    }

    assertThat(notes()).containsExactly("a", "b");
    assertThat(
            TestPostgres.rows(
                readModels, "SELECT current_offset FROM pekko_projection_offset_store"))
        .containsExactly("offset");
  }

  @Test
  void shouldLetNobodyBeginInTheMiddleOfAGroup() throws SQLException {
    ProjectionTerm term = new ProjectionTerm(ID);
    join(term.begin(readModels.database()));
    ProjectionSession session = new ProjectionSession(readModels.forProjections());
    CompletionStage<Long> next;
    try {
      new GuardedReadModel<>(ID, new Notes(), term).process(session, journal.write("1"));

      next = new ProjectionTerm(ID).begin(readModels.database());
      await()
          .until(
              () ->
                  !TestPostgres.rows(
                          readModels, "SELECT pid FROM pg_locks WHERE NOT granted LIMIT 1")
                      .isEmpty());
      assertThat(next.toCompletableFuture()).isNotDone();
      session.commit();
    } finally {
      session.close();
    }
    assertThat(join(next)).isEqualTo(2);
    assertThat(notes()).as("what the next one finds").containsExactly("1");
  }

  @Test
  void shouldNameAnEventThatCannotBeReadAndGoOnWithoutItOnceTold() throws SQLException {
    GuardedReadModel<String> model = notesModel();
    List<EventEnvelope<String>> group = new ArrayList<>(journal.write("1", "2", "3"));
    group.set(1, unreadable(group.get(1)));

    assertThatThrownBy(() -> project(model, group))
        .isInstanceOfSatisfying(
            EventFailedException.class, failed -> assertThat(failed.event()).isEqualTo(POISON))
        .hasMessageContaining("garbled");
    join(state.failed(ID, "garbled", Optional.of(POISON)));
    join(state.skip("notes", null, "ada"));
    project(model, group);

    assertThat(notes()).containsExactly("1", "3");
  }

  @Test
  void shouldPublishWhatCanBeReadBeforeItStopsAtWhatCannot() {
    Sent sent = new Sent();
    GuardedPublisher<String> publisher = publisher(sent);
    List<EventEnvelope<String>> group = new ArrayList<>(journal.write("a", "b", "c"));
    group.set(1, unreadable(group.get(1)));

    assertThatThrownBy(() -> join(publisher.process(group)))
        .hasStackTraceContaining("Event 2 of Note|n: garbled");
    assertThat(sent.published).containsExactly("a");
  }

  private static EventEnvelope<String> unreadable(EventEnvelope<String> event) {
    return new EventEnvelope<>(
        event.offset(),
        event.persistenceId(),
        event.sequenceNr(),
        Option.empty(),
        event.timestamp(),
        Option.apply(new IllegalStateException("garbled")),
        event.entityType(),
        event.slice());
  }

  @Test
  void shouldHaveNothingToSkipWhereNothingIsStuck() {
    assertThat(join(state.skip("notes", null, "ada")))
        .containsExactly(new ProjectionState.Range(ID.key(), null, null));
    assertThat(join(state.skip("notes", "another", "ada"))).isEmpty();
    assertThat(join(state.skip("unknown", null, "ada"))).isEmpty();
    assertThat(TestPostgres.rows(readModels, "SELECT * FROM projection_skip")).isEmpty();
  }

  @Test
  void shouldPublishTheOthersOfAGroupAndGoOnWithoutTheEventOnceTold() {
    Sent sent = new Sent();
    GuardedPublisher<String> publisher = publisher(sent);
    List<EventEnvelope<String>> group = journal.write("a", "large", "c");

    assertThatThrownBy(() -> join(publisher.process(group)))
        .hasRootCauseInstanceOf(RecordTooLargeException.class)
        .hasStackTraceContaining("Event 2 of Note|n");
    join(state.failed(ID, "too large", Optional.of(POISON)));
    join(state.skip("notes", null, "ada"));
    sent.published.clear();

    join(process(publisher, group));
    assertThat(sent.published).as("what had not been published before").containsExactly("c");
  }

  @Test
  void shouldBlameNoEventForABusThatIsAway() {
    GuardedPublisher<String> publisher = publisher(new Sent());

    assertThatThrownBy(() -> join(publisher.process(journal.write("away"))))
        .hasRootCauseInstanceOf(TimeoutException.class)
        .satisfies(
            failure -> assertThat(failure.getCause()).isNotInstanceOf(EventFailedException.class));
  }

  @Test
  void shouldShowWhatStopsARangeUntilItGoesOn() {
    ProjectionWatch<String> watch = new ProjectionWatch<>(state);
    assertThat(range().status()).isEqualTo("not-started");
    watch.started(ID);
    await().until(() -> range().status().equals("running"));

    waiting();
    watch.failed(ID, new EventFailedException(POISON, new SQLException("no number")));
    await().until(() -> range().failure() != null);
    ProjectionLag.Failure failure = range().failure();
    watch.offsetProgress(ID, "next");
    await().until(() -> range().failure() == null);

    assertThat(failure.error()).isEqualTo("Event 2 of Note|n: no number");
    assertThat(failure.event()).isEqualTo(POISON);
    assertThat(failure.tries()).isEqualTo(1);
    assertThat(range().status()).isEqualTo("running");
  }

  @Test
  void shouldForgetAtItsFirstProgressWhatAnotherNodeFailedWith() {
    waiting();
    join(state.failed(ID, "of another node", Optional.empty()));
    assertThat(range().status()).isEqualTo("failing");
    ProjectionWatch<String> watch = new ProjectionWatch<>(state);

    watch.started(ID);
    watch.offsetProgress(ID, "next");

    await().until(() -> range().failure() == null);
    assertThat(range().position()).isNull();
    assertThat(range().lag()).isEqualTo(1);
  }

  @Test
  void shouldNotCallARangeFailingThatHasWrittenEverything() {
    join(state.started(ID));
    join(state.failed(ID, "no connection, once", Optional.empty()));

    assertThat(range().status()).isEqualTo("running");
    assertThat(range().failure()).isNull();
  }

  /** There is an event that is not written yet. */
  private static void waiting() {
    TestPostgres.execute(
        readModels.forQueries(),
        "INSERT INTO event_journal VALUES ('Note', 7, pg_current_xact_id(), 1, now(), false)");
  }

  private static ProjectionLag.Range range() {
    return join(new ProjectionLag(readModels.database()).read()).get(0);
  }

  private static CompletionStage<Done> process(
      GuardedPublisher<String> publisher, List<EventEnvelope<String>> group) {
    try {
      return publisher.process(group);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static GuardedPublisher<String> publisher(Sent sent) {
    return new GuardedPublisher<>(ID, sent, state, ConcurrentHashMap.newKeySet());
  }

  /** The one that has begun last. */
  private static GuardedReadModel<String> notesModel() {
    ProjectionTerm term = new ProjectionTerm(ID);
    join(term.begin(readModels.database()));
    return new GuardedReadModel<>(ID, new Notes(), term);
  }

  private static List<String> notes() {
    return TestPostgres.rows(readModels, "SELECT text FROM note ORDER BY text");
  }

  /** As the projection library does it: rolled back on failure. */
  private static void project(GuardedReadModel<String> model, List<EventEnvelope<String>> group)
      throws SQLException {
    ProjectionSession session = new ProjectionSession(readModels.forProjections());
    try {
      model.process(session, group);
      session.commit();
    } catch (SQLException | RuntimeException e) {
      session.rollback();
      throw e;
    } finally {
      session.close();
    }
  }
}
