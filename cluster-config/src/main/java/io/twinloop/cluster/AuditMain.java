package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.audit.AuditHash;
import io.twinloop.domain.audit.ChainCheck.Noted;
import io.twinloop.domain.audit.ChainCheck.Verdict;
import io.twinloop.persistence.r2dbc.PostgresSettings;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.audit.AuditVerification;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Walks the chain of the audit: what {@code ./twinloop audit verify} runs. Nodes may run meanwhile;
 * nothing is changed.
 */
public final class AuditMain {

  /** SQLSTATE of a table that isn't there. */
  private static final String NO_TABLE = "42P01";

  private static final int BROKEN = 1;
  private static final int UNKNOWN = 4;

  private AuditMain() {}

  /**
   * Says whether the chain is whole; ends with 1 when it is broken, with 4 when it can't be looked
   * at.
   *
   * @param arguments {@code --after NUMBER HASH}: an entry noted elsewhere, which it must go
   *     through
   */
  public static void main(String[] arguments) {
    int code;
    try {
      code = tell(verify(noted(arguments))) ? 0 : BROKEN;
    } catch (Exception e) {
      System.out.println("Twinloop can't verify the audit: " + reason(e));
      code = UNKNOWN;
    }
    if (code != 0) {
      System.exit(code);
    }
  }

  private static Optional<Noted> noted(String[] arguments) {
    if (arguments.length == 0) {
      return Optional.empty();
    }
    if (arguments.length != 3 || !arguments[0].equals("--after")) {
      throw new CannotStart(
          "unknown arguments '%s'; known is --after NUMBER HASH."
              .formatted(String.join(" ", arguments)));
    }
    try {
      return Optional.of(new Noted(Long.parseLong(arguments[1]), AuditHash.of(arguments[2])));
    } catch (NumberFormatException e) {
      throw new CannotStart(
          "--after is '%s', expected the number of an entry.".formatted(arguments[1]));
    }
  }

  private static Verdict verify(Optional<Noted> noted) throws SQLException {
    Config config = Configuration.load(ConfigFactory.empty());
    PostgresSettings postgres = PostgresSettings.read(config);
    try (ReadModels readModels =
        ReadModels.open(postgres.jdbcUrl(), postgres.user(), postgres.password(), config)) {
      return AuditVerification.verify(readModels.forQueries(), noted);
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
