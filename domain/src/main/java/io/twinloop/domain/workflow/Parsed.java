package io.twinloop.domain.workflow;

import java.util.List;

/** The outcome of reading a workflow definition: a model that can run, or everything against it. */
public sealed interface Parsed {

  /** The definition is sound and every task in it can be run. */
  record Valid(WorkflowModel model) implements Parsed {}

  /** The definition is refused; at least one problem, in the order of the document. */
  record Invalid(List<Problem> problems) implements Parsed {
    public Invalid {
      problems = List.copyOf(problems);
    }
  }
}
