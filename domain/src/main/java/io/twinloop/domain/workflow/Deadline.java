package io.twinloop.domain.workflow;

import java.time.Duration;

/**
 * The moment a task or a workflow times out.
 *
 * @param timer when
 * @param allowed how long it may take, counted from its start or from a retry after a fault
 */
public record Deadline(Timer timer, Duration allowed) {}
