package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RerunTest {

  private static final String THREE =
      """
      - count: {set: {n: '${ .n + 1 }'}, export: {as: '{counted: $input.n}'}}
      - call: {call: http, with: {method: post, endpoint: 'https://host/x'}, output: {as: '{n: $input.n, answer: .}'}}
      - tell: {call: notify, with: {channel: log, message: 'Done'}}
      """;

  @Test
  void shouldGoOnAgainWithTheInputTheTaskHadThen() {
    Instance instance = Instance.running(THREE, "{n: 1}").answer("first");

    instance.rerun("call").answer("second");

    assertThat(instance.output()).isEqualTo(Instance.yaml("{n: 2, answer: second}"));
    assertThat(instance.execution.context()).isEqualTo(Instance.yaml("{counted: 1}"));
    assertThat(instance.history())
        .containsExactly(
            "count started",
            "count completed",
            "call started",
            "call completed",
            "tell started",
            "tell completed",
            "call started",
            "call completed",
            "tell started",
            "tell completed");
  }

  @Test
  void shouldMakeNewCallsAndTellPeopleAnew() {
    Instance instance = Instance.running(THREE, "{n: 1}").answer("first");

    instance.rerun("call").answer("second").rerun("tell").rerun("count").answer("third");

    assertThat(instance.all(Step.CallRequested.class).map(Step.CallRequested::idempotencyKey))
        .containsExactly("wf-1/do/1/call", "wf-1/do/1/call#2", "wf-1/do/1/call#3");
    assertThat(
            instance
                .all(Step.NotificationRequested.class)
                .map(Step.NotificationRequested::idempotencyKey))
        .doesNotHaveDuplicates()
        .hasSize(4);
  }

  @Test
  void shouldCountTheVisitsOfALoopThatWentFartherThanWhereItGoesOn() {
    Instance instance =
        Instance.running(
            """
            - ask: {call: humanTask, with: {title: More}}
            - again: {switch: [{more: {when: .more, then: ask}}, {enough: {then: end}}]}
            """);
    instance.send(done(instance, "{more: true}")).send(done(instance, "{more: false}"));

    instance.rerun("again");

    assertThat(instance.execution.ended()).isTrue();
    instance.rerun("ask");
    assertThat(instance.execution.waiting().get(0).ref().id()).isEqualTo("/do/0/ask#3");
  }

  private static Signal done(Instance instance, String data) {
    return new Signal.HumanTaskCompleted(
        instance.execution.waiting().get(0).ref(), Instance.yaml(data), "ada");
  }

  @Test
  void shouldGoOnInsideATaskThatHasOthersWithNewTimeouts() {
    Instance instance =
        Instance.running(
            """
            - within:
                timeout: {after: PT1H}
                do:
                  - a: {set: {x: 1}}
                  - rest: {call: humanTask, with: {title: Rest}}
            """);
    instance.later(Duration.ofMinutes(50)).rerun("rest");

    assertThat(instance.execution.timers())
        .singleElement()
        .satisfies(
            timer -> assertThat(timer.dueAt()).isEqualTo(instance.now.plus(Duration.ofHours(1))));
    assertThat(instance.execution.waiting().get(0).ref().id())
        .isEqualTo("/do/0/within/do/1/rest#2");
  }

  @Test
  void shouldGoOnFromATaskWhoseInputWasRefused() {
    Instance instance =
        Instance.running(
            """
            - a: {set: {x: 1}}
            - strict:
                input: {schema: {document: {type: object, required: [y]}}}
                set: {z: 1}
            """);
    assertThat(instance.error().type()).isEqualTo(WorkflowError.VALIDATION);

    instance.rerun("strict");

    assertThat(instance.execution.status()).isEqualTo(Execution.Status.FAULTED);
    assertThat(instance.only(Step.Rewound.class).ended()).isTrue();
  }

  @Test
  void shouldSayWhatTasksThereWereWhenItIsAnotherThatIsAskedFor() {
    Retrace past = Instance.running(THREE, "{n: 1}").retraced();

    assertThat(past.to("tell"))
        .isEqualTo(
            new Retrace.Refused("No task 'tell' has begun in this run; these have: count, call."));
  }

  @Test
  void shouldWantThePositionWhereSeveralTasksHaveAName() {
    Instance instance =
        Instance.running("- a: {do: [{x: {set: {n: 1}}}]}\n- b: {do: [{x: {set: {n: 2}}}]}");

    assertThat(instance.retraced().to("x"))
        .isEqualTo(
            new Retrace.Refused(
                "Several tasks are called 'x'; say which by its position: /do/0/a/do/0/x, /do/1/b/do/0/x."));
    assertThat(instance.rerun("/do/1/b/do/0/x").output()).isEqualTo(Instance.yaml("{n: 2}"));
  }

  @Test
  void shouldNotGoOnInADefinitionThatHasNoSuchTask() {
    Instance instance = Instance.running(THREE, "{n: 1}");
    Checkpoint checkpoint = ((Retrace.Found) instance.retraced().to("call")).checkpoint();
    WorkflowModel other = Instance.model(Instance.definition("- count: {set: {n: 1}}"));

    assertThat(checkpoint.obstacle(instance.model)).isEmpty();
    assertThat(checkpoint.obstacle(other)).get().asString().contains("'/do/1/call'");
  }
}
