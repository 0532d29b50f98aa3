package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the audit.
 *
 * <p>Numbers and times rise together, so times are looked up as numbers: some thirty steps in the
 * primary key take the place of an index that every entry would have to pay for.
 */
public final class AuditQueries {

  /** Primary key. */
  private static final String HEAD =
      "SELECT number, at, hash, cut_number, cut_hash FROM audit_head";

  /** Primary key. */
  private static final String TIME_OF_NEXT =
      "SELECT at FROM audit_entry WHERE number >= ? ORDER BY number LIMIT 1";

  /** Index by actor or action where one is given, else the primary key. */
  private static final String LIST =
      AuditRows.COLUMNS + "WHERE number > ? AND number < ?%s ORDER BY number LIMIT ?";

  private final Database database;

  public AuditQueries(Database database) {
    this.database = database;
  }

  /**
   * What is asked for; what is absent does not matter.
   *
   * @param from the first instant
   * @param to the first instant that is too late
   */
  public record Filter(
      @Nullable String actor,
      @Nullable String action,
      @Nullable Instant from,
      @Nullable Instant to) {}

  /** Entries behind the one with this number, in order. */
  public CompletionStage<List<AuditLink>> after(long number, Filter filter, int limit) {
    return database.inTransaction(connection -> list(connection, number, filter, limit));
  }

  private static List<AuditLink> list(Connection connection, long after, Filter filter, int limit)
      throws SQLException {
    Head head = Sql.one(connection, HEAD, AuditRows::head).orElseThrow();
    Head cut = Sql.one(connection, HEAD, AuditRows::cut).orElseThrow();
    long first =
        filter.from() == null ? 0 : firstNotBefore(connection, filter.from(), cut, head) - 1;
    long end =
        filter.to() == null ? Long.MAX_VALUE : firstNotBefore(connection, filter.to(), cut, head);
    List<Object> parameters = new ArrayList<>(List.of(Math.max(after, first), end));
    StringBuilder conditions = new StringBuilder();
    if (filter.actor() != null) {
      conditions.append(" AND actor = ?");
      parameters.add(filter.actor());
    }
    if (filter.action() != null) {
      conditions.append(" AND action = ?");
      parameters.add(filter.action());
    }
    parameters.add(limit);
    return Sql.list(connection, LIST.formatted(conditions), AuditRows::link, parameters.toArray());
  }

  /** The number of the first entry at or after an instant, one more than the last when none is. */
  static long firstNotBefore(Connection connection, Instant instant, Head cut, Head head)
      throws SQLException {
    long low = cut.number() + 1;
    long high = head.number() + 1;
    while (low < high) {
      long middle = low + (high - low) / 2;
      boolean before =
          Sql.one(connection, TIME_OF_NEXT, row -> Sql.instant(row, "at"), middle)
              .filter(at -> at.isBefore(instant))
              .isPresent();
      if (before) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
