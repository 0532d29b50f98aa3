package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.organization.Cycles;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.Rollup;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.projections.organization.OrgNodeQueries.NodeRow;
import io.twinloop.serialization.Json;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the shape of the organisation: who reports to whom, who belongs where, what a part
 * of it adds up to, what depends on itself.
 *
 * <p>OFFSET 0 keeps each look-up by index whatever the tables' statistics say: right after an
 * import there are none.
 */
public final class OrgQueries {

  /** Index org_node_now, in the past the primary key. */
  private static final String NODES =
      "SELECT n.id, n.type, n.label, n.properties FROM org_node n WHERE n.id = ANY(?) AND %1$s";

  /** Index org_relation_now_by_source, in the past the primary key. Each node once, the nearest. */
  private static final String ABOVE =
      """
      WITH RECURSIVE above AS (
        SELECT ?::text AS id, 0 AS distance
        UNION
        SELECT up.target_id, a.distance + 1 FROM above a CROSS JOIN LATERAL (
          SELECT r.target_id FROM org_relation r
          WHERE r.source_id = a.id AND r.relation = ? AND %1$s OFFSET 0) up
        WHERE a.distance < ?)
      SELECT id, min(distance) AS distance FROM above GROUP BY id ORDER BY min(distance), id
      """;

  /** Index org_relation_now_by_target, in the past org_relation_by_target. */
  private static final String MANAGERS =
      """
      SELECT r.target_id AS unit_id, r.source_id AS person_id FROM org_relation r
      WHERE r.target_id = ANY(?) AND r.relation = 'MANAGES' AND %1$s
      ORDER BY r.source_id
      """;

  /** The unit or organisation itself and the units below it, at any depth. */
  private static final String PART =
      """
      WITH RECURSIVE unit AS (
        SELECT ?::text AS id
        UNION
        SELECT part.source_id FROM unit u CROSS JOIN LATERAL (
          SELECT r.source_id FROM org_relation r
          WHERE r.target_id = u.id AND r.relation = 'PART_OF' AND %2$s OFFSET 0) part)
      """;

  private static final String ITSELF = "WITH unit AS (SELECT ?::text AS id)\n";

  /** Indexes org_relation_now_by_target and org_node_now; in the past by_target and primary key. */
  private static final String MEMBERS =
      """
      , member AS (
        SELECT person.source_id AS id, array_agg(u.id ORDER BY u.id) AS unit_ids
        FROM unit u CROSS JOIN LATERAL (
          SELECT r.source_id FROM org_relation r
          WHERE r.target_id = u.id AND r.relation = 'BELONGS_TO' AND r.source_id > ? AND %2$s
          OFFSET 0) person
        WHERE (?::text[] IS NULL OR u.id = ANY(?))
        GROUP BY person.source_id)
      SELECT n.*, m.unit_ids FROM member m CROSS JOIN LATERAL (
        SELECT n.id, n.type, n.label, n.properties FROM org_node n
        WHERE n.id = m.id AND %1$s OFFSET 0) n
      WHERE (?::text[] IS NULL OR n.id = ANY(?))
      ORDER BY m.id LIMIT ?
      """;

  /** Index org_node_now, in the past the primary key. */
  private static final String UNIT_FIGURES =
      """
      SELECT n.* FROM unit u CROSS JOIN LATERAL (
        SELECT n.id, (n.properties -> 'headcount')::text AS headcount,
          (n.properties -> 'fte')::text AS fte, (n.properties -> 'cost')::text AS cost
        FROM org_node n
        WHERE n.id = u.id AND n.type = 'OrganizationUnit' AND %1$s OFFSET 0) n
      WHERE (?::text[] IS NULL OR n.id = ANY(?))
      ORDER BY n.id
      """;

  /** Indexes org_relation_now_by_target and org_node_now; in the past by_target and primary key. */
  private static final String MEMBER_FIGURES =
      """
      SELECT u.id AS unit_id, r.counted, n.* FROM unit u CROSS JOIN LATERAL (
        SELECT r.source_id, (r.properties -> 'counted')::text AS counted FROM org_relation r
        WHERE r.target_id = u.id AND r.relation = 'BELONGS_TO' AND %2$s OFFSET 0) r
      CROSS JOIN LATERAL (
        SELECT n.id, (n.properties -> 'fte')::text AS fte, (n.properties -> 'cost')::text AS cost
        FROM org_node n WHERE n.id = r.source_id AND %1$s OFFSET 0) n
      WHERE (?::text[] IS NULL OR (n.id = ANY(?) AND u.id = ANY(?)))
      ORDER BY n.id, u.id
      """;

  /** Reads the relations of one type that hold, whatever their ends. */
  private static final String EDGES =
      """
      SELECT r.source_id, r.target_id FROM org_relation r
      WHERE r.relation = ? AND %2$s
        AND EXISTS (SELECT FROM org_node n WHERE n.id = r.target_id AND %1$s)
      LIMIT ?
      """;

  private final Database database;
  private final Scope scope;

  public OrgQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private OrgQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public OrgQueries within(Scope narrower) {
    return new OrgQueries(database, narrower);
  }

  /**
   * Somebody or something above a node.
   *
   * @param distance how many steps up
   * @param managers who manages it, where it is a unit
   */
  public record Superior(NodeRow node, int distance, List<NodeRow> managers) {}

  /**
   * The way up from a node: from a person over REPORTS_TO, from a unit over PART_OF.
   *
   * @param managers of the node itself, where it is a unit
   * @param superiors the nearest first; more than one at a distance where the way parts
   */
  public record ReportingLine(NodeRow node, List<NodeRow> managers, List<Superior> superiors) {}

  /** A person, with the units of the part to which he belongs. */
  public record MemberRow(NodeRow node, List<String> unitIds) {}

  /** The way up; empty where the node was not there. */
  public CompletionStage<Optional<ReportingLine>> reportingLine(String id, AsOf asOf, int deepest) {
    return database.inTransaction(
        connection -> {
          NodeRow node = nodes(connection, List.of(id), asOf).get(id);
          if (node == null) {
            return Optional.empty();
          }
          boolean person = node.type().equals(NodeType.PERSON.wireName());
          RelationType up = person ? RelationType.REPORTS_TO : RelationType.PART_OF;
          Map<String, Integer> distances = new LinkedHashMap<>();
          Sql.list(
                  connection,
                  ABOVE.formatted(asOf.holds("r")),
                  row -> Map.entry(row.getString("id"), row.getInt("distance")),
                  id,
                  up.name(),
                  deepest)
              .forEach(entry -> distances.put(entry.getKey(), entry.getValue()));
          Map<String, NodeRow> above = nodes(connection, List.copyOf(distances.keySet()), asOf);
          Map<String, List<NodeRow>> managers =
              person ? Map.of() : managers(connection, List.copyOf(above.keySet()), asOf);
          List<Superior> superiors = new ArrayList<>();
          distances.forEach(
              (superior, distance) -> {
                if (distance > 0 && above.containsKey(superior)) {
                  superiors.add(
                      new Superior(
                          above.get(superior),
                          distance,
                          managers.getOrDefault(superior, List.of())));
                }
              });
          return Optional.of(
              new ReportingLine(node, managers.getOrDefault(id, List.of()), superiors));
        });
  }

  private Map<String, NodeRow> nodes(Connection connection, List<String> ids, AsOf asOf)
      throws SQLException {
    Map<String, NodeRow> nodes = new HashMap<>();
    Sql.list(connection, NODES.formatted(asOf.holds("n")), NodeRow::of, Sql.texts(connection, ids))
        .stream()
        .filter(node -> scope.hasNode(node.id(), node.type()))
        .forEach(node -> nodes.put(node.id(), node));
    return nodes;
  }

  private Map<String, List<NodeRow>> managers(Connection connection, List<String> units, AsOf asOf)
      throws SQLException {
    List<Map.Entry<String, String>> pairs =
        Sql.list(
            connection,
            MANAGERS.formatted(asOf.holds("r")),
            row -> Map.entry(row.getString("unit_id"), row.getString("person_id")),
            Sql.texts(connection, units));
    Map<String, NodeRow> persons =
        nodes(connection, pairs.stream().map(Map.Entry::getValue).distinct().toList(), asOf);
    Map<String, List<NodeRow>> managers = new HashMap<>();
    pairs.stream()
        .filter(pair -> persons.containsKey(pair.getValue()))
        .forEach(
            pair ->
                managers
                    .computeIfAbsent(pair.getKey(), unit -> new ArrayList<>())
                    .add(persons.get(pair.getValue())));
    return managers;
  }

  /**
   * The persons who belong to a unit or to one below it, in order of id, after {@code after}.
   *
   * @param direct only those who belong to the unit itself
   * @return empty where the unit was not there
   */
  public CompletionStage<Optional<List<MemberRow>>> members(
      String id, boolean direct, AsOf asOf, String after, int limit) {
    return database.inTransaction(
        connection ->
            nodes(connection, List.of(id), asOf).isEmpty()
                ? Optional.empty()
                : Optional.of(
                    Sql.list(
                        connection,
                        sql(direct ? ITSELF : PART, MEMBERS, asOf),
                        OrgQueries::member,
                        id,
                        after,
                        scope.nodeIds(connection),
                        scope.nodeIds(connection),
                        scope.nodeIds(connection),
                        scope.nodeIds(connection),
                        limit)));
  }

  private static MemberRow member(ResultSet row) throws SQLException {
    return new MemberRow(NodeRow.of(row), List.of((String[]) row.getArray("unit_ids").getArray()));
  }

  /**
   * What a unit or organisation adds up to.
   *
   * @param node what it was asked of
   * @param sums absent where that is neither a unit nor an organisation
   */
  public record RolledUp(NodeRow node, Optional<Rollup> sums) {}

  /** Adds up; empty where the node was not there. */
  public CompletionStage<Optional<RolledUp>> rollup(String id, AsOf asOf) {
    return database.inTransaction(
        connection -> {
          NodeRow node = nodes(connection, List.of(id), asOf).get(id);
          if (node == null) {
            return Optional.empty();
          }
          if (!node.type().equals(NodeType.ORGANIZATION.wireName())
              && !node.type().equals(NodeType.ORGANIZATION_UNIT.wireName())) {
            return Optional.of(new RolledUp(node, Optional.empty()));
          }
          List<Rollup.Unit> units =
              Sql.list(
                  connection,
                  sql(PART, UNIT_FIGURES, asOf),
                  OrgQueries::unit,
                  id,
                  scope.nodeIds(connection),
                  scope.nodeIds(connection));
          List<Rollup.Member> members =
              Sql.list(
                  connection,
                  sql(PART, MEMBER_FIGURES, asOf),
                  OrgQueries::figures,
                  id,
                  scope.nodeIds(connection),
                  scope.nodeIds(connection),
                  scope.nodeIds(connection));
          return Optional.of(new RolledUp(node, Optional.of(Rollup.of(units, members))));
        });
  }

  private static String sql(String part, String question, AsOf asOf) {
    return (part + question).formatted(asOf.holds("n"), asOf.holds("r"));
  }

  private static Rollup.Unit unit(ResultSet row) throws SQLException {
    return new Rollup.Unit(
        row.getString("id"), number(row, "headcount"), number(row, "fte"), number(row, "cost"));
  }

  private static Rollup.Member figures(ResultSet row) throws SQLException {
    return new Rollup.Member(
        row.getString("id"),
        row.getString("unit_id"),
        !"false".equals(row.getString("counted")),
        number(row, "fte"),
        number(row, "cost"));
  }

  /** A number among JSON values; what is none, from times when the twin took it, counts nothing. */
  private static @Nullable BigDecimal number(ResultSet row, String column) throws SQLException {
    String text = row.getString(column);
    JsonNode value = text == null ? null : Json.tree(text);
    return value != null && value.isNumber() ? value.decimalValue() : null;
  }

  /**
   * What leads back to itself over relations of a type, between nodes that are there.
   *
   * @return empty where more than {@code most} relations would have to be looked at
   */
  public CompletionStage<Optional<List<Cycles.Cycle>>> cycles(
      RelationType type, AsOf asOf, int most) {
    return database.inTransaction(
        connection -> {
          List<Cycles.Edge> edges =
              Sql.list(
                  connection,
                  EDGES.formatted(asOf.holds("n"), asOf.holds("r")),
                  row -> new Cycles.Edge(row.getString("source_id"), row.getString("target_id")),
                  type.name(),
                  most + 1);
          return edges.size() > most ? Optional.empty() : Optional.of(seen(Cycles.in(edges)));
        });
  }

  private List<Cycles.Cycle> seen(List<Cycles.Cycle> cycles) {
    return cycles.stream()
        .filter(cycle -> cycle.nodes().stream().allMatch(scope::hasNode))
        .toList();
  }
}
