package io.twinloop.projections.organization;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.ProjectionSession;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.Sql;
import io.twinloop.serialization.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/**
 * The language of these tests: what happens to an organisation, and its read model on a real
 * PostgreSQL. What was told is in the read model after {@link #settle}.
 */
final class Organisation implements AutoCloseable {

  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final PostgreSqlServer postgres;
  private final HikariDataSource dataSource;
  private final Database database;
  private final OrgNodeReadModel readModel = new OrgNodeReadModel();
  private final Map<String, List<OrgNode.Event>> journal = new HashMap<>();
  private final List<EventEnvelope<OrgNode.Event>> told = new ArrayList<>();
  private Instant now = START;
  private Cause cause = new Cause("loop-1", "request-1", "ada");

  Organisation(Path folder) throws IOException, SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    database = new Database(dataSource, Runnable::run);
  }

  void empty() {
    journal.clear();
    told.clear();
    now = START;
    execute(
        "TRUNCATE org_node, org_relation, org_node_history, kpi, integration_event, loop, loop_step, timer");
  }

  Database database() {
    return database;
  }

  Instant now() {
    return now;
  }

  Organisation at(String instant) {
    now = Instant.parse(instant);
    return this;
  }

  Organisation at(Instant instant) {
    now = instant;
    return this;
  }

  Organisation because(Cause next) {
    cause = next;
    return this;
  }

  Organisation has(NodeType type, String... ids) {
    for (String id : ids) {
      created(id, new NodeContent(type, "The " + id, NodeProperties.NONE));
    }
    return this;
  }

  Organisation created(String id, NodeContent content) {
    return tell(id, new OrgNode.NodeCreated(content, now, cause));
  }

  Organisation changed(String id, String label, NodeProperties properties) {
    NodeContent before = state(id).content();
    NodeContent after = new NodeContent(before.type(), label, properties);
    return tell(id, new OrgNode.NodeChanged(before.changeTo(after), now, cause));
  }

  Organisation related(String id, RelationType relation, String... targetIds) {
    for (String targetId : targetIds) {
      related(id, relation, targetId, NodeProperties.NONE);
    }
    return this;
  }

  Organisation related(
      String id, RelationType relation, String targetId, NodeProperties properties) {
    NodeType targetType =
        relation == RelationType.MEASURED_BY ? NodeType.KPI : state(targetId).content().type();
    Relation next = new Relation(relation, targetId, targetType, properties, now);
    return tell(id, new OrgNode.Related(next, now, cause));
  }

  Organisation relationChanged(
      String id, RelationType relation, String targetId, NodeProperties properties) {
    Relation before = relation(id, relation, targetId);
    Relation after =
        new Relation(relation, targetId, before.targetType(), properties, before.validFrom());
    return tell(id, new OrgNode.RelationChanged(before, after, now, cause));
  }

  Organisation unrelated(String id, RelationType relation, String targetId) {
    return unrelated(id, relation, targetId, now);
  }

  Organisation unrelated(String id, RelationType relation, String targetId, Instant until) {
    return tell(id, new OrgNode.Unrelated(relation(id, relation, targetId), until, now, cause));
  }

  Organisation retired(String id) {
    return tell(id, new OrgNode.NodeRetired(state(id).relations(), now, cause));
  }

  Organisation hasKpi(String id, String name) {
    execute(
        "INSERT INTO kpi (id, definition) VALUES (?, json_build_object('name', ?::text))",
        id,
        name);
    return this;
  }

  private Organisation tell(String id, OrgNode.Event event) {
    List<OrgNode.Event> events = journal.computeIfAbsent(id, none -> new ArrayList<>());
    events.add(event);
    told.add(
        EventEnvelope.create(
            Offset.sequence(told.size()),
            OrgNode.KEY.name() + "|" + id,
            events.size(),
            event,
            event.at().toEpochMilli(),
            OrgNode.KEY.name(),
            0));
    return this;
  }

  /** Everything that happened to a node, in order. */
  List<OrgNode.Event> eventsOf(String id) {
    return journal.getOrDefault(id, List.of());
  }

  /** What a node's own events make of it. */
  OrgNode.Node state(String id) {
    return stateAt(id, now).node();
  }

  /** What the events until then make of a node. */
  OrgNode.State stateAt(String id, Instant instant) {
    OrgNode.State state = new OrgNode.Absent();
    for (OrgNode.Event event : eventsOf(id)) {
      if (!event.at().isAfter(instant)) {
        state = event.applyTo(state);
      }
    }
    return state;
  }

  private Relation relation(String id, RelationType type, String targetId) {
    return state(id).relations().stream()
        .filter(relation -> relation.is(type, targetId))
        .findFirst()
        .orElseThrow();
  }

  /** Takes what was told into the read model, in one group. */
  Organisation settle() {
    return settle(told.size());
  }

  /** Takes what was told into the read model, in groups of at most this many events. */
  Organisation settle(int groupSize) {
    for (int from = 0; from < told.size(); from += groupSize) {
      List<EventEnvelope<OrgNode.Event>> group =
          List.copyOf(told.subList(from, Math.min(from + groupSize, told.size())));
      ProjectionSession session = new ProjectionSession(dataSource);
      try {
        readModel.process(session, group);
        session.commit();
        session.close();
      } catch (SQLException e) {
        throw new AssertionError(e);
      }
    }
    told.clear();
    return this;
  }

  void execute(String sql, Object... parameters) {
    try (Connection connection = dataSource.getConnection()) {
      Sql.update(connection, sql, parameters);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** The texts in the only column of a query. */
  List<String> texts(String sql) {
    try (Connection connection = dataSource.getConnection()) {
      return Sql.list(connection, sql, row -> row.getString(1));
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  static NodeProperties with(String name, Object value) {
    return NodeProperties.of(Json.object(Map.of(name, value)));
  }

  static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    dataSource.close();
    postgres.close();
  }
}
