package io.twinloop.projections.organization;

import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/**
 * The organisation as it is and as it was: nodes and relations with the times in which they held,
 * what happened to each node, its part in loops, and the reminders of obligations.
 *
 * <p>A retired node ends the relations that go out from it. Those that come in belong to their
 * sources and go on there; whoever reads follows a relation only where both its ends are there.
 */
public final class OrgNodeReadModel extends ReadModel<OrgNode.Event> {

  /** Primary key. */
  private static final String REMEMBER =
      """
      INSERT INTO org_node_history
        (node_id, seq_nr, at, what, detail, actor, causation_id, correlation_id)
      SELECT node_id, seq_nr, at, what, detail::json, actor, causation_id, correlation_id
      FROM unnest(?, ?, ?, ?, ?, ?, ?, ?)
        AS t (node_id, seq_nr, at, what, detail, actor, causation_id, correlation_id)
      ON CONFLICT (node_id, seq_nr) DO NOTHING
      """;

  @Override
  protected void write(Connection connection, List<EventEnvelope<OrgNode.Event>> envelopes)
      throws SQLException {
    NodeVersions nodes =
        NodeVersions.read(
            connection,
            sourcesOf(envelopes, Set.of(OrgNode.NodeChanged.class, OrgNode.NodeRetired.class)));
    RelationVersions relations =
        RelationVersions.read(
            connection,
            sourcesOf(
                envelopes,
                Set.of(
                    OrgNode.RelationChanged.class,
                    OrgNode.Unrelated.class,
                    OrgNode.NodeRetired.class)));
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<OrgNode.Event> envelope : envelopes) {
      take(entityId(envelope), envelope.sequenceNr(), envelope.event(), nodes, relations);
      remind(connection, entityId(envelope), envelope.event(), nodes);
      changes.addAll(OrgNodeLoopChanges.of(envelope));
    }
    nodes.write(connection);
    relations.write(connection);
    remember(connection, envelopes);
    LoopWriter.write(connection, changes);
  }

  /** Obligations alone have reminders. */
  private static void remind(
      Connection connection, String id, OrgNode.Event event, NodeVersions nodes)
      throws SQLException {
    if (event instanceof OrgNode.NodeCreated || event instanceof OrgNode.NodeChanged) {
      NodeContent content = nodes.content(id);
      if (content.type() == NodeType.COMPLIANCE_OBLIGATION) {
        OrgNodeTimers.set(connection, id, content, event.at());
      }
    } else if (event instanceof OrgNode.NodeRetired) {
      OrgNodeTimers.drop(connection, id);
    }
  }

  /** The nodes to which an event of these types happened, in order. */
  private static Set<String> sourcesOf(
      List<EventEnvelope<OrgNode.Event>> envelopes, Set<Class<?>> types) {
    Set<String> ids = new TreeSet<>();
    for (EventEnvelope<OrgNode.Event> envelope : envelopes) {
      if (types.contains(envelope.event().getClass())) {
        ids.add(entityId(envelope));
      }
    }
    return ids;
  }

  private static void take(
      String id, long seqNr, OrgNode.Event event, NodeVersions nodes, RelationVersions relations) {
    if (event instanceof OrgNode.NodeCreated created) {
      nodes.begin(id, seqNr, created.content(), created.at());
    } else if (event instanceof OrgNode.NodeChanged changed) {
      nodes.change(id, seqNr, changed.change(), changed.at());
    } else if (event instanceof OrgNode.Related related) {
      relations.begin(id, seqNr, related.relation());
    } else if (event instanceof OrgNode.RelationChanged changed) {
      relations.change(id, seqNr, changed.after(), changed.at());
    } else if (event instanceof OrgNode.Unrelated unrelated) {
      relations.end(id, unrelated.relation(), unrelated.validUntil());
    } else if (event instanceof OrgNode.NodeRetired retired) {
      nodes.end(id, retired.at());
      for (Relation relation : retired.ended()) {
        relations.end(id, relation, retired.at());
      }
    }
  }

  private static void remember(Connection connection, List<EventEnvelope<OrgNode.Event>> envelopes)
      throws SQLException {
    List<OrgNode.Event> events = envelopes.stream().map(EventEnvelope::event).toList();
    Sql.update(
        connection,
        REMEMBER,
        Sql.texts(connection, envelopes.stream().map(ReadModel::entityId).toList()),
        Sql.longs(connection, envelopes.stream().map(EventEnvelope::sequenceNr).toList()),
        Sql.instants(connection, events.stream().map(OrgNode.Event::at).toList()),
        Sql.texts(connection, events.stream().map(OrgNodeHistory::what).toList()),
        Sql.texts(
            connection,
            events.stream().map(event -> OrgNodeHistory.detail(event).toString()).toList()),
        Sql.texts(connection, causes(events, Cause::actor)),
        Sql.texts(connection, causes(events, Cause::causationId)),
        Sql.texts(connection, causes(events, Cause::correlationId)));
  }

  private static List<@Nullable String> causes(
      List<OrgNode.Event> events, Function<Cause, @Nullable String> part) {
    List<@Nullable String> parts = new ArrayList<>(events.size());
    events.forEach(event -> parts.add(part.apply(event.cause())));
    return parts;
  }
}
