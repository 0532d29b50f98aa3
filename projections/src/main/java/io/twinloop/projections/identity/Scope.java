package io.twinloop.projections.identity;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.projections.Sql;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of the organisation a question may look at: everything, everything but people, or what lies
 * within somebody's units. What is outside looks as if it weren't there.
 *
 * @param people whether single people show
 * @param nodes the ids of the nodes within; null for all
 * @param kpis the ids of the KPIs within; null for all
 */
public record Scope(boolean people, @Nullable Set<String> nodes, @Nullable Set<String> kpis) {

  public static final Scope EVERYTHING = new Scope(true, null, null);
  public static final Scope WITHOUT_PEOPLE = new Scope(false, null, null);
  public static final Scope NOTHING = within(Set.of(), Set.of());

  /** These nodes and KPIs, and what happens to them. */
  public static Scope within(Set<String> nodes, Set<String> kpis) {
    return new Scope(true, Set.copyOf(nodes), Set.copyOf(kpis));
  }

  public boolean isEverything() {
    return people && nodes == null;
  }

  /** Whether a node of this type is in it. */
  public boolean hasNode(String id, String type) {
    return (people || !type.equals(NodeType.PERSON.wireName())) && hasNode(id);
  }

  /** Whether a node that is no person is in it. */
  public boolean hasNode(String id) {
    return nodes == null || nodes.contains(id);
  }

  public boolean hasKpi(String id) {
    return kpis == null || kpis.contains(id);
  }

  /**
   * Whether something that happens to this node or KPI is in it; what happens to nothing is not.
   */
  public boolean hasEntity(@Nullable String id) {
    return nodes == null
        || kpis == null
        || (id != null && (nodes.contains(id) || kpis.contains(id)));
  }

  /** How many ids of nodes and KPIs it holds. */
  public int size() {
    return (nodes == null ? 0 : nodes.size()) + (kpis == null ? 0 : kpis.size());
  }

  /** For {@code ?::text[] IS NULL OR id = ANY(?)}. */
  public @Nullable Array nodeIds(Connection connection) throws SQLException {
    return nodes == null ? null : Sql.texts(connection, List.copyOf(nodes));
  }

  /** For {@code ?::text[] IS NULL OR id = ANY(?)}. */
  public @Nullable Array kpiIds(Connection connection) throws SQLException {
    return kpis == null ? null : Sql.texts(connection, List.copyOf(kpis));
  }

  /** Nodes and KPIs together, for {@code ?::text[] IS NULL OR entity_id = ANY(?)}. */
  public @Nullable Array entityIds(Connection connection) throws SQLException {
    if (nodes == null || kpis == null) {
      return null;
    }
    List<String> all = new ArrayList<>(nodes);
    all.addAll(kpis);
    return Sql.texts(connection, all);
  }

  /** Without the ids, of which there may be many. */
  @Override
  public String toString() {
    return nodes == null
        ? (people ? "everything" : "everything but people")
        : nodes.size() + " nodes within own units";
  }
}
