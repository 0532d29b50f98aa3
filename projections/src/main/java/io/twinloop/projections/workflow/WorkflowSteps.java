package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.workflow.HistoryEntry;
import io.twinloop.domain.workflow.Step;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.serialization.Json;
import java.util.Locale;

/** What a run did, as its history tells it: no credentials, no copies of data at hand. */
final class WorkflowSteps {

  private WorkflowSteps() {}

  /** Whose step it is: the task's name, or the workflow's. */
  static String name(WorkflowInstance.Event event) {
    if (event instanceof WorkflowInstance.Stepped stepped) {
      var task = Json.object(stepped.step()).path("name");
      return task.isTextual() ? task.asText() : event.run().name();
    }
    return event.run().name();
  }

  /** What happened, in a word: started, completed, faulted, or the kind of step. */
  static String event(WorkflowInstance.Event event) {
    if (event instanceof WorkflowInstance.Stepped stepped) {
      return stepped
          .step()
          .history()
          .map(HistoryEntry::event)
          .map(kind -> kind.name().toLowerCase(Locale.ROOT))
          .orElseGet(() -> Json.object(stepped.step()).path("type").asText());
    }
    return event.getClass().getSimpleName();
  }

  /** What a reader wants to know more. */
  static ObjectNode detail(WorkflowInstance.Event event) {
    ObjectNode detail = Json.MAPPER.createObjectNode();
    if (event instanceof WorkflowInstance.Stepped stepped) {
      describe(stepped, detail);
    } else if (event instanceof WorkflowInstance.TaskAssigned assigned) {
      detail.put("taskId", assigned.taskId()).put("assignee", assigned.assignee());
    } else if (event instanceof WorkflowInstance.TaskReleased released) {
      detail.put("taskId", released.taskId());
    } else if (event instanceof WorkflowInstance.RunMigrated migrated) {
      detail.put("from", migrated.from()).put("to", migrated.run().version());
    } else if (event instanceof WorkflowInstance.RunCancelled cancelled) {
      detail.put("reason", cancelled.reason());
    }
    return detail;
  }

  private static void describe(WorkflowInstance.Stepped stepped, ObjectNode detail) {
    Step step = stepped.step();
    if (stepped.taskId() != null) {
      detail.put("taskId", stepped.taskId());
    }
    if (step instanceof Step.HumanTaskRequested asked) {
      detail.put("title", asked.task().title());
    } else if (step instanceof Step.CallRequested called) {
      detail.put("method", called.call().method());
      detail.put("endpoint", called.call().endpoint().toString());
      detail.put("idempotencyKey", called.idempotencyKey());
    } else if (step instanceof Step.KpiReadRequested read) {
      detail.put("kpiId", read.kpiId());
    } else if (step instanceof Step.WorkflowRequested child) {
      detail.put("startedId", child.workflow().id());
      detail.put("started", child.workflow().namespace() + "/" + child.workflow().name());
    } else if (step instanceof Step.NotificationRequested notified) {
      detail.set("notification", Json.object(notified.notification()));
    } else if (step instanceof Step.EventEmitted emitted) {
      detail.put("eventType", emitted.event().type());
    } else if (step instanceof Step.TaskCompleted completed) {
      if (completed.by() != null) {
        detail.put("by", completed.by());
      }
      if (completed.output() != null) {
        detail.set("output", completed.output());
      }
    } else if (step instanceof Step.TaskFaulted faulted) {
      detail.set("error", Json.object(faulted.error()));
    } else if (step instanceof Step.TaskRetryScheduled scheduled) {
      detail.put("dueAt", scheduled.timer().dueAt().toString());
      detail.set("error", Json.object(scheduled.error()));
    } else if (step instanceof Step.WaitStarted waiting) {
      detail.put("dueAt", waiting.timer().dueAt().toString());
    } else if (step instanceof Step.Rewound rewound) {
      detail.put("position", rewound.position());
    } else if (step instanceof Step.Completed completed) {
      detail.set("output", completed.output());
    } else if (step instanceof Step.Faulted faulted) {
      detail.put("failedTask", faulted.failedTask());
      detail.set("error", Json.object(faulted.error()));
    }
  }
}
