package io.twinloop.domain.workflow;

/** Carries an error from where an expression or a check failed to where the step is decided. */
final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient WorkflowError error;

  Fault(WorkflowError error) {
    super(error.detail(), null, false, false);
    this.error = error;
  }

  WorkflowError error() {
    return error;
  }
}
