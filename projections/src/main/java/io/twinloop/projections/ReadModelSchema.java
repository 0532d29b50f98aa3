package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** The tables of the read models, in versions. */
public final class ReadModelSchema {

  private ReadModelSchema() {}

  /** Of the session that migrates; the others wait for it and find the work done. */
  private static final String LOCK = "SELECT pg_advisory_lock(8392292353581411949)";

  private static final String UNLOCK = "SELECT pg_advisory_unlock(8392292353581411949)";

  /**
   * Brings the tables to this release's version. Several nodes may do so at once: an advisory lock
   * of PostgreSQL lets one after the other. Flyway's own comes too late for a new database.
   */
  public static void migrate(DataSource dataSource) throws SQLException {
    try (Connection lock = dataSource.getConnection();
        Statement statement = lock.createStatement()) {
      statement.execute(LOCK);
      try {
        flyway(dataSource).migrate();
      } finally {
        statement.execute(UNLOCK);
      }
    }
  }

  private static Flyway flyway(DataSource dataSource) {
    return Flyway.configure(ReadModelSchema.class.getClassLoader())
        .dataSource(dataSource)
        .locations("classpath:io/twinloop/projections/schema")
        .table("read_model_schema_history")
        // The journal keeps its tables, and a history of its own, in the same schema.
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .load();
  }

  /** All rows; the order stays, below any transaction id PostgreSQL gives (it begins with 3). */
  private static final String RENUMBER =
      """
      UPDATE integration_event SET xid = '1'::xid8, ordinal = r.rank
      FROM (SELECT id, row_number() OVER (ORDER BY xid, ordinal) AS rank FROM integration_event) r
      WHERE integration_event.id = r.id
      """;

  private static final String RESTART =
      """
      SELECT setval(pg_get_serial_sequence('integration_event', 'ordinal'),
        (SELECT count(*) + 1 FROM integration_event), false)
      """;

  /**
   * Puts the history of integration events in order again after a logical dump and restore, as the
   * journal's rebase does for the journal. No node may run meanwhile.
   */
  public static void rebase(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      Sql.update(connection, RENUMBER);
      Sql.list(connection, RESTART, row -> row.getLong(1));
      connection.commit();
    }
  }
}
