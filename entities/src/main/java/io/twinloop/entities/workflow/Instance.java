package io.twinloop.entities.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.Checkpoint;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.Migration;
import io.twinloop.domain.workflow.OpenTasks;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.Stepper;
import io.twinloop.domain.workflow.WorkflowModel;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What every started run knows, and what the domain makes of it.
 *
 * @param source of its definition, which only a migration changes
 */
public record Instance(
    Run run, String source, JsonNode input, Execution execution, OpenTasks tasks) {

  static Instance begun(Run run, String source, JsonNode input) {
    return new Instance(run, source, input, Execution.notStarted(), OpenTasks.NONE);
  }

  Instance stepped(WorkflowInstance.Stepped event) {
    Execution next = execution.apply(event.step(), event.at());
    OpenTasks asked =
        event.step() instanceof Step.HumanTaskRequested request
            ? tasks.with(event.taskId(), request)
            : tasks;
    return new Instance(run, source, input, next, asked.awaitedBy(next));
  }

  Instance migrated(WorkflowInstance.RunMigrated event) {
    return new Instance(event.run(), event.source(), input, execution, tasks);
  }

  Instance assigned(String taskId, @Nullable String assignee) {
    return new Instance(run, source, input, execution, tasks.assigned(taskId, assignee));
  }

  /** What was asked of the outside and is not answered. */
  List<Execution.Waiting> requests() {
    return execution.waiting().stream().filter(Outside::isAsked).toList();
  }

  List<Step> advance(Signal signal, Instant now, long seed) {
    return Stepper.advance(model(), execution, signal, now, seed);
  }

  List<Step> retry(Instant now, long seed) {
    return Stepper.retry(model(), execution, now, seed);
  }

  List<Step> rerun(Checkpoint checkpoint, boolean ended, Instant now, long seed) {
    return Stepper.rerun(model(), execution, checkpoint, ended, now, seed);
  }

  /** Why the run can't go on from there; empty when it can. */
  Optional<String> obstacleTo(Checkpoint checkpoint) {
    return checkpoint.obstacle(model());
  }

  /** Why the run can't go on by this definition; empty when it can. */
  Optional<String> obstacleTo(String newSource) {
    return Migration.obstacle(model(), WorkflowModels.of(newSource), execution);
  }

  private WorkflowModel model() {
    return WorkflowModels.of(source);
  }
}
