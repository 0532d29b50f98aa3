package io.twinloop.domain.workflow;

import java.util.concurrent.CompletionStage;

/**
 * The way out for HTTP calls of workflows; implemented by whoever owns the network and its rules.
 */
public interface HttpCalls {

  /**
   * Makes the call. Never fails exceptionally: what goes wrong is a {@link HttpAnswer.CallFailed}.
   *
   * @param idempotencyKey the same for every attempt of one step, sent as {@code Idempotency-Key}
   */
  CompletionStage<HttpAnswer> execute(HttpCall call, String idempotencyKey);
}
