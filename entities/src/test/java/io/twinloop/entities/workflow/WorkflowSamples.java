package io.twinloop.entities.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.workflow.ChildWorkflow;
import io.twinloop.domain.workflow.Credential;
import io.twinloop.domain.workflow.Deadline;
import io.twinloop.domain.workflow.EmittedEvent;
import io.twinloop.domain.workflow.Frame;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.HumanTask;
import io.twinloop.domain.workflow.Notification;
import io.twinloop.domain.workflow.SecretRef;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.TaskRef;
import io.twinloop.domain.workflow.Timer;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.entities.Cause;
import io.twinloop.serialization.Json;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A value of each event of a workflow, and of each step it can take, with every field filled. */
public final class WorkflowSamples {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final String SOURCE =
      "document: {dsl: '1.0.3', namespace: acme, name: approval, version: '1.0.0'}";
  private static final Run RUN =
      new Run("acme", "approval", "1.0.0", "invoice-time", "KPI", "loop-1", AT);

  private static final TaskRef REF = new TaskRef("/do/0/step", "/do/0/step#2", 3);
  private static final String KEY = REF.idempotencyKey("wf-1");
  private static final Timer TIMER = new Timer("/do/0/step#2@3", AT.plusSeconds(60));
  private static final Deadline DEADLINE = new Deadline(TIMER, Duration.ofSeconds(60));
  private static final WorkflowError ERROR =
      new WorkflowError(
          WorkflowError.COMMUNICATION, 503, "No answer", "It took too long.", "/do/0/step");
  private static final JsonNode DATA =
      Json.tree("{\"n\":12,\"x\":2.5,\"text\":\"ok\",\"list\":[true,null]}");

  private static final Frame FRAME =
      new Frame(
          REF,
          "",
          "step",
          AT,
          DEADLINE,
          DATA,
          DATA,
          DATA,
          new Frame.Running(),
          new Frame.Progress(
              "/do/0/step/do/0/inner",
              true,
              1,
              2,
              3,
              Map.of("/do/0/step/do/0/inner", 2),
              Map.of("error", DATA)));

  private WorkflowSamples() {}

  public static List<WorkflowDefinition.Event> definitionEvents() {
    return List.of(new WorkflowDefinition.VersionRegistered("1.0.0", SOURCE, AT, CAUSE));
  }

  public static List<WorkflowInstance.Event> instanceEvents() {
    List<WorkflowInstance.Event> events =
        new ArrayList<>(
            List.of(
                new WorkflowInstance.Started(RUN, SOURCE, DATA, AT, CAUSE),
                new WorkflowInstance.TaskAssigned(RUN, "wf-1~1", "bob", AT, CAUSE),
                new WorkflowInstance.TaskReleased(RUN, "wf-1~1", AT, CAUSE),
                new WorkflowInstance.RunSuspended(RUN, AT, CAUSE),
                new WorkflowInstance.RunResumed(RUN, AT, CAUSE),
                new WorkflowInstance.RunCancelled(RUN, "no longer needed", AT, CAUSE),
                new WorkflowInstance.RunMigrated(
                    RUN.with("1.1.0"), SOURCE.replace("1.0.0", "1.1.0"), "1.0.0", AT, CAUSE)));
    steps()
        .forEach(step -> events.add(new WorkflowInstance.Stepped(RUN, step, "wf-1~1", AT, CAUSE)));
    return events;
  }

  private static List<Step> steps() {
    return List.of(
        new Step.Started(
            "acme",
            "approval",
            "1.0.0",
            new WorkflowRuntime("wf-1", "loop-1", AT, "0.1.0"),
            DATA,
            DATA,
            "/do/0/step",
            DEADLINE,
            ERROR),
        new Step.TaskStarted(REF, "/do", "step", DATA, "/do/0/step/do/0/inner", DEADLINE),
        new Step.TaskSkipped(REF, "/do", "step", "/do/1/next"),
        new Step.TaskCompleted(REF, "step", DATA, DATA, "/do/1/next", "ada"),
        new Step.TaskFaulted(REF, "/do", "step", ERROR),
        new Step.ErrorCaught(REF, "step", ERROR, "error", "/do/0/step/catch/do/0/tell"),
        new Step.TaskRetryScheduled(REF, "step", ERROR, 1, TIMER, "/do/0/step/try/0/inner"),
        new Step.TaskRetried(REF, "step", 4),
        new Step.WaitStarted(REF, "step", TIMER),
        new Step.CallRequested(
            REF,
            "step",
            KEY,
            new HttpCall(
                "POST",
                URI.create("https://erp.example/orders"),
                Map.of("accept", "application/json"),
                Map.of("page", "1"),
                DATA,
                HttpCall.Output.RESPONSE,
                true,
                Duration.ofSeconds(5),
                HttpCall.Basic.with("erp", "secret"),
                null)),
        new Step.CallRequested(
            REF,
            "step",
            KEY,
            new HttpCall(
                "POST",
                URI.create("https://erp.example/orders"),
                Map.of("accept", "application/json"),
                Map.of("page", "1"),
                DATA,
                HttpCall.Output.RESPONSE,
                true,
                Duration.ofSeconds(5),
                new HttpCall.Basic(
                    new Credential("erp", null),
                    new Credential(null, new SecretRef("erp", "password"))),
                Map.of("X-Api-Key", new SecretRef("erp-key", null)))),
        new Step.KpiReadRequested(REF, "step", KEY, "invoice-time"),
        new Step.WorkflowRequested(
            REF,
            "step",
            KEY,
            new ChildWorkflow("wf-2", "acme", "payment", "1.0.0", DATA, "loop-1")),
        new Step.HumanTaskRequested(
            REF,
            "step",
            KEY,
            new HumanTask(
                "Approve",
                "Look at the amount.",
                Json.tree("{\"type\":\"object\"}"),
                new HumanTask.Candidates("approver", "billing", List.of("ada", "bob"), "eve"),
                "ada",
                HumanTask.Priority.HIGH,
                AT.plusSeconds(900),
                AT.plusSeconds(3600))),
        new Step.NotificationRequested(
            REF,
            "step",
            KEY,
            new Notification(Channel.EMAIL, List.of("ada@acme.example"), "Look", "Out of bounds.")),
        new Step.EventEmitted(
            REF,
            "step",
            KEY,
            new EmittedEvent(
                KEY,
                "//bpa/wf-1",
                "bpa.kpi.updated",
                AT,
                "invoice-time",
                "application/json",
                "https://acme.example/schema",
                DATA,
                Map.of("correlationid", "loop-1", "priority", "low"))),
        new Step.Completed(DATA),
        new Step.Faulted(ERROR, "step"),
        new Step.Retried(REF, 4, Map.of("/do/0/step#2", DEADLINE)),
        new Step.Rewound("/do/0/step", "step", List.of(FRAME), DATA, true));
  }
}
