package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.workflow.EmittedEvent;
import io.twinloop.domain.workflow.Step;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.workflow.Run;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.ReadModel;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.CloudEventCodec.MalformedEventException;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a workflow's events say to the outside. */
public final class WorkflowEvents {

  private static final Logger LOG = LoggerFactory.getLogger(WorkflowEvents.class);

  private static final String COMPLETED = "bpa.workflow.completed";
  private static final String FAILED = "bpa.workflow.failed";

  /** A longer output is told by its size alone. */
  private static final int LONGEST_SUMMARY = 4_096;

  private WorkflowEvents() {}

  /** The integration events of one journaled event; the same ones each time. */
  public static List<IntegrationEvent> of(EventEnvelope<WorkflowInstance.Event> envelope) {
    if (envelope.event() instanceof WorkflowInstance.Stepped stepped) {
      if (stepped.step() instanceof Step.EventEmitted emitted) {
        return emitted(envelope, emitted.event());
      }
      if (stepped.step() instanceof Step.Completed completed) {
        return List.of(told(envelope, COMPLETED, completed(envelope, completed)));
      }
      if (stepped.step() instanceof Step.Faulted faulted) {
        return List.of(told(envelope, FAILED, failed(envelope, faulted)));
      }
    }
    return List.of();
  }

  private static List<IntegrationEvent> emitted(
      EventEnvelope<WorkflowInstance.Event> envelope, EmittedEvent event) {
    String workflowId = ReadModel.entityId(envelope);
    ObjectNode json = event.toJson();
    if (!json.hasNonNull("subject")) {
      json.put("subject", workflowId);
    }
    if (!json.has("causationid")) {
      json.put("causationid", workflowId);
    }
    try {
      return List.of(CloudEventCodec.decode(json.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (MalformedEventException e) {
      LOG.error(
          "Workflow {} emitted an event that can't go on the bus: {}", workflowId, e.getMessage());
      return List.of();
    }
  }

  private static ObjectNode completed(
      EventEnvelope<WorkflowInstance.Event> envelope, Step.Completed completed) {
    ObjectNode data = about(envelope);
    data.put("status", WorkflowInstance.Status.COMPLETED.name());
    data.put("execution_time_sec", executionTime(envelope.event()));
    data.set("output_summary", summary(completed.output()));
    return data;
  }

  private static ObjectNode failed(
      EventEnvelope<WorkflowInstance.Event> envelope, Step.Faulted faulted) {
    ObjectNode data = about(envelope);
    data.put("failed_task", faulted.failedTask());
    data.put("error_type", faulted.error().type());
    data.put("error_title", faulted.error().title());
    data.put("execution_time_sec", executionTime(envelope.event()));
    return data;
  }

  private static ObjectNode about(EventEnvelope<WorkflowInstance.Event> envelope) {
    ObjectNode data = Json.MAPPER.createObjectNode();
    data.put("workflow_id", ReadModel.entityId(envelope));
    data.put("definition", envelope.event().run().definition());
    return data;
  }

  private static double executionTime(WorkflowInstance.Event event) {
    return Duration.between(event.run().startedAt(), event.at()).toMillis() / 1000.0;
  }

  private static JsonNode summary(JsonNode output) {
    String text = output.toString();
    return text.length() <= LONGEST_SUMMARY
        ? output
        : Json.MAPPER.createObjectNode().put("characters", text.length());
  }

  private static IntegrationEvent told(
      EventEnvelope<WorkflowInstance.Event> envelope, String type, ObjectNode data) {
    String workflowId = ReadModel.entityId(envelope);
    Run run = envelope.event().run();
    Catalogue.Entry entry = Catalogue.find(type).orElseThrow();
    return new IntegrationEvent(
        EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr())),
        type,
        "//bpa/" + workflowId,
        run.entityId() == null ? workflowId : run.entityId(),
        run.entityType() == null ? "Workflow" : run.entityType(),
        envelope.event().at(),
        entry.direction(),
        entry.priority(),
        run.correlationId(),
        workflowId,
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        data);
  }
}
