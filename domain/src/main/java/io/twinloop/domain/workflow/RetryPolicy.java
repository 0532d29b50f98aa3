package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * How often and how late a {@code try} is tried again. The n-th retry waits {@code delay} (constant
 * back-off), n × delay (linear) or 2^(n-1) × delay (exponential), plus a jitter drawn evenly from
 * its range.
 *
 * @param limit most retries, {@link Integer#MAX_VALUE} when not limited
 * @param within how long after the first start a retry may begin, {@link Durations#LONGEST} when
 *     not limited
 */
record RetryPolicy(
    Duration delay,
    Backoff backoff,
    int limit,
    Duration within,
    Duration jitterFrom,
    Duration jitterTo) {

  enum Backoff {
    CONSTANT,
    LINEAR,
    EXPONENTIAL
  }

  /** Reads a policy whose expressions are resolved. */
  static RetryPolicy of(JsonNode policy) {
    JsonNode limit = policy.path("limit");
    JsonNode jitter = policy.path("jitter");
    JsonNode backoff = policy.path("backoff");
    return new RetryPolicy(
        duration(policy.path("delay"), Duration.ZERO),
        backoff.has("exponential")
            ? Backoff.EXPONENTIAL
            : backoff.has("linear") ? Backoff.LINEAR : Backoff.CONSTANT,
        limit.path("attempt").path("count").asInt(Integer.MAX_VALUE),
        duration(limit.path("duration"), Durations.LONGEST),
        duration(jitter.path("from"), Duration.ZERO),
        duration(jitter.path("to"), Duration.ZERO));
  }

  /**
   * When to try again.
   *
   * @param retry 1 for the first retry
   * @param startedAt when the first attempt began
   * @return empty when the policy allows no further retry
   */
  Optional<Instant> next(int retry, Instant startedAt, Instant now, SplittableRandom random) {
    if (retry > limit) {
      return Optional.empty();
    }
    Instant due = now.plus(pause(retry)).plus(jitter(random));
    boolean tooLate = Duration.between(startedAt, due).compareTo(within) > 0;
    return tooLate ? Optional.empty() : Optional.of(due);
  }

  private Duration pause(int retry) {
    double factor =
        switch (backoff) {
          case CONSTANT -> 1;
          case LINEAR -> retry;
          case EXPONENTIAL -> Math.pow(2, retry - 1.0);
        };
    double longest = (double) Durations.LONGEST.toMillis();
    return Duration.ofMillis((long) Math.min(delay.toMillis() * factor, longest));
  }

  private Duration jitter(SplittableRandom random) {
    long spread = jitterTo.minus(jitterFrom).toMillis();
    return spread <= 0 ? jitterFrom : jitterFrom.plusMillis(random.nextLong(spread + 1));
  }

  private static Duration duration(JsonNode value, Duration otherwise) {
    return value.isMissingNode() ? otherwise : Durations.read(value);
  }
}
