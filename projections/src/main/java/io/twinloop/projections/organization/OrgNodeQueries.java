package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.serialization.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the nodes of the organisation: which there are or were, and what happened to one.
 */
public final class OrgNodeQueries {

  private static final String SELECT =
      "SELECT n.id, n.type, n.label, n.properties FROM org_node n WHERE %1$s";

  private static final String MATCHES =
      """
      AND (?::text IS NULL OR n.type = ?)
      AND (?::text IS NULL OR strpos(lower(n.id), lower(?)) > 0
        OR CASE WHEN starts_with(n.label, '^pd1.') THEN ?
          ELSE strpos(lower(n.label), lower(?)) > 0 END)
      AND (NOT ? OR CASE WHEN n.type = 'Process'
        THEN (n.properties -> 'avg_duration_days')::text::numeric
          > (n.properties -> 'sla_days')::text::numeric ELSE false END)
      AND (?::text IS NULL OR n.type = 'Process'
        AND (n.properties -> 'automation_level')::text = to_json(?::text)::text)
      AND (?::text[] IS NULL OR n.id = ANY(?)) AND (? OR n.type <> 'Person')
      """;

  /**
   * Index org_node_now_by_type where a type is given, else org_node_now; a text is looked for in
   * all of them. For a time in the past the primary key.
   */
  private static final String LIST = SELECT + " AND n.id > ?\n" + MATCHES + "ORDER BY n.id LIMIT ?";

  /**
   * The units below one, at any depth, the people who belong to them, the processes they own.
   * Indexes org_relation_now_by_target and by_source, then org_node_now; in the past
   * org_relation_by_target and the primary keys. OFFSET 0 keeps each look-up by index whatever the
   * tables' statistics say: right after an import there are none.
   */
  private static final String LIST_WITHIN =
      """
      WITH RECURSIVE unit AS (
        SELECT ?::text AS id
        UNION
        SELECT part.source_id FROM unit u CROSS JOIN LATERAL (
          SELECT r.source_id FROM org_relation r
          WHERE r.target_id = u.id AND r.relation = 'PART_OF' AND %2$s OFFSET 0) part),
      member AS (
        SELECT id FROM unit WHERE id <> ?
        UNION
        SELECT person.source_id FROM unit u CROSS JOIN LATERAL (
          SELECT r.source_id FROM org_relation r
          WHERE r.target_id = u.id AND r.relation = 'BELONGS_TO' AND %2$s OFFSET 0) person
        UNION
        SELECT process.target_id FROM unit u CROSS JOIN LATERAL (
          SELECT r.target_id FROM org_relation r
          WHERE r.source_id = u.id AND r.relation = 'OWNS_PROCESS' AND %2$s OFFSET 0) process)
      SELECT n.* FROM member m CROSS JOIN LATERAL (
      """
          + SELECT
          + " AND n.id = m.id\n"
          + MATCHES
          + """
          OFFSET 0) n
          WHERE m.id > ?
          ORDER BY n.id LIMIT ?
          """;

  /** Index org_node_now, in the past the primary key. */
  private static final String ONE = SELECT + " AND n.id = ?";

  /** Index org_relation_now_by_source, in the past the primary key. */
  private static final String RELATIONS =
      """
      SELECT relation, target_id, target_type, properties, began_at FROM org_relation r
      WHERE r.source_id = ? AND %1$s
      ORDER BY relation, target_id
      """;

  /** Primary key; the cause's event, where it was one, by its own. */
  private static final String HISTORY =
      """
      SELECT h.seq_nr, h.at, h.what, h.detail, h.actor, h.causation_id, h.correlation_id,
        e.type AS event_type
      FROM org_node_history h LEFT JOIN integration_event e ON e.id = h.causation_id
      WHERE h.node_id = ? AND h.seq_nr > ?
      ORDER BY h.seq_nr LIMIT ?
      """;

  private final Database database;
  private final Scope scope;

  public OrgNodeQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private OrgNodeQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public OrgNodeQueries within(Scope narrower) {
    return new OrgNodeQueries(database, narrower);
  }

  /** A node as it is, or as it was at the time asked for. */
  public record NodeRow(String id, String type, String label, JsonNode properties) {
    static NodeRow of(ResultSet row) throws SQLException {
      return new NodeRow(
          row.getString("id"),
          row.getString("type"),
          row.getString("label"),
          Json.tree(row.getString("properties")));
    }
  }

  /** A relation of a node to another. */
  public record TargetRow(
      String relation,
      String targetId,
      String targetType,
      JsonNode properties,
      Instant validFrom) {}

  /** A node with the relations that went out from it. */
  public record NodeThen(NodeRow node, List<TargetRow> relations) {}

  /**
   * What happened to a node.
   *
   * @param revision of the node after it
   * @param causationId the request or event that brought it about
   * @param eventType of the event, absent where it was a request
   */
  public record HistoryRow(
      long revision,
      Instant at,
      String what,
      JsonNode detail,
      String actor,
      String causationId,
      @Nullable String correlationId,
      @Nullable String eventType) {}

  /**
   * What is asked for; what is absent does not matter.
   *
   * @param text found in the label or the id, in whatever case
   * @param within a unit or organisation: what is part of it, belongs to it or is owned by it
   * @param overSla only processes that take longer than their service level allows
   * @param automationLevel only processes that are automated so far
   */
  public record Filter(
      @Nullable String type,
      @Nullable String text,
      @Nullable String within,
      boolean overSla,
      @Nullable String automationLevel) {

    /** Whatever it says of processes. */
    public Filter(@Nullable String type, @Nullable String text, @Nullable String within) {
      this(type, text, within, false, null);
    }
  }

  /** Nodes in order of id, after {@code after}; a text is not looked for in sealed labels. */
  public CompletionStage<List<NodeRow>> nodes(Filter filter, AsOf asOf, String after, int limit) {
    return nodes(filter, asOf, after, limit, false);
  }

  /** Likewise, and those whose labels are sealed and may hold the text. */
  CompletionStage<List<NodeRow>> candidates(Filter filter, AsOf asOf, String after, int limit) {
    return nodes(filter, asOf, after, limit, true);
  }

  private CompletionStage<List<NodeRow>> nodes(
      Filter filter, AsOf asOf, String after, int limit, boolean sealed) {
    String type = filter.type();
    String text = filter.text();
    String within = filter.within();
    boolean overSla = filter.overSla();
    String automation = filter.automationLevel();
    return database.inTransaction(
        connection ->
            within == null
                ? Sql.list(
                    connection,
                    LIST.formatted(asOf.holds("n")),
                    NodeRow::of,
                    after,
                    type,
                    type,
                    text,
                    text,
                    sealed,
                    text,
                    overSla,
                    automation,
                    automation,
                    scope.nodeIds(connection),
                    scope.nodeIds(connection),
                    scope.people(),
                    limit)
                : Sql.list(
                    connection,
                    LIST_WITHIN.formatted(asOf.holds("n"), asOf.holds("r")),
                    NodeRow::of,
                    within,
                    within,
                    type,
                    type,
                    text,
                    text,
                    sealed,
                    text,
                    overSla,
                    automation,
                    automation,
                    scope.nodeIds(connection),
                    scope.nodeIds(connection),
                    scope.people(),
                    after,
                    limit));
  }

  /** The node as it was then, empty where it was not there. */
  public CompletionStage<Optional<NodeThen>> node(String id, AsOf asOf) {
    return database.inTransaction(
        connection -> {
          Optional<NodeRow> node =
              Sql.one(connection, ONE.formatted(asOf.holds("n")), NodeRow::of, id)
                  .filter(there -> scope.hasNode(there.id(), there.type()));
          if (node.isEmpty()) {
            return Optional.empty();
          }
          List<TargetRow> relations =
              Sql.list(connection, RELATIONS.formatted(asOf.holds("r")), OrgNodeQueries::target, id)
                  .stream()
                  .filter(relation -> scope.hasEntity(relation.targetId()))
                  .toList();
          return Optional.of(new NodeThen(node.get(), relations));
        });
  }

  private static TargetRow target(ResultSet row) throws SQLException {
    return new TargetRow(
        row.getString("relation"),
        row.getString("target_id"),
        row.getString("target_type"),
        Json.tree(row.getString("properties")),
        Sql.instant(row, "began_at"));
  }

  /**
   * What happened to a node after the revision {@code after}, in order; without what tells of its
   * relations to what is outside.
   */
  public CompletionStage<List<HistoryRow>> history(String id, long after, int limit) {
    return database.inTransaction(
        connection -> {
          List<HistoryRow> seen = new ArrayList<>();
          List<HistoryRow> next;
          long from = after;
          do {
            next = Sql.list(connection, HISTORY, OrgNodeQueries::history, id, from, limit);
            next.stream().filter(this::isSeen).map(this::withoutOutside).forEach(seen::add);
            from = next.isEmpty() ? from : next.get(next.size() - 1).revision();
          } while (next.size() == limit && seen.size() < limit);
          return List.copyOf(seen.subList(0, Math.min(limit, seen.size())));
        });
  }

  private boolean isSeen(HistoryRow row) {
    return Stream.of(row.detail(), row.detail().path("before"), row.detail().path("after"))
        .map(relation -> relation.path("targetId").textValue())
        .allMatch(target -> target == null || scope.hasEntity(target));
  }

  /** What is retired ended its relations: those to what is outside are left out. */
  private HistoryRow withoutOutside(HistoryRow row) {
    if (!(row.detail().path("ended") instanceof ArrayNode ended)) {
      return row;
    }
    ObjectNode detail = row.detail().deepCopy();
    ArrayNode seen = detail.putArray("ended");
    for (JsonNode relation : ended) {
      if (scope.hasEntity(relation.path("targetId").textValue())) {
        seen.add(relation);
      }
    }
    return new HistoryRow(
        row.revision(),
        row.at(),
        row.what(),
        detail,
        row.actor(),
        row.causationId(),
        row.correlationId(),
        row.eventType());
  }

  private static HistoryRow history(ResultSet row) throws SQLException {
    return new HistoryRow(
        row.getLong("seq_nr"),
        Sql.instant(row, "at"),
        row.getString("what"),
        Json.tree(row.getString("detail")),
        row.getString("actor"),
        row.getString("causation_id"),
        row.getString("correlation_id"),
        row.getString("event_type"));
  }
}
