package io.twinloop.persistence.r2dbc;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Notices a journal that was dumped and restored into a PostgreSQL whose transaction ids are behind
 * it.
 *
 * <p>Readers follow transaction ids. In such a database new events would sort before old ones and
 * never be read by a projection that has passed the old, and the old ones lie above the horizon and
 * aren't read at all. {@link Rebase} repairs that.
 */
public final class RestoreCheck {

  /**
   * Newest transaction id in the journal, and one above the newest that has ended in this
   * PostgreSQL. Walks event_journal_slice_idx, one look per entity type, as max(db_xid) has no
   * index of its own.
   */
  static final String NEWEST_AND_ENDED_XID =
      """
      WITH RECURSIVE types AS (
        SELECT min(entity_type) AS entity_type FROM event_journal
        UNION ALL
        SELECT (SELECT min(j.entity_type) FROM event_journal j WHERE j.entity_type > t.entity_type)
        FROM types t WHERE t.entity_type IS NOT NULL
      )
      SELECT coalesce(max(newest.db_xid::text::numeric), 0)::text AS newest_xid,
             pg_snapshot_xmax(pg_current_snapshot())::text AS above_ended_xid
      FROM types t CROSS JOIN LATERAL (
        SELECT j.db_xid FROM event_journal j WHERE j.entity_type = t.entity_type
        ORDER BY j.db_xid DESC, j.ordinal DESC LIMIT 1
      ) newest
      """;

  private RestoreCheck() {}

  /**
   * Returns if the journal is behind PostgreSQL's transaction ids, as it should be. To be called at
   * start, after {@link Schema#migrate}. The journal checks the same whenever it opens its write
   * connection.
   *
   * @throws RestoredJournalException if the journal is ahead, naming the command that rebases it
   * @throws SQLException if PostgreSQL can't be asked
   */
  public static void verify(PostgresSettings settings) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(NEWEST_AND_ENDED_XID)) {
      row.next();
      verify(row.getString("newest_xid"), row.getString("above_ended_xid"));
    }
  }

  static void verify(String newestXid, String aboveEndedXid) {
    long newest = Long.parseLong(newestXid);
    long aboveEnded = Long.parseLong(aboveEndedXid);
    if (newest >= aboveEnded) {
      throw new RestoredJournalException(newest, aboveEnded);
    }
  }

  /** The journal holds transaction ids that this PostgreSQL hasn't given yet. */
  public static final class RestoredJournalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RestoredJournalException(long newest, long aboveEnded) {
      super(
          "The journal was restored from a dump: its newest transaction id is %d, but this PostgreSQL has come only to %d. Stop all nodes and run './twinloop rebase' once; it renumbers the events and the projections' offsets."
              .formatted(newest, aboveEnded - 1));
    }
  }
}
