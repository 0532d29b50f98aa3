package io.twinloop.projections.organization;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationTimeline;
import io.twinloop.domain.organization.RelationTimeline.Version;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The relations that a group of events begins, changes or ends; read and written at once. */
final class RelationVersions {

  /** Primary key, for sources whose relations change; each with all its versions, in order. */
  private static final String READ =
      """
      SELECT source_id, seq_nr, first_seq_nr, relation, target_id, target_type, properties,
        began_at, valid_from, valid_until
      FROM org_relation
      WHERE source_id = ANY(?) AND (source_id, first_seq_nr) IN (
        SELECT source_id, first_seq_nr FROM org_relation
        WHERE source_id = ANY(?) AND valid_until IS NULL)
      ORDER BY source_id, first_seq_nr, seq_nr
      """;

  /** Primary key. Of a version that is there only the times are new. */
  private static final String WRITE =
      """
      INSERT INTO org_relation (source_id, seq_nr, first_seq_nr, relation, target_id, target_type,
        properties, began_at, valid_from, valid_until)
      SELECT source_id, seq_nr, first_seq_nr, relation, target_id, target_type, properties::json,
        began_at, valid_from, valid_until
      FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        AS t (source_id, seq_nr, first_seq_nr, relation, target_id, target_type, properties,
          began_at, valid_from, valid_until)
      ON CONFLICT (source_id, seq_nr) DO UPDATE SET began_at = EXCLUDED.began_at,
        valid_from = EXCLUDED.valid_from, valid_until = EXCLUDED.valid_until
      """;

  private record Key(String sourceId, RelationType type, String targetId) {}

  /** A version where it stands in the table. */
  private record Row(String sourceId, long firstSeqNr, Version version) {
    Relation relation() {
      return version.relation();
    }
  }

  private final Map<Key, RelationTimeline> open = new HashMap<>();
  private final Set<Key> touched = new HashSet<>();
  private final List<Row> ended = new ArrayList<>();

  private RelationVersions() {}

  /** Reads the relations that go out from these nodes and have not ended. */
  static RelationVersions read(Connection connection, Collection<String> sources)
      throws SQLException {
    RelationVersions relations = new RelationVersions();
    if (sources.isEmpty()) {
      return relations;
    }
    Map<Key, List<Version>> versions = new LinkedHashMap<>();
    List<Row> rows =
        Sql.list(
            connection,
            READ,
            RelationVersions::row,
            Sql.texts(connection, List.copyOf(sources)),
            Sql.texts(connection, List.copyOf(sources)));
    for (Row row : rows) {
      versions
          .computeIfAbsent(keyOf(row.sourceId(), row.relation()), key -> new ArrayList<>())
          .add(row.version());
    }
    versions.forEach((key, told) -> relations.open.put(key, new RelationTimeline(told)));
    return relations;
  }

  private static Row row(ResultSet row) throws SQLException {
    Relation relation =
        new Relation(
            RelationType.of(row.getString("relation")),
            row.getString("target_id"),
            NodeType.of(row.getString("target_type")),
            Properties.of(row.getString("properties")),
            Sql.instant(row, "began_at"));
    return new Row(
        row.getString("source_id"),
        row.getLong("first_seq_nr"),
        new Version(
            row.getLong("seq_nr"),
            relation,
            Sql.instant(row, "valid_from"),
            Sql.instant(row, "valid_until")));
  }

  void begin(String sourceId, long seqNr, Relation relation) {
    put(keyOf(sourceId, relation), RelationTimeline.begun(seqNr, relation));
  }

  void change(String sourceId, long seqNr, Relation next, Instant at) {
    Key key = keyOf(sourceId, next);
    put(key, known(key).changed(seqNr, next, at));
  }

  void end(String sourceId, Relation relation, Instant until) {
    Key key = keyOf(sourceId, relation);
    ended.addAll(rowsOf(key, known(key).ended(until)));
    open.remove(key);
    touched.remove(key);
  }

  private void put(Key key, RelationTimeline timeline) {
    open.put(key, timeline);
    touched.add(key);
  }

  private RelationTimeline known(Key key) {
    RelationTimeline timeline = open.get(key);
    if (timeline == null) {
      throw new IllegalStateException(key + " is not in the read model.");
    }
    return timeline;
  }

  void write(Connection connection) throws SQLException {
    List<Row> rows = new ArrayList<>(ended);
    touched.forEach(key -> rows.addAll(rowsOf(key, known(key))));
    if (rows.isEmpty()) {
      return;
    }
    Sql.update(
        connection,
        WRITE,
        Sql.texts(connection, rows.stream().map(Row::sourceId).toList()),
        Sql.longs(connection, rows.stream().map(row -> row.version().seqNr()).toList()),
        Sql.longs(connection, rows.stream().map(Row::firstSeqNr).toList()),
        Sql.texts(connection, rows.stream().map(row -> row.relation().type().name()).toList()),
        Sql.texts(connection, rows.stream().map(row -> row.relation().targetId()).toList()),
        Sql.texts(
            connection, rows.stream().map(row -> row.relation().targetType().wireName()).toList()),
        Sql.texts(
            connection, rows.stream().map(row -> row.relation().properties().toString()).toList()),
        Sql.instants(connection, rows.stream().map(row -> row.relation().validFrom()).toList()),
        Sql.instants(connection, rows.stream().map(row -> row.version().from()).toList()),
        Sql.instants(connection, rows.stream().map(row -> row.version().until()).toList()));
  }

  private static List<Row> rowsOf(Key key, RelationTimeline timeline) {
    return timeline.versions().stream()
        .map(version -> new Row(key.sourceId(), timeline.firstSeqNr(), version))
        .toList();
  }

  private static Key keyOf(String sourceId, Relation relation) {
    return new Key(sourceId, relation.type(), relation.targetId());
  }
}
