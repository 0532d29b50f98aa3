package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditHash;
import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.domain.audit.Cut;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import javax.sql.DataSource;

/**
 * Cuts off the part of the audit that is older than it has to be kept.
 *
 * <p>Each cut is a short transaction that takes the end of the chain, deletes a portion, notes the
 * last entry deleted and appends an entry that tells of it: what is kept vouches for where it
 * begins. Nodes may do so at the same time.
 */
public final class AuditRetention {

  private static final int PORTION = 5_000;

  private static final String LOCK =
      "SELECT number, at, hash, cut_number, cut_hash FROM audit_head FOR UPDATE";

  private static final String LET_CUT = "SELECT set_config('twinloop.audit_cut', 'on', true)";

  /** Primary key. */
  private static final String HASH_OF = "SELECT hash FROM audit_entry WHERE number = ?";

  /** Primary key. */
  private static final String DELETE = "DELETE FROM audit_entry WHERE number <= ?";

  private static final String NOTE = "UPDATE audit_head SET cut_number = ?, cut_hash = ?";

  private final DataSource database;
  private final InstantSource clock;
  private final Duration retention;

  /**
   * @param retention age at which entries are cut off
   */
  public AuditRetention(DataSource database, InstantSource clock, Duration retention) {
    this.database = database;
    this.clock = clock;
    this.retention = retention;
  }

  /** Cuts off all that is too old; answers how many entries that were. */
  public long cut() throws SQLException {
    Instant now = clock.instant();
    long all = 0;
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      long portion;
      do {
        portion = cutPortion(connection, now);
        all += portion;
      } while (portion == PORTION);
    }
    return all;
  }

  private long cutPortion(Connection connection, Instant now) throws SQLException {
    try {
      Head head = Sql.one(connection, LOCK, AuditRows::head).orElseThrow();
      Head cut = Sql.one(connection, LOCK, AuditRows::cut).orElseThrow();
      long firstKept = AuditQueries.firstNotBefore(connection, now.minus(retention), cut, head);
      long last = Math.min(firstKept - 1, cut.number() + PORTION);
      if (last > cut.number()) {
        cutUpTo(connection, last, head, now);
      }
      connection.commit();
      return last - cut.number();
    } catch (SQLException | RuntimeException e) {
      connection.rollback();
      throw e;
    }
  }

  private static void cutUpTo(Connection connection, long last, Head head, Instant now)
      throws SQLException {
    byte[] hash =
        Sql.one(connection, HASH_OF, row -> row.getBytes(1), last)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "Audit entry %d is missing; run ./twinloop audit verify.".formatted(last)));
    AuditLink told = AuditLink.append(head, now, new Cut(last, AuditHash.of(hash)).entry());
    Sql.list(connection, LET_CUT, row -> row.getString(1));
    Sql.update(connection, DELETE, last);
    Sql.update(connection, NOTE, last, hash);
    if (!AuditRows.append(connection, head, List.of(told))) {
      throw new IllegalStateException("The end of the audit moved while it was held");
    }
  }
}
