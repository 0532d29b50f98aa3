package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.outbound.Channel;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class StepperTest {

  private static final String TRY_CALL =
      """
      - tryGet:
          try:
            - get: {call: http, with: {method: get, endpoint: 'https://host/x'}}
          catch:
            errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/communication}}
            retry:
              delay: PT3S
              backoff: {exponential: {}}
              limit: {attempt: {count: 2}}
      """;

  @Nested
  class Flow {

    @Test
    void shouldSkipATaskWhoseConditionDoesNotHoldAndIgnoreItsThen() {
      Instance instance =
          Instance.running(
              "- a: {if: .no, set: {x: 1}, then: end}\n- b: {set: {y: '${ . }'}}", "{z: 1}");

      assertThat(instance.output()).isEqualTo(Instance.yaml("{y: {z: 1}}"));
      assertThat(instance.history()).containsExactly("b started", "b completed");
    }

    @Test
    void shouldLeaveOnlyTheInnerListByExit() {
      Instance instance =
          Instance.running(
              """
              - outer:
                  do:
                    - a: {set: {x: 1}, then: exit}
                    - b: {set: {x: 2}}
              - after: {set: {seen: '${ .x }'}}
              """);

      assertThat(instance.output()).isEqualTo(Instance.yaml("{seen: 1}"));
    }

    @Test
    void shouldEndEverythingFromInsideByEndAndStillTransformOutputs() {
      Instance instance =
          Instance.running(
              """
              - outer:
                  do:
                    - a: {set: {x: 1}, then: end}
                    - b: {set: {x: 2}}
                  output: {as: '. + {outer: true}'}
              - after: {set: {x: 3}}
              """);

      assertThat(instance.output()).isEqualTo(Instance.yaml("{x: 1, outer: true}"));
      assertThat(instance.history())
          .containsExactly("outer started", "a started", "a completed", "outer completed");
    }

    @Test
    void shouldTakeTheDefaultCaseOnlyWhenNoOtherMatches() {
      String tasks =
          """
          - choose:
              switch:
                - otherwise: {then: low}
                - big: {when: .n > 10, then: high}
          - low: {set: {r: low}, then: end}
          - high: {set: {r: high}}
          """;

      assertThat(Instance.running(tasks, "{n: 11}").output()).isEqualTo(Instance.yaml("{r: high}"));
      assertThat(Instance.running(tasks, "{n: 1}").output()).isEqualTo(Instance.yaml("{r: low}"));
    }

    @Test
    void shouldTellRepeatedVisitsOfATaskApart() {
      Instance instance =
          Instance.running(
              """
              - count: {set: {n: '${ .n + 1 }'}}
              - call: {call: http, with: {method: post, endpoint: 'https://host/x'}, output: {as: $input}}
              - again: {switch: [{more: {when: .n < 3, then: count}}, {enough: {then: end}}]}
              """,
              "{n: 0}");
      while (!instance.execution.ended()) {
        instance.answer("{}");
      }

      assertThat(instance.all(Step.CallRequested.class).map(Step.CallRequested::idempotencyKey))
          .containsExactly("wf-1/do/1/call", "wf-1/do/1/call#2", "wf-1/do/1/call#3");
      assertThat(instance.output()).isEqualTo(Instance.yaml("{n: 3}"));
    }

    @Test
    void shouldMakeKeysThatAHeaderCanCarryOfWhateverATaskIsCalled() {
      Instance instance =
          Instance.running("- \"Größe 5%\\n/x\": {call: humanTask, with: {title: T}}");

      assertThat(instance.only(Step.HumanTaskRequested.class).idempotencyKey())
          .isEqualTo("wf-1/do/0/Gr%C3%B6%C3%9Fe%205%25%0A~1x");
    }

    @Test
    void shouldFaultWhenItGoesInCircles() {
      Instance instance = Instance.running("- a: {set: {x: 1}}\n- b: {set: {x: 2}, then: a}");

      assertThat(instance.error().type()).isEqualTo(WorkflowError.RUNTIME);
      assertThat(instance.error().detail()).contains("10000 steps");
      assertThat(instance.steps).hasSize(Run.MOST_STEPS + 1);
    }

    @Test
    void shouldFaultWhenAValueGrowsTooLarge() {
      Instance instance =
          Instance.running(
              "- a: {set: {x: '${ .x + .x }'}}\n- b: {set: '${ . }', then: a}", "{x: ab}");

      assertThat(instance.error().detail()).contains("larger than");
    }

    @Test
    void shouldCompleteAWorkflowWithoutTasks() {
      assertThat(Instance.running("do: []", "{x: 1}").output()).isEqualTo(Instance.yaml("{x: 1}"));
    }
  }

  @Nested
  class Data {

    @Test
    void shouldTransformAndExport() {
      Instance instance =
          Instance.of(
                  Instance.definition(
                      """
                      input: {from: .order}
                      output: {as: '{last: ., context: $context, id: $workflow.input.id}'}
                      do:
                        - a:
                            input: {from: '{n: .n}'}
                            set: {twice: '${ .n * 2 }', ref: '${ $task.reference }'}
                            output: {as: '. + {was: $input.n}'}
                            export: {as: '$context + {sum: ($output.twice + 1)}'}
                        - b: {set: {sum: '${ $context.sum }', raw: '${ $task.input.was }'}}
                      """))
              .start(Instance.yaml("{id: 9, order: {n: 4}}"));

      assertThat(instance.output())
          .isEqualTo(Instance.yaml("{last: {sum: 9, raw: 4}, context: {sum: 9}, id: 9}"));
    }

    @Test
    void shouldDescribeWorkflowAndRuntimeToExpressions() {
      Instance instance =
          Instance.running(
              "- a: {set: {w: '${ $workflow.id }', v: '${ $workflow.definition.document.version }',"
                  + " s: '${ $workflow.startedAt.epoch.seconds }', r: '${ $runtime.name }',"
                  + " t: '${ $task.startedAt.iso8601 }', now: '${ now }'}}");

      assertThat(instance.output())
          .isEqualTo(
              Instance.yaml(
                  "{w: wf-1, v: '1.0.0', s: 1772442000, r: twinloop, t: '2026-03-02T09:00:00Z',"
                      + " now: 1772442000.0}"));
    }

    @Test
    void shouldFaultOnInputThatIsNotAsItsSchemaSays() {
      Instance instance =
          Instance.of(
                  Instance.definition(
                      "input: {schema: {document: {required: [n]}}}\ndo: [{a: {set: {x: 1}}}]"))
              .start(Instance.yaml("{}"));

      assertThat(instance.error().type()).isEqualTo(WorkflowError.VALIDATION);
      assertThat(instance.error().instance()).isEqualTo("/input");
      assertThat(instance.history()).isEmpty();
      assertThat(instance.retry().execution.status()).isEqualTo(Execution.Status.FAULTED);
    }

    @Test
    void shouldFaultOnOutputOrContextThatIsNotAsItsSchemaSays() {
      Instance output =
          Instance.running("- a: {set: {x: 1}, output: {schema: {document: {required: [y]}}}}");
      Instance context =
          Instance.running(
              "- a: {set: {x: 1}, export: {as: ., schema: {document: {required: [y]}}}}");

      assertThat(output.error().type()).isEqualTo(WorkflowError.VALIDATION);
      assertThat(output.history()).containsExactly("a started", "a faulted");
      assertThat(context.error().detail()).contains("exported context of 'a'");
    }

    @Test
    void shouldNotRepeatDataThatGoesOnUnchanged() {
      Instance instance =
          Instance.running("- a: {do: [{b: {do: [{c: {wait: PT0S}}]}}]}", "{big: 1}");

      assertThat(instance.all(Step.TaskStarted.class)).allMatch(step -> step.input() == null);
      assertThat(instance.all(Step.TaskCompleted.class))
          .hasSize(3)
          .allMatch(step -> step.output() == null && step.context() == null);
      assertThat(instance.output()).isEqualTo(Instance.yaml("{big: 1}"));
    }
  }

  @Nested
  class Errors {

    @Test
    void shouldRetryWithGrowingPausesUnderTheSameKeyUntilTheLimit() {
      Instance instance = Instance.running(TRY_CALL);
      instance.answer(503, "{}");
      assertThat(instance.execution.timers())
          .extracting(Timer::dueAt)
          .containsExactly(Instance.START.plusSeconds(3));
      instance.nextTimer().answer(503, "{}");
      assertThat(instance.execution.timers())
          .extracting(Timer::dueAt)
          .containsExactly(Instance.START.plusSeconds(3 + 6));
      instance.nextTimer().answer(503, "{}");

      assertThat(instance.all(Step.CallRequested.class).map(Step.CallRequested::idempotencyKey))
          .hasSize(3)
          .containsOnly("wf-1/do/0/tryGet/try/0/get");
      assertThat(instance.all(Step.CallRequested.class).map(step -> step.ref().attempt()))
          .containsExactly(1, 2, 3);
      assertThat(instance.error().status()).isEqualTo(503);
      assertThat(instance.error().instance()).isEqualTo("/do/0/tryGet/try/0/get");
      assertThat(instance.only(Step.Faulted.class).failedTask()).isEqualTo("get");
    }

    @Test
    void shouldHandleTheErrorWhenRetriesRunOut() {
      Instance instance =
          Instance.running(
              TRY_CALL + "      do: [{giveUp: {set: {status: '${ $error.status }'}}}]\n");
      instance.answer(500, "x").nextTimer().answer(500, "x").nextTimer().answer(502, "x");

      assertThat(instance.output()).isEqualTo(Instance.yaml("{status: 502}"));
    }

    @Test
    void shouldIgnoreAnAnswerOfAnEarlierAttempt() {
      Instance instance = Instance.running(TRY_CALL);
      TaskRef first = instance.execution.pendingCalls().get(0).ref();
      instance.answer(503, "{}").nextTimer();
      Execution before = instance.execution;

      instance.send(new Signal.CallAnswered(first, Instance.yaml("{late: true}")));

      assertThat(instance.execution).isEqualTo(before);
      assertThat(instance.answer("{ok: true}").output()).isEqualTo(Instance.yaml("{ok: true}"));
    }

    @Test
    void shouldNumberAttemptsOfNestedTriesWithoutRepeating() {
      Instance instance =
          Instance.running(
              """
              - outer:
                  try:
                    - inner:
                        try:
                          - get: {call: http, with: {method: get, endpoint: 'https://host/x'}}
                        catch: {retry: {limit: {attempt: {count: 1}}}}
                  catch: {retry: {limit: {attempt: {count: 1}}}}
              """);
      while (!instance.execution.ended()) {
        instance.answer(500, "{}");
      }

      assertThat(instance.all(Step.CallRequested.class).map(step -> step.ref().attempt()))
          .containsExactly(1, 2, 3, 4);
    }

    @Test
    void shouldDrawTheJitterFromTheSeed() {
      String tasks =
          "- t: {try: [{get: {call: http, with: {method: get, endpoint: 'https://host/x'}}}],"
              + " catch: {retry: {delay: PT1S, jitter: {from: PT1S, to: PT9S}}}}";
      Instance instance = Instance.running(tasks);
      TaskRef ref = instance.execution.pendingCalls().get(0).ref();
      Signal failed = new Signal.CallAnswered(ref, 500, Map.of(), Instance.yaml("{}"));
      List<Instant> dues =
          java.util.stream.LongStream.range(0, 20)
              .mapToObj(
                  seed ->
                      Stepper.advance(
                          instance.model, instance.execution, failed, instance.now, seed))
              .map(steps -> ((Step.TaskRetryScheduled) steps.get(steps.size() - 1)).timer().dueAt())
              .toList();

      assertThat(dues)
          .allMatch(due -> !due.isBefore(Instance.START.plusSeconds(2)))
          .allMatch(due -> !due.isAfter(Instance.START.plusSeconds(10)));
      assertThat(dues.stream().distinct().count()).isGreaterThan(10);
    }

    @Test
    void shouldStopRetryingWhenTheTimeIsOver() {
      Instance instance =
          Instance.running(
              "- t: {try: [{get: {call: http, with: {method: get, endpoint: 'https://host/x'}}}],"
                  + " catch: {retry: {delay: PT10S, limit: {duration: PT15S}}}}");
      instance.answer(500, "{}").nextTimer().answer(500, "{}");

      assertThat(instance.execution.status()).isEqualTo(Execution.Status.FAULTED);
      assertThat(instance.all(Step.TaskRetried.class)).hasSize(1);
    }

    @Test
    void shouldUnderstandTheKitsSpellingOfAnErrorType() {
      Instance instance =
          Instance.running(
              TRY_CALL
                  .replace("spec/1.0.0/errors", "dsl/errors/types")
                  .replaceAll("(?s)retry:.*", ""));

      assertThat(instance.answer(404, "{}").execution.status())
          .isEqualTo(Execution.Status.COMPLETED);
    }

    @Test
    void shouldCatchOnlyWhatFilterAndConditionsAgreeOn() {
      String tasks =
          "- t: {try: [{r: {raise: {error: {type: 'https://h/e', status: 418, title: T}}}}], catch: %s}";

      for (String catching :
          List.of(
              "{}",
              "{errors: {with: {status: 418, title: T}}}",
              "{errors: {with: {instance: /do/0/t/try/0/r}}}",
              "{when: $error.status == 418}",
              "{as: e, when: $e.title == \"T\"}",
              "{exceptWhen: $error.status == 500}")) {
        assertThat(Instance.running(tasks.formatted(catching)).execution.status())
            .as(catching)
            .isEqualTo(Execution.Status.COMPLETED);
      }
      for (String passing :
          List.of(
              "{errors: {with: {status: 500}}}",
              "{errors: {with: {title: Other}}}",
              "{errors: {with: {type: 'https://h/other'}}}",
              "{when: $error.status == 500}",
              "{exceptWhen: $error.status == 418}")) {
        assertThat(Instance.running(tasks.formatted(passing)).error().status())
            .as(passing)
            .isEqualTo(418);
      }
    }

    @Test
    void shouldNotCatchWhatItsOwnHandlerRaises() {
      Instance instance =
          Instance.running(
              "- t: {try: [{r: {raise: {error: {type: 'https://h/a', status: 1}}}}],"
                  + " catch: {do: [{s: {raise: {error: {type: 'https://h/b', status: 2}}}}]}}");

      assertThat(instance.error().instance()).isEqualTo("/do/0/t/catch/do/0/s");
      assertThat(instance.history())
          .containsExactly(
              "t started", "r started", "r faulted", "s started", "s faulted", "t faulted");
    }

    @Test
    void shouldRaiseAReusableErrorWithExpressions() {
      Instance instance =
          Instance.running(
              """
              use:
                errors:
                  poor: {type: 'https://h/poor', status: 402, detail: '${ "has \\(.eur) EUR" }'}
              do:
                - r: {raise: {error: poor}}
              """,
              "{eur: 3}");

      assertThat(instance.error())
          .isEqualTo(new WorkflowError("https://h/poor", 402, null, "has 3 EUR", "/do/0/r"));
    }

    @Test
    void shouldFaultATaskThatCannotEvenBegin() {
      Instance instance = Instance.running("- a: {if: '.x + [1]', set: {x: 1}}", "{x: 1}");

      assertThat(instance.error().type()).isEqualTo(WorkflowError.EXPRESSION);
      assertThat(instance.error().instance()).isEqualTo("/do/0/a");
      assertThat(instance.history()).containsExactly("a faulted");
    }
  }

  @Nested
  class RetryAfterFault {

    @Test
    void shouldGoOnFromTheFailedStepUnderTheSameKey() {
      Instance instance =
          Instance.running(
              """
              - first: {set: {n: 1}}
              - work:
                  do:
                    - get: {call: http, with: {method: get, endpoint: 'https://host/x'}}
                    - after: {set: {got: '${ .v }', n: '${ $workflow.input.n }'}}
              """,
              "{n: 5}");
      instance.answer(500, "{}");
      assertThat(instance.execution.waiting()).isEmpty();

      instance.retry().answer("{v: 7}");

      assertThat(instance.output()).isEqualTo(Instance.yaml("{got: 7, n: 5}"));
      assertThat(instance.all(Step.CallRequested.class).map(Step.CallRequested::idempotencyKey))
          .containsExactly("wf-1/do/1/work/do/0/get", "wf-1/do/1/work/do/0/get");
      assertThat(instance.all(Step.CallRequested.class).map(step -> step.ref().attempt()))
          .containsExactly(1, 2);
    }

    @Test
    void shouldTryATaskAgainThatCouldNotBegin() {
      Instance instance = Instance.running("- a: {if: '.x + [1]', set: {x: 1}}", "{x: 1}");

      instance.retry();

      assertThat(instance.history()).containsExactly("a faulted", "a faulted");
      assertThat(instance.execution.status()).isEqualTo(Execution.Status.FAULTED);
    }

    @Test
    void shouldGiveTimeoutsTheirWholeTimeAgain() {
      Instance instance = Instance.running("- a: {wait: PT1H, timeout: {after: PT1M}}");
      instance.nextTimer();
      assertThat(instance.error().type()).isEqualTo(WorkflowError.TIMEOUT);

      instance.later(Duration.ofHours(5)).retry();
      assertThat(instance.execution.timers())
          .extracting(Timer::dueAt)
          .containsExactlyInAnyOrder(
              instance.now.plus(Duration.ofMinutes(1)), instance.now.plus(Duration.ofHours(1)));
      instance.nextTimer().later(Duration.ofHours(5)).retry();
      assertThat(instance.execution.timers())
          .extracting(Timer::dueAt)
          .contains(instance.now.plus(Duration.ofMinutes(1)));
    }

    @Test
    void shouldRefuseToRetryWhatHasNotFaulted() {
      Instance instance = Instance.running("- a: {wait: PT1H}");

      assertThat(Stepper.retry(instance.model, instance.execution, instance.now, 1)).isEmpty();
    }
  }

  @Nested
  class Time {

    @Test
    void shouldWaitForItsTimer() {
      Instance instance = Instance.running("- a: {wait: {minutes: 5}}\n- b: {set: {done: true}}");
      Timer timer = instance.execution.timers().get(0);

      assertThat(timer.dueAt()).isEqualTo(Instance.START.plusSeconds(300));
      assertThat(instance.send(new Signal.TimerFired("another")).execution.ended()).isFalse();
      assertThat(instance.nextTimer().output()).isEqualTo(Instance.yaml("{done: true}"));
      assertThat(instance.send(new Signal.TimerFired(timer.id())).steps)
          .hasSize(instance.steps.size());
    }

    @Test
    void shouldTakeADurationFromAnExpression() {
      Instance instance = Instance.running("- a: {wait: '${ .pause }'}", "{pause: PT7S}");
      assertThat(instance.execution.timers().get(0).dueAt())
          .isEqualTo(Instance.START.plusSeconds(7));
      assertThat(Instance.running("- a: {wait: '${ .pause }'}", "{pause: soon}").error().type())
          .isEqualTo(WorkflowError.EXPRESSION);
    }

    @Test
    void shouldInterruptATaskThatTimesOutAndLetItBeCaught() {
      Instance instance =
          Instance.running(
              """
              - t:
                  try:
                    - slow:
                        timeout: {after: PT10S}
                        do:
                          - ask: {call: humanTask, with: {title: Hurry}}
                  catch:
                    errors: {with: {type: https://serverlessworkflow.io/spec/1.0.0/errors/timeout}}
                    do: [{late: {set: {status: '${ $error.status }'}}}]
              """);
      TaskRef asked = instance.execution.pendingHumanTasks().get(0).ref();

      instance.nextTimer();

      assertThat(instance.output()).isEqualTo(Instance.yaml("{status: 408}"));
      assertThat(instance.now).isEqualTo(Instance.START.plusSeconds(10));
      assertThat(
              Stepper.advance(
                  instance.model,
                  instance.execution,
                  new Signal.HumanTaskCompleted(asked, Instance.yaml("{}"), null),
                  instance.now,
                  1))
          .isEmpty();
    }

    @Test
    void shouldFaultAWorkflowThatTimesOut() {
      Instance instance =
          Instance.running(
              "timeout: long\nuse: {timeouts: {long: {after: {days: 1}}}}\ndo: [{a: {wait: P2D}}]");
      instance.nextTimer();

      assertThat(instance.now).isEqualTo(Instance.START.plus(Duration.ofDays(1)));
      assertThat(instance.error().type()).isEqualTo(WorkflowError.TIMEOUT);
      assertThat(instance.execution.timers()).isEmpty();
    }

    @Test
    void shouldTellACallHowLongItMayTake() {
      Instance instance =
          Instance.running(
              "- a: {call: http, timeout: {after: PT5S}, with: {method: get, endpoint: 'https://h'}}");

      assertThat(instance.only(Step.CallRequested.class).call().timeout())
          .isEqualTo(Duration.ofSeconds(5));
    }
  }

  @Nested
  class Acting {

    @Test
    void shouldResolveAnHttpCall() {
      Instance instance =
          Instance.running(
              """
              use: {authentications: {site: {bearer: {token: '${ .token }'}}}}
              do:
                - put:
                    call: http
                    with:
                      method: put
                      endpoint:
                        uri: https://host/items/{id}?x=1
                        authentication: {use: site}
                      headers: {X-Unit: '${ .unit }', X-None: '${ .none }'}
                      query: {q: '${ .unit }', n: '${ .id2 | tostring }'}
                      body: {v: '${ .id2 }'}
              """,
              "{id: a/b c, id2: 3, unit: Ä&b, token: treasure}");
      HttpCall call = instance.only(Step.CallRequested.class).call();

      assertThat(call.method()).isEqualTo("PUT");
      assertThat(call.uri()).hasToString("https://host/items/a%2Fb%20c?x=1&q=%C3%84%26b&n=3");
      assertThat(call.headers()).isEqualTo(Map.of("X-Unit", "Ä&b"));
      assertThat(call.body()).isEqualTo(Instance.yaml("{v: 3}"));
      assertThat(call.authentication()).isEqualTo(HttpCall.Bearer.with("treasure"));
      assertThat(call.toString()).doesNotContain("treasure");
    }

    @Test
    void shouldRefuseToCallWhatIsNoHttpEndpoint() {
      for (String uri :
          List.of("file:///etc/passwd", "https://", "no uri", "ftp://host/x", "https://h/a b")) {
        Instance instance =
            Instance.running(
                "- a: {call: http, with: {method: get, endpoint: '${ .uri }'}}",
                "{uri: '" + uri + "'}");
        assertThat(instance.error().type()).as(uri).isEqualTo(WorkflowError.CONFIGURATION);
      }
    }

    @Test
    void shouldNotLetDataBreakOutOfAHeader() {
      Instance instance =
          Instance.running(
              "- a: {call: http, with: {method: get, endpoint: 'https://h', headers: {A: '${ .v }'}}}",
              "{v: \"x\\r\\nB: y\"}");

      assertThat(instance.error().type()).isEqualTo(WorkflowError.VALIDATION);
    }

    @Test
    void shouldTakeARedirectForAnErrorUnlessTold() {
      String task = "- a: {call: http, with: {method: get, endpoint: 'https://h', redirect: %s}}";

      assertThat(Instance.running(task.formatted(false)).answer(302, "x").error().status())
          .isEqualTo(302);
      assertThat(Instance.running(task.formatted(true)).answer(302, "x").output().asText())
          .isEqualTo("x");
    }

    @Test
    void shouldRaiseTheErrorOfACallThatGotNoAnswer() {
      Instance instance =
          Instance.running("- a: {call: http, with: {method: get, endpoint: 'https://h'}}");
      TaskRef ref = instance.execution.pendingCalls().get(0).ref();
      instance.send(
          Signal.of(
              ref,
              new HttpAnswer.CallFailed(
                  WorkflowError.communication(504, "Too slow", "No answer in 30 s."))));

      assertThat(instance.error().title()).isEqualTo("Too slow");
      assertThat(instance.error().instance()).isEqualTo("/do/0/a");
    }

    @Test
    void shouldAskAPersonAndPassOnWhatTheySubmit() {
      Instance instance =
          Instance.running(
              """
              - approve:
                  call: humanTask
                  with:
                    title: '${ "Approve \\(.what)" }'
                    form: {type: object, required: [ok], properties: {ok: {type: boolean}}}
                    candidates: {role: cfo, users: [ada], managerOf: '${ .who }'}
                    priority: high
                    dueAfter: PT15M
                    followUpAfter: {minutes: 5}
                  output: {as: '. + {by: $task.completedBy, at: $task.completedAt}'}
              """,
              "{what: it, who: bob}");
      HumanTask task = instance.only(Step.HumanTaskRequested.class).task();

      assertThat(task.title()).isEqualTo("Approve it");
      assertThat(task.candidates())
          .isEqualTo(new HumanTask.Candidates("cfo", null, List.of("ada"), "bob"));
      assertThat(task.priority()).isEqualTo(HumanTask.Priority.HIGH);
      assertThat(task.dueAt()).isEqualTo(Instance.START.plusSeconds(900));
      assertThat(task.followUpAt()).isEqualTo(Instance.START.plusSeconds(300));
      assertThat(task.problems(Instance.yaml("{ok: true}"))).isEmpty();
      assertThat(task.problems(Instance.yaml("{ok: perhaps}")))
          .extracting(Problem::pointer)
          .containsExactly("/ok");

      TaskRef ref = instance.execution.pendingHumanTasks().get(0).ref();
      instance.send(new Signal.CallAnswered(ref, Instance.yaml("{}")));
      assertThat(instance.execution.ended()).isFalse();
      instance.send(new Signal.HumanTaskCompleted(ref, Instance.yaml("{ok: true}"), "ada"));

      assertThat(instance.output())
          .isEqualTo(Instance.yaml("{ok: true, by: ada, at: '2026-03-02T09:00:00Z'}"));
      assertThat(instance.only(Step.TaskCompleted.class).by()).isEqualTo("ada");
    }

    @Test
    void shouldRaiseARejectionAsAnError() {
      Instance instance = Instance.running("- ask: {call: humanTask, with: {title: Please}}");
      TaskRef ref = instance.execution.pendingHumanTasks().get(0).ref();
      instance.send(new Signal.HumanTaskRejected(ref, "ada", "not mine"));

      assertThat(instance.error().type()).isEqualTo(WorkflowError.TASK_REJECTED);
      assertThat(instance.error().detail()).isEqualTo("ada rejected the task: not mine");
    }

    @Test
    void shouldNotifyWithoutWaiting() {
      Instance instance =
          Instance.running(
              "- tell: {call: notify, with: {channel: email, to: ['${ .who }'], subject: S, message: M}}",
              "{who: a@b.example}");
      Step.NotificationRequested step = instance.only(Step.NotificationRequested.class);

      assertThat(step.notification())
          .isEqualTo(new Notification(Channel.EMAIL, List.of("a@b.example"), "S", "M"));
      assertThat(step.idempotencyKey()).isEqualTo("wf-1/do/0/tell");
      assertThat(instance.output()).isEqualTo(Instance.yaml("{who: a@b.example}"));
    }

    @Test
    void shouldFaultOnArgumentsThatTurnOutWrong() {
      Instance instance =
          Instance.running(
              "- tell: {call: notify, with: {channel: '${ .c }', message: M}}", "{c: fax}");

      assertThat(instance.error().detail())
          .contains("one of log, webhook, email, slack")
          .contains("fax");
    }

    @Test
    void shouldEmitAnEventWithItsDefaults() {
      Instance instance =
          Instance.running(
              "- say: {emit: {event: {with: {type: a.b, subject: s, entitytype: KPI, data: {v: '${ .v }'}}}}}",
              "{v: 1}");
      EmittedEvent event = instance.only(Step.EventEmitted.class).event();

      assertThat(event.id()).isEqualTo("wf-1/do/0/say");
      assertThat(event.source()).isEqualTo("//bpa/wf-1");
      assertThat(event.time()).isEqualTo(Instance.START);
      assertThat(event.extensions())
          .isEqualTo(Map.of("correlationid", "corr-1", "entitytype", "KPI"));
      assertThat(instance.output().path("data")).isEqualTo(Instance.yaml("{v: 1}"));
    }

    @Test
    void shouldReadAKpi() {
      Instance instance =
          Instance.running("- read: {call: readKpi, with: {kpi: '${ .id }'}}", "{id: k1}");

      assertThat(instance.only(Step.KpiReadRequested.class).kpiId()).isEqualTo("k1");
      assertThat(instance.answer("{value: 3}").output()).isEqualTo(Instance.yaml("{value: 3}"));
    }

    @Test
    void shouldStartAnotherWorkflowAndGoOnWithWhatItHas() {
      Instance instance =
          Instance.running(
              "- go: {run: {workflow: {namespace: a, name: b, version: latest,"
                  + " input: {n: '${ .n }', entity_id: e-1}}, await: false}}",
              "{n: 1}");
      ChildWorkflow child = instance.only(Step.WorkflowRequested.class).workflow();

      assertThat(child.namespace() + "/" + child.name()).isEqualTo("a/b");
      assertThat(child.version()).isNull();
      assertThat(child.input()).isEqualTo(Instance.yaml("{n: 1, entity_id: e-1}"));
      assertThat(child.entityId()).isEqualTo("e-1");
      assertThat(child.entityType()).isNull();
      assertThat(child.correlationId()).isEqualTo("corr-1");
      assertThat(instance.answer("anything").output()).isEqualTo(Instance.yaml("{n: 1}"));
    }
  }
}
