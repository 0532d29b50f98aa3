package io.twinloop.persistence.r2dbc;

import org.jspecify.annotations.Nullable;

/**
 * Why the journal did not store, or could not read: a reason for programs and a sentence for
 * people.
 */
public final class JournalException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What went wrong, and what a caller may conclude about the events. */
  public enum Reason {
    /** Too many writes wait already. Nothing was stored; try again later. */
    OVERLOADED,
    /** PostgreSQL can't be reached. Nothing was stored; try again later. */
    UNAVAILABLE,
    /**
     * The write was on its way when the connection or the statement failed: stored or not, read to
     * know.
     */
    UNKNOWN_OUTCOME,
    /**
     * PostgreSQL refused this write, usually as another writer stored the sequence number. Nothing
     * was stored.
     */
    REFUSED,
    /** The serialised event is larger than the limit. Nothing was stored. */
    PAYLOAD_TOO_LARGE
  }

  private final Reason reason;

  JournalException(Reason reason, String sentence, @Nullable Throwable cause) {
    super(sentence, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
