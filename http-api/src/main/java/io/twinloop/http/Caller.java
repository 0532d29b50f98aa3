package io.twinloop.http;

import java.util.Optional;

/**
 * Who asks, and in which context.
 *
 * @param actor the user or domain that acts; {@code local} when the request names none
 * @param correlationId ties everything together that one cause set off
 * @param correlationGiven false when we made the correlation id
 * @param traceparent W3C trace context, the request's own or one made here
 * @param idempotencyKey the caller's key for this request, when it wants repeats recognised
 */
public record Caller(
    String actor,
    String correlationId,
    boolean correlationGiven,
    Optional<String> traceparent,
    Optional<String> idempotencyKey) {}
