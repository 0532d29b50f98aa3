package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.projections.bus.Effect;
import io.twinloop.serialization.IntegrationEvent;
import java.util.concurrent.CompletionStage;

/**
 * What the twin senses is answered by a workflow. Its id follows from the event's, so a second
 * delivery starts none.
 */
public final class AnswerByWorkflow implements Effect {

  private final Workflows workflows;
  private final String definition;

  /**
   * @param definition name of the built-in definition, of which a site may have registered a newer
   *     version
   */
  public AnswerByWorkflow(Workflows workflows, String definition) {
    this.workflows = workflows;
    this.definition = definition;
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    ObjectNode input = event.data().deepCopy();
    input.put("entity_id", event.subject());
    input.put("correlation_id", event.correlationId());
    Workflows.Order order =
        new Workflows.Order(
            Workflows.BUILT_IN,
            definition,
            null,
            EntityIds.derived("workflow", event.id()),
            input,
            event.subject(),
            event.entityType(),
            event.correlationId());
    return workflows
        .start(order, new Cause(event.correlationId(), event.id(), "dto"))
        .thenApply(
            reply ->
                reply instanceof WorkflowInstance.Rejected rejected
                    ? new Refused(rejected.code(), rejected.sentence())
                    : new Done());
  }
}
