package io.twinloop.entities.workflow;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.NOT_YOURS;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.workflow.Checkpoint;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.OpenTasks;
import io.twinloop.domain.workflow.Problem;
import io.twinloop.domain.workflow.Retrace;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.TaskAction;
import io.twinloop.domain.workflow.TaskRef;
import io.twinloop.domain.workflow.Timer;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.workflow.WorkflowInstance.Absent;
import io.twinloop.entities.workflow.WorkflowInstance.Accepted;
import io.twinloop.entities.workflow.WorkflowInstance.Cancel;
import io.twinloop.entities.workflow.WorkflowInstance.Command;
import io.twinloop.entities.workflow.WorkflowInstance.Current;
import io.twinloop.entities.workflow.WorkflowInstance.Ended;
import io.twinloop.entities.workflow.WorkflowInstance.Event;
import io.twinloop.entities.workflow.WorkflowInstance.Get;
import io.twinloop.entities.workflow.WorkflowInstance.HandleTask;
import io.twinloop.entities.workflow.WorkflowInstance.Migrate;
import io.twinloop.entities.workflow.WorkflowInstance.Rejected;
import io.twinloop.entities.workflow.WorkflowInstance.Reply;
import io.twinloop.entities.workflow.WorkflowInstance.Rerun;
import io.twinloop.entities.workflow.WorkflowInstance.Resume;
import io.twinloop.entities.workflow.WorkflowInstance.Retry;
import io.twinloop.entities.workflow.WorkflowInstance.RunCancelled;
import io.twinloop.entities.workflow.WorkflowInstance.RunMigrated;
import io.twinloop.entities.workflow.WorkflowInstance.RunResumed;
import io.twinloop.entities.workflow.WorkflowInstance.RunSuspended;
import io.twinloop.entities.workflow.WorkflowInstance.Running;
import io.twinloop.entities.workflow.WorkflowInstance.Start;
import io.twinloop.entities.workflow.WorkflowInstance.Started;
import io.twinloop.entities.workflow.WorkflowInstance.State;
import io.twinloop.entities.workflow.WorkflowInstance.Status;
import io.twinloop.entities.workflow.WorkflowInstance.Stepped;
import io.twinloop.entities.workflow.WorkflowInstance.Suspend;
import io.twinloop.entities.workflow.WorkflowInstance.Suspended;
import io.twinloop.entities.workflow.WorkflowInstance.Take;
import io.twinloop.entities.workflow.WorkflowInstance.TaskAssigned;
import io.twinloop.entities.workflow.WorkflowInstance.TaskReleased;
import io.twinloop.entities.workflow.WorkflowInstance.Wake;
import io.twinloop.serialization.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkflowInstanceTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final String TASK = "wf-1~1";
  private static final TaskRef APPROVE = new TaskRef("/do/0/approve", "/do/0/approve", 1);

  private static final String APPROVAL =
      definition(
          """
          - approve:
              call: humanTask
              with:
                title: Approve the invoice
                candidates: {role: approver}
                form:
                  type: object
                  required: [approved]
                  properties: {approved: {type: boolean}, by: {type: object, properties: {name: {type: string}}}}
          """);

  private static final String ORDER =
      definition(
          """
          - order:
              call: http
              with: {method: post, endpoint: 'https://erp.example/orders', body: {n: 3}}
          """);

  private static final String CHILD =
      """
      - pay:
          run:
            workflow: {namespace: acme, name: payment, version: latest, input: {n: 3}}
            await: false
      """;

  private static final String READING =
      definition(
          """
          - read:
              call: readKpi
              with: {kpi: invoice-time}
          """);

  private static ActorTestKit system;

  private MovableClock clock;
  private InMemoryOutside outside;
  private EntityBench<Command, Event, State, Reply> run;

  @BeforeAll
  static void start() {
    system = EntityBench.newSystem();
  }

  @AfterAll
  static void stop() {
    system.shutdownTestKit();
  }

  @BeforeEach
  void placeOnTheBench() {
    clock = new MovableClock(NOON);
    outside = new InMemoryOutside();
    run =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("WorkflowInstance", "wf-1"),
            WorkflowInstance.create("wf-1", outside.outside(), clock));
  }

  // Every command in every state

  private static final Class<?> STEP = Stepped.class;

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Absent.class, List.of(),
                  Running.class, List.of(start(APPROVAL), claim("ada")),
                  Suspended.class, List.of(start(APPROVAL), suspend()),
                  Ended.class, List.of(start(APPROVAL), complete("ada", "{'approved':true}"))))
          .row(
              Absent.class,
              "Start",
              start(APPROVAL),
              "Accepted",
              List.of(Started.class, STEP, STEP, STEP),
              Running.class)
          .row(
              Absent.class,
              "Start what ends at once",
              start(definition("- done: {set: {a: 1}}")),
              "Accepted",
              List.of(Started.class, STEP, STEP, STEP, STEP),
              Ended.class)
          .row(Absent.class, "Take", take(answered(APPROVE)), "Rejected(not-found)")
          .row(Absent.class, "Wake", Wake::new, "Rejected(not-found)")
          .row(Absent.class, "ClaimTask", claim("ada"), "Rejected(not-found)")
          .row(Absent.class, "ReleaseTask", release("ada"), "Rejected(not-found)")
          .row(Absent.class, "DelegateTask", delegate("ada", "bob"), "Rejected(not-found)")
          .row(Absent.class, "CompleteTask", complete("ada", "{}"), "Rejected(not-found)")
          .row(Absent.class, "RejectTask", reject("ada"), "Rejected(not-found)")
          .row(Absent.class, "Suspend", suspend(), "Rejected(not-found)")
          .row(Absent.class, "Resume", resume(), "Rejected(not-found)")
          .row(Absent.class, "Cancel", cancel(), "Rejected(not-found)")
          .row(Absent.class, "Retry", retry(), "Rejected(not-found)")
          .row(Absent.class, "Rerun", rerun("approve"), "Rejected(not-found)")
          .row(Absent.class, "Migrate", migrate(APPROVAL, "2.0.0"), "Rejected(not-found)")
          .row(Absent.class, "Get", Get::new, "Rejected(not-found)")
          .row(Running.class, "Start again", start(APPROVAL), "Accepted")
          .row(
              Running.class,
              "Take what it waits for",
              take(answered(APPROVE)),
              "Accepted",
              List.of(STEP, STEP),
              Ended.class)
          .row(Running.class, "Take anything else", take(answered(ref("/do/7/x"))), "Accepted")
          .row(Running.class, "Wake", Wake::new, "Accepted")
          .row(Running.class, "ClaimTask again", claim("ada"), "Accepted")
          .row(Running.class, "ClaimTask of another", claim("bob"), "Rejected(not-yours)")
          .row(
              Running.class,
              "ReleaseTask",
              release("ada"),
              "Accepted",
              List.of(TaskReleased.class),
              Running.class)
          .row(Running.class, "ReleaseTask of another", release("bob"), "Rejected(not-yours)")
          .row(
              Running.class,
              "DelegateTask",
              delegate("ada", "bob"),
              "Accepted",
              List.of(TaskAssigned.class),
              Running.class)
          .row(
              Running.class,
              "CompleteTask",
              complete("ada", "{'approved':true}"),
              "Accepted",
              List.of(STEP, STEP),
              Ended.class)
          .row(Running.class, "CompleteTask badly", complete("ada", "{}"), "Rejected(refused)")
          .row(
              Running.class,
              "RejectTask",
              reject("ada"),
              "Accepted",
              List.of(STEP, STEP),
              Ended.class)
          .row(
              Running.class,
              "Suspend",
              suspend(),
              "Accepted",
              List.of(RunSuspended.class),
              Suspended.class)
          .row(Running.class, "Resume", resume(), "Rejected(wrong-state)")
          .row(
              Running.class,
              "Cancel",
              cancel(),
              "Accepted",
              List.of(RunCancelled.class),
              Ended.class)
          .row(Running.class, "Retry", retry(), "Rejected(wrong-state)")
          .row(
              Running.class,
              "Rerun while it waits",
              rerun("approve"),
              "Accepted",
              List.of(STEP, STEP, STEP),
              Running.class)
          .row(
              Running.class,
              "Migrate",
              migrate(APPROVAL, "2.0.0"),
              "Accepted",
              List.of(RunMigrated.class),
              Running.class)
          .row(Running.class, "Migrate to its own", migrate(APPROVAL, "1.0.0"), "Accepted")
          .row(Running.class, "Migrate away", migrate(ORDER, "2.0.0"), "Rejected(refused)")
          .row(Running.class, "Suspend another", suspend(1L), "Rejected(revision-mismatch)")
          .row(Running.class, "Get", Get::new, "Current")
          .row(Suspended.class, "Start again", start(APPROVAL), "Accepted")
          .row(Suspended.class, "Take", take(answered(APPROVE)), "Rejected(wrong-state)")
          .row(Suspended.class, "Wake", Wake::new, "Rejected(wrong-state)")
          .row(Suspended.class, "ClaimTask", claim("ada"), "Rejected(wrong-state)")
          .row(Suspended.class, "ReleaseTask", release("ada"), "Rejected(wrong-state)")
          .row(Suspended.class, "DelegateTask", delegate("ada", "bob"), "Rejected(wrong-state)")
          .row(Suspended.class, "CompleteTask", complete("ada", "{}"), "Rejected(wrong-state)")
          .row(Suspended.class, "RejectTask", reject("ada"), "Rejected(wrong-state)")
          .row(Suspended.class, "Suspend", suspend(), "Rejected(wrong-state)")
          .row(
              Suspended.class,
              "Resume",
              resume(),
              "Accepted",
              List.of(RunResumed.class),
              Running.class)
          .row(
              Suspended.class,
              "Cancel",
              cancel(),
              "Accepted",
              List.of(RunCancelled.class),
              Ended.class)
          .row(Suspended.class, "Retry", retry(), "Rejected(wrong-state)")
          .row(
              Suspended.class,
              "Rerun",
              rerun("approve"),
              "Accepted",
              List.of(STEP, STEP, STEP),
              Running.class)
          .row(
              Suspended.class,
              "Migrate",
              migrate(APPROVAL, "2.0.0"),
              "Accepted",
              List.of(RunMigrated.class),
              Suspended.class)
          .row(Suspended.class, "Get", Get::new, "Current")
          .row(Ended.class, "Start again", start(APPROVAL), "Accepted")
          .row(Ended.class, "Take", take(answered(APPROVE)), "Accepted")
          .row(Ended.class, "Wake", Wake::new, "Accepted")
          .row(Ended.class, "ClaimTask", claim("ada"), "Rejected(wrong-state)")
          .row(Ended.class, "ReleaseTask", release("ada"), "Rejected(wrong-state)")
          .row(Ended.class, "DelegateTask", delegate("ada", "bob"), "Rejected(wrong-state)")
          .row(Ended.class, "CompleteTask", complete("ada", "{}"), "Rejected(wrong-state)")
          .row(Ended.class, "RejectTask", reject("ada"), "Rejected(wrong-state)")
          .row(Ended.class, "Suspend", suspend(), "Rejected(wrong-state)")
          .row(Ended.class, "Resume", resume(), "Rejected(wrong-state)")
          .row(Ended.class, "Cancel", cancel(), "Rejected(wrong-state)")
          .row(Ended.class, "Retry what did not fault", retry(), "Rejected(wrong-state)")
          .row(
              Ended.class,
              "Rerun",
              rerun("approve"),
              "Accepted",
              List.of(STEP, STEP, STEP),
              Running.class)
          .row(
              Ended.class,
              "Migrate what is completed",
              migrate(APPROVAL, "2.0.0"),
              "Rejected(wrong-state)")
          .row(Ended.class, "Get", Get::new, "Current");

  static Stream<Row<Command, Reply>> rows() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(run::run);
    assertThat(run.state()).isInstanceOf(row.state());

    var result = run.run(row.command());

    String answer =
        result.reply() instanceof Rejected rejected
            ? "Rejected(" + rejected.code() + ")"
            : result.reply().getClass().getSimpleName();
    assertThat(answer).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(run.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  // Starting

  @Test
  void shouldStartOnceHoweverOftenItIsTold() {
    Accepted first = run.ask(Accepted.class, start(APPROVAL));
    Accepted second = run.ask(Accepted.class, start(ORDER));

    assertThat(first).isEqualTo(new Accepted(Status.WAITING, 4, true));
    assertThat(second).isEqualTo(new Accepted(Status.WAITING, 4, false));
  }

  @Test
  void shouldCarryWhatTheRunIsAboutInEachEvent() {
    run.run(start(APPROVAL));
    run.run(claim("ada"));

    Run about = new Run("test", "story", "1.0.0", "invoice-time", "KPI", "loop-1", NOON);
    assertThat(run.stored())
        .hasSize(5)
        .allSatisfy(
            event -> {
              assertThat(((Event) event).run()).isEqualTo(about);
              assertThat(((Event) event).at()).isEqualTo(NOON);
            });
  }

  @Test
  void shouldFaultAtOnceWhenTheInputIsRefusedByItsDefinition() {
    String strict =
        """
        document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}
        input: {schema: {document: {type: object, required: [customer]}}}
        do:
          - done: {set: {a: 1}}
        """;
    Accepted begun = run.ask(Accepted.class, start(strict));
    Rejected again = run.ask(Rejected.class, retry());

    assertThat(begun.status()).isEqualTo(Status.FAULTED);
    assertThat(current().error().type()).isEqualTo(WorkflowError.VALIDATION);
    assertThat(again.code()).isEqualTo(WRONG_STATE);
    assertThat(again.sentence()).contains("'wf-1'", "input");
  }

  @Test
  void shouldTellOutputOnlyWhenCompletedAndErrorOnlyWhenFaulted() {
    run.run(start(APPROVAL));
    Current waiting = current();
    run.run(complete("ada", "{'approved':true}"));
    Current completed = current();

    assertThat(waiting.output()).isNull();
    assertThat(waiting.error()).isNull();
    assertThat(waiting.input()).isEqualTo(json("{'amount':12}"));
    assertThat(completed.status()).isEqualTo(Status.COMPLETED);
    assertThat(completed.output()).isEqualTo(json("{'approved':true}"));
    assertThat(completed.error()).isNull();
  }

  // The outside

  @Test
  void shouldAskTheOutsideAndGoOnWithItsAnswer() {
    Accepted begun = run.ask(Accepted.class, start(ORDER));
    outside.call(1).answer().complete(received(201, "{'orderId':7}"));

    assertThat(begun.status()).isEqualTo(Status.RUNNING);
    awaitStatus(Status.COMPLETED);
    assertThat(outside.call(1).call().method()).isEqualTo("POST");
    assertThat(outside.call(1).call().body()).isEqualTo(json("{'n':3}"));
    assertThat(outside.keys()).containsExactly("wf-1/do/0/order");
    assertThat(current().output()).isEqualTo(json("{'orderId':7}"));
  }

  @Test
  void shouldAskAgainUnderTheSameKeyAfterACrash() {
    run.run(start(ORDER));
    InMemoryOutside.Call lost = outside.call(1);

    State recovered = run.recovered();
    outside.call(2).answer().complete(received(200, "{'orderId':7}"));
    awaitStatus(Status.COMPLETED);
    lost.answer().complete(received(200, "{'orderId':8}"));

    assertThat(recovered.status()).isEqualTo(Status.RUNNING);
    assertThat(outside.keys()).containsExactly("wf-1/do/0/order", "wf-1/do/0/order");
    assertThat(current().output()).isEqualTo(json("{'orderId':7}"));
  }

  @Test
  void shouldNotAskAgainWhatWasAnsweredBeforeTheCrash() {
    run.run(
        start(
            definition(
                "- a:\n    call: http\n    with: {method: get, endpoint: 'https://a.example'}\n- rest: {wait: PT1H}")));
    outside.call(1).answer().complete(received(200, "{}"));
    awaitStatus(Status.WAITING);

    run.recovered();
    run.run(Get::new);

    assertThat(outside.keys()).hasSize(1);
  }

  @Test
  void shouldReadAKpi() {
    run.run(start(READING));
    outside.question(1).answer().complete(json("{'value':9.5}"));

    awaitStatus(Status.COMPLETED);
    assertThat(outside.question(1).kpiId()).isEqualTo("invoice-time");
    assertThat(current().output()).isEqualTo(json("{'value':9.5}"));
  }

  @Test
  void shouldFaultWithTheReasonWhenTheOutsideHasNoAnswer() {
    run.run(start(READING));
    outside
        .question(1)
        .answer()
        .completeExceptionally(new IllegalStateException("There is no KPI 'invoice-time'."));

    awaitStatus(Status.FAULTED);
    assertThat(current().error().type()).isEqualTo(WorkflowError.COMMUNICATION);
    assertThat(current().error().detail()).isEqualTo("There is no KPI 'invoice-time'.");
    assertThat(current().error().instance()).isEqualTo("/do/0/read");
  }

  @Test
  void shouldGoOnOnceTheWorkflowItStartsHasBegun() {
    run.run(start(definition(CHILD)));
    InMemoryOutside.Child child = outside.child(1);
    assertThat(child.workflow().name()).isEqualTo("payment");

    child.answer().complete(new WorkflowInstance.Accepted(Status.WAITING, 3, true));

    awaitStatus(Status.COMPLETED);
  }

  @Test
  void shouldFaultWhenTheWorkflowItStartsIsUnknown() {
    run.run(start(definition(CHILD)));

    outside
        .child(1)
        .answer()
        .complete(new WorkflowInstance.Rejected("not-found", "There is no 'acme/payment'."));

    awaitStatus(Status.FAULTED);
    assertThat(current().error().detail()).isEqualTo("There is no 'acme/payment'.");
  }

  @Test
  void shouldFaultRatherThanFallOverWhenTheOutsideThrows() {
    run =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("WorkflowInstance", "wf-1"),
            WorkflowInstance.create(
                "wf-1",
                new Outside(
                    (call, key) -> {
                      throw new IllegalArgumentException("no such scheme");
                    },
                    kpi -> {
                      throw new IllegalArgumentException("no such KPI");
                    },
                    child -> {
                      throw new IllegalArgumentException("no such workflow");
                    }),
                clock));
    run.run(start(ORDER));

    awaitStatus(Status.FAULTED);
    assertThat(current().error().detail()).isEqualTo("no such scheme");
  }

  @Test
  void shouldTakeASignalThatComesTwiceOnce() {
    run.run(start(definition("- rest: {wait: PT1H}\n- more: {wait: PT1H}")));
    Timer timer = timer();
    clock.advance(Duration.ofHours(1));

    Accepted first = run.ask(Accepted.class, take(new Signal.TimerFired(timer.id())));
    Accepted second = run.ask(Accepted.class, take(new Signal.TimerFired(timer.id())));

    assertThat(first.seqNr()).isGreaterThan(4);
    assertThat(second).isEqualTo(new Accepted(Status.WAITING, first.seqNr(), false));
    assertThat(timer().id()).isNotEqualTo(timer.id());
  }

  @Test
  void shouldHaveTheTimerThatWakesItComeAgainWhileAnAnswerIsOut() {
    run.run(start(ORDER));
    Rejected out = run.ask(Rejected.class, Wake::new);
    outside.call(1).answer().complete(received(200, "{}"));
    awaitStatus(Status.COMPLETED);
    Accepted over = run.ask(Accepted.class, Wake::new);

    assertThat(out.code()).isEqualTo(WRONG_STATE);
    assertThat(over.created()).isFalse();
    assertThat(outside.keys()).as("waking asks nothing by itself").hasSize(1);
  }

  // Suspend, resume, cancel, retry

  @Test
  void shouldAskAgainAfterItWasSuspendedOverAnAnswer() {
    run.run(start(ORDER));
    InMemoryOutside.Call missed = outside.call(1);
    run.run(suspend());
    missed.answer().complete(received(200, "{'orderId':7}"));
    assertThat(run.state()).isInstanceOf(Suspended.class);

    run.run(resume());
    outside.call(2).answer().complete(received(200, "{'orderId':7}"));

    awaitStatus(Status.COMPLETED);
    assertThat(outside.keys()).containsExactly("wf-1/do/0/order", "wf-1/do/0/order");
  }

  @Test
  void shouldNotAskWhileItIsSuspended() {
    run.run(start(ORDER));
    outside.call(1);
    run.run(suspend());

    assertThat(run.recovered()).isInstanceOf(Suspended.class);
    run.run(Get::new);
    assertThat(outside.keys()).hasSize(1);
  }

  @Test
  void shouldStayCancelledWhateverComesIn() {
    run.run(start(ORDER));
    run.run(cancel());
    outside.call(1).answer().complete(received(200, "{}"));
    Accepted late = run.ask(Accepted.class, take(answered(ref("/do/0/order"))));
    Rejected task = run.ask(Rejected.class, claim("ada"));

    assertThat(late.status()).isEqualTo(Status.CANCELLED);
    assertThat(current().status()).isEqualTo(Status.CANCELLED);
    assertThat(task.sentence()).isEqualTo("Workflow 'wf-1' is cancelled and can't claim task now.");
  }

  @Test
  void shouldGoOnFromTheStepThatFaultedUnderTheSameKey() {
    run.run(start(ORDER));
    outside.call(1).answer().complete(received(500, "{}"));
    awaitStatus(Status.FAULTED);

    Accepted retried = run.ask(Accepted.class, retry());
    outside.call(2).answer().complete(received(200, "{'orderId':7}"));

    assertThat(retried.status()).isEqualTo(Status.RUNNING);
    awaitStatus(Status.COMPLETED);
    assertThat(outside.keys()).containsExactly("wf-1/do/0/order", "wf-1/do/0/order");
    assertThat(current().error()).isNull();
  }

  @Test
  void shouldDoAnEarlierTaskAgainUnderAKeyOfItsOwn() {
    run.run(start(ORDER));
    outside.call(1).answer().complete(received(200, "{'orderId':7}"));
    awaitStatus(Status.COMPLETED);

    Accepted again = run.ask(Accepted.class, rerun("order"));
    outside.call(2).answer().complete(received(200, "{'orderId':8}"));

    assertThat(again.status()).isEqualTo(Status.RUNNING);
    awaitStatus(Status.COMPLETED);
    assertThat(outside.keys()).containsExactly("wf-1/do/0/order", "wf-1/do/0/order#2");
    assertThat(current().output()).isEqualTo(json("{'orderId':8}"));
  }

  @Test
  void shouldNotRunAgainWhileAnAnswerIsOut() {
    run.run(start(ORDER));
    Rejected running = run.ask(Rejected.class, rerun("order"));

    assertThat(running)
        .isEqualTo(
            new Rejected(
                WRONG_STATE, "Workflow 'wf-1' is running and can't rerun now.", List.of()));
  }

  @Test
  void shouldAskForATaskAnewWhenItIsDoneAgain() {
    run.run(start(APPROVAL));
    run.run(claim("ada"));
    run.run(rerun("approve"));

    assertThat(tasks().byId()).containsOnlyKeys("wf-1~2");
    assertThat(run.ask(Rejected.class, claim("ada")).code()).isEqualTo(WRONG_STATE);
  }

  @Test
  void shouldGoOnFromACancelledRun() {
    run.run(start(APPROVAL));
    run.run(cancel());

    assertThat(run.ask(Accepted.class, rerun("approve")).status()).isEqualTo(Status.WAITING);
  }

  @Test
  void shouldRefuseToGoOnFromWhereTheDefinitionHasNoTask() {
    run.run(start(APPROVAL));
    Rejected elsewhere = run.ask(Rejected.class, rerun("order"));

    assertThat(elsewhere.code()).isEqualTo(REFUSED);
    assertThat(elsewhere.sentence()).contains("'/do/0/order'");
  }

  @Test
  void shouldGoOnByTheVersionItMovedTo() {
    run.run(start(APPROVAL));
    run.run(migrate(APPROVAL + "  - then: {set: {late: true}}\n", "2.0.0"));
    run.run(complete("ada", "{'approved':true}"));

    assertThat(current().run().definition()).isEqualTo("test/story/2.0.0");
    assertThat(current().output()).isEqualTo(json("{'late':true}"));
    assertThat(run.recovered().instance().run().version()).isEqualTo("2.0.0");
  }

  @Test
  void shouldLetAFaultedRunMoveToAVersionThatIsMendedAndRetry() {
    run.run(start(ORDER));
    outside.call(1).answer().complete(received(500, "{}"));
    awaitStatus(Status.FAULTED);
    run.run(migrate(ORDER.replace("n: 3", "n: 4"), "1.0.1"));
    run.run(retry());

    assertThat(outside.call(2).call().body()).isEqualTo(json("{'n':4}"));
  }

  @Test
  void shouldSayWhichTaskAnotherVersionDoesNotHave() {
    run.run(start(APPROVAL));
    Rejected away = run.ask(Rejected.class, migrate(ORDER, "2.0.0"));

    assertThat(away.code()).isEqualTo(REFUSED);
    assertThat(away.sentence())
        .isEqualTo(
            "The run is in the task at '/do/0/approve', and there is none in test/story:1.0.0.");
  }

  @Test
  void shouldChangeNothingForWhoMeansAnotherRevision() {
    run.run(start(APPROVAL));
    long revision = current().seqNr();
    run.run(claim("ada"));
    var late =
        run.run(
            to ->
                new HandleTask(
                    TASK,
                    new TaskAction.Complete(json("{'approved':true}")),
                    revision,
                    cause("ada"),
                    to));

    assertThat(late.replyOfType(Rejected.class).code()).isEqualTo(REVISION_MISMATCH);
    assertThat(late.replyOfType(Rejected.class).sentence())
        .isEqualTo("Expected workflow 'wf-1' at revision 4, but it is at 5.");
    assertThat(late.events()).isEmpty();
  }

  // Tasks

  @Test
  void shouldKeepATaskForThePeopleItNames() {
    run.run(
        start(definition("- a: {call: humanTask, with: {title: A, candidates: {users: [bob]}}}")));

    Rejected other = run.ask(Rejected.class, claim("ada"));
    assertThat(other)
        .isEqualTo(new Rejected(NOT_YOURS, "Task 'wf-1~1' is for bob, not for 'ada'.", List.of()));
    assertThat(run.ask(Rejected.class, complete("ada", "{}")).code()).isEqualTo(NOT_YOURS);
    assertThat(run.ask(Rejected.class, reject("ada")).code()).isEqualTo(NOT_YOURS);
    assertThat(run.run(claim(Cause.UNNAMED)).events()).as("nobody says who").hasSize(1);
  }

  @Test
  void shouldLetWhomATaskWasHandedToDoIt() {
    run.run(
        start(definition("- a: {call: humanTask, with: {title: A, candidates: {users: [bob]}}}")));
    run.run(delegate("ada", "eve"));

    assertThat(run.ask(Accepted.class, complete("eve", "{}")).status()).isEqualTo(Status.COMPLETED);
  }

  @Test
  void shouldGiveATaskToWhoClaimsIt() {
    run.run(start(APPROVAL));
    Accepted claimed = run.ask(Accepted.class, claim("ada"));
    Accepted again = run.ask(Accepted.class, claim("ada"));
    Rejected other = run.ask(Rejected.class, claim("bob"));

    assertThat(task().assignee()).isEqualTo("ada");
    assertThat(again).isEqualTo(claimed);
    assertThat(other)
        .isEqualTo(new Rejected(NOT_YOURS, "Task 'wf-1~1' is held by 'ada'.", List.of()));
  }

  @Test
  void shouldKeepOthersOffAClaimedTask() {
    run.run(start(APPROVAL));
    run.run(claim("ada"));

    Stream.of(
            release("bob"),
            delegate("bob", "eve"),
            complete("bob", "{'approved':true}"),
            reject("bob"))
        .forEach(
            command -> assertThat(run.ask(Rejected.class, command).code()).isEqualTo(NOT_YOURS));
  }

  @Test
  void shouldGiveATaskBackAndOn() {
    run.run(start(APPROVAL));
    run.run(claim("ada"));

    var released = run.run(release("ada"));
    assertThat(task().assignee()).isNull();
    run.run(delegate("ada", "bob"));
    assertThat(task().assignee()).isEqualTo("bob");
    var again = run.run(delegate("bob", "bob"));

    assertThat(released.events())
        .extracting(Object::getClass)
        .isEqualTo(List.of(TaskReleased.class));
    assertThat(again.events()).isEmpty();
    assertThat(run.ask(Accepted.class, complete("bob", "{'approved':true}")).status())
        .isEqualTo(Status.COMPLETED);
  }

  @Test
  void shouldHoldATaskForWhomTheDefinitionNames() {
    run.run(start(definition("- a: {call: humanTask, with: {title: Do it, assignee: bob}}")));

    assertThat(task().assignee()).isEqualTo("bob");
    assertThat(run.ask(Rejected.class, claim("ada")).code()).isEqualTo(NOT_YOURS);
  }

  @Test
  void shouldRefuseWhatDoesNotSatisfyTheFormAndPointAtIt() {
    run.run(start(APPROVAL));
    var result = run.run(complete("ada", "{'approved':'yes','by':{'name':7}}"));

    Rejected rejected = result.replyOfType(Rejected.class);
    assertThat(rejected.code()).isEqualTo(REFUSED);
    assertThat(rejected.problems())
        .extracting(Problem::pointer)
        .containsExactlyInAnyOrder("/approved", "/by/name");
    assertThat(result.events()).isEmpty();
    assertThat(run.state()).isInstanceOf(Running.class);
  }

  @Test
  void shouldSayThatATaskIsDoneOrNeverWas() {
    run.run(start(APPROVAL));
    Rejected never =
        run.ask(
            Rejected.class,
            to -> new HandleTask("wf-1~2", new TaskAction.Claim(), null, CAUSE, to));

    assertThat(never.code()).isEqualTo(WRONG_STATE);
    assertThat(never.sentence()).contains("'wf-1~2'");
  }

  @Test
  void shouldLetTheDefinitionCatchARejectionAndAskAnew() {
    run.run(
        start(
            definition(
                """
                - ask:
                    try:
                      - approve: {call: humanTask, with: {title: Approve}}
                    catch:
                      errors: {with: {type: 'urn:twinloop:error:task-rejected'}}
                      retry: {delay: PT1M, limit: {attempt: {count: 3}}}
                """)));
    run.run(reject("ada"));
    assertThat(tasks().byId()).isEmpty();

    clock.advance(Duration.ofMinutes(1));
    run.run(take(new Signal.TimerFired(timer().id())));

    assertThat(tasks().byId()).containsOnlyKeys("wf-1~2");
    assertThat(run.ask(Rejected.class, claim("ada")).code()).as("the first").isEqualTo(WRONG_STATE);
    Accepted done =
        run.ask(
            Accepted.class,
            to ->
                new HandleTask(
                    "wf-1~2", new TaskAction.Complete(json("{}")), null, cause("ada"), to));
    assertThat(done.status()).isEqualTo(Status.COMPLETED);
  }

  @Test
  void shouldNumberTheTasksOfARunOneAfterTheOther() {
    run.run(
        start(
            definition(
                "- a: {call: humanTask, with: {title: A}}\n- b: {call: humanTask, with: {title: B}}")));
    run.run(complete("ada", "{}"));

    assertThat(tasks().byId()).containsOnlyKeys("wf-1~2");
    assertThat(tasks().seen()).isEqualTo(2);
  }

  @Test
  void shouldNoLongerAskForATaskThatTookTooLong() {
    run.run(
        start(
            definition(
                """
                - within:
                    timeout: {after: PT1H}
                    do:
                      - approve: {call: humanTask, with: {title: Approve}}
                """)));
    clock.advance(Duration.ofHours(1));
    Accepted over = run.ask(Accepted.class, take(new Signal.TimerFired(timer().id())));

    assertThat(over.status()).isEqualTo(Status.FAULTED);
    assertThat(tasks().byId()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"wf-1", "a~b", "~"})
  void shouldTellTheWorkflowOfATask(String workflowId) {
    assertThat(WorkflowInstance.workflowOf(workflowId + "~12")).contains(workflowId);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "wf-1", "~1"})
  void shouldKnowWhatIsNoIdOfATask(String text) {
    assertThat(WorkflowInstance.workflowOf(text)).isEmpty();
  }

  // Housekeeping

  @Test
  void shouldRecoverFromItsSnapshotWithOpenTaskAndAnswer() {
    run.run(start(APPROVAL));
    IntStream.range(0, 60)
        .forEach(
            n -> {
              run.run(claim("ada"));
              run.run(release("ada"));
            });
    State before = stateAt(100);

    assertThat(run.recoveredFromSnapshotAlone()).isEqualTo(before);
    assertThat(tasks().byId()).containsOnlyKeys(TASK);
  }

  /** What the stored events up to this one make of a run. */
  private State stateAt(int events) {
    State state = new Absent();
    for (Object event : run.stored().subList(0, events)) {
      state = ((Event) event).applyTo(state);
    }
    return state;
  }

  @Test
  void shouldSayWhichWorkflowIsMissing() {
    assertThat(run.ask(Rejected.class, Get::new))
        .isEqualTo(new Rejected(NOT_FOUND, "There is no workflow 'wf-1'.", List.of()));
  }

  // The language of these tests

  private static String definition(String tasks) {
    return "document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}\ndo:\n"
        + tasks.indent(2);
  }

  private static Function<ActorRef<Reply>, Command> start(String source) {
    return to ->
        new Start(
            "test",
            "story",
            "1.0.0",
            source,
            json("{'amount':12}"),
            "invoice-time",
            "KPI",
            "loop-1",
            CAUSE,
            to);
  }

  private static Function<ActorRef<Reply>, Command> take(Signal signal) {
    return to -> new Take(signal, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> claim(String who) {
    return to -> new HandleTask(TASK, new TaskAction.Claim(), null, cause(who), to);
  }

  private static Function<ActorRef<Reply>, Command> release(String who) {
    return to -> new HandleTask(TASK, new TaskAction.Release(), null, cause(who), to);
  }

  private static Function<ActorRef<Reply>, Command> delegate(String who, String whom) {
    return to -> new HandleTask(TASK, new TaskAction.Delegate(whom), null, cause(who), to);
  }

  private static Function<ActorRef<Reply>, Command> complete(String who, String output) {
    return to -> new HandleTask(TASK, new TaskAction.Complete(json(output)), null, cause(who), to);
  }

  private static Function<ActorRef<Reply>, Command> reject(String who) {
    return to -> new HandleTask(TASK, new TaskAction.Reject("not mine"), null, cause(who), to);
  }

  private static Function<ActorRef<Reply>, Command> suspend() {
    return to -> new Suspend(null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> resume() {
    return to -> new Resume(null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> cancel() {
    return to -> new Cancel("no longer needed", null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> retry() {
    return to -> new Retry(null, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> suspend(Long expectedRevision) {
    return to -> new Suspend(expectedRevision, CAUSE, to);
  }

  /** Goes on again from the beginning of APPROVAL's or ORDER's only task. */
  private static Function<ActorRef<Reply>, Command> rerun(String task) {
    return to -> new Rerun(checkpoint(task), null, CAUSE, to);
  }

  /** As it is found in the history of a run that has just begun. */
  private static Checkpoint checkpoint(String task) {
    String source = task.equals("order") ? ORDER : APPROVAL;
    Retrace past = new Retrace();
    Stepper.start(
            WorkflowModels.of(source),
            new WorkflowRuntime("wf-1", "loop-1", NOON, "0.1.0"),
            json("{'amount':12}"),
            NOON,
            1)
        .forEach(step -> past.follow(step, NOON));
    return ((Retrace.Found) past.to(task)).checkpoint();
  }

  private static Function<ActorRef<Reply>, Command> migrate(String source, String version) {
    return to -> new Migrate(version, source, null, CAUSE, to);
  }

  private static Cause cause(String actor) {
    return new Cause("loop-1", "request-2", actor);
  }

  private static Signal answered(TaskRef ref) {
    return new Signal.HumanTaskCompleted(ref, JsonNodeFactory.instance.objectNode(), "ada");
  }

  private static TaskRef ref(String position) {
    return new TaskRef(position, position, 1);
  }

  private static HttpAnswer received(int status, String content) {
    return new HttpAnswer.Received(
        status, Map.of("content-type", "application/json"), json(content));
  }

  private static JsonNode json(String withSingleQuotes) {
    return Json.tree(withSingleQuotes.replace('\'', '"'));
  }

  private Current current() {
    return run.ask(Current.class, Get::new);
  }

  private OpenTasks tasks() {
    return run.state().instance().tasks();
  }

  private OpenTasks.OpenTask task() {
    return tasks().find(TASK).orElseThrow();
  }

  private Timer timer() {
    return run.state().instance().execution().timers().get(0);
  }

  private void awaitStatus(Status status) {
    await().until(() -> run.state().status() == status);
  }
}
