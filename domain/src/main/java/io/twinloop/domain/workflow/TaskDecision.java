package io.twinloop.domain.workflow;

import java.util.List;

/** What follows from what a person does with a human task. */
public sealed interface TaskDecision {

  /** Nothing: it is so already. */
  record Unchanged() implements TaskDecision {}

  /** Somebody has the task now. */
  record Assigned(String to) implements TaskDecision {}

  /** Nobody has the task any more. */
  record Released() implements TaskDecision {}

  /** The workflow goes on with this. */
  record Told(Signal signal) implements TaskDecision {}

  /** No, with the places in what was submitted where that is why. */
  record Refused(Reason reason, String sentence, List<Problem> problems) implements TaskDecision {
    Refused(Reason reason, String sentence) {
      this(reason, sentence, List.of());
    }
  }

  /** Why it is refused. */
  enum Reason {
    /** The task is done or never was. */
    GONE,
    /** It is in the hands of another, or for others. */
    NOT_YOURS,
    /** What was submitted does not satisfy the form. */
    UNFIT
  }
}
