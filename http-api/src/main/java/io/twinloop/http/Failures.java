package io.twinloop.http;

import io.twinloop.projections.personaldata.PersonalData;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.pekko.http.scaladsl.model.EntityStreamException;
import org.apache.pekko.http.scaladsl.model.IllegalUriException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns what went wrong while a request was handled into the refusal its caller sees.
 *
 * <p>What nobody foresaw becomes a 500 that tells a reference and nothing else; the log has the
 * exception under that reference, once.
 */
final class Failures {

  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);
  private static final Duration SOON = Duration.ofSeconds(1);

  private final Function<Throwable, Optional<ProblemException>> foreseen;

  /**
   * @param foreseen refusals for exceptions that only other modules know
   */
  Failures(Function<Throwable, Optional<ProblemException>> foreseen) {
    this.foreseen = foreseen;
  }

  ProblemException refusal(Throwable failure, Caller caller, String request) {
    Throwable cause = Stages.cause(failure);
    return foreseen
        .apply(cause)
        .or(() -> known(cause))
        .orElseGet(() -> unknown(cause, caller, request));
  }

  private static Optional<ProblemException> known(Throwable cause) {
    if (cause instanceof ProblemException refusal) {
      return Optional.of(refusal);
    }
    if (cause instanceof Unavailable away) {
      return Optional.of(unavailable(away.dependency()).retryAfter(away.retryAfter()));
    }
    if (cause instanceof Overloaded || cause instanceof RejectedExecutionException) {
      return Optional.of(
          Problems.of("overloaded", "Too many requests are waiting; nothing was changed.")
              .refuse()
              .retryAfter(SOON));
    }
    if (cause instanceof PersonalData.ErasedException erased) {
      return Optional.of(Problems.of(Problems.SUBJECT_ERASED, erased.getMessage()).refuse());
    }
    if (cause instanceof TimeoutException) {
      return Optional.of(timedOut());
    }
    if (isConnectionTrouble(cause) || isConnectionTrouble(cause.getCause())) {
      return Optional.of(unavailable("PostgreSQL").retryAfter(SOON));
    }
    if (cause instanceof EntityStreamException broken) {
      return Optional.of(
          Problems.of("body-broken", "The body can't be read: " + broken.info().summary())
              .refuse());
    }
    if (cause instanceof IllegalUriException uri) {
      return Optional.of(
          Problems.of("malformed", "The address can't be read: " + uri.info().summary()).refuse());
    }
    return Optional.empty();
  }

  /** The answer when none came in time. What was asked may still happen. */
  static ProblemException timedOut() {
    return Problems.of(
            "timed-out",
            "No answer came in time; what was asked may still happen. Repeat it with the same"
                + " Idempotency-Key.")
        .refuse()
        .retryAfter(SOON);
  }

  private static ProblemException unavailable(String dependency) {
    return Problems.of("unavailable", dependency + " is away; try again later.").refuse();
  }

  private static ProblemException unknown(Throwable cause, Caller caller, String request) {
    String reference = UUID.randomUUID().toString();
    LOG.error(
        "{} failed; reference {}, correlation {}",
        request,
        reference,
        caller.correlationId(),
        cause);
    return Problems.of(
            "internal", "Something unforeseen happened; the log has it under " + reference + ".")
        .refuse();
  }

  // 08 connection, 53 resources, 57 operator intervention (shutdown, cancelled by timeout).
  private static boolean isConnectionTrouble(Throwable cause) {
    if (cause instanceof SQLTransientConnectionException
        || cause instanceof SQLNonTransientConnectionException
        || cause instanceof SQLRecoverableException) {
      return true;
    }
    String state = cause instanceof SQLException sql ? sql.getSQLState() : null;
    return state != null
        && (state.startsWith("08") || state.startsWith("53") || state.startsWith("57"));
  }
}
