package io.twinloop.domain.workflow;

import java.time.Instant;

/**
 * An instant an instance waits for.
 *
 * @param id unique within the instance, also over attempts
 * @param dueAt when to send {@link Signal.TimerFired}; later is fine, earlier is not
 */
public record Timer(String id, Instant dueAt) {}
