package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** The tables of the read models, in versions. */
public final class ReadModelSchema {

  private ReadModelSchema() {}

  /**
   * Brings the tables to this release's version; several nodes may do so at once, since Flyway
   * holds an advisory lock of PostgreSQL meanwhile.
   */
  public static void migrate(DataSource dataSource) {
    Flyway.configure(ReadModelSchema.class.getClassLoader())
        .dataSource(dataSource)
        .locations("classpath:io/twinloop/projections/schema")
        .table("read_model_schema_history")
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .load()
        .migrate();
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
