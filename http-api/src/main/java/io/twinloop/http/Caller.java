package io.twinloop.http;

import io.twinloop.domain.identity.Identity;
import java.util.Optional;

/**
 * Who asks, and in which context.
 *
 * @param identity whose credentials the request shows; {@link Identity#nobody} until they were
 *     looked at
 * @param correlationId ties everything together that one cause set off
 * @param correlationGiven false when we made the correlation id
 * @param traceparent W3C trace context, the request's own or one made here
 * @param idempotencyKey the caller's key for this request, when it wants repeats recognised
 */
public record Caller(
    Identity identity,
    String correlationId,
    boolean correlationGiven,
    Optional<String> traceparent,
    Optional<String> idempotencyKey) {

  /** The name under which the request acts; {@code local} where there is no login and no name. */
  public String actor() {
    return identity.actor();
  }

  /** The same request, by somebody who is known now. */
  Caller as(Identity known) {
    return new Caller(known, correlationId, correlationGiven, traceparent, idempotencyKey);
  }
}
