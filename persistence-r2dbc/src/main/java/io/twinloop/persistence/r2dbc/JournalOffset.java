package io.twinloop.persistence.r2dbc;

import org.apache.pekko.persistence.query.Offset;

/**
 * The place of an event in the journal's order: the transaction that wrote it, then its number.
 *
 * <p>Offsets come in the order of {@code (xid, ordinal)}. A query that starts from an offset gives
 * the events after it.
 */
public final class JournalOffset extends Offset implements Comparable<JournalOffset> {

  /** Before every event. */
  public static final JournalOffset START = new JournalOffset(0, 0);

  private final long xid;
  private final long ordinal;

  /**
   * An offset of its parts.
   *
   * @param xid PostgreSQL's 64-bit transaction id, not negative
   * @param ordinal the row's identity, not negative
   */
  public JournalOffset(long xid, long ordinal) {
    if (xid < 0 || ordinal < 0) {
      throw new IllegalArgumentException(
          "A journal offset has no negative part, but this is '%d:%d'.".formatted(xid, ordinal));
    }
    this.xid = xid;
    this.ordinal = ordinal;
  }

  /**
   * The journal offset behind any offset a caller may hold.
   *
   * @throws IllegalArgumentException if the offset is another journal's
   */
  public static JournalOffset of(Offset offset) {
    if (offset instanceof JournalOffset journalOffset) {
      return journalOffset;
    }
    if (offset.equals(Offset.noOffset())) {
      return START;
    }
    throw new IllegalArgumentException(
        "Expected a JournalOffset or no offset, but got '%s' (%s)."
            .formatted(offset, offset.getClass().getName()));
  }

  /**
   * Reads {@code "xid:ordinal"}.
   *
   * @throws IllegalArgumentException quoting a text that isn't one
   */
  public static JournalOffset parse(String text) {
    int colon = text.indexOf(':');
    try {
      return new JournalOffset(
          Long.parseLong(text.substring(0, Math.max(0, colon))),
          Long.parseLong(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "Expected a journal offset like '751:42', but got '%s'.".formatted(text), e);
    }
  }

  public long xid() {
    return xid;
  }

  public long ordinal() {
    return ordinal;
  }

  @Override
  public int compareTo(JournalOffset other) {
    int byTransaction = Long.compare(xid, other.xid);
    return byTransaction != 0 ? byTransaction : Long.compare(ordinal, other.ordinal);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JournalOffset that && xid == that.xid && ordinal == that.ordinal;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(xid) * 31 + Long.hashCode(ordinal);
  }

  /** The stored form, {@code "xid:ordinal"}. */
  @Override
  public String toString() {
    return xid + ":" + ordinal;
  }
}
