package io.twinloop.domain.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What holds for every workflow, tried on random ones. A failing seed stands in the test's name and
 * makes the same workflow again.
 */
class StepperPropertiesTest {

  private static final int WORKFLOWS = Integer.getInteger("twinloop.test.seeds", 100);

  @TestFactory
  Stream<DynamicTest> shouldReplayToTheSameExecution() {
    return seeds(
        seed -> {
          Outside outside = new Outside(seed);
          Execution execution = outside.runToTheEnd();
          Execution replayed = Execution.notStarted();
          for (Kept kept : outside.journal) {
            Step again =
                Instance.JSON.readValue(Instance.JSON.writeValueAsBytes(kept.step()), Step.class);
            replayed = replayed.apply(again, kept.at());
          }

          assertThat(execution.ended()).isTrue();
          assertThat(replayed).isEqualTo(execution);
        });
  }

  @TestFactory
  Stream<DynamicTest> shouldEndTheSameWhereverItWasCut() {
    return seeds(
        seed -> {
          Outside undisturbed = new Outside(seed);
          Execution expected = undisturbed.runToTheEnd();
          Outside cut = new Outside(seed);
          cut.cutting = new Random(seed + 1);

          assertThat(cut.runToTheEnd()).isEqualTo(expected);
          assertThat(cut.journal).isEqualTo(undisturbed.journal);
          assertThat(cut.cuts).isPositive();
        });
  }

  @TestFactory
  Stream<DynamicTest> shouldTakeASignalOnce() {
    return seeds(
        seed -> {
          Outside once = new Outside(seed);
          Execution expected = once.runToTheEnd();
          Outside repeating = new Outside(seed);
          repeating.repeating = true;

          assertThat(repeating.runToTheEnd()).isEqualTo(expected);
          assertThat(repeating.journal).isEqualTo(once.journal);
        });
  }

  @TestFactory
  Stream<DynamicTest> shouldGiveEverySideEffectAKeyOfItsOwnInEveryAttempt() {
    return seeds(
        seed -> {
          Outside outside = new Outside(seed);
          outside.runToTheEnd();
          List<String> keys =
              outside.journal.stream()
                  .map(Kept::step)
                  .filter(Step.CallRequested.class::isInstance)
                  .map(Step.CallRequested.class::cast)
                  .map(call -> call.idempotencyKey() + "@" + call.ref().attempt())
                  .toList();

          assertThat(keys).doesNotHaveDuplicates();
        });
  }

  @Test
  void shouldComeByEveryKindOfStepARandomWorkflowCanTake() {
    Set<Class<?>> taken = new HashSet<>();
    for (long seed = 0; seed < WORKFLOWS; seed++) {
      Outside outside = new Outside(seed);
      outside.runToTheEnd();
      outside.journal.forEach(kept -> taken.add(kept.step().getClass()));
    }

    Set<Class<?>> expected = new HashSet<>(List.of(Step.class.getPermittedSubclasses()));
    expected.removeAll(
        List.of(
            Step.KpiReadRequested.class,
            Step.WorkflowRequested.class,
            Step.NotificationRequested.class,
            Step.Retried.class,
            Step.Rewound.class));
    assertThat(taken).isEqualTo(expected);
  }

  @Test
  void shouldNotGrowWithItsHistory() {
    Instance instance =
        Instance.running(
            """
            - count: {set: {n: '${ (.n // 0) + 1 }'}}
            - pause: {wait: PT1S}
            - work: {do: [{a: {set: '${ . }'}}, {b: {if: 'false', set: {x: 1}}}]}
            - again: {switch: [{more: {when: .n < 9000, then: count}}]}
            """);
    int sizeEarly = 0;
    long steps = instance.steps.size();
    for (int turn = 1; !instance.execution.ended(); turn++) {
      instance.steps.clear();
      instance.nextTimer();
      steps += instance.steps.size();
      if (turn == 10) {
        sizeEarly = instance.execution.toString().length();
      }
      if (turn == 8_000) {
        assertThat(instance.execution.toString().length()).isLessThan(sizeEarly + 200);
      }
    }

    assertThat(steps).isGreaterThan(100_000);
    assertThat(instance.output()).isEqualTo(Instance.yaml("{n: 9000}"));
  }

  private interface Property {
    void check(long seed) throws IOException;
  }

  private static Stream<DynamicTest> seeds(Property property) {
    return LongStream.range(0, WORKFLOWS)
        .mapToObj(seed -> DynamicTest.dynamicTest("seed " + seed, () -> property.check(seed)));
  }

  private record Kept(Step step, Instant at) {}

  /**
   * Runs a random workflow in a random but repeatable world: what answers when depends on the seed.
   */
  private static final class Outside {
    private final WorkflowModel model;
    private final long seed;
    private final List<Kept> journal = new ArrayList<>();
    private Execution execution = Execution.notStarted();
    private Instant now = Instance.START;
    private Random cutting = null;
    private int cuts;
    private boolean repeating;

    Outside(long seed) {
      this.seed = seed;
      this.model = Instance.model(new RandomWorkflow(seed).source());
    }

    Execution runToTheEnd() {
      WorkflowRuntime runtime = new WorkflowRuntime("wf-" + seed, "corr", now, "0.1.0");
      keep(Stepper.start(model, runtime, Instance.yaml("{n: 0}"), now, seed));
      for (int turn = 0; !execution.ended(); turn++) {
        if (turn > 5_000) {
          throw new AssertionError("Does not end: " + model.document());
        }
        Signal signal = next(new Random(seed * 31 + turn));
        keep(Stepper.advance(model, execution, signal, now, seed));
        if (repeating) {
          assertThat(Stepper.advance(model, execution, signal, now, seed)).isEmpty();
        }
      }
      return execution;
    }

    /** Keeps the steps; when cutting, only some of them, and the rest after a crash. */
    private void keep(List<Step> steps) {
      int kept =
          cutting == null || steps.isEmpty() ? steps.size() : 1 + cutting.nextInt(steps.size());
      for (Step step : steps.subList(0, kept)) {
        journal.add(new Kept(step, now));
        execution = execution.apply(step, now);
      }
      if (cutting != null) {
        cuts++;
        List<Step> rest = Stepper.resume(model, execution, now, seed);
        assertThat(rest).isEqualTo(steps.subList(kept, steps.size()));
        if (!rest.isEmpty()) {
          keep(rest);
        }
      }
    }

    private Signal next(Random random) {
      List<Execution.Waiting> waiting = execution.waiting();
      List<Timer> timers = execution.timers();
      boolean byTimer =
          waiting.stream().noneMatch(each -> each.pending().endsBy().isEmpty())
              || (!timers.isEmpty() && random.nextInt(4) == 0);
      if (byTimer) {
        Timer timer = timers.get(random.nextInt(timers.size()));
        now = timer.dueAt().isAfter(now) ? timer.dueAt() : now;
        return new Signal.TimerFired(timer.id());
      }
      now = now.plusSeconds(random.nextInt(3));
      Execution.Waiting asked = waiting.get(random.nextInt(waiting.size()));
      JsonNode content = Instance.yaml("{n: " + random.nextInt(100) + "}");
      if (asked.pending() instanceof Pending.Human) {
        return random.nextInt(5) == 0
            ? new Signal.HumanTaskRejected(asked.ref(), "eve", "no")
            : new Signal.HumanTaskCompleted(asked.ref(), content, "ada");
      }
      return new Signal.CallAnswered(
          asked.ref(), random.nextInt(3) == 0 ? 503 : 200, Map.of(), content);
    }
  }

  /** Writes a random definition that always ends. */
  private static final class RandomWorkflow {
    private final Random random;
    private int names;

    RandomWorkflow(long seed) {
      this.random = new Random(seed);
    }

    String source() {
      StringBuilder source = new StringBuilder("do:\n");
      list(source, 2, 0);
      return Instance.definition(source.toString());
    }

    private void list(StringBuilder source, int indent, int depth) {
      int count = 1 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        task(source, " ".repeat(indent), indent, depth);
      }
    }

    private void task(StringBuilder source, String margin, int indent, int depth) {
      String name = "t" + names++;
      source.append(margin).append("- ").append(name).append(":\n");
      String inner = margin + "    ";
      if (random.nextInt(6) == 0) {
        source.append(inner).append("if: ((.n? // 0) % 2) == 0\n");
      }
      if (random.nextInt(5) == 0) {
        source.append(inner).append("export: {as: '$context + {" + name + ": .}'}\n");
      }
      if (random.nextInt(6) == 0) {
        source.append(inner).append("timeout: {after: PT20S}\n");
      }
      if (random.nextInt(8) == 0) {
        source
            .append(inner)
            .append("then: ")
            .append(random.nextBoolean() ? "exit" : "end")
            .append('\n');
      }
      switch (depth > 2 ? 2 + random.nextInt(8) : random.nextInt(10)) {
        case 0 -> {
          source.append(inner).append("do:\n");
          list(source, indent + 6, depth + 1);
        }
        case 1 -> {
          source.append(inner).append("try:\n");
          list(source, indent + 6, depth + 1);
          source.append(inner).append("catch:\n" + inner + "  as: failure\n");
          if (random.nextBoolean()) {
            source.append(
                inner
                    + "  retry: {delay: PT"
                    + random.nextInt(3)
                    + "S, jitter: {from: PT0S, to: PT2S},"
                    + " limit: {attempt: {count: 2}}}\n");
          }
          if (random.nextBoolean()) {
            source.append(inner).append("  do:\n");
            list(source, indent + 8, depth + 1);
          }
        }
        case 2 -> source.append(inner).append("wait: PT" + random.nextInt(30) + "S\n");
        case 3 -> source.append(inner).append("call: humanTask\n" + inner + "with: {title: T}\n");
        case 4 -> source.append(inner).append("emit: {event: {with: {type: t, data: '${ . }'}}}\n");
        case 5 ->
            source.append(inner).append("raise: {error: {type: 'https://h/e', status: 500}}\n");
        case 6 ->
            source
                .append(inner)
                .append("switch: [{a: {when: '.n? == 1', then: exit}}, {b: {then: continue}}]\n");
        case 7 -> source.append(inner).append("set: {n: '${ (.n? // 0) + 1 }'}\n");
        default ->
            source
                .append(inner)
                .append("call: http\n" + inner + "with: {method: get, endpoint: 'https://h/x'}\n");
      }
    }
  }
}
