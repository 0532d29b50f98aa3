package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.audit.AuditVerification;
import java.sql.SQLException;

/**
 * Walks the chain of the audit: what {@code ./twinloop audit verify} runs. Nodes may run meanwhile;
 * nothing is changed.
 */
public final class AuditMain {

  /** SQLSTATE of a table that isn't there. */
  private static final String NO_TABLE = "42P01";

  private AuditMain() {}

  /** Says whether the chain is whole; ends with 1 when it isn't, or can't be looked at. */
  public static void main(String[] arguments) {
    boolean whole;
    try {
      whole = tell(verify());
    } catch (Exception e) {
      System.out.println("Twinloop can't verify the audit: " + reason(e));
      whole = false;
    }
    if (!whole) {
      System.exit(1);
    }
  }

  private static Verdict verify() throws SQLException {
    Config config = ConfigFactory.load();
    PostgresSettings postgres = PostgresSettings.read(config);
    try (ReadModels readModels =
        ReadModels.open(postgres.jdbcUrl(), postgres.user(), postgres.password(), config)) {
      return AuditVerification.verify(readModels.forQueries());
    }
  }

  private static boolean tell(Verdict verdict) {
    if (verdict instanceof Verdict.Whole whole) {
      System.out.printf(
          "Twinloop: audit: %d entries, whole; the last is number %d, %s.%n",
          whole.entries(), whole.head().number(), whole.head().hash());
      return true;
    }
    Verdict.Broken broken = (Verdict.Broken) verdict;
    System.out.println("Twinloop: audit: BROKEN. " + broken.sentence());
    return false;
  }

  private static String reason(Exception failure) {
    return failure instanceof SQLException sql && NO_TABLE.equals(sql.getSQLState())
        ? "this database has none; it comes with the first start of this release."
        : failure.getMessage();
  }
}
