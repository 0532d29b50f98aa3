package io.twinloop.persistence.r2dbc;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Base64;

/**
 * Renumbers a journal that was restored from a logical dump, so that it goes on in a PostgreSQL
 * whose transaction ids began again; see {@link RestoreCheck}.
 *
 * <p>All events go to one transaction id below any that PostgreSQL gives, in the order they had.
 * Each projection's offset becomes the rank of the last event it had seen: it goes on with exactly
 * the next one.
 */
public final class Rebase {

  /**
   * PostgreSQL gives transaction ids from 3 on. A second rebase finds these rows first, in the
   * order they have.
   */
  private static final long REBASED_XID = 1;

  private static final String RANK_EVENTS =
      """
      CREATE TEMPORARY TABLE rebase_rank ON COMMIT DROP AS
      SELECT db_xid, ordinal, row_number() OVER (ORDER BY db_xid, ordinal) AS rank FROM event_journal
      """;

  private static final String INDEX_RANKS =
      "CREATE UNIQUE INDEX ON rebase_rank (db_xid, ordinal) INCLUDE (rank)";

  private static final String RENUMBER_EVENTS =
      """
      UPDATE event_journal SET db_xid = %d::text::xid8, ordinal = r.rank
      FROM rebase_rank r WHERE event_journal.db_xid = r.db_xid AND event_journal.ordinal = r.ordinal
      """
          .formatted(REBASED_XID);

  private static final String RESTART_ORDINALS =
      "ALTER TABLE event_journal ALTER COLUMN ordinal RESTART WITH %d";

  private static final String RANK_OF_OFFSET =
      """
      SELECT rank FROM rebase_rank WHERE (db_xid, ordinal) <= (?::text::xid8, ?)
      ORDER BY db_xid DESC, ordinal DESC LIMIT 1
      """;

  private static final String OFFSETS =
      "SELECT projection_name, projection_key, current_offset FROM %s WHERE manifest = ? FOR UPDATE";

  private static final String MOVE_OFFSET =
      "UPDATE %s SET current_offset = ? WHERE projection_name = ? AND projection_key = ?";

  private Rebase() {}

  /** What was renumbered. */
  public record Result(long events, int offsets) {}

  /**
   * Renumbers all events and the offsets of projections in one transaction; nothing changes if it
   * fails. No node may run meanwhile: both tables are locked. Takes about as long as rewriting the
   * table event_journal, and as much disk again until PostgreSQL's next vacuum.
   *
   * @param offsetTable table of pekko-projection-jdbc, with its schema if it isn't on the search
   *     path. Offsets of other kinds in it stay as they are. If there's no such table, there's no
   *     projection yet.
   * @throws SQLException if PostgreSQL can't be reached or refuses
   */
  public static Result run(PostgresSettings settings, String offsetTable) throws SQLException {
    try (Connection connection =
        DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password())) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("LOCK TABLE event_journal IN ACCESS EXCLUSIVE MODE");
        statement.execute(RANK_EVENTS);
        statement.execute(INDEX_RANKS);
        statement.execute("ANALYZE rebase_rank");
        int offsets = moveOffsets(connection, offsetTable);
        long events = statement.executeLargeUpdate(RENUMBER_EVENTS);
        statement.execute(RESTART_ORDINALS.formatted(events + 1));
        connection.commit();
        return new Result(events, offsets);
      }
    }
  }

  private static int moveOffsets(Connection connection, String offsetTable) throws SQLException {
    String table = existing(connection, offsetTable);
    if (table.isEmpty()) {
      return 0;
    }
    int moved = 0;
    try (Statement lock = connection.createStatement();
        PreparedStatement offsets = connection.prepareStatement(OFFSETS.formatted(table));
        PreparedStatement move = connection.prepareStatement(MOVE_OFFSET.formatted(table))) {
      lock.execute("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
      offsets.setString(
          1, JournalOffsetSerializer.IDENTIFIER + ":" + JournalOffsetSerializer.MANIFEST);
      try (ResultSet offset = offsets.executeQuery()) {
        while (offset.next()) {
          JournalOffset old = decode(offset.getString("current_offset"));
          JournalOffset now = new JournalOffset(REBASED_XID, rank(connection, old));
          move.setString(1, encode(now));
          move.setString(2, offset.getString("projection_name"));
          move.setString(3, offset.getString("projection_key"));
          moved += move.executeUpdate();
        }
      }
    }
    return moved;
  }

  /** The table's name as PostgreSQL writes it, quoted where needed; empty if there's none. */
  private static String existing(Connection connection, String table) throws SQLException {
    try (PreparedStatement find =
        connection.prepareStatement("SELECT coalesce(to_regclass(?)::text, '')")) {
      find.setString(1, table);
      try (ResultSet found = find.executeQuery()) {
        found.next();
        return found.getString(1);
      }
    }
  }

  private static long rank(Connection connection, JournalOffset offset) throws SQLException {
    try (PreparedStatement find = connection.prepareStatement(RANK_OF_OFFSET)) {
      find.setString(1, Long.toString(offset.xid()));
      find.setLong(2, offset.ordinal());
      try (ResultSet found = find.executeQuery()) {
        return found.next() ? found.getLong("rank") : 0;
      }
    }
  }

  private static JournalOffset decode(String stored) {
    return JournalOffset.parse(
        new String(Base64.getDecoder().decode(stored), StandardCharsets.UTF_8));
  }

  private static String encode(JournalOffset offset) {
    return Base64.getEncoder().encodeToString(offset.toString().getBytes(StandardCharsets.UTF_8));
  }
}
