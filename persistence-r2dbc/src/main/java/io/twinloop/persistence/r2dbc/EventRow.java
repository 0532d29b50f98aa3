package io.twinloop.persistence.r2dbc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One event as the table {@code event_journal} holds it, but for what PostgreSQL adds.
 *
 * @param slice 0 to 1023
 * @param seqNr from 1, without gaps within a persistence id
 * @param writer uuid of the actor incarnation that wrote it
 * @param adapterManifest what an event adapter of Pekko put there, else empty
 */
record EventRow(
    int slice,
    String entityType,
    String persistenceId,
    long seqNr,
    Payload event,
    String writer,
    String adapterManifest,
    List<String> tags,
    @Nullable Payload metadata) {

  EventRow {
    tags = List.copyOf(tags);
  }

  /** Bytes this row adds to a flush or a page, without the few of its columns of fixed size. */
  long bytes() {
    return event.bytes().length + (metadata == null ? 0L : metadata.bytes().length);
  }
}
