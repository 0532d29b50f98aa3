package io.twinloop.projections.workflow;

import static io.twinloop.projections.TestPostgres.join;
import static io.twinloop.projections.workflow.RunOnPaper.NOON;
import static io.twinloop.projections.workflow.RunOnPaper.definition;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.domain.workflow.BuiltInWorkflows;
import io.twinloop.domain.workflow.Timer;
import io.twinloop.entities.Cause;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.outbound.OutboxQueries;
import io.twinloop.projections.outbound.OutboxQueries.Kept;
import io.twinloop.projections.workflow.WorkflowQueries.DefinitionRow;
import io.twinloop.projections.workflow.WorkflowQueries.RunFilter;
import io.twinloop.projections.workflow.WorkflowQueries.RunRow;
import io.twinloop.projections.workflow.WorkflowQueries.StepRow;
import io.twinloop.projections.workflow.WorkflowQueries.TaskFilter;
import io.twinloop.projections.workflow.WorkflowQueries.TaskRow;
import io.twinloop.serialization.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WorkflowReadModelTest {

  private static final RunFilter ANY_RUN = new RunFilter(null, null, null, null);
  private static final TaskFilter ANY_TASK = new TaskFilter(null, null, null);

  private static final String APPROVAL =
      definition("- approve: {call: humanTask, with: {title: Approve}}");
  private static final String ORDER =
      definition("- order: {call: http, with: {method: post, endpoint: 'https://erp.example'}}");

  private static ReadModels readModels;
  private static WorkflowQueries queries;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    queries = new WorkflowQueries(readModels.database());
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  // The answer to an anomaly, from beginning to end

  private static RunOnPaper anomalyResponse() {
    RunOnPaper run =
        new RunOnPaper("wf-1", BuiltInWorkflows.source(BuiltInWorkflows.KPI_ANOMALY_RESPONSE));
    project(
        run.start(
            json(
                """
                {"kpi_name": "Time to invoice", "kpi_unit": "days", "current_value": 9.5,
                 "baseline_mean": 5, "severity": "CRITICAL", "owner_unit_id": "billing",
                 "entity_id": "invoice", "correlation_id": "loop-1"}
                """)));
    return run;
  }

  @Test
  void shouldTellTheOwnerAndAskForAResponse() {
    anomalyResponse();

    assertThat(run().status()).isEqualTo("WAITING");
    assertThat(run().definition()).isEqualTo("twinloop/kpi-anomaly-response/1.0.0");
    assertThat(run().entityId()).isEqualTo("invoice");
    assertThat(run().correlationId()).isEqualTo("loop-1");
    assertThat(run().startedAt()).isEqualTo(NOON);
    TaskRow task = task("wf-1~1");
    assertThat(task.title()).isEqualTo("Respond to anomaly of Time to invoice");
    assertThat(task.state()).isEqualTo("open");
    assertThat(task.assignee()).isNull();
    assertThat(task.candidates()).containsExactly("unit:billing");
    assertThat(task.priority()).isEqualTo("critical");
    assertThat(task.dueAt()).isEqualTo(NOON.plusSeconds(60));
    assertThat(task.request().at("/form/type").asText()).isEqualTo("object");
    assertThat(outbox())
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.message().channel()).isEqualTo(Channel.LOG);
              assertThat(row.message().recipient()).isEqualTo("billing");
              assertThat(row.message().subject()).startsWith("CRITICAL: ");
              assertThat(row.message().workflowId()).isEqualTo("wf-1");
              assertThat(row.message().correlationId()).isEqualTo("loop-1");
              assertThat(row.state()).isEqualTo(Outbox.State.WAITING);
            });
  }

  @Test
  void shouldReportWhatWasMeasuredAndEnd() {
    RunOnPaper run = anomalyResponse();
    project(run.assign("wf-1~1", "ada"));
    TaskRow claimed = task("wf-1~1");
    run.later(Duration.ofSeconds(90));
    project(run.complete("ada", "{\"resolution\": \"hired\", \"measured_value\": 5.5}"));

    assertThat(claimed.state()).isEqualTo("claimed");
    assertThat(claimed.assignee()).isEqualTo("ada");
    TaskRow done = task("wf-1~1");
    assertThat(done.state()).isEqualTo("completed");
    assertThat(done.endedAt()).isEqualTo(run.now());
    assertThat(run().status()).isEqualTo("COMPLETED");
    assertThat(run().endedAt()).isEqualTo(run.now());
    assertThat(run().error()).isNull();
    List<JsonNode> sent = sent();
    assertThat(sent)
        .extracting(event -> event.get("type").asText())
        .containsExactly("bpa.kpi.updated", "bpa.workflow.completed");
    assertThat(sent.get(0).get("subject").asText()).isEqualTo("invoice");
    assertThat(sent.get(0).at("/data/value").asDouble()).isEqualTo(5.5);
    assertThat(sent.get(0).get("correlationid").asText()).isEqualTo("loop-1");
    assertThat(sent.get(0).get("causationid").asText()).isEqualTo("wf-1");
    assertThat(sent.get(1).at("/data/execution_time_sec").asDouble()).isEqualTo(90.0);
    assertThat(sent.get(1).at("/data/output_summary/responded_by").asText()).isEqualTo("ada");
    assertThat(timers()).isEmpty();
  }

  @Test
  void shouldReadTheKpiWhenNobodyMeasured() {
    RunOnPaper run = anomalyResponse();
    project(run.complete("ada", "{}"));
    List<String> wake = timers();
    project(run.answer("{\"value\": 6, \"timestamp\": \"2026-03-01T11:59:00Z\"}"));

    assertThat(wake).singleElement().asString().startsWith("wf-1|wake:");
    assertThat(timers()).isEmpty();
    assertThat(sent().get(0).at("/data/value").asDouble()).isEqualTo(6);
    assertThat(sent().get(0).at("/data/measured_at").asText()).isEqualTo("2026-03-01T11:59:00Z");
  }

  @Test
  void shouldTellTheStoryOfTheLoop() {
    RunOnPaper run = anomalyResponse();
    project(run.assign("wf-1~1", "ada"));
    project(run.complete("ada", "{\"measured_value\": 5.5}"));

    LoopQueries.Story story =
        join(new LoopQueries(readModels.database()).find("loop-1")).orElseThrow();
    assertThat(story.steps())
        .extracting(step -> step.phase() + ": " + step.what())
        .containsExactly(
            "decide: workflow started",
            "act: notified",
            "act: task opened",
            "act: task assigned",
            "act: task completed",
            "act: event emitted",
            "act: workflow completed");
    assertThat(story.loop().state()).as("nothing was sensed for it here").isEqualTo("ended");
    assertThat(story.steps().get(5).detail().get("eventId").asText())
        .isEqualTo(sent().get(0).get("id").asText());
  }

  @Test
  void shouldListWhatTheRunDid() {
    RunOnPaper run = anomalyResponse();
    project(run.complete("ada", "{\"measured_value\": 5.5}"));

    List<StepRow> steps = steps();
    assertThat(steps).extracting(StepRow::seqNr).isSorted().hasSize((int) run.lastSeqNr());
    assertThat(steps)
        .extracting(step -> step.name() + " " + step.event())
        .startsWith(
            "kpi-anomaly-response Started",
            "kpi-anomaly-response started",
            "notifyOwner started",
            "notifyOwner notification-requested",
            "notifyOwner completed",
            "respond started",
            "respond human-task-requested",
            "respond completed")
        .endsWith("reportMeasurement completed", "kpi-anomaly-response completed");
    assertThat(join(queries.steps("wf-1", 2, 1))).containsExactly(steps.get(2));
  }

  @Test
  void shouldLeaveOutOfAStepWhatIsNotKnown() {
    project(anomalyResponse().complete("ada", "{}"));

    assertThat(steps())
        .allSatisfy(step -> assertThat(step.detail()).as(step.name()).noneMatch(JsonNode::isNull));
  }

  @Test
  void shouldCountAGroupOnceThatCameAgainAfterARollback() {
    RunOnPaper run = new RunOnPaper("wf-1", APPROVAL);
    var group = run.start(json("{}"));
    TestPostgres.project(readModels, new WorkflowReadModel(), group, false);
    project(group);

    assertThat(steps()).hasSize(group.size());
    assertThat(tasks()).hasSize(1);
  }

  // States

  @Test
  void shouldFollowASuspendedRun() {
    RunOnPaper run = started(APPROVAL);
    project(run.suspend());
    String suspended = run().status();
    project(run.resume());

    assertThat(suspended).isEqualTo("SUSPENDED");
    assertThat(run().status()).isEqualTo("WAITING");
  }

  @Test
  void shouldBeRunningAgainWhenACallIsOutAsItIsResumed() {
    RunOnPaper run = started(ORDER);
    String out = run().status();
    project(run.suspend());
    project(run.resume());

    assertThat(out).isEqualTo("RUNNING");
    assertThat(run().status()).isEqualTo("RUNNING");
  }

  @Test
  void shouldEndTasksAndTimersOfACancelledRun() {
    RunOnPaper run =
        started(
            """
            document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}
            timeout: {after: PT1H}
            do:
              - approve: {call: humanTask, with: {title: Approve}}
            """);
    List<String> before = timers();
    project(run.cancel());

    assertThat(before).hasSize(1);
    assertThat(run().status()).isEqualTo("CANCELLED");
    assertThat(task("wf-1~1").state()).isEqualTo("cancelled");
    assertThat(timers()).isEmpty();
  }

  @Test
  void shouldShowARunThatGoesOnAgainFromAnEarlierTask() {
    RunOnPaper run = started(APPROVAL);
    project(run.complete("ada", "{\"approved\": true}"));
    project(run.rerun("approve", true));

    assertThat(run().status()).isEqualTo("WAITING");
    assertThat(run().endedAt()).isNull();
    assertThat(task("wf-1~1").state()).isEqualTo("completed");
    assertThat(task("wf-1~2").state()).isEqualTo("open");
    assertThat(steps()).extracting(StepRow::event).contains("rewound");
    assertThat(openWorkflowsOfTheLoop()).isEqualTo(1);
  }

  @Test
  void shouldDropWhatARunWaitedForWhenItGoesOnFromAnEarlierTask() {
    RunOnPaper run =
        started(
            definition(
                """
                - within:
                    timeout: {after: PT1H}
                    do:
                      - approve: {call: humanTask, with: {title: Approve}}
                """));
    project(run.later(Duration.ofMinutes(30)).rerun("approve", false));

    assertThat(task("wf-1~1").state()).isEqualTo("cancelled");
    assertThat(task("wf-1~2").state()).isEqualTo("open");
    assertThat(timers())
        .containsExactly("wf-1|" + run.timers().get(0).id() + "|2026-03-01 13:30:00+00");
    assertThat(openWorkflowsOfTheLoop()).isEqualTo(1);
  }

  private static int openWorkflowsOfTheLoop() {
    return Integer.parseInt(
        TestPostgres.rows(readModels, "SELECT open_workflows FROM loop").get(0));
  }

  @Test
  void shouldShowTheVersionARunMovedTo() {
    RunOnPaper run = started(APPROVAL);
    project(run.migrate("2.0.0"));

    assertThat(run().definition()).isEqualTo("test/story/2.0.0");
    assertThat(run().status()).isEqualTo("WAITING");
    StepRow moved = steps().get(steps().size() - 1);
    assertThat(moved.event()).isEqualTo("RunMigrated");
    assertThat(moved.detail()).isEqualTo(json("{\"from\": \"1.0.0\", \"to\": \"2.0.0\"}"));
  }

  @Test
  void shouldTellAtWhichRevisionOfItsRunATaskIsSo() {
    RunOnPaper run = started(APPROVAL);
    project(run.assign("wf-1~1", "ada"));

    WorkflowQueries.TaskAtRevision found = join(queries.taskAtRevision("wf-1~1")).orElseThrow();
    assertThat(found.task().assignee()).isEqualTo("ada");
    assertThat(found.revision()).isEqualTo(run.lastSeqNr());
    assertThat(join(queries.taskAtRevision("wf-1~7"))).isEmpty();
    assertThat(join(queries.taskAtRevision("nothing"))).isEmpty();
  }

  @Test
  void shouldFindTheLastRunsOfADefinition() {
    started(APPROVAL);
    String later = NOON.plusSeconds(1).toString();

    assertThat(recorded("test/story", null, null)).containsExactly("wf-1");
    assertThat(recorded("test/story/1.0.0", NOON.toString(), NOON.toString()))
        .containsExactly("wf-1");
    assertThat(recorded("test/story/1.0", null, null)).isEmpty();
    assertThat(recorded("test/sto", null, null)).isEmpty();
    assertThat(recorded("test/story", later, null)).isEmpty();
  }

  private static List<String> recorded(String definition, String from, String to) {
    return join(
            queries.recorded(
                definition,
                from == null ? null : Instant.parse(from),
                to == null ? null : Instant.parse(to),
                10))
        .stream()
        .map(RunRow::id)
        .toList();
  }

  @Test
  void shouldShowTheErrorOfAFaultedRunUntilItIsRetried() {
    RunOnPaper run = started(APPROVAL);
    project(run.reject("ada"));
    RunRow faulted = run();
    project(run.retry());

    assertThat(faulted.status()).isEqualTo("FAULTED");
    assertThat(faulted.endedAt()).isEqualTo(NOON);
    assertThat(faulted.error().get("type").asText()).isEqualTo("urn:twinloop:error:task-rejected");
    assertThat(sent())
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.get("type").asText()).isEqualTo("bpa.workflow.failed");
              assertThat(event.at("/data/failed_task").asText()).isEqualTo("approve");
            });
    assertThat(run().status()).isEqualTo("WAITING");
    assertThat(run().endedAt()).isNull();
    assertThat(run().error()).isNull();
    assertThat(tasks())
        .extracting(TaskRow::id, TaskRow::state)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("wf-1~1", "rejected"),
            org.assertj.core.groups.Tuple.tuple("wf-1~2", "open"));
  }

  // Tasks

  @Test
  void shouldShowATaskGivenBackAsOpen() {
    RunOnPaper run = started(APPROVAL);
    project(run.assign("wf-1~1", "ada"));
    project(run.release("wf-1~1", "ada"));

    assertThat(task("wf-1~1").state()).isEqualTo("open");
    assertThat(task("wf-1~1").assignee()).isNull();
  }

  @Test
  void shouldShowATaskHeldFromTheStartAsClaimed() {
    started(definition("- a: {call: humanTask, with: {title: A, assignee: bob}}"));

    assertThat(task("wf-1~1").state()).isEqualTo("claimed");
    assertThat(task("wf-1~1").assignee()).isEqualTo("bob");
  }

  @Test
  void shouldCancelATaskWhenWhatIsAroundItTakesTooLong() {
    RunOnPaper run =
        started(
            definition(
                """
                - either:
                    try:
                      - within:
                          timeout: {after: PT1H}
                          do:
                            - approve: {call: humanTask, with: {title: Approve}}
                    catch: {}
                - rest: {wait: PT1H}
                """));
    project(run.fire(run.timers().get(0)));

    assertThat(run().status()).isEqualTo("WAITING");
    assertThat(task("wf-1~1").state()).isEqualTo("cancelled");
    assertThat(task("wf-1~1").endedAt()).isEqualTo(run.now());
  }

  @Test
  void shouldCancelATaskThatItselfTakesTooLong() {
    RunOnPaper run =
        started(
            definition(
                """
                - approve:
                    call: humanTask
                    with: {title: Approve}
                    timeout: {after: PT1H}
                """));
    project(run.fire(run.timers().get(0)));

    assertThat(task("wf-1~1").state()).isEqualTo("cancelled");
  }

  @Test
  void shouldFindTasksByStateAssigneeAndCandidate() {
    project(
        new RunOnPaper(
                "a",
                definition(
                    "- t: {call: humanTask, with: {title: T, candidates: {role: boss, users: [eve]}}}"))
            .start(json("{}")));
    RunOnPaper everybody = new RunOnPaper("b", APPROVAL);
    project(everybody.start(json("{}")));
    project(everybody.assign("b~1", "ada"));

    assertThat(taskIds(ANY_TASK)).containsExactly("a~1", "b~1");
    assertThat(taskIds(new TaskFilter("open", null, null))).containsExactly("a~1");
    assertThat(taskIds(new TaskFilter(null, "ada", null))).containsExactly("b~1");
    assertThat(taskIds(new TaskFilter(null, null, "role:boss"))).containsExactly("a~1", "b~1");
    assertThat(taskIds(new TaskFilter(null, null, "user:eve"))).containsExactly("a~1", "b~1");
    assertThat(taskIds(new TaskFilter(null, null, "user:bob"))).containsExactly("b~1");
    assertThat(join(queries.task("nothing"))).isEmpty();
  }

  @Test
  void shouldWakeARunUntilTheWorkflowItStartsHasBegun() {
    RunOnPaper run =
        new RunOnPaper(
            "wf-1",
            definition(
                "- go: {run: {workflow: {namespace: a, name: b, version: latest}, await: false}}"));
    project(run.start(json("{}")));
    List<String> wake = timers();
    project(run.answer("\"begun\""));

    assertThat(wake).singleElement().asString().startsWith("wf-1|wake:");
    assertThat(timers()).isEmpty();
    assertThat(run().status()).isEqualTo("COMPLETED");
    assertThat(join(queries.steps("wf-1", 0, 100)))
        .anySatisfy(step -> assertThat(step.detail().path("started").asText()).isEqualTo("a/b"));
  }

  @Test
  void shouldFindForAPersonWhatTheTwinSaysIsHisToDo() {
    int number = 0;
    for (String candidates :
        List.of(
            "unit: billing", "role: boss", "managerOf: billing", "managerOf: bob", "unit: it")) {
      RunOnPaper run =
          new RunOnPaper(
              "w" + ++number,
              definition(
                  "- t: {call: humanTask, with: {title: T, candidates: {" + candidates + "}}}"));
      project(run.start(json("{}")));
    }
    relation("ada", "BELONGS_TO", "billing", "NULL");
    relation("ada", "HAS_ROLE", "boss", "NULL");
    relation("ada", "MANAGES", "billing", "NULL");
    relation("bob", "REPORTS_TO", "ada", "NULL");
    relation("ada", "BELONGS_TO", "it", "now()");

    assertThat(taskIds(new TaskFilter(null, null, "user:ada")))
        .containsExactly("w1~1", "w2~1", "w3~1", "w4~1");
    assertThat(taskIds(new TaskFilter(null, null, "user:bob"))).isEmpty();
    assertThat(taskIds(new TaskFilter(null, null, "managerOf:billing"))).containsExactly("w3~1");
  }

  /** As the twin's own read model writes it. */
  private void relation(String source, String relation, String target, String until) {
    TestPostgres.execute(
        readModels.forQueries(),
        """
        INSERT INTO org_relation (source_id, seq_nr, first_seq_nr, relation, target_id, target_type,
          properties, began_at, valid_from, valid_until)
        VALUES ('%1$s', (SELECT count(*) FROM org_relation), 0, '%2$s', '%3$s', 'X', '{}', now(),
          now(), %4$s)
        """
            .formatted(source, relation, target, until));
  }

  // Timers

  @Test
  void shouldKnowWhenToWakeAWait() {
    RunOnPaper run = started(definition("- rest: {wait: PT1H}\n- more: {wait: PT2H}"));

    Timer timer = run.timers().get(0);
    assertThat(timers()).containsExactly("wf-1|" + timer.id() + "|2026-03-01 13:00:00+00");
    assertThat(run().status()).isEqualTo("WAITING");
  }

  @Test
  void shouldKnowTheNewDeadlinesOfARetriedRun() {
    RunOnPaper run =
        started(
            """
            document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}
            timeout: {after: PT1H}
            do:
              - approve: {call: humanTask, with: {title: Approve}}
            """);
    project(run.later(Duration.ofMinutes(30)).reject("ada"));
    List<String> faulted = timers();
    project(run.later(Duration.ofMinutes(30)).retry());

    assertThat(faulted).isEmpty();
    assertThat(timers())
        .containsExactly("wf-1|" + run.timers().get(0).id() + "|2026-03-01 14:00:00+00");
  }

  @Test
  void shouldWakeTheRunAsLongAsACallIsOut() {
    RunOnPaper run = started(ORDER);
    List<String> out = timers();
    project(run.answer("{}"));

    assertThat(out).containsExactly("wf-1|wake:/do/0/order|2026-03-01 12:00:05+00");
    assertThat(timers()).isEmpty();
  }

  // Lists

  @Test
  void shouldFindRunsByStateDefinitionEntityAndLoop() {
    project(new RunOnPaper("a", APPROVAL).start(json("{}")));
    project(new RunOnPaper("b", definition("- done: {set: {x: 1}}")).start(json("{}")));
    anomalyResponse();

    assertThat(runIds(ANY_RUN)).containsExactly("a", "b", "wf-1");
    assertThat(runIds(new RunFilter("COMPLETED", null, null, null))).containsExactly("b");
    assertThat(runIds(new RunFilter(null, "test/story", null, null))).containsExactly("a", "b");
    assertThat(runIds(new RunFilter(null, "test/story/1.0.0", null, null)))
        .containsExactly("a", "b");
    assertThat(runIds(new RunFilter(null, "twinloop", null, null))).containsExactly("wf-1");
    assertThat(runIds(new RunFilter(null, "t%", null, null))).isEmpty();
    assertThat(runIds(new RunFilter(null, "tes_", null, null))).isEmpty();
    assertThat(runIds(new RunFilter(null, null, "other", null))).isEmpty();
    assertThat(runIds(new RunFilter(null, null, "invoice", "loop-1"))).hasSize(3);
    assertThat(join(queries.runs(ANY_RUN, NOON, "a", 1)))
        .extracting(RunRow::id)
        .containsExactly("b");
  }

  @Test
  void shouldListTheVersionsOfDefinitions() {
    Cause cause = new Cause(null, "request-1", "ada");
    TestJournal<WorkflowDefinition.Event> journal =
        new TestJournal<>("WorkflowDefinition", WorkflowDefinition.idOf("acme", "approval"));
    TestPostgres.project(
        readModels,
        new WorkflowDefinitionReadModel(),
        journal.write(
            new WorkflowDefinition.VersionRegistered("1.0.1", "do: that", NOON, cause),
            new WorkflowDefinition.VersionRegistered("1.0.0", "do: this", NOON, cause)));

    assertThat(join(queries.definitions("", "", "", 9)))
        .containsExactly(
            new DefinitionRow("acme", "approval", "1.0.0", "do: this", NOON),
            new DefinitionRow("acme", "approval", "1.0.1", "do: that", NOON));
    assertThat(join(queries.definitions("acme", "approval", "1.0.0", 9))).hasSize(1);
  }

  @Test
  void shouldTellEachRecipientByItselfAndOnce() {
    RunOnPaper run =
        new RunOnPaper(
            "wf-1",
            definition(
                """
                - tell: {call: notify, with: {channel: email, to: [a@x.example, b@x.example], message: M}}
                - shout: {call: notify, with: {channel: slack, message: N}}
                """));
    var group = run.start(json("{}"));
    TestPostgres.project(readModels, new WorkflowReadModel(), group, false);
    project(group);

    assertThat(outbox())
        .extracting(row -> row.message().recipient() + " " + row.message().body())
        .containsExactlyInAnyOrder("a@x.example M", "b@x.example M", "null N");
  }

  /** Data of an event goes through expressions into titles, notifications and outputs. */
  @Test
  void shouldNotBeHeldBackByANulCharacter() {
    RunOnPaper run =
        new RunOnPaper(
            "wf-1",
            definition(
                """
                - tell: {call: notify, with: {channel: log, message: '${ .text }'}}
                - ask: {call: humanTask, with: {title: '${ .text }', candidates: {role: '${ .text }'}}}
                """));
    project(run.start(json("{\"text\": \"a\\u0000b\"}")));
    project(run.complete("ada", "{\"text\": \"c\\u0000d\"}"));

    assertThat(run().status()).isEqualTo("COMPLETED");
    assertThat(task("wf-1~1").title()).isEqualTo("a\uFFFDb");
    assertThat(task("wf-1~1").output()).isEqualTo(json("{\"text\": \"c\\u0000d\"}"));
  }

  // The language of these tests

  private static RunOnPaper started(String source) {
    RunOnPaper run = new RunOnPaper("wf-1", source);
    project(run.start(json("{}")));
    return run;
  }

  private static void project(List<EventEnvelope<WorkflowInstance.Event>> group) {
    assertThat(group).as("the run moved").isNotEmpty();
    TestPostgres.project(readModels, new WorkflowReadModel(), group);
  }

  private static JsonNode json(String text) {
    return Json.tree(text);
  }

  private static RunRow run() {
    return join(queries.runs(ANY_RUN, Instant.EPOCH, "", 10)).stream()
        .filter(row -> row.id().equals("wf-1"))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> runIds(RunFilter filter) {
    return join(queries.runs(filter, Instant.EPOCH, "", 10)).stream().map(RunRow::id).toList();
  }

  private static List<TaskRow> tasks() {
    return join(queries.tasks(ANY_TASK, Instant.EPOCH, "", 10));
  }

  private static TaskRow task(String id) {
    return join(queries.task(id)).orElseThrow();
  }

  private static List<String> taskIds(TaskFilter filter) {
    return join(queries.tasks(filter, Instant.EPOCH, "", 10)).stream().map(TaskRow::id).toList();
  }

  private static List<StepRow> steps() {
    return join(queries.steps("wf-1", 0, 100));
  }

  private static List<Kept> outbox() {
    return join(
        new OutboxQueries(readModels.database())
            .list(new OutboxQueries.Filter(null, null, null), Instant.EPOCH, "", 10));
  }

  private static List<String> timers() {
    return TestPostgres.rows(
        readModels,
        "SELECT entity_id, timer_id, due_at AT TIME ZONE 'UTC' || '+00' FROM timer ORDER BY due_at");
  }

  private static List<JsonNode> sent() {
    return join(
            new EventQueries(readModels.database())
                .after(
                    EventQueries.Place.BEGINNING, new EventQueries.Filter(null, null, null), 100))
        .stream()
        .map(EventQueries.Recorded::event)
        .toList();
  }
}
