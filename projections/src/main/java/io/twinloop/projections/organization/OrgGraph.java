package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.projections.organization.OrgNodeQueries.NodeRow;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * What lies around a node or below it: a walk over relations, level by level.
 *
 * <p>A KPI is where a walk ends: it has no relations of its own, and its id may be a node's too.
 * The answer holds every relation asked for that two of its nodes stand in, save that KPIs of the
 * outermost nodes are left out as one step too far.
 */
public final class OrgGraph {

  /** Index org_node_now, in the past the primary key. */
  private static final String NODES =
      """
      SELECT n.id, n.type, n.label, n.properties FROM org_node n
      WHERE n.id = ANY(?) AND %1$s ORDER BY n.id LIMIT ?
      """;

  /** Relations with both ends within: what is outside must not count towards a limit. */
  private static final String SELECT =
      """
      SELECT r.source_id, r.relation, r.target_id, r.target_type, r.properties, r.began_at
      FROM org_relation r WHERE r.relation = ANY(?) AND %1$s
      AND (?::text[] IS NULL OR r.source_id = ANY(?)
        AND CASE r.target_type WHEN 'KPI' THEN r.target_id = ANY(?) ELSE r.target_id = ANY(?) END)
      """;

  /** Indexes org_relation_now_by_source and by_target; in the past primary key and by_target. */
  private static final String AROUND =
      SELECT
          + """
          AND (r.source_id = ANY(?) OR r.target_id = ANY(?) AND r.target_type <> 'KPI')
          ORDER BY r.relation, r.source_id, r.target_id LIMIT ?
          """;

  /** Indexes as above. */
  private static final String BELOW =
      SELECT
          + """
          AND (r.source_id = ANY(?) AND r.relation NOT IN (%2$s)
            OR r.target_id = ANY(?) AND r.relation IN (%2$s))
          ORDER BY r.relation, r.source_id, r.target_id LIMIT ?
          """;

  /** What leads from below to above; all others lead from a thing to what it has or needs. */
  private static final String UPWARDS = "'PART_OF', 'BELONGS_TO', 'REPORTS_TO', 'MANAGES'";

  /** Index org_relation_now_by_source, in the past the primary key. */
  private static final String AMONG =
      SELECT
          + """
          AND r.source_id = ANY(?) AND r.target_id = ANY(?) AND r.target_type <> 'KPI'
          ORDER BY r.relation, r.source_id, r.target_id LIMIT ?
          """;

  /** Primary key. */
  private static final String KPIS = "SELECT id, definition FROM kpi WHERE id = ANY(?) ORDER BY id";

  private final Database database;
  private final Scope scope;

  public OrgGraph(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private OrgGraph(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public OrgGraph within(Scope narrower) {
    return new OrgGraph(database, narrower);
  }

  /** A relation between two nodes, or of a node to a KPI. */
  public record RelationRow(
      String sourceId,
      String relation,
      String targetId,
      String targetType,
      JsonNode properties,
      Instant validFrom) {

    private static RelationRow of(ResultSet row) throws SQLException {
      return new RelationRow(
          row.getString("source_id"),
          row.getString("relation"),
          row.getString("target_id"),
          row.getString("target_type"),
          Json.tree(row.getString("properties")),
          Sql.instant(row, "began_at"));
    }

    private boolean isMeasure() {
      return targetType.equals(NodeType.KPI.wireName());
    }

    private List<String> nodeIds() {
      return isMeasure() ? List.of(sourceId) : List.of(sourceId, targetId);
    }
  }

  /**
   * What a walk found.
   *
   * @param nodes the root first, then by distance
   * @param complete false where more lies in reach than was asked for; the walk then stopped early
   */
  public record Found(List<NodeRow> nodes, List<RelationRow> relations, boolean complete) {}

  /** Where a walk goes. */
  public enum Direction {
    /** Over every relation, whichever way it leads. */
    BOTH,
    /** To what is part of a node, belongs or reports to it or manages it, and to what it has. */
    DOWN
  }

  /**
   * Walks from a node over relations of these types.
   *
   * @param depth how many steps at most, 0 for the node alone
   * @param limit how many nodes are taken, KPIs aside, and how many relations
   * @return empty where the root was not there
   */
  public CompletionStage<Optional<Found>> around(
      String rootId,
      int depth,
      Direction direction,
      Set<RelationType> types,
      AsOf asOf,
      int limit) {
    return database.inTransaction(
        connection ->
            new Walk(connection, scope, types, asOf, limit).from(rootId, depth, direction));
  }

  /** One walk, in one transaction. */
  private static final class Walk {
    private final Connection connection;
    private final Scope scope;
    private final List<String> types;
    private final AsOf asOf;
    private final int limit;
    private final Map<String, NodeRow> nodes = new LinkedHashMap<>();
    private final Set<RelationRow> relations = new LinkedHashSet<>();

    Walk(Connection connection, Scope scope, Set<RelationType> types, AsOf asOf, int limit) {
      this.connection = connection;
      this.scope = scope;
      this.types =
          types.stream()
              .filter(type -> scope.people() || !isOfPeople(type))
              .map(RelationType::name)
              .toList();
      this.asOf = asOf;
      this.limit = limit;
    }

    private static boolean isOfPeople(RelationType type) {
      return type.allowedEnds().stream().anyMatch(ends -> ends.from() == NodeType.PERSON);
    }

    Optional<Found> from(String rootId, int depth, Direction direction) throws SQLException {
      String next = direction == Direction.BOTH ? AROUND : BELOW;
      List<String> reached = visit(List.of(rootId));
      if (reached.isEmpty()) {
        return Optional.empty();
      }
      for (int step = 0; step < depth && !reached.isEmpty() && isComplete(); step++) {
        List<RelationRow> around = relations(next, reached);
        relations.addAll(around);
        Set<String> ends = new LinkedHashSet<>();
        around.forEach(relation -> ends.addAll(relation.nodeIds()));
        ends.removeAll(nodes.keySet());
        reached = visit(ends);
      }
      relations.addAll(relations(AMONG, reached));
      return Optional.of(found());
    }

    private boolean isComplete() {
      return nodes.size() <= limit && relations.size() <= limit;
    }

    /** Takes the nodes that were there; answers their ids. */
    private List<String> visit(Collection<String> ids) throws SQLException {
      List<NodeRow> there =
          ids.isEmpty()
              ? List.of()
              : Sql.list(
                  connection,
                  NODES.formatted(asOf.holds("n")),
                  NodeRow::of,
                  Sql.texts(connection, List.copyOf(ids)),
                  limit + 1);
      List<NodeRow> seen =
          there.stream().filter(node -> scope.hasNode(node.id(), node.type())).toList();
      seen.forEach(node -> nodes.put(node.id(), node));
      return seen.stream().map(NodeRow::id).toList();
    }

    private List<RelationRow> relations(String sql, List<String> ids) throws SQLException {
      return ids.isEmpty()
          ? List.of()
          : Sql.list(
              connection,
              sql.formatted(asOf.holds("r"), UPWARDS),
              RelationRow::of,
              Sql.texts(connection, types),
              scope.nodeIds(connection),
              scope.nodeIds(connection),
              scope.kpiIds(connection),
              scope.nodeIds(connection),
              Sql.texts(connection, ids),
              Sql.texts(connection, ids),
              limit + 1);
    }

    private Found found() throws SQLException {
      Map<String, NodeRow> kpis = kpis();
      List<RelationRow> whole =
          relations.stream()
              .filter(
                  relation ->
                      nodes.keySet().containsAll(relation.nodeIds())
                          && (!relation.isMeasure() || kpis.containsKey(relation.targetId())))
              .toList();
      List<NodeRow> all = new ArrayList<>(nodes.values());
      whole.stream()
          .filter(RelationRow::isMeasure)
          .map(RelationRow::targetId)
          .distinct()
          .map(kpis::get)
          .forEach(all::add);
      return new Found(all, whole, isComplete());
    }

    private Map<String, NodeRow> kpis() throws SQLException {
      List<String> ids =
          relations.stream()
              .filter(RelationRow::isMeasure)
              .map(RelationRow::targetId)
              .filter(scope::hasKpi)
              .distinct()
              .toList();
      Map<String, NodeRow> kpis = new LinkedHashMap<>();
      if (!ids.isEmpty()) {
        Sql.list(
                connection,
                KPIS,
                row ->
                    new NodeRow(
                        row.getString("id"),
                        NodeType.KPI.wireName(),
                        Json.tree(row.getString("definition")).path("name").asText(),
                        Json.MAPPER.createObjectNode()),
                Sql.texts(connection, ids))
            .forEach(kpi -> kpis.put(kpi.id(), kpi));
      }
      return kpis;
    }
  }
}
