package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.domain.audit.ChainCheck;
import io.twinloop.domain.audit.ChainCheck.Noted;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Walks the whole audit, from the first entry kept to the last, in one picture of the database and
 * a fixed amount of memory.
 */
public final class AuditVerification {

  private static final int ROWS_AT_ONCE = 5_000;

  private static final String HEAD =
      "SELECT number, at, hash, cut_number, cut_hash FROM audit_head";

  /** Primary key. */
  private static final String ALL = AuditRows.COLUMNS + "ORDER BY number";

  private AuditVerification() {}

  /** Says whether the chain is whole, or where it is broken first. */
  public static Verdict verify(DataSource database) throws SQLException {
    return verify(database, Optional.empty());
  }

  /**
   * Likewise.
   *
   * @param noted an entry that the chain must still go through
   * @throws IllegalArgumentException when that one was cut off for its age
   */
  public static Verdict verify(DataSource database, Optional<Noted> noted) throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      try {
        return verify(connection, noted);
      } finally {
        connection.rollback();
      }
    }
  }

  private static Verdict verify(Connection connection, Optional<Noted> noted) throws SQLException {
    Optional<Head> anchor = Sql.one(connection, HEAD, AuditRows::cut);
    Optional<Head> head = Sql.one(connection, HEAD, AuditRows::head);
    if (anchor.isEmpty() || head.isEmpty()) {
      return new Verdict.Broken(
          1, "The row of audit_head is gone, and with it where the chain begins and ends.");
    }
    ChainCheck check = new ChainCheck(anchor.get(), noted);
    try (PreparedStatement statement = connection.prepareStatement(ALL)) {
      statement.setFetchSize(ROWS_AT_ONCE);
      try (ResultSet rows = statement.executeQuery()) {
        boolean whole = true;
        while (whole && rows.next()) {
          AuditLink link = AuditRows.link(rows);
          whole = check.accept(link);
        }
      }
    }
    return check.end(head.get());
  }
}
