package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;

/** A projection can't take one event. */
final class EventFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient EventKey event;

  EventFailedException(EventKey event, Throwable cause) {
    super(
        "Event %d of %s: %s".formatted(event.seqNr(), event.persistenceId(), cause.getMessage()),
        cause);
    this.event = event;
  }

  EventKey event() {
    return event;
  }
}
