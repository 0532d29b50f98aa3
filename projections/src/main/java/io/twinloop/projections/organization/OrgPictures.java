package io.twinloop.projections.organization;

import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.simulation.Picture;
import io.twinloop.domain.organization.simulation.Picture.Link;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** The organisation as one picture, for what looks at all of it at once. */
public final class OrgPictures {

  /** All nodes, in order of the primary key; who asks for all of them needs no index. */
  private static final String NODES =
      """
      SELECT n.id, n.type, n.label, n.properties FROM org_node n WHERE %1$s ORDER BY n.id LIMIT ?
      """;

  private static final String LINKS =
      """
      SELECT r.source_id, r.relation, r.target_id, r.properties ->> 'counted' AS counted
      FROM org_relation r
      WHERE %1$s AND r.target_type <> 'KPI'
      """;

  /**
   * The frame: organisations and units, and what stands in a relation to these nodes. Indexes
   * org_node_now_by_type and org_node_now, org_relation_now_by_source and by_target; in the past
   * the primary keys and org_relation_by_target.
   */
  private static final String NODES_AROUND =
      """
      SELECT n.id, n.type, n.label, n.properties FROM org_node n
      WHERE %1$s AND (n.type IN ('Organization', 'OrganizationUnit') OR n.id = ANY(?) OR n.id IN (
        SELECT r.target_id FROM org_relation r WHERE r.source_id = ANY(?) AND %2$s
        UNION
        SELECT r.source_id FROM org_relation r WHERE r.target_id = ANY(?) AND %2$s))
      ORDER BY n.id LIMIT ?
      """;

  private static final String LINKS_AROUND =
      LINKS + "AND (r.relation = 'PART_OF' OR r.source_id = ANY(?) OR r.target_id = ANY(?))\n";

  /** So many nodes a picture takes: about half a gigabyte while changes are tried. */
  public static final int MOST_NODES = 300_000;

  private final Database database;
  private final int most;

  public OrgPictures(Database database) {
    this(database, MOST_NODES);
  }

  OrgPictures(Database database, int most) {
    this.database = database;
    this.most = most;
  }

  /** The organisation has more nodes than a picture takes. */
  public static final class TooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooLargeException(int most) {
      super("The organisation has more than %,d nodes, which is the most.".formatted(most));
    }
  }

  /** Everything; fails with {@link TooLargeException}. */
  public CompletionStage<Picture> whole(AsOf asOf) {
    return database.inTransaction(
        connection ->
            picture(
                Sql.list(connection, NODES.formatted(asOf.holds("n")), OrgPictures::node, most + 1),
                Sql.list(connection, LINKS.formatted(asOf.holds("r")), OrgPictures::link)));
  }

  /**
   * Every unit and organisation, these nodes, and what stands in a relation to them: enough to see
   * whether changes that name them can be made. Fails with {@link TooLargeException}.
   */
  public CompletionStage<Picture> around(Collection<String> ids, AsOf asOf) {
    return database.inTransaction(connection -> around(connection, List.copyOf(ids), asOf));
  }

  private Picture around(Connection connection, List<String> ids, AsOf asOf) throws SQLException {
    Array named = Sql.texts(connection, ids);
    return picture(
        Sql.list(
            connection,
            NODES_AROUND.formatted(asOf.holds("n"), asOf.holds("r")),
            OrgPictures::node,
            named,
            named,
            named,
            most + 1),
        Sql.list(
            connection, LINKS_AROUND.formatted(asOf.holds("r")), OrgPictures::link, named, named));
  }

  private Picture picture(List<Map.Entry<String, NodeContent>> nodes, List<Link> links) {
    if (nodes.size() > most) {
      throw new TooLargeException(most);
    }
    Map<String, NodeContent> byId = new HashMap<>();
    nodes.forEach(node -> byId.put(node.getKey(), node.getValue()));
    return Picture.of(byId, links);
  }

  private static Map.Entry<String, NodeContent> node(ResultSet row) throws SQLException {
    return Map.entry(
        row.getString("id"),
        new NodeContent(
            NodeType.of(row.getString("type")),
            row.getString("label"),
            Properties.of(row.getString("properties"))));
  }

  private static Link link(ResultSet row) throws SQLException {
    return new Link(
        row.getString("source_id"),
        RelationType.of(row.getString("relation")),
        row.getString("target_id"),
        !"false".equals(row.getString("counted")));
  }
}
