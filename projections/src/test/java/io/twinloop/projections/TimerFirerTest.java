package io.twinloop.projections;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TimerFirerTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final int BATCH = 10;

  private static ReadModels readModels;
  private static ActorTestKit system;

  private final MovableClock clock = new MovableClock(NOON);
  private final List<String> fired = new CopyOnWriteArrayList<>();
  private final Set<String> refusing = ConcurrentHashMap.newKeySet();
  private final Set<String> failing = ConcurrentHashMap.newKeySet();
  private ActorRef<TimerFirer.Command> firer;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    system = ActorTestKit.create("timers");
  }

  @AfterAll
  static void close() {
    system.shutdownTestKit();
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  @AfterEach
  void stop() {
    if (firer != null) {
      system.stop(firer);
    }
  }

  @Test
  void shouldFireWhatIsDueInOrderAndRemoveIt() {
    timer("b", "2", NOON.minusSeconds(1));
    timer("a", "1", NOON.minusSeconds(2));
    timer("c", "3", NOON.plusSeconds(1));
    start();

    await().until(() -> timers().equals(List.of("c|3")));
    assertThat(fired).containsExactly("a 1", "b 2");
  }

  @Test
  void shouldFireEachTimerInAnEntityOfItsType() {
    timer("Node", "a", "1", NOON);
    timer("Run", "a", "1", NOON);
    start();

    await().until(() -> timers().isEmpty());
    assertThat(fired).containsExactlyInAnyOrder("a 1", "node a 1");
  }

  /** While a cluster is brought to a newer release, an older node may be the one that looks. */
  @Test
  void shouldLeaveTimersOfATypeItDoesNotKnow() {
    timer("Moon", "m", "1", NOON.minusSeconds(1));
    timer("Run", "a", "1", NOON);
    start();

    await().until(() -> timers().equals(List.of("m|1")));
    assertThat(dueAt("m")).isEqualTo("2026-03-01 11:59:59");
    assertThat(fired).containsExactly("a 1");
  }

  @Test
  void shouldFireWhenTheTimeComes() {
    timer("a", "1", NOON.plusSeconds(60));
    start();
    clock.moveTo(NOON.plusSeconds(59));
    timer("b", "due", NOON);
    await().until(() -> fired.contains("b due"));
    assertThat(fired).doesNotContain("a 1");

    clock.moveTo(NOON.plusSeconds(60));

    await().until(() -> timers().isEmpty());
    assertThat(fired).containsExactly("b due", "a 1");
  }

  @Test
  void shouldComeAgainLaterWithWhatWasRefused() {
    refusing.add("a");
    timer("a", "1", NOON);
    timer("b", "2", NOON);
    start();
    await().until(() -> timers().equals(List.of("a|1")));
    assertThat(dueAt("a")).isEqualTo("2026-03-01 12:00:02");
    assertThat(fired).containsExactlyInAnyOrder("a 1", "b 2");

    refusing.clear();
    clock.advance(Duration.ofSeconds(2));

    await().until(() -> timers().isEmpty());
    assertThat(fired).containsExactlyInAnyOrder("a 1", "b 2", "a 1");
  }

  @Test
  void shouldComeAgainLaterWithWhatFailed() {
    failing.add("a");
    timer("a", "1", NOON);
    timer("b", "2", NOON);
    start();

    await().until(() -> timers().equals(List.of("a|1")));
    assertThat(dueAt("a")).isEqualTo("2026-03-01 12:00:02");
  }

  @Test
  void shouldNotFireTwiceOverARestart() {
    IntStream.range(0, 3 * BATCH).forEach(n -> timer("wf-" + n, "t", NOON));
    start();
    await().until(() -> timers().isEmpty());
    stop();
    timer("last", "t", NOON);
    start();
    await().until(() -> timers().isEmpty());

    assertThat(fired).hasSize(3 * BATCH + 1).doesNotHaveDuplicates();
  }

  /** One that hangs in a refusing entity must not keep the others of a full batch waiting. */
  @Test
  void shouldGetPastABatchThatIsRefused() {
    IntStream.range(0, 2 * BATCH)
        .forEach(
            n -> {
              refusing.add("wf-" + n);
              timer("wf-" + n, "t", NOON.minusSeconds(10));
            });
    timer("behind", "t", NOON);
    start();

    await().until(() -> fired.contains("behind t"));
  }

  /**
   * A run that took its timer may at once set it again, for the next attempt of the same step: that
   * one has not been fired.
   */
  @Test
  void shouldKeepATimerThatWasSetAnewWhileItFired() {
    timer("again", "t", NOON);
    start();

    await().until(() -> fired.contains("again t"));
    await().until(() -> "2026-03-01 13:00:00".equals(dueAt("again")));
    timer("other", "t", NOON);
    await().until(() -> timers().equals(List.of("again|t")));
    assertThat(fired).containsExactly("again t", "other t");
  }

  @Test
  void shouldGoOnWhenTheDatabaseIsBack() {
    try (TestPostgres own = TestPostgres.ownServer();
        ReadModels ownModels = own.newReadModels()) {
      TestPostgres.execute(
          ownModels.forQueries(),
          "INSERT INTO timer VALUES ('a', '1', '2026-03-01 12:00:00+00', 'Run')");
      own.server().kill();
      start(ownModels);
      own.server().start();

      await().atMost(Duration.ofSeconds(30)).until(() -> fired.contains("a 1"));
      stop(); // before its database
    }
  }

  private void start() {
    start(readModels);
  }

  private void start(ReadModels models) {
    firer =
        system.spawn(
            TimerFirer.create(
                models.database(),
                Map.of("Run", this::fire, "Node", (id, timer) -> fire("node " + id, timer)),
                clock,
                Duration.ofMillis(10),
                BATCH));
  }

  private CompletionStage<Boolean> fire(String workflowId, String timerId) {
    fired.add(workflowId + " " + timerId);
    if (workflowId.equals("again")) {
      timer(workflowId, timerId, NOON.plusSeconds(3600));
    }
    if (failing.contains(workflowId)) {
      return CompletableFuture.failedFuture(new IllegalStateException("away"));
    }
    return CompletableFuture.completedFuture(!refusing.contains(workflowId));
  }

  private static void timer(String runId, String timerId, Instant dueAt) {
    timer("Run", runId, timerId, dueAt);
  }

  private static void timer(String entityType, String id, String timerId, Instant dueAt) {
    TestPostgres.execute(
        readModels.forProjections(),
        """
        INSERT INTO timer (entity_type, entity_id, timer_id, due_at)
        VALUES ('%s', '%s', '%s', '%s')
        ON CONFLICT (entity_type, entity_id, timer_id) DO UPDATE SET due_at = EXCLUDED.due_at
        """
            .formatted(entityType, id, timerId, dueAt));
  }

  private static List<String> timers() {
    return TestPostgres.rows(readModels, "SELECT entity_id, timer_id FROM timer ORDER BY 1");
  }

  private static String dueAt(String workflowId) {
    return TestPostgres.rows(
            readModels,
            "SELECT due_at AT TIME ZONE 'UTC' FROM timer WHERE entity_id = '" + workflowId + "'")
        .get(0);
  }
}
