package io.twinloop.persistence.r2dbc;

import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.persistence.Persistence;
import org.apache.pekko.persistence.PersistentRepr;
import org.apache.pekko.persistence.journal.EventAdapters;
import org.apache.pekko.persistence.journal.Tagged;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.jspecify.annotations.Nullable;
import scala.Option;
import scala.jdk.javaapi.CollectionConverters;
import scala.jdk.javaapi.OptionConverters;

/** Turns what Pekko persists into rows, and rows into what Pekko replays and queries. */
final class EventCodec {

  private final Serialization serialization;
  private final Persistence persistence;

  EventCodec(ActorSystem system) {
    this.serialization = SerializationExtension.get(system);
    this.persistence = Persistence.get(system);
  }

  /** Serialises one event; throws what its serialiser throws. */
  EventRow toRow(PersistentRepr event) {
    Object payload = event.payload();
    List<String> tags = List.of();
    if (payload instanceof Tagged tagged) {
      payload = tagged.payload();
      tags = CollectionConverters.asJava(tagged.tags()).stream().sorted().toList();
    }
    String persistenceId = event.persistenceId();
    return new EventRow(
        persistence.sliceForPersistenceId(persistenceId),
        PersistenceId.extractEntityType(persistenceId),
        persistenceId,
        event.sequenceNr(),
        Payload.of(serialization, payload),
        event.writerUuid(),
        event.manifest(),
        tags,
        metadata(event.metadata()));
  }

  /** An event as the journal replays it, before event adapters. */
  PersistentRepr toRepr(StoredEvent stored) {
    EventRow row = stored.row();
    PersistentRepr repr =
        PersistentRepr.apply(
                row.event().read(serialization),
                row.seqNr(),
                row.persistenceId(),
                row.adapterManifest(),
                false,
                ActorRef.noSender(),
                row.writer())
            .withTimestamp(stored.storedAt().toEpochMilli());
    Payload metadata = row.metadata();
    return metadata == null ? repr : repr.withMetadata(metadata.read(serialization));
  }

  /** An event as a slice query gives it. */
  <E> EventEnvelope<E> toEnvelope(StoredEvent stored, EventAdapters adapters) {
    EventRow row = stored.row();
    @SuppressWarnings("unchecked") // the caller of a query says which events its entity type has
    E event = (E) adapted(stored, adapters);
    return new EventEnvelope<>(
        stored.offset(),
        row.persistenceId(),
        row.seqNr(),
        Option.apply(event),
        stored.storedAt().toEpochMilli(),
        readMetadata(row),
        row.entityType(),
        row.slice());
  }

  /**
   * An event as a slice query gives it; one that can't be read comes without its event, with what
   * was wrong in place of its metadata: who takes it decides what becomes of it.
   */
  EventEnvelope<?> toEnvelopeOrGap(StoredEvent stored, EventAdapters adapters) {
    try {
      return this.<Object>toEnvelope(stored, adapters);
    } catch (Exception e) { // whatever a serialiser throws, it's this event that can't be read
      EventRow row = stored.row();
      return new EventEnvelope<>(
          stored.offset(),
          row.persistenceId(),
          row.seqNr(),
          Option.empty(),
          stored.storedAt().toEpochMilli(),
          Option.apply(unreadable(row, e)),
          row.entityType(),
          row.slice());
    }
  }

  private static IllegalStateException unreadable(EventRow row, Exception cause) {
    return new IllegalStateException(
        "Its %d bytes can't be read as '%s' by serializer %d: %s"
            .formatted(
                row.event().bytes().length,
                row.event().manifest(),
                row.event().serializerId(),
                cause.getMessage()),
        cause);
  }

  /** An event as a query of one persistence id gives it. */
  org.apache.pekko.persistence.query.EventEnvelope toUntypedEnvelope(
      StoredEvent stored, EventAdapters adapters) {
    EventRow row = stored.row();
    return new org.apache.pekko.persistence.query.EventEnvelope(
        stored.offset(),
        row.persistenceId(),
        row.seqNr(),
        adapted(stored, adapters),
        stored.storedAt().toEpochMilli(),
        readMetadata(row));
  }

  private Object adapted(StoredEvent stored, EventAdapters adapters) {
    EventRow row = stored.row();
    Object event = row.event().read(serialization);
    Iterable<Object> events =
        CollectionConverters.asJava(
            adapters.get(event.getClass()).fromJournal(event, row.adapterManifest()).events());
    List<Object> list = StreamSupport.stream(events.spliterator(), false).toList();
    if (list.size() != 1) {
      throw new IllegalStateException(
          "An event adapter makes %d events of event %d of '%s'; queries need exactly one, as an offset names one event."
              .formatted(list.size(), row.seqNr(), row.persistenceId()));
    }
    return list.get(0);
  }

  private @Nullable Payload metadata(Option<Object> metadata) {
    return OptionConverters.toJava(metadata)
        .map(value -> Payload.of(serialization, value))
        .orElse(null);
  }

  private Option<Object> readMetadata(EventRow row) {
    Payload metadata = row.metadata();
    return metadata == null ? Option.empty() : Option.apply(metadata.read(serialization));
  }
}
