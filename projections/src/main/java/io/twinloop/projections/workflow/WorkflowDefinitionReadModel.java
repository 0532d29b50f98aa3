package io.twinloop.projections.workflow;

import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** Workflow definitions in all their versions. */
public final class WorkflowDefinitionReadModel extends ReadModel<WorkflowDefinition.Event> {

  /** Primary key. */
  private static final String ADD =
      """
      INSERT INTO workflow_definition (namespace, name, version, source, created_at)
      VALUES (?, ?, ?, ?, ?)
      """;

  @Override
  protected void write(
      Connection connection, List<EventEnvelope<WorkflowDefinition.Event>> envelopes)
      throws SQLException {
    for (EventEnvelope<WorkflowDefinition.Event> envelope : envelopes) {
      if (envelope.event() instanceof WorkflowDefinition.VersionRegistered registered) {
        String[] id = entityId(envelope).split(":", 2);
        Sql.update(
            connection,
            ADD,
            id[0],
            id[1],
            registered.version(),
            registered.source(),
            registered.at());
      }
    }
  }
}
