package io.twinloop.domain.workflow;

/** The flow directives, in definitions and in what comes {@code next} in an execution. */
final class Flow {
  /** Go on with the next task of the list. */
  static final String CONTINUE = "continue";

  /** Leave the list: the task around it is done, or the workflow. */
  static final String EXIT = "exit";

  /** End the whole workflow well. */
  static final String END = "end";

  private Flow() {}

  static boolean isPosition(String next) {
    return next.startsWith("/");
  }
}
