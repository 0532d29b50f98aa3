package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A run as it was: its input, what the outside answered to each of its tasks, and what it did. Fed
 * with the run's steps in order; made to be played to another definition by {@link Rehearsal}.
 */
public final class Recording {

  /** What came of asking the outside: a call, a KPI, another workflow, a person. */
  sealed interface Answer {
    /** How long it took from the asking. */
    Duration after();
  }

  /** The task's output, as it was after transformation. */
  record Given(JsonNode output, @Nullable String by, Duration after) implements Answer {}

  /** The error the task raised. */
  record Failed(WorkflowError error, Duration after) implements Answer {}

  /** None: the run went on without, or still waits. */
  record Silence(Duration after) implements Answer {}

  private record Asked(String name, Instant at, int number) {}

  private final List<Account.Taken> taken = new ArrayList<>();
  private final Map<String, List<Answer>> answers = new LinkedHashMap<>();
  private final Map<String, Asked> asked = new HashMap<>();
  private Step.@Nullable Started started;
  private Execution execution = Execution.notStarted();

  /** Takes in the next step. */
  public void follow(Step step, Instant at) {
    if (step instanceof Step.Started begun) {
      started = begun;
    } else if (step instanceof Step.CallRequested called) {
      asks(called.ref(), called.name(), at);
    } else if (step instanceof Step.KpiReadRequested read) {
      asks(read.ref(), read.name(), at);
    } else if (step instanceof Step.WorkflowRequested child) {
      asks(child.ref(), child.name(), at);
    } else if (step instanceof Step.HumanTaskRequested human) {
      asks(human.ref(), human.name(), at);
    } else if (step instanceof Step.TaskCompleted done && asked.containsKey(done.ref().id())) {
      JsonNode output = done.output();
      JsonNode given = output == null ? execution.open(done.ref().id()).data() : output;
      answered(done.ref().id(), after -> new Given(given, done.by(), after), at);
    } else if (step instanceof Step.TaskFaulted failed) {
      Set<String> inside = execution.inside(failed.ref().id());
      boolean tooLate = failed.error().type().equals(WorkflowError.TIMEOUT);
      answered(
          failed.ref().id(),
          after -> tooLate ? new Silence(after) : new Failed(failed.error(), after),
          at);
      inside.forEach(id -> answered(id, Silence::new, at));
    } else if (step instanceof Step.Rewound) {
      List.copyOf(asked.keySet()).forEach(id -> answered(id, Silence::new, at));
    }
    taken.add(new Account.Taken(step, at));
    execution = execution.apply(step, at);
  }

  private interface MadeAfter {
    Answer of(Duration after);
  }

  /** Keeps the place of the answer, so that answers stand in the order of the questions. */
  private void asks(TaskRef ref, String name, Instant at) {
    List<Answer> all = answers.computeIfAbsent(name, first -> new ArrayList<>());
    all.add(new Silence(Duration.ZERO));
    asked.put(ref.id(), new Asked(name, at, all.size() - 1));
  }

  private void answered(String id, MadeAfter answer, Instant at) {
    Asked question = asked.remove(id);
    if (question != null) {
      answers
          .get(question.name())
          .set(question.number(), answer.of(Duration.between(question.at(), at)));
    }
  }

  /** Whether there was a run at all. */
  public boolean isEmpty() {
    return started == null;
  }

  /** What the run did. */
  public Account account() {
    return Account.of(taken, execution);
  }

  /** How the run began. */
  Step.Started beginning() {
    if (started == null) {
      throw new IllegalStateException("Nothing was recorded.");
    }
    return started;
  }

  /**
   * The answer to a task when it asked for the n-th time; empty when it was not asked so often.
   *
   * @param asOf until when whoever has not answered yet was silent
   */
  Optional<Answer> answer(String name, int time, Instant asOf) {
    List<Answer> all = answers.getOrDefault(name, List.of());
    if (time > all.size()) {
      return Optional.empty();
    }
    return asked.values().stream()
        .filter(open -> open.name().equals(name) && open.number() == time - 1)
        .findFirst()
        .<Answer>map(open -> new Silence(Duration.between(open.at(), asOf)))
        .or(() -> Optional.of(all.get(time - 1)));
  }
}
