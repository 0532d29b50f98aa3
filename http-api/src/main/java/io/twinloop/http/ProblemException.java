package io.twinloop.http;

import java.time.Duration;
import java.util.Optional;

/** Ends the handling of a request with a {@link Problem}; the router turns it into the answer. */
public final class ProblemException extends RuntimeException {

  private final transient Problem problem;
  private final transient Optional<Duration> retryAfter;

  private final boolean counted;

  public ProblemException(Problem problem) {
    this(problem, Optional.empty(), true);
  }

  private ProblemException(Problem problem, Optional<Duration> retryAfter, boolean counted) {
    // A refusal is an expected answer: no stack trace is taken, none is logged.
    super(problem.code() + ": " + problem.detail(), null, false, false);
    this.problem = problem;
    this.retryAfter = retryAfter;
    this.counted = counted;
  }

  /** The same refusal, telling the caller when to come again; rounded up to whole seconds. */
  public ProblemException retryAfter(Duration pause) {
    return new ProblemException(problem, Optional.of(pause), counted);
  }

  /** The same refusal of credentials that are wrong but no guess: they held once. */
  public ProblemException uncounted() {
    return new ProblemException(problem, retryAfter, false);
  }

  /** Whether a refusal of credentials counts against the address that showed them. */
  public boolean isCounted() {
    return counted;
  }

  public Problem problem() {
    return problem;
  }

  public Optional<Duration> retryAfter() {
    return retryAfter;
  }
}
