package io.twinloop.persistence.r2dbc;

import java.time.Instant;

/**
 * An event read from the journal, with its place in the order of all.
 *
 * @param storedAt when its transaction began, by PostgreSQL's clock
 */
record StoredEvent(EventRow row, JournalOffset offset, Instant storedAt) {

  long seqNr() {
    return row.seqNr();
  }
}
