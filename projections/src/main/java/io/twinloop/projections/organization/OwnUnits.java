package io.twinloop.projections.organization;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * What lies within the units somebody manages now, or lay there at another time: the units below
 * them, the people who belong to those, the processes they own, and the KPIs that measure any of
 * them. Whoever asks is within too.
 */
public final class OwnUnits {

  /** Primary key. */
  private static final String MANAGED =
      """
      SELECT r.target_id FROM org_relation r
      WHERE r.source_id = ? AND r.relation = 'MANAGES' AND %1$s
      """;

  /** Primary key; a unit may have a user's id. */
  private static final String PERSON =
      "SELECT n.id FROM org_node n WHERE n.id = ? AND n.type = 'Person' AND %1$s";

  /** Index org_relation_by_target for what is below, the primary key for processes. */
  private static final String WITHIN =
      """
      WITH RECURSIVE unit AS (
        SELECT unnest(?::text[]) AS id
        UNION
        SELECT part.source_id FROM unit u CROSS JOIN LATERAL (
          SELECT r.source_id FROM org_relation r
          WHERE r.target_id = u.id AND r.relation = 'PART_OF' AND %1$s OFFSET 0) part)
      SELECT id FROM unit
      UNION
      SELECT person.source_id FROM unit u CROSS JOIN LATERAL (
        SELECT r.source_id FROM org_relation r
        WHERE r.target_id = u.id AND r.relation = 'BELONGS_TO' AND %1$s OFFSET 0) person
      UNION
      SELECT process.target_id FROM unit u CROSS JOIN LATERAL (
        SELECT r.target_id FROM org_relation r
        WHERE r.source_id = u.id AND r.relation = 'OWNS_PROCESS' AND %1$s OFFSET 0) process
      LIMIT ?
      """;

  /** Index kpi_owner; the primary key of relations. */
  private static final String KPIS =
      """
      SELECT id FROM kpi WHERE owner_node_id = ANY(?)
      UNION
      SELECT r.target_id FROM org_relation r
      WHERE r.source_id = ANY(?) AND r.relation = 'MEASURED_BY' AND %1$s
      LIMIT ?
      """;

  private final Database database;
  private final Clock clock;
  private final int most;

  /**
   * @param clock the product's, by which relations begin and end
   * @param most how many nodes or KPIs may lie within: they are held in memory
   */
  public OwnUnits(Database database, Clock clock, int most) {
    this.database = database;
    this.clock = clock;
    this.most = most;
  }

  /**
   * What is within the units of a person.
   *
   * @param only the one unit to keep to, where it is given; else those the person manages
   * @param at of which time; the rights are those of now, the contents those of then
   * @return empty where it is more than can be held
   */
  public CompletionStage<Optional<Scope>> of(
      String personId, Optional<String> only, Optional<Instant> at) {
    AsOf now = new AsOf(clock.instant());
    String holds = at.map(AsOf::new).orElse(now).holds("r");
    return database.inTransaction(
        connection -> {
          List<String> units =
              only.isPresent()
                  ? List.of(only.get())
                  : ids(connection, MANAGED.formatted(now.holds("r")), personId);
          Set<String> nodes =
              new HashSet<>(ids(connection, PERSON.formatted(now.holds("n")), personId));
          nodes.addAll(
              ids(connection, WITHIN.formatted(holds), Sql.texts(connection, units), most + 1));
          List<String> all = List.copyOf(nodes);
          List<String> kpis =
              ids(
                  connection,
                  KPIS.formatted(holds),
                  Sql.texts(connection, all),
                  Sql.texts(connection, all),
                  most + 1);
          return nodes.size() > most || kpis.size() > most
              ? Optional.empty()
              : Optional.of(Scope.within(nodes, Set.copyOf(kpis)));
        });
  }

  private static List<String> ids(Connection connection, String sql, Object... parameters)
      throws SQLException {
    return Sql.list(connection, sql, row -> row.getString(1), parameters);
  }
}
