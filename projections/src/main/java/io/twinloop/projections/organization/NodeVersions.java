package io.twinloop.projections.organization;

import io.twinloop.domain.organization.NodeChange;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The versions of nodes that a group of events ends or begins; read at once and written at once.
 */
final class NodeVersions {

  /** Index org_node_now. */
  private static final String READ =
      """
      SELECT id, seq_nr, type, label, properties, valid_from FROM org_node
      WHERE id = ANY(?) AND valid_until IS NULL
      """;

  /** Primary key. Of a version that is there only its end is new. */
  private static final String WRITE =
      """
      INSERT INTO org_node (id, seq_nr, type, label, properties, valid_from, valid_until)
      SELECT id, seq_nr, type, label, properties::json, valid_from, valid_until
      FROM unnest(?, ?, ?, ?, ?, ?, ?)
        AS t (id, seq_nr, type, label, properties, valid_from, valid_until)
      ON CONFLICT (id, seq_nr) DO UPDATE SET valid_until = EXCLUDED.valid_until
      """;

  private record Version(
      String id, long seqNr, NodeContent content, Instant from, @Nullable Instant until) {}

  private final Map<String, Version> open = new HashMap<>();
  private final List<Version> ended = new ArrayList<>();

  private NodeVersions() {}

  /** Reads the versions of these nodes that have not ended. */
  static NodeVersions read(Connection connection, Collection<String> ids) throws SQLException {
    NodeVersions versions = new NodeVersions();
    if (!ids.isEmpty()) {
      Sql.list(connection, READ, NodeVersions::version, Sql.texts(connection, List.copyOf(ids)))
          .forEach(version -> versions.open.put(version.id(), version));
    }
    return versions;
  }

  private static Version version(ResultSet row) throws SQLException {
    return new Version(
        row.getString("id"),
        row.getLong("seq_nr"),
        new NodeContent(
            NodeType.of(row.getString("type")),
            row.getString("label"),
            Properties.of(row.getString("properties"))),
        Sql.instant(row, "valid_from"),
        null);
  }

  void begin(String id, long seqNr, NodeContent content, Instant at) {
    open.put(id, new Version(id, seqNr, content, at, null));
  }

  void change(String id, long seqNr, NodeChange change, Instant at) {
    Version before = end(id, at);
    open.put(id, new Version(id, seqNr, before.content().with(change), before.until(), null));
  }

  /** What a node that was begun or changed says now. */
  NodeContent content(String id) {
    Version version = open.get(id);
    if (version == null) {
      throw new IllegalStateException("Node '" + id + "' is not in the read model.");
    }
    return version.content();
  }

  /** Ends what holds: not before it began, whatever the clocks of two nodes say. */
  Version end(String id, Instant at) {
    Version version = open.remove(id);
    if (version == null) {
      throw new IllegalStateException("Node '" + id + "' is not in the read model.");
    }
    Instant until = at.isBefore(version.from()) ? version.from() : at;
    Version over = new Version(id, version.seqNr(), version.content(), version.from(), until);
    ended.add(over);
    return over;
  }

  void write(Connection connection) throws SQLException {
    // Ends first: at no time do two versions of a node hold.
    write(connection, ended);
    write(connection, List.copyOf(open.values()));
  }

  private static void write(Connection connection, List<Version> versions) throws SQLException {
    if (versions.isEmpty()) {
      return;
    }
    Sql.update(
        connection,
        WRITE,
        Sql.texts(connection, versions.stream().map(Version::id).toList()),
        Sql.longs(connection, versions.stream().map(Version::seqNr).toList()),
        Sql.texts(connection, versions.stream().map(v -> v.content().type().wireName()).toList()),
        Sql.texts(connection, versions.stream().map(v -> v.content().label()).toList()),
        Sql.texts(
            connection, versions.stream().map(v -> v.content().properties().toString()).toList()),
        Sql.instants(connection, versions.stream().map(Version::from).toList()),
        Sql.instants(connection, versions.stream().map(Version::until).toList()));
  }
}
