package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.persistence.r2dbc.Rebase;
import io.twinloop.persistence.r2dbc.Schema;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.ReadModels;

/**
 * Puts stored order right after PostgreSQL was restored from a logical dump: what {@code ./twinloop
 * rebase} runs. No node may run meanwhile.
 */
public final class RebaseMain {

  private RebaseMain() {}

  /** Rebases; ends with 1 and one sentence when that can't be done. */
  public static void main(String[] arguments) {
    try {
      rebase();
    } catch (Exception e) {
      System.err.println("Twinloop can't rebase: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void rebase() throws Exception {
    Config config = Configuration.load(ConfigFactory.empty());
    PostgresSettings postgres = PostgresSettings.read(config);
    Schema.migrate(postgres);
    try (ReadModels readModels =
        ReadModels.open(postgres.jdbcUrl(), postgres.user(), postgres.password(), config)) {
      ReadModelSchema.migrate(readModels.forQueries());
      Rebase.Result result = Rebase.run(postgres, "pekko_projection_offset_store");
      ReadModelSchema.rebase(readModels.forQueries());
      System.out.printf(
          "Twinloop: rebased %d events and %d projection offsets. Start with ./twinloop up.%n",
          result.events(), result.offsets());
    }
  }
}
