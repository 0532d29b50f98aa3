package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything that is kept or sent reads back as it was written, as JSON and as CBOR. */
class SerialisationTest {

  static List<ObjectMapper> mappers() {
    return List.of(
        JsonMapper.builder().addModule(new JavaTimeModule()).build(),
        CBORMapper.builder().addModule(new JavaTimeModule()).build());
  }

  @ParameterizedTest
  @MethodSource("mappers")
  void shouldReadBackEveryKindOfStepAndEveryExecution(ObjectMapper mapper) throws IOException {
    Set<Class<?>> seen = new HashSet<>();
    for (Instance instance : stories()) {
      Execution replayed = Execution.notStarted();
      for (Step step : instance.steps) {
        seen.add(step.getClass());
        Step again = mapper.readValue(mapper.writeValueAsBytes(step), Step.class);
        assertThat(again).isEqualTo(step);
        replayed = replayed.apply(again, instance.now);
        assertThat(mapper.readValue(mapper.writeValueAsBytes(replayed), Execution.class))
            .isEqualTo(replayed);
      }
    }

    assertThat(seen).containsExactlyInAnyOrder(Step.class.getPermittedSubclasses());
  }

  @ParameterizedTest
  @MethodSource("mappers")
  void shouldReadBackSignalsAndAnswers(ObjectMapper mapper) throws IOException {
    TaskRef ref = new TaskRef("/do/0/a", "/do/0/a#2", 3);
    List<Signal> signals =
        List.of(
            new Signal.CallAnswered(ref, Instance.yaml("null")),
            new Signal.CallFailed(ref, WorkflowError.communication(500, "T", "D")),
            new Signal.TimerFired("t"),
            new Signal.HumanTaskCompleted(ref, Instance.yaml("{a: 1}"), null),
            new Signal.HumanTaskRejected(ref, "ada", null));
    for (Signal signal : signals) {
      assertThat(mapper.readValue(mapper.writeValueAsBytes(signal), Signal.class))
          .isEqualTo(signal);
    }
    assertThat(signals)
        .extracting(Object::getClass)
        .extracting(type -> (Object) type)
        .containsExactlyInAnyOrder((Object[]) Signal.class.getPermittedSubclasses());
    HttpAnswer answer = new HttpAnswer.CallFailed(WorkflowError.communication(500, "T", "D"));
    assertThat(mapper.readValue(mapper.writeValueAsBytes(answer), HttpAnswer.class))
        .isEqualTo(answer);
  }

  @ParameterizedTest
  @MethodSource("mappers")
  void shouldReadBackWhatPeopleDoAndWhereARunGoesOn(ObjectMapper mapper) throws IOException {
    List<TaskAction> actions =
        List.of(
            new TaskAction.Claim(),
            new TaskAction.Release(),
            new TaskAction.Delegate("eve"),
            new TaskAction.Complete(Instance.yaml("{a: null}")),
            new TaskAction.Reject("no"));
    for (TaskAction action : actions) {
      assertThat(mapper.readValue(mapper.writeValueAsBytes(action), TaskAction.class))
          .isEqualTo(action);
    }
    assertThat(actions)
        .extracting(Object::getClass)
        .extracting(type -> (Object) type)
        .containsExactlyInAnyOrder((Object[]) TaskAction.class.getPermittedSubclasses());
    Checkpoint checkpoint = ((Retrace.Found) stories().get(0).retraced().to("ask")).checkpoint();
    assertThat(mapper.readValue(mapper.writeValueAsBytes(checkpoint), Checkpoint.class))
        .isEqualTo(checkpoint);
  }

  /** Instances that between them take every kind of step. */
  private static List<Instance> stories() {
    List<Instance> stories = new ArrayList<>();
    Instance calls =
        Instance.running(
            """
            - skipped: {if: 'false', set: {x: 1}}
            - nothing: {set: '${ null }'}
            - wait: {wait: PT1S, timeout: {after: PT1H}}
            - tell: {call: notify, with: {channel: log, message: M}}
            - say: {emit: {event: {with: {type: t, data: {a: null}}}}, export: {as: .}}
            - t:
                try:
                  - get:
                      call: http
                      with:
                        method: get
                        endpoint: {uri: 'https://h', authentication: {basic: {username: u, password: p}}}
                catch:
                  as: e
                  retry: {delay: PT1S, limit: {attempt: {count: 1}}}
                  do: [{ask: {call: humanTask, with: {title: T, form: {type: object}}}}]
            - read: {call: readKpi, with: {kpi: k}}
            """);
    calls.nextTimer().answer(500, "{}").nextTimer().answer(500, "{}");
    TaskRef asked = calls.execution.pendingHumanTasks().get(0).ref();
    calls.send(new Signal.HumanTaskCompleted(asked, Instance.yaml("{x: 1.5}"), "ada"));
    calls.answer("{value: 1}");
    assertThat(calls.execution.status()).isEqualTo(Execution.Status.COMPLETED);
    stories.add(calls);
    stories.add(
        Instance.running(
                "- get: {call: http, with: {method: get, endpoint: 'https://h'}, timeout: {after: PT1H}}")
            .answer(500, "x")
            .retry()
            .rerun("get"));
    stories.add(
        Instance.running(
                "- go: {run: {workflow: {namespace: a, name: b, version: '1'}, await: false}}")
            .answer("{}"));
    return stories;
  }
}
