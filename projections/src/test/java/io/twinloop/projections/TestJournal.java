package io.twinloop.projections;

import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.persistence.query.NoOffset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/**
 * The journal of one entity: numbers its events as they are written.
 *
 * @param <E> the entity's events
 */
public final class TestJournal<E> {

  private final String entityType;
  private final String entityId;
  private final List<EventEnvelope<E>> written = new ArrayList<>();

  public TestJournal(String entityType, String entityId) {
    this.entityType = entityType;
    this.entityId = entityId;
  }

  /** Writes events; answers them as a projection reads them. */
  @SafeVarargs
  public final List<EventEnvelope<E>> write(E... events) {
    List<EventEnvelope<E>> group = new ArrayList<>();
    for (E event : events) {
      group.add(write(event));
    }
    return group;
  }

  private EventEnvelope<E> write(E event) {
    EventEnvelope<E> envelope =
        EventEnvelope.create(
            NoOffset.getInstance(),
            entityType + "|" + entityId,
            written.size() + 1L,
            event,
            0,
            entityType,
            0);
    written.add(envelope);
    return envelope;
  }

  /** Everything written so far. */
  public List<EventEnvelope<E>> all() {
    return List.copyOf(written);
  }
}
