package io.twinloop.persistence.r2dbc;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** Creates and upgrades the tables of the journal and the snapshots. */
public final class Schema {

  private static final String LOCATION = "classpath:io/twinloop/persistence/schema";
  private static final String HISTORY_TABLE = "persistence_schema_history";

  /** "twinjrnl" in ASCII; no other program asks for it by chance. */
  private static final long LOCK = 0x7477696e6a726e6cL;

  private Schema() {}

  /**
   * Brings the tables to the version of this jar; does nothing if they're there already. To be
   * called before the actor system starts.
   *
   * <p>Safe when many nodes start at once: the first takes the session-level advisory lock
   * 8392292353581411948 of the database ({@code pg_advisory_lock}), the others wait for it and then
   * find the work done. The lock ends with its session, also when the node is killed. Flyway's own
   * lock is too late for a new database: nodes that start together there fail to baseline it.
   *
   * @return number of migrations applied now
   * @throws FlywayException if PostgreSQL can't be reached or a migration fails; a failed one
   *     leaves no trace
   */
  public static int migrate(PostgresSettings settings) {
    try (Connection lock =
            DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
        Statement statement = lock.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(%d)".formatted(LOCK));
      return flyway(settings).migrate().migrationsExecuted;
    } catch (SQLException e) {
      throw new FlywayException(
          "The tables in %s can't be made or upgraded: %s".formatted(settings, e.getMessage()), e);
    }
  }

  private static Flyway flyway(PostgresSettings settings) {
    return Flyway.configure()
        .dataSource(settings.jdbcUrl(), settings.user(), settings.password())
        .locations(LOCATION)
        .table(HISTORY_TABLE)
        // Other modules keep their tables, and histories, in the same schema.
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .load();
  }
}
