package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class RehearsalTest {

  private static final Instant PRESENT = Instance.START.plus(Duration.ofDays(30));

  private static final String APPROVAL =
      """
      - look: {call: http, with: {method: get, endpoint: 'https://host/x'}, output: {as: '$input + {risk: .risk}'}}
      - approve: {call: humanTask, with: {title: Approve}, output: {as: '$input + .'}}
      - tell: {call: notify, with: {channel: log, message: '${ "Approved: " + (.approved | tostring) }'}}
      """;

  @Test
  void shouldDoTheSameAgainByTheSameDefinition() {
    Rehearsal.Outcome outcome = played(approved(), APPROVAL);

    assertThat(outcome.differences()).isEmpty();
    assertThat(outcome.unrecorded()).isEmpty();
    assertThat(outcome.would()).isEqualTo(approved().recorded().account());
    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.COMPLETED);
  }

  @Test
  void shouldSayWhereAnotherDefinitionWouldHaveGone() {
    Rehearsal.Outcome outcome =
        played(
            approved(),
            """
            - look: {call: http, with: {method: get, endpoint: 'https://host/x'}}
            - sort: {switch: [{small: {when: .risk < 30, then: tell}}, {rest: {then: approve}}]}
            - approve: {call: humanTask, with: {title: Approve}}
            - tell: {call: notify, with: {channel: log, message: Automatic}}
            """);

    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.COMPLETED);
    assertThat(outcome.would().tasks()).isEmpty();
    assertThat(outcome.would().notifications())
        .extracting(Notification::message)
        .containsExactly("Automatic");
    assertThat(outcome.differences())
        .anySatisfy(
            sentence ->
                assertThat(sentence)
                    .isEqualTo(
                        "From step 3 on: it was 'approve' started and would be 'sort' started."))
        .anySatisfy(
            sentence ->
                assertThat(sentence)
                    .isEqualTo("From task 1 on: it was Approve and would be none."));
  }

  @Test
  void shouldStopWhereThereIsNoRecordedAnswerAndSaySo() {
    Rehearsal.Outcome outcome =
        played(approved(), APPROVAL + "- sign: {call: humanTask, with: {title: Sign}}");

    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.WAITING);
    assertThat(outcome.unrecorded()).containsExactly("sign");
    assertThat(outcome.would().tasks()).containsExactly("Approve", "Sign");
  }

  @Test
  void shouldAnswerAfterTheTimeItTookSoThatAShorterTimeoutCounts() {
    Rehearsal.Outcome outcome =
        played(
            approved(),
            APPROVAL.replace("{title: Approve}", "{title: Approve}, timeout: {after: PT1H}"));

    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.FAULTED);
    assertThat(outcome.would().error().type()).isEqualTo(WorkflowError.TIMEOUT);
    assertThat(outcome.differences().get(0)).isEqualTo("It is COMPLETED and would be FAULTED.");
  }

  @Test
  void shouldNotKnowWhoWouldHaveAnsweredLaterThanTheRecordingWaited() {
    String tasks = "- ask: {call: humanTask, timeout: {after: PT2H}, with: {title: Ask}}";
    Instance silent = Instance.running(tasks).nextTimer();

    assertThat(played(silent, tasks).differences()).isEmpty();
    Rehearsal.Outcome patient = played(silent, tasks.replace("PT2H", "PT9H"));
    assertThat(patient.would().ends()).isEqualTo(Account.Ends.WAITING);
    assertThat(patient.unrecorded()).containsExactly("ask");
    assertThat(played(silent, tasks.replace("PT2H", "PT1H")).would().ends())
        .isEqualTo(Account.Ends.FAULTED);
  }

  @Test
  void shouldStartNoOtherWorkflowButGoOnAsItDid() {
    String tasks =
        """
        - go: {run: {workflow: {namespace: a, name: b, version: latest}, await: false}}
        - tell: {call: notify, with: {channel: log, message: Begun}}
        """;
    Instance recorded = Instance.running(tasks).answer("begun");

    Rehearsal.Outcome outcome = played(recorded, tasks);

    assertThat(outcome.differences()).isEmpty();
    assertThat(outcome.unrecorded()).isEmpty();
    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.COMPLETED);
  }

  @Test
  void shouldGiveTheAnswersOfALoopInTheirOrder() {
    String tasks =
        """
        - look:
            try:
              - get: {call: http, with: {method: get, endpoint: 'https://host/x'}}
            catch:
              retry: {delay: PT3S, limit: {attempt: {count: 2}}}
        """;
    Instance recorded = Instance.running(tasks).answer(503, "{}").nextTimer().answer("{x: 1}");

    Rehearsal.Outcome outcome = played(recorded, tasks);

    assertThat(outcome.differences()).isEmpty();
    assertThat(outcome.would().calls()).hasSize(2);
    assertThat(
            played(recorded, "- get: {call: http, with: {method: get, endpoint: 'https://host/x'}}")
                .would()
                .ends())
        .isEqualTo(Account.Ends.FAULTED);
  }

  @Test
  void shouldPassTimeNoFartherThanThePresent() {
    Instance recorded = Instance.running("- a: {set: {x: 1}}");

    assertThat(played(recorded, "- rest: {wait: P29D}").would().ends())
        .isEqualTo(Account.Ends.COMPLETED);
    assertThat(played(recorded, "- rest: {wait: P31D}").would().ends())
        .isEqualTo(Account.Ends.WAITING);
  }

  @Test
  void shouldStopADefinitionThatWaitsInCircles() {
    Instance recorded = Instance.running("- a: {set: {x: 1}}");

    Rehearsal.Outcome outcome = played(recorded, "- a: {wait: PT1S}\n- b: {set: {x: 1}, then: a}");

    assertThat(outcome.would().ends()).isEqualTo(Account.Ends.WAITING);
    assertThat(outcome.would().steps()).hasSizeBetween(100, Rehearsal.MOST_STEPS);
  }

  @Test
  void shouldSayWhatItWouldHaveEmittedOtherwise() {
    String tasks = "- emit: {emit: {event: {with: {type: acme.done, data: {n: 1}}}}}";
    Instance recorded = Instance.running(tasks);

    assertThat(played(recorded, tasks).differences()).isEmpty();
    assertThat(played(recorded, tasks.replace("n: 1", "n: 2")).differences())
        .contains(
            "From event 1 on: it was acme.done of null with {\"n\":1} and would be acme.done of null with {\"n\":2}.");
  }

  @Test
  void shouldComeToTheSameEachTime() {
    Recording recording = approved().recorded();
    WorkflowModel model = Instance.model(Instance.definition(APPROVAL));

    assertThat(Rehearsal.of(model, recording, PRESENT))
        .isEqualTo(Rehearsal.of(model, recording, PRESENT));
  }

  /** Looked at after a minute, approved after a day. */
  private static Instance approved() {
    Instance instance =
        Instance.running(APPROVAL, "{amount: 7}").later(Duration.ofMinutes(1)).answer("{risk: 20}");
    TaskRef ref = instance.execution.waiting().get(0).ref();
    return instance
        .later(Duration.ofDays(1))
        .send(new Signal.HumanTaskCompleted(ref, Instance.yaml("{approved: true}"), "ada"));
  }

  private static Rehearsal.Outcome played(Instance recorded, String tasks) {
    WorkflowModel model = Instance.model(Instance.definition(tasks));
    assertThat(List.of(recorded.steps)).isNotEmpty();
    return Rehearsal.of(model, recorded.recorded(), PRESENT);
  }
}
