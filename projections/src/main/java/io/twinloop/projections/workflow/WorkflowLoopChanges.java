package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.workflow.Step;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopChange.Counts;
import io.twinloop.projections.loop.LoopChange.Phase;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** A workflow's part in loops: it decides, and it acts. */
final class WorkflowLoopChanges {

  private WorkflowLoopChanges() {}

  static List<LoopChange> of(EventEnvelope<WorkflowInstance.Event> envelope) {
    WorkflowInstance.Event event = envelope.event();
    if (event instanceof WorkflowInstance.Started) {
      return decided(envelope, "workflow started", Counts.WORKFLOW_STARTED);
    } else if (event instanceof WorkflowInstance.TaskAssigned) {
      return acted(envelope, "task assigned", Counts.NONE);
    } else if (event instanceof WorkflowInstance.RunMigrated) {
      return decided(envelope, "workflow migrated", Counts.NONE);
    } else if (event instanceof WorkflowInstance.RunCancelled) {
      return acted(envelope, "workflow cancelled", Counts.WORKFLOW_ENDED);
    } else if (event instanceof WorkflowInstance.Stepped stepped) {
      return ofStep(envelope, stepped.step());
    }
    return List.of();
  }

  private static List<LoopChange> ofStep(
      EventEnvelope<WorkflowInstance.Event> envelope, Step step) {
    if (step instanceof Step.HumanTaskRequested) {
      return acted(envelope, "task opened", Counts.NONE);
    } else if (step instanceof Step.TaskCompleted completed && completed.by() != null) {
      return acted(envelope, "task completed", Counts.NONE);
    } else if (step instanceof Step.NotificationRequested) {
      return acted(envelope, "notified", Counts.NONE);
    } else if (step instanceof Step.CallRequested) {
      return acted(envelope, "called", Counts.NONE);
    } else if (step instanceof Step.EventEmitted) {
      return acted(envelope, "event emitted", Counts.NONE);
    } else if (step instanceof Step.Completed) {
      return acted(envelope, "workflow completed", Counts.WORKFLOW_ENDED);
    } else if (step instanceof Step.Faulted) {
      return acted(envelope, "workflow faulted", Counts.WORKFLOW_ENDED);
    } else if (step instanceof Step.Retried) {
      return decided(envelope, "workflow retried", Counts.WORKFLOW_REOPENED);
    } else if (step instanceof Step.Rewound rewound) {
      return decided(
          envelope, "workflow rerun", rewound.ended() ? Counts.WORKFLOW_REOPENED : Counts.NONE);
    }
    return List.of();
  }

  private static List<LoopChange> decided(
      EventEnvelope<WorkflowInstance.Event> envelope, String what, Counts counts) {
    return change(envelope, Phase.DECIDE, what, counts);
  }

  private static List<LoopChange> acted(
      EventEnvelope<WorkflowInstance.Event> envelope, String what, Counts counts) {
    return change(envelope, Phase.ACT, what, counts);
  }

  private static List<LoopChange> change(
      EventEnvelope<WorkflowInstance.Event> envelope, Phase phase, String what, Counts counts) {
    WorkflowInstance.Event event = envelope.event();
    ObjectNode detail = WorkflowSteps.detail(event);
    detail.put("workflowId", ReadModel.entityId(envelope));
    detail.put("definition", event.run().definition());
    detail.put("causationId", event.cause().causationId());
    detail.put("actor", event.cause().actor());
    WorkflowEvents.of(envelope).forEach(sent -> detail.put("eventId", sent.id()));
    return List.of(
        new LoopChange(
            event.run().correlationId(),
            envelope.persistenceId(),
            envelope.sequenceNr(),
            event.at(),
            phase,
            what,
            detail,
            null,
            counts,
            null));
  }
}
