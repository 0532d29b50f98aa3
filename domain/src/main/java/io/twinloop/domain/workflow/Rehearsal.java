package io.twinloop.domain.workflow;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Plays a recorded run's input to a definition and says what it would have done. The outside is
 * asked nothing: a task is answered as the task of the same name was in the recording, after the
 * same time. Where there is no recorded answer the rehearsal stops there and says so. Time passes
 * from the start of the recording, at most to the present.
 */
public final class Rehearsal {

  /** Steps after which a rehearsal stops; a definition that waits in circles never ends. */
  static final int MOST_STEPS = 10_000;

  private static final long SEED = 1;

  /**
   * What came of it.
   *
   * @param would what the definition would have done
   * @param unrecorded names of the tasks at which it stops for want of a recorded answer
   * @param differences in sentences, from what the recorded run did; empty when there are none
   */
  public record Outcome(Account would, List<String> unrecorded, List<String> differences) {}

  private record Question(Optional<Recording.Answer> answer, Instant at) {}

  private final WorkflowModel model;
  private final Recording recording;
  private final Instant asOf;
  private final List<Account.Taken> taken = new ArrayList<>();
  private final Map<TaskRef, Question> questions = new HashMap<>();
  private final Map<String, Integer> times = new HashMap<>();
  private Execution execution = Execution.notStarted();
  private Instant now;

  private Rehearsal(WorkflowModel model, Recording recording, Instant asOf) {
    this.model = model;
    this.recording = recording;
    this.asOf = asOf;
    this.now = recording.beginning().runtime().startedAt();
  }

  /**
   * Plays a recording to a definition.
   *
   * @param recording of a run that began
   * @param asOf the present
   */
  public static Outcome of(WorkflowModel model, Recording recording, Instant asOf) {
    return new Rehearsal(model, recording, asOf).play();
  }

  private Outcome play() {
    Step.Started beginning = recording.beginning();
    keep(Stepper.start(model, beginning.runtime(), beginning.input(), now, SEED));
    while (!execution.ended() && taken.size() < MOST_STEPS && goOn()) {
      // goOn has done it
    }
    Account would = Account.of(taken, execution);
    return new Outcome(would, unrecorded(), recording.account().differences(would));
  }

  private void keep(List<Step> steps) {
    for (Step step : steps) {
      taken.add(new Account.Taken(step, now));
      execution = execution.apply(step, now);
      if (step instanceof Step.CallRequested called) {
        ask(called.ref(), called.name());
      } else if (step instanceof Step.KpiReadRequested read) {
        ask(read.ref(), read.name());
      } else if (step instanceof Step.WorkflowRequested child) {
        ask(child.ref(), child.name());
      } else if (step instanceof Step.HumanTaskRequested human) {
        ask(human.ref(), human.name());
      }
    }
  }

  private void ask(TaskRef ref, String name) {
    int time = times.merge(name, 1, Integer::sum);
    questions.put(ref, new Question(recording.answer(name, time, asOf), now));
  }

  /** Lets happen what comes next, an answer or a timer; false when nothing does. */
  private boolean goOn() {
    Execution.@Nullable Waiting asking =
        execution.waiting().stream()
            .filter(waiting -> questions.containsKey(waiting.ref()))
            .findFirst()
            .orElse(null);
    Optional<Timer> timer =
        execution.timers().stream().min(Comparator.comparing(Timer::dueAt)); // the first of equals
    Instant last = asOf;
    if (asking != null) {
      Question question = questions.get(asking.ref());
      if (question.answer().isEmpty()) {
        return false;
      }
      Recording.Answer answer = question.answer().get();
      last = question.at().plus(answer.after());
      if (!(answer instanceof Recording.Silence)
          && (timer.isEmpty() || !timer.get().dueAt().isBefore(last))) {
        now = last;
        answer(asking.ref(), answer);
        return true;
      }
    }
    if (timer.isEmpty() || timer.get().dueAt().isAfter(last)) {
      return false;
    }
    now = timer.get().dueAt();
    keep(Stepper.advance(model, execution, new Signal.TimerFired(timer.get().id()), now, SEED));
    return true;
  }

  private void answer(TaskRef ref, Recording.Answer answer) {
    Run run = new Run(model, execution, now, SEED);
    if (answer instanceof Recording.Given given) {
      run.replay(ref, given.output(), given.by());
    } else if (answer instanceof Recording.Failed failed) {
      run.fail(ref, failed.error());
    }
    run.untilItWaits();
    keep(run.steps());
  }

  private List<String> unrecorded() {
    return execution.waiting().stream()
        .filter(waiting -> questions.containsKey(waiting.ref()))
        .map(Execution.Waiting::name)
        .toList();
  }
}
