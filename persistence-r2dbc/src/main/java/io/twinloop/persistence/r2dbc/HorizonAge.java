package io.twinloop.persistence.r2dbc;

import java.time.Duration;

/**
 * Measures for how long one open transaction has held the readers' horizon, by watching the horizon
 * not move. Asking PostgreSQL for the transaction's start would need rights that a plain role
 * lacks.
 */
final class HorizonAge {

  private long heldBy = -1;
  private long heldSince;

  /**
   * Age as of {@code nanoTime}: zero if no open transaction is older than an ended one, else since
   * it was first seen.
   */
  synchronized Duration observe(JournalReads.Horizon horizon, long nanoTime) {
    boolean held = horizon.oldestOpen() < horizon.aboveEnded();
    if (!held) {
      heldBy = -1;
      return Duration.ZERO;
    }
    if (heldBy != horizon.oldestOpen()) {
      heldBy = horizon.oldestOpen();
      heldSince = nanoTime;
    }
    return Duration.ofNanos(nanoTime - heldSince);
  }
}
