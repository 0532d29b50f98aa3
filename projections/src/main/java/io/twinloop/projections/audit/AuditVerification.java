package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.domain.audit.ChainCheck;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
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
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      try {
        return verify(connection);
      } finally {
        connection.rollback();
      }
    }
  }

  private static Verdict verify(Connection connection) throws SQLException {
    Head anchor = Sql.one(connection, HEAD, AuditRows::cut).orElse(Head.BEGINNING);
    Head head = Sql.one(connection, HEAD, AuditRows::head).orElse(Head.BEGINNING);
    ChainCheck check = new ChainCheck(anchor);
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
    return check.end(head);
  }
}
