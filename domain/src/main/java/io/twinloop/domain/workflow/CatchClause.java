package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The {@code catch} of a {@code try}: which errors it takes, and when it tries again. An error is
 * retried as long as the policy allows; then it is handled, and where there is a retry but no
 * handler it goes further up. (The standard leaves open what becomes of it; letting it vanish after
 * the last retry would hide it.)
 */
record CatchClause(WorkflowModel model, JsonNode clause) {

  /** The name under which conditions and the handler see the error. */
  String variable() {
    return clause.path("as").asText("error");
  }

  boolean retries() {
    return clause.has("retry");
  }

  /** Whether it takes an error; throws a {@link Fault} when its conditions can't be evaluated. */
  boolean takes(WorkflowError error, JsonNode input, Expressions.Arguments arguments) {
    return filters(error) && agrees(clause, input, arguments);
  }

  /** When to try again, empty when that is over. */
  Optional<Instant> retryAt(
      int retry, Frame frame, Expressions.Arguments arguments, SplittableRandom random) {
    if (!retries()) {
      return Optional.empty();
    }
    JsonNode policy = model.component("retries", clause.get("retry"));
    if (!agrees(policy, frame.input(), arguments)) {
      return Optional.empty();
    }
    ObjectNode numbers = policy.deepCopy();
    numbers.remove(List.of("when", "exceptWhen"));
    try {
      return RetryPolicy.of(model.expressions().resolve(numbers, frame.input(), arguments))
          .next(retry, frame.startedAt(), arguments.now(), random);
    } catch (IllegalArgumentException e) {
      throw new Fault(WorkflowError.expression(String.valueOf(e.getMessage())));
    }
  }

  private boolean filters(WorkflowError error) {
    JsonNode with = clause.path("errors").path("with");
    JsonNode detail = with.has("details") ? with.get("details") : with.path("detail");
    return (!with.has("type") || WorkflowError.sameType(with.get("type").asText(), error.type()))
        && (!with.has("status") || with.get("status").asInt() == error.status())
        && isOrSaysNothing(with.path("instance"), error.instance())
        && isOrSaysNothing(with.path("title"), error.title())
        && isOrSaysNothing(detail, error.detail());
  }

  private static boolean isOrSaysNothing(JsonNode wanted, @Nullable String found) {
    return wanted.isMissingNode() || wanted.asText().equals(found);
  }

  /** What {@code when} and {@code exceptWhen} of a catch or of a retry come to. */
  private boolean agrees(JsonNode conditions, JsonNode input, Expressions.Arguments arguments) {
    Expressions expressions = model.expressions();
    return (!conditions.has("when")
            || expressions.holds(conditions.get("when").asText(), input, arguments))
        && (!conditions.has("exceptWhen")
            || !expressions.holds(conditions.get("exceptWhen").asText(), input, arguments));
  }
}
