package io.twinloop.projections.loop;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import io.twinloop.projections.loop.LoopChange.Subject;
import io.twinloop.projections.loop.LoopQueries.Loop;
import io.twinloop.projections.loop.LoopQueries.Statistics;
import io.twinloop.projections.loop.LoopQueries.Step;
import io.twinloop.serialization.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Loops as they are written by the projections of KPIs and workflows, and as they are read. */
class LoopTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static ReadModels readModels;
  private static LoopQueries queries;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    queries = new LoopQueries(readModels.database());
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  // When a loop is closed

  @Test
  void shouldCloseOnlyWhenTheWorkflowHasEndedAndTheValueIsBack() {
    List<String> states = new ArrayList<>();
    for (LoopChange change : List.of(sensed(0), started(1), ended(2), back(3))) {
      write(change);
      states.add(loop().state());
    }

    assertThat(states).containsExactly("open", "open", "open", "closed");
  }

  @Test
  void shouldNotCloseWhileTheWorkflowStillRuns() {
    write(sensed(0), started(1), back(2));
    String before = loop().state();
    write(ended(3));

    assertThat(before).isEqualTo("open");
    assertThat(loop().state()).isEqualTo("closed");
  }

  @Test
  void shouldOpenAgainWhenTheValueLeavesOrTheWorkflowIsRetried() {
    write(sensed(0), started(1), ended(2), back(3));
    write(change(5, "Kpi|invoice", 5, Phase.SENSE, Counts.EPISODE_OPENED));
    String left = loop().state();
    write(change(6, "Kpi|invoice", 6, Phase.MEASURE, Counts.EPISODE_CLOSED));
    write(change(7, "WorkflowInstance|wf-1", 9, Phase.DECIDE, Counts.WORKFLOW_REOPENED));

    assertThat(left).isEqualTo("open");
    assertThat(loop().state()).isEqualTo("open");
    assertThat(loop().episodes()).isEqualTo(2);
    assertThat(loop().workflows()).isEqualTo(1);
  }

  @Test
  void shouldEndALoopThatNothingWasSensedFor() {
    write(started(1), ended(2));

    assertThat(loop().state()).isEqualTo("ended");
    assertThat(join(queries.statistics())).as("only what was sensed counts").isEmpty();
  }

  @Test
  void shouldCountAnEventOnceHoweverOftenItIsWritten() {
    write(sensed(0), started(1));
    write(sensed(0), started(1));

    assertThat(loop().episodes()).isEqualTo(1);
    assertThat(loop().workflows()).isEqualTo(1);
    assertThat(steps()).hasSize(2);
  }

  // What a loop knows

  @Test
  void shouldComeToTheSameWhicheverProjectionIsFirst() {
    List<LoopChange> changes = List.of(sensed(0), started(1), acted(2), ended(3), back(4));
    write(changes.toArray(LoopChange[]::new));
    LoopQueries.Story inOrder = story();
    long seed = System.nanoTime();
    Random random = new Random(seed);

    for (int round = 0; round < 5; round++) {
      TestPostgres.empty(readModels);
      List<LoopChange> shuffled = new ArrayList<>(changes);
      Collections.shuffle(shuffled, random);
      shuffled.forEach(LoopTest::write);

      assertThat(story()).as("seed %d", seed).isEqualTo(inOrder);
    }
    assertThat(inOrder.loop())
        .isEqualTo(
            new Loop(
                "loop-1",
                "dto.kpi.anomaly_detected",
                "invoice",
                "KPI",
                "high",
                "closed",
                minute(0),
                minute(1),
                minute(3),
                minute(4),
                minute(0),
                minute(4),
                1,
                1,
                0.75));
  }

  @Test
  void shouldTellItsStepsInOrder() {
    write(back(4), started(1));
    write(acted(2), sensed(0));

    assertThat(steps())
        .extracting(Step::phase)
        .containsExactly("sense", "decide", "act", "measure");
    assertThat(steps()).extracting(Step::at).isSorted();
    assertThat(steps().get(0).detail()).isEqualTo(Json.tree("{\"n\":0}"));
  }

  @Test
  void shouldNotKnowALoopThatNeverWas() {
    assertThat(join(queries.find("nothing"))).isEmpty();
  }

  @Test
  void shouldListLoopsByEntityAndStatePageByPage() {
    write(sensed("a", 0, "high"), sensed("b", 1, "high"), sensed("c", 2, "high"));
    write(in("b", started(3)), in("b", ended(4)), in("b", back(5)));

    assertThat(list(null, null, Instant.EPOCH, "", 2)).containsExactly("a", "b");
    assertThat(list(null, null, minute(1), "b", 2)).containsExactly("c");
    assertThat(list("invoice", "open", Instant.EPOCH, "", 9)).containsExactly("a", "c");
    assertThat(list("invoice", "closed", Instant.EPOCH, "", 9)).containsExactly("b");
    assertThat(list("other", null, Instant.EPOCH, "", 9)).isEmpty();
  }

  @Test
  void shouldTellHowWellLoopsClose() {
    closed("quick", "critical", Duration.ofSeconds(60), 1.0);
    closed("slow", "critical", Duration.ofSeconds(61), 0.5);
    closed("calm", "medium", Duration.ofMinutes(60), -0.25);
    write(sensed("still", 0, "high"));

    assertThat(join(queries.statistics()))
        .containsExactly(new Statistics("dto.kpi.anomaly_detected", 1, 3, 2, 61.0, 0.5));
  }

  @Test
  void shouldNotBeHeldBackByANulCharacter() {
    var detail = Json.MAPPER.createObjectNode().put("title", "a\0b");
    write(
        new LoopChange(
            "loop-1", "Kpi|a", 1, NOON, Phase.ACT, "a\0b", detail, null, Counts.NONE, null));

    assertThat(steps()).extracting(Step::detail).containsExactly(detail);
  }

  /** Groups that touch the same loops in other orders would wait for each other in a circle. */
  @Test
  void shouldNotDeadlockWithAnotherProjectionOnTheSameLoops() {
    Stream<CompletableFuture<Void>> writers =
        Stream.of(1, -1)
            .map(
                direction ->
                    CompletableFuture.runAsync(
                        () -> {
                          for (int round = 0; round < 30; round++) {
                            List<LoopChange> group = new ArrayList<>();
                            for (int n = 0; n < 20; n++) {
                              group.add(
                                  in("loop-" + n, change(n, "p|" + direction, round * 100 + n)));
                            }
                            if (direction < 0) {
                              Collections.reverse(group);
                            }
                            write(group.toArray(LoopChange[]::new));
                          }
                        }));

    join(CompletableFuture.allOf(writers.toArray(CompletableFuture<?>[]::new)));
    assertThat(TestPostgres.rows(readModels, "SELECT count(*) FROM loop_step"))
        .containsExactly("1200");
  }

  // The language of these tests

  private static void write(LoopChange... changes) {
    join(
        readModels
            .database()
            .inTransaction(
                connection -> {
                  LoopWriter.write(connection, List.of(changes));
                  return null;
                }));
  }

  private static LoopChange sensed(int minute) {
    return sensed("loop-1", minute, "high");
  }

  private static LoopChange sensed(String correlationId, int minute, String priority) {
    return new LoopChange(
        correlationId,
        "Kpi|invoice",
        1,
        minute(minute),
        Phase.SENSE,
        "anomaly opened",
        Json.MAPPER.createObjectNode().put("n", minute),
        new Subject("dto.kpi.anomaly_detected", "invoice", "KPI", priority),
        Counts.EPISODE_OPENED,
        null);
  }

  private static LoopChange started(int minute) {
    return change(minute, "WorkflowInstance|wf-1", 1, Phase.DECIDE, Counts.WORKFLOW_STARTED);
  }

  private static LoopChange acted(int minute) {
    return change(minute, "WorkflowInstance|wf-1", 2, Phase.ACT, Counts.NONE);
  }

  private static LoopChange ended(int minute) {
    return change(minute, "WorkflowInstance|wf-1", 3, Phase.ACT, Counts.WORKFLOW_ENDED);
  }

  private static LoopChange back(int minute) {
    return change(minute, "Kpi|invoice", 2, Phase.MEASURE, Counts.EPISODE_CLOSED).withEffect(0.75);
  }

  private static LoopChange change(int minute, String persistenceId, long seqNr) {
    return change(minute, persistenceId, seqNr, Phase.ACT, Counts.NONE);
  }

  private static LoopChange change(
      int minute, String persistenceId, long seqNr, Phase phase, Counts counts) {
    return new LoopChange(
        "loop-1",
        persistenceId,
        seqNr,
        minute(minute),
        phase,
        "something",
        Json.MAPPER.createObjectNode().put("n", minute),
        null,
        counts,
        null);
  }

  private static LoopChange in(String correlationId, LoopChange change) {
    return new LoopChange(
        correlationId,
        change.persistenceId(),
        change.seqNr(),
        change.at(),
        change.phase(),
        change.what(),
        change.detail(),
        change.subject(),
        change.counts(),
        change.effect());
  }

  /** A loop that closed so long after it was sensed. */
  private static void closed(String correlationId, String priority, Duration after, double effect) {
    LoopChange back = in(correlationId, back(0));
    write(
        sensed(correlationId, 0, priority),
        in(correlationId, started(0)),
        in(correlationId, ended(0)),
        new LoopChange(
            correlationId,
            back.persistenceId(),
            back.seqNr(),
            NOON.plus(after),
            back.phase(),
            back.what(),
            back.detail(),
            null,
            back.counts(),
            effect));
  }

  private static Instant minute(int minute) {
    return NOON.plus(Duration.ofMinutes(minute));
  }

  private static LoopQueries.Story story() {
    return join(queries.find("loop-1")).orElseThrow();
  }

  private static Loop loop() {
    return story().loop();
  }

  private static List<Step> steps() {
    return story().steps();
  }

  private static List<String> list(
      String entityId, String state, Instant afterTime, String afterId, int limit) {
    return join(queries.list(entityId, state, afterTime, afterId, limit)).stream()
        .map(Loop::correlationId)
        .toList();
  }
}
