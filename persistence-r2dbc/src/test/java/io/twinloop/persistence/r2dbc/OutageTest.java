package io.twinloop.persistence.r2dbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.twinloop.persistence.r2dbc.DatabaseHealth.Status;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.pekko.Done;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.persistence.typed.javadsl.CommandHandler;
import org.apache.pekko.persistence.typed.javadsl.EventHandler;
import org.apache.pekko.persistence.typed.javadsl.EventSourcedBehavior;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * PostgreSQL goes away and comes back: writes fail clearly and soon, entities recover, nothing is
 * half there.
 */
class OutageTest {

  /** No answer of the journal may take longer, whatever PostgreSQL does. */
  private static final Duration BOUND = Duration.ofSeconds(8);

  private TestPostgres server;
  private PostgresSettings settings;
  private ActorSystem system;
  private PostgresPersistence postgres;

  @BeforeEach
  void start() {
    server = TestPostgres.ownServer();
    settings = server.newDatabase();
    system =
        TestPostgres.system(
            settings,
            """
            twinloop.persistence {
              journal.write-timeout = 1s, health-interval = 100ms, query.idle-poll-interval = 1h
            }
            """);
    postgres = PostgresPersistence.get(system);
  }

  @AfterEach
  void stop() {
    server.server().resume();
    TestPostgres.stop(system);
    server.close();
  }

  /** Keeps the words it was told, and is restarted by itself when they can't be stored. */
  private static final class Notebook
      extends EventSourcedBehavior<Notebook.Command, String, List<String>> {

    sealed interface Command {}

    record Write(String word, ActorRef<String> replyTo) implements Command {}

    record Read(ActorRef<List<String>> replyTo) implements Command {}

    private Notebook(String name) {
      super(
          PersistenceId.of("Notebook", name),
          SupervisorStrategy.restartWithBackoff(
              Duration.ofMillis(50), Duration.ofMillis(500), 0.1));
    }

    static Behavior<Command> create(String name) {
      return Behaviors.setup(context -> new Notebook(name));
    }

    @Override
    public List<String> emptyState() {
      return List.of();
    }

    @Override
    public CommandHandler<Command, String, List<String>> commandHandler() {
      return newCommandHandlerBuilder()
          .forAnyState()
          .onCommand(
              Write.class,
              write ->
                  Effect()
                      .persist(write.word())
                      .thenRun(words -> write.replyTo().tell(write.word())))
          .onCommand(
              Read.class,
              (words, read) -> Effect().none().thenRun(same -> read.replyTo().tell(words)))
          .build();
    }

    @Override
    public EventHandler<List<String>, String> eventHandler() {
      return newEventHandlerBuilder()
          .forAnyState()
          .onEvent(
              String.class,
              (words, word) -> {
                List<String> more = new ArrayList<>(words);
                more.add(word);
                return more;
              })
          .build();
    }
  }

  private ActorRef<Notebook.Command> notebook(String name) {
    return Adapter.spawn(system, Notebook.create(name), name);
  }

  private CompletableFuture<String> tell(ActorRef<Notebook.Command> notebook, String word) {
    return ask(replyTo -> notebook.tell(new Notebook.Write(word, replyTo)));
  }

  private CompletableFuture<List<String>> read(ActorRef<Notebook.Command> notebook) {
    return ask(replyTo -> notebook.tell(new Notebook.Read(replyTo)));
  }

  private <T> CompletableFuture<T> ask(java.util.function.Consumer<ActorRef<T>> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    ActorRef<T> replyTo =
        Adapter.spawnAnonymous(
            system,
            Behaviors.receiveMessage(
                (T message) -> {
                  answer.complete(message);
                  return Behaviors.stopped();
                }));
    question.accept(replyTo);
    return answer;
  }

  @Test
  void shouldFailWritesAtOnceWhilePostgresIsAwayAndGoOnWhenItIsBack() throws Exception {
    write("before", 1).get(5, TimeUnit.SECONDS);
    server.server().stop();
    await().atMost(BOUND).until(() -> postgres.health().status() instanceof Status.Unreachable);

    long began = System.nanoTime();
    assertThat(reasonOf(write("away", 1))).isEqualTo(JournalException.Reason.UNAVAILABLE);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(3));
    assertThat(((Status.Unreachable) postgres.health().status()).error()).isNotBlank();

    server.server().start();
    await().atMost(BOUND).until(() -> postgres.health().status() instanceof Status.Reachable);
    write("away", 1).get(5, TimeUnit.SECONDS);
    assertThat(stored("away")).containsExactly("away-1");
  }

  @Test
  void shouldRecoverEntitiesAfterARestartOfPostgres() throws Exception {
    ActorRef<Notebook.Command> notebook = notebook("one");
    assertThat(tell(notebook, "before").get(5, TimeUnit.SECONDS)).isEqualTo("before");
    server.server().stop();
    CompletableFuture<String> lost = tell(notebook, "lost");
    await().atMost(BOUND).until(() -> postgres.metrics().failedWrites() == 1);
    server.server().start();
    await().atMost(BOUND).until(() -> postgres.health().status() instanceof Status.Reachable);

    await()
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptions()
        .untilAsserted(
            () -> assertThat(read(notebook).get(2, TimeUnit.SECONDS)).containsExactly("before"));
    assertThat(lost).isNotDone();
    assertThat(tell(notebook, "after").get(5, TimeUnit.SECONDS)).isEqualTo("after");
    assertThat(read(notebook).get(5, TimeUnit.SECONDS)).containsExactly("before", "after");
  }

  @Test
  void shouldEndReadersWhenPostgresCrashedAlthoughTheyAskedNothingMeanwhile() throws Exception {
    tell(notebook("n"), "first").get(10, TimeUnit.SECONDS);
    AtomicInteger seen = new AtomicInteger();
    CompletionStage<Done> reader =
        PersistenceQuery.get(system)
            .getReadJournalFor(PostgresReadJournal.class, PostgresReadJournal.IDENTIFIER)
            .<String>eventsBySlices("Notebook", 0, 1023, Offset.noOffset())
            .runForeach(event -> seen.incrementAndGet(), system);
    await().atMost(BOUND).until(() -> seen.get() == 1);

    server.server().kill();
    server.server().start();

    assertThat(reader.toCompletableFuture())
        .failsWithin(BOUND)
        .withThrowableThat()
        .withMessageContaining("begin again from the offset that is stored");
  }

  @Test
  void shouldKeepWhatWasAcknowledgedWhenPostgresIsKilledUnderLoad() throws Exception {
    List<ActorRef<Notebook.Command>> notebooks = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      notebooks.add(notebook("n" + i));
    }
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (int round = 0; round < 30; round++) {
      for (int i = 0; i < notebooks.size(); i++) {
        answers.add(tell(notebooks.get(i), "r" + round + "-n" + i));
      }
      if (round == 15) {
        await().until(() -> acknowledged(answers).size() > 100);
        server.server().kill();
        server.server().start();
      }
    }
    for (int i = 0; i < notebooks.size(); i++) {
      awaitWritable(notebooks.get(i));
    }

    Set<String> acknowledged = acknowledged(answers);
    for (int i = 0; i < notebooks.size(); i++) {
      List<String> words = read(notebooks.get(i)).get(5, TimeUnit.SECONDS);
      String suffix = "-n" + i;
      assertThat(words)
          .containsAll(acknowledged.stream().filter(word -> word.endsWith(suffix)).toList());
      assertThat(words).doesNotHaveDuplicates();
      assertThat(stored("Notebook|n" + i, true)).isEqualTo(words);
    }
  }

  private static Set<String> acknowledged(List<CompletableFuture<String>> answers) {
    return answers.stream()
        .filter(CompletableFuture::isDone)
        .map(CompletableFuture::join)
        .collect(Collectors.toSet());
  }

  /** Asks with another word each time, as one that got no answer may be stored all the same. */
  private void awaitWritable(ActorRef<Notebook.Command> notebook) {
    AtomicInteger attempt = new AtomicInteger();
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .until(
            () -> {
              String word = "attempt " + attempt.incrementAndGet();
              return tell(notebook, word).get(2, TimeUnit.SECONDS).equals(word);
            });
  }

  @Test
  void shouldReplaceAWriteConnectionThatWasTerminated() throws Exception {
    write("a", 1).get(5, TimeUnit.SECONDS);
    terminateAll();

    await()
        .atMost(BOUND)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              CompletableFuture<Void> write = write("b" + System.nanoTime(), 1);
              write.get(5, TimeUnit.SECONDS);
            });
    assertThat(postgres.reads().highestSeqNr(TestEvents.id("a"), 0).get(5, TimeUnit.SECONDS))
        .isEqualTo(1);
  }

  @Test
  void shouldBoundTheWaitWhenPostgresHangs() throws Exception {
    write("a", 1).get(5, TimeUnit.SECONDS);
    postgres.reads().highestSeqNr(TestEvents.id("a"), 0).get(5, TimeUnit.SECONDS);
    server.server().pause();
    long began = System.nanoTime();

    JournalException.Reason reason = reasonOf(write("hanging", 1));
    CompletableFuture<Long> reading = postgres.reads().highestSeqNr(TestEvents.id("a"), 0);
    await().atMost(BOUND).until(reading::isDone);

    assertThat(reason)
        .isIn(JournalException.Reason.UNKNOWN_OUTCOME, JournalException.Reason.UNAVAILABLE);
    assertThat(reading).isCompletedExceptionally();
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(BOUND.plusSeconds(2));
    server.server().resume();
    await().atMost(BOUND).until(() -> postgres.health().status() instanceof Status.Reachable);
    write("after", 1).get(5, TimeUnit.SECONDS);
  }

  @Test
  void shouldMeasureHowLongATransactionHoldsTheHorizon() throws Exception {
    try (Connection open = TestPostgres.connect(settings)) {
      open.setAutoCommit(false);
      try (Statement statement = open.createStatement()) {
        statement.execute("SELECT pg_current_xact_id()");
      }
      write("kept from readers", 1).get(5, TimeUnit.SECONDS);
      await()
          .atMost(BOUND)
          .until(() -> postgres.metrics().horizonAge().compareTo(Duration.ofMillis(300)) > 0);
      open.commit();
    }
    await().atMost(BOUND).until(() -> postgres.metrics().horizonAge().isZero());
  }

  @Test
  void shouldNotShutTheJournalToAllWhenOneEntityFailsAgainAndAgain() throws Exception {
    JournalDriver journal = new JournalDriver(system, "writer");
    journal.writeSome("Thing|bad", 1, 3);
    for (int i = 0; i < 30; i++) {
      journal.write(List.of(journal.atomic(journal.event("Thing|bad", 1, "again"))));
    }

    journal.writeSome("Thing|good", 1, 3);
  }

  private void terminateAll() {
    TestPostgres.execute(
        settings,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twinloop-journal'");
  }

  private CompletableFuture<Void> write(String entity, long seqNr) {
    return postgres
        .groupCommit()
        .write(TestEvents.id(entity), TestEvents.events(entity, seqNr, seqNr));
  }

  private static JournalException.Reason reasonOf(CompletableFuture<Void> write) {
    await().atMost(BOUND).until(write::isDone);
    return write
        .handle((stored, error) -> ((JournalException) ScalaFutures.unwrapped(error)).reason())
        .join();
  }

  private List<String> stored(String entity) {
    return stored(TestEvents.id(entity), false);
  }

  private List<String> stored(String persistenceId, boolean complete) {
    List<String> rows =
        TestPostgres.rows(
            settings,
            "SELECT convert_from(event_payload, 'UTF8'), seq_nr FROM event_journal WHERE persistence_id = '%s' ORDER BY seq_nr"
                .formatted(persistenceId));
    if (complete) {
      for (int i = 0; i < rows.size(); i++) {
        assertThat(rows.get(i)).endsWith("|" + (i + 1));
      }
    }
    return rows.stream().map(row -> row.substring(0, row.lastIndexOf('|'))).toList();
  }
}
