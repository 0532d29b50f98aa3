package io.twinloop.persistence.r2dbc;

import java.util.Objects;
import org.apache.pekko.persistence.journal.EventAdapters;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** An event that several readers take: deserialised once, by the first of them. */
final class SharedEvent {

  private final JournalOffset offset;
  private @Nullable StoredEvent stored;
  private @Nullable EventEnvelope<?> envelope;

  SharedEvent(StoredEvent stored) {
    this.offset = stored.offset();
    this.stored = stored;
  }

  JournalOffset offset() {
    return offset;
  }

  synchronized EventEnvelope<?> envelope(EventCodec codec, EventAdapters adapters) {
    if (stored != null) {
      envelope = codec.toEnvelopeOrGap(stored, adapters);
      stored = null; // the bytes have served
    }
    return Objects.requireNonNull(envelope);
  }
}
