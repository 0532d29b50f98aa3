package io.twinloop.projections.organization;

import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** What the organisation knows around a node, as the read model has it now. */
public final class Surroundings {

  /** Index org_relation_now_by_target. */
  private static final String SOURCES =
      """
      SELECT source_id FROM org_relation
      WHERE target_id = ? AND relation = ? AND valid_until IS NULL
      ORDER BY valid_from, source_id
      """;

  /** Index org_node_now. */
  private static final String TITLE =
      """
      SELECT coalesce(properties ->> 'title', label) AS title FROM org_node
      WHERE id = ? AND type = 'Role' AND valid_until IS NULL
      """;

  private Surroundings() {}

  /** The unit that owns a process; the first one, should several say so. */
  public static Optional<String> ownerOf(Connection connection, String processId)
      throws SQLException {
    return sources(connection, processId, "OWNS_PROCESS").stream().findFirst();
  }

  /** The processes that a vendor supplies. */
  static List<String> suppliedBy(Connection connection, String vendorId) throws SQLException {
    return sources(connection, vendorId, "SUPPLIED_BY");
  }

  /** The people who hold a role. */
  static List<String> holdersOf(Connection connection, String roleId) throws SQLException {
    return sources(connection, roleId, "HAS_ROLE");
  }

  /** What a role is called. */
  static Optional<String> titleOf(Connection connection, String roleId) throws SQLException {
    return Sql.one(connection, TITLE, row -> row.getString("title"), roleId);
  }

  private static List<String> sources(Connection connection, String targetId, String relation)
      throws SQLException {
    return Sql.list(connection, SOURCES, row -> row.getString("source_id"), targetId, relation);
  }
}
