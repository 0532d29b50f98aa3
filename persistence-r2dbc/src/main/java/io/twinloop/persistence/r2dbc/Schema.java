package io.twinloop.persistence.r2dbc;

import org.flywaydb.core.Flyway;

/** Creates and upgrades the tables of the journal and the snapshots. */
public final class Schema {

  private static final String LOCATION = "classpath:io/twinloop/persistence/schema";
  private static final String HISTORY_TABLE = "persistence_schema_history";

  private Schema() {}

  /**
   * Brings the tables to the version of this jar; does nothing if they're there already. To be
   * called before the actor system starts.
   *
   * <p>Safe when many nodes start at once: Flyway runs each migration under a PostgreSQL advisory
   * lock, {@code pg_try_advisory_lock} of the session that migrates, asked for again until it's
   * free. Its 64-bit key is 77431708279161 (Flyway's own number) plus the hash of the history
   * table's name, so that it differs from other modules' history tables in the same database. The
   * lock ends with its session, also when the node is killed.
   *
   * @return number of migrations applied now
   * @throws org.flywaydb.core.api.FlywayException if PostgreSQL can't be reached or a migration
   *     fails; a failed one leaves no trace
   */
  public static int migrate(PostgresSettings settings) {
    return Flyway.configure()
        .dataSource(settings.jdbcUrl(), settings.user(), settings.password())
        .locations(LOCATION)
        .table(HISTORY_TABLE)
        // Other modules keep their tables, and histories, in the same schema.
        .baselineOnMigrate(true)
        .baselineVersion("0")
        .load()
        .migrate()
        .migrationsExecuted;
  }
}
