package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.Checkpoint;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.Retrace;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.TaskRef;
import io.twinloop.domain.workflow.Timer;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.domain.workflow.WorkflowRuntime;
import io.twinloop.entities.Cause;
import io.twinloop.entities.workflow.Run;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.TestJournal;
import io.twinloop.serialization.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/**
 * A run of a workflow whose steps are those of the real stepper and whose events are those of the
 * entity, without the entity: each move answers what a projection reads of it.
 */
final class RunOnPaper {

  static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final String id;
  private final String source;
  private final WorkflowModel model;
  private final TestJournal<WorkflowInstance.Event> journal;
  private final Run run;
  private Execution execution = Execution.notStarted();
  private Instant now = NOON;
  private int tasks;

  RunOnPaper(String id, String source) {
    this.id = id;
    this.source = source;
    this.model = ((Parsed.Valid) WorkflowModel.parse(source)).model();
    this.journal = new TestJournal<>("WorkflowInstance", id);
    this.run =
        new Run(model.namespace(), model.name(), model.version(), "invoice", "KPI", "loop-1", NOON);
  }

  /** A definition that does these tasks. */
  static String definition(String tasks) {
    return "document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}\ndo:\n"
        + tasks.indent(2);
  }

  List<EventEnvelope<WorkflowInstance.Event>> start(JsonNode input) {
    List<EventEnvelope<WorkflowInstance.Event>> written = new ArrayList<>();
    written.addAll(
        journal.write(new WorkflowInstance.Started(run, source, input, now, cause("dto"))));
    WorkflowRuntime runtime = new WorkflowRuntime(id, "loop-1", now, "0.1.0");
    written.addAll(keep(Stepper.start(model, runtime, input, now, 7), "dto"));
    return written;
  }

  List<EventEnvelope<WorkflowInstance.Event>> send(Signal signal) {
    return keep(Stepper.advance(model, execution, signal, now, 7), "ada");
  }

  List<EventEnvelope<WorkflowInstance.Event>> answer(String content) {
    return send(new Signal.CallAnswered(waiting(), Json.tree(content)));
  }

  List<EventEnvelope<WorkflowInstance.Event>> complete(String who, String output) {
    return send(new Signal.HumanTaskCompleted(waiting(), Json.tree(output), who));
  }

  List<EventEnvelope<WorkflowInstance.Event>> reject(String who) {
    return send(new Signal.HumanTaskRejected(waiting(), who, "not mine"));
  }

  List<EventEnvelope<WorkflowInstance.Event>> fire(Timer timer) {
    now = timer.dueAt();
    return send(new Signal.TimerFired(timer.id()));
  }

  List<EventEnvelope<WorkflowInstance.Event>> retry() {
    return keep(Stepper.retry(model, execution, now, 7), "ada");
  }

  /** Goes on again from a task. */
  List<EventEnvelope<WorkflowInstance.Event>> rerun(String from, boolean ended) {
    Retrace past = new Retrace();
    for (EventEnvelope<WorkflowInstance.Event> envelope : journal.all()) {
      if (envelope.event() instanceof WorkflowInstance.Stepped stepped) {
        past.follow(stepped.step(), stepped.at());
      }
    }
    Checkpoint checkpoint = ((Retrace.Found) past.to(from)).checkpoint();
    return keep(Stepper.rerun(model, execution, checkpoint, ended, now, 7), "ada");
  }

  List<EventEnvelope<WorkflowInstance.Event>> migrate(String version) {
    Run moved =
        new Run(
            run.namespace(),
            run.name(),
            version,
            run.entityId(),
            run.entityType(),
            run.correlationId(),
            run.startedAt());
    return journal.write(
        new WorkflowInstance.RunMigrated(moved, source, run.version(), now, cause("ada")));
  }

  List<EventEnvelope<WorkflowInstance.Event>> assign(String taskId, String who) {
    return journal.write(new WorkflowInstance.TaskAssigned(run, taskId, who, now, cause(who)));
  }

  List<EventEnvelope<WorkflowInstance.Event>> release(String taskId, String who) {
    return journal.write(new WorkflowInstance.TaskReleased(run, taskId, now, cause(who)));
  }

  List<EventEnvelope<WorkflowInstance.Event>> suspend() {
    return journal.write(new WorkflowInstance.RunSuspended(run, now, cause("ada")));
  }

  List<EventEnvelope<WorkflowInstance.Event>> resume() {
    return journal.write(new WorkflowInstance.RunResumed(run, now, cause("ada")));
  }

  List<EventEnvelope<WorkflowInstance.Event>> cancel() {
    return journal.write(
        new WorkflowInstance.RunCancelled(run, "no longer needed", now, cause("ada")));
  }

  RunOnPaper later(Duration duration) {
    now = now.plus(duration);
    return this;
  }

  Instant now() {
    return now;
  }

  /** What the execution wants to be woken for. */
  List<Timer> timers() {
    return execution.timers();
  }

  /** The one step that waits. */
  TaskRef waiting() {
    return execution.waiting().get(0).ref();
  }

  long lastSeqNr() {
    return journal.all().size();
  }

  private List<EventEnvelope<WorkflowInstance.Event>> keep(List<Step> steps, String actor) {
    List<EventEnvelope<WorkflowInstance.Event>> written = new ArrayList<>();
    for (Step step : steps) {
      execution = execution.apply(step, now);
      String taskId = step instanceof Step.HumanTaskRequested ? id + "~" + ++tasks : null;
      written.addAll(
          journal.write(new WorkflowInstance.Stepped(run, step, taskId, now, cause(actor))));
    }
    return written;
  }

  private static Cause cause(String actor) {
    return new Cause("loop-1", "event-1", actor);
  }
}
