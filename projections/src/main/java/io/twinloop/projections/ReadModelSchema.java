package io.twinloop.projections;

import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** The tables of the read models, in versions. */
public final class ReadModelSchema {

  private ReadModelSchema() {}

  /**
   * Brings the tables to this release's version; several nodes may do so at once, since Flyway holds
   * an advisory lock of PostgreSQL meanwhile.
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
}
