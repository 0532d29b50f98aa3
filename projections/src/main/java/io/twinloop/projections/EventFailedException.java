package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.util.List;
import java.util.Set;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

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

  /**
   * Makes sure that there is something to take: an event whose bytes could not be read comes
   * without itself, its metadata saying why.
   *
   * @throws EventFailedException of the first such event that is not to be left out
   */
  static void checkReadable(List<? extends EventEnvelope<?>> envelopes, Set<EventKey> leftOut) {
    for (EventEnvelope<?> envelope : envelopes) {
      if (envelope.getOptionalEvent().isEmpty() && !leftOut.contains(EventKey.of(envelope))) {
        throw new EventFailedException(EventKey.of(envelope), whyUnreadable(envelope));
      }
    }
  }

  private static Throwable whyUnreadable(EventEnvelope<?> envelope) {
    return envelope.getEventMetaData().orElse(null) instanceof Throwable why
        ? why
        : new IllegalStateException("it can't be read");
  }

  EventKey event() {
    return event;
  }
}
