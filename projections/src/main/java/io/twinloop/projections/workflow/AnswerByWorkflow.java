package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.projections.bus.Effect;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent;
import java.util.concurrent.CompletionStage;

/**
 * What the twin senses is answered by a workflow. Its id follows from the event's, so a second
 * delivery starts none.
 */
public final class AnswerByWorkflow implements Effect {

  private final Workflows workflows;
  private final Catalogue.Entry entry;

  /**
   * @param entry of the events; it names the built-in definitions, of which a site may have
   *     registered newer versions
   */
  public AnswerByWorkflow(Workflows workflows, Catalogue.Entry entry) {
    this.workflows = workflows;
    this.entry = entry;
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    ObjectNode input = event.data().deepCopy();
    input.put("entity_id", event.subject());
    input.put("correlation_id", event.correlationId());
    Workflows.Order order =
        new Workflows.Order(
            Workflows.BUILT_IN,
            entry.startsAt(event.priority()),
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
