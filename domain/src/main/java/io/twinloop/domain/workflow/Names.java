package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What expressions may name, by the DSL's table of arguments: {@code $workflow} and {@code
 * $runtime} everywhere, {@code $context}, {@code $task}, {@code $input} and {@code $output} where
 * they exist, and the error a handler handles. {@code $workflow.correlationId}, {@code
 * $task.completedAt} and {@code $task.completedBy} go beyond the DSL.
 */
final class Names {

  private final Map<String, Supplier<JsonNode>> values = new HashMap<>();
  private final WorkflowModel model;
  private final Instant now;

  private Names(WorkflowModel model, Instant now) {
    this.model = model;
    this.now = now;
  }

  /** Those of the workflow's own input. */
  static Names ofWorkflow(
      WorkflowModel model, WorkflowRuntime runtime, JsonNode rawInput, Instant now) {
    Names names = new Names(model, now);
    names.values.put("workflow", () -> names.workflow(runtime, rawInput));
    names.values.put("runtime", () -> runtime(runtime));
    return names;
  }

  /** Those common to everything that stands inside a frame. */
  static Names inside(Frame frame, WorkflowModel model, Execution execution, Instant now) {
    Names names = ofWorkflow(model, execution.known(), execution.rawInput(), now);
    for (Frame each = frame; ; each = execution.open(String.valueOf(each.parent()))) {
      if (each.progress() != null) {
        // Inner names hide outer ones, and are met first.
        each.progress()
            .variables()
            .forEach((name, value) -> names.values.putIfAbsent(name, () -> value));
      }
      if (each.isRoot()) {
        break;
      }
    }
    return names.with("context", execution.context());
  }

  /** Those of the definition of a task that has begun. */
  static Names of(Frame frame, WorkflowModel model, Execution execution, Instant now) {
    Names names = inside(frame, model, execution, now).with("input", frame.input());
    TaskDefinition task = model.task(frame.ref().position());
    names.values.put("task", () -> task(task, frame.rawInput(), frame.startedAt()));
    return names;
  }

  /** Adds {@code $task} of a task that has not begun. */
  Names withTask(TaskDefinition task, JsonNode rawInput) {
    values.put("task", () -> task(task, rawInput, now));
    return this;
  }

  /** Adds to {@code $task} what came of it. */
  Names withOutcome(Frame frame, JsonNode rawOutput, @Nullable String by) {
    TaskDefinition task = model.task(frame.ref().position());
    values.put(
        "task",
        () -> {
          ObjectNode descriptor = task(task, frame.rawInput(), frame.startedAt());
          descriptor.set("output", rawOutput);
          descriptor.put("completedAt", now.toString());
          if (by != null) {
            descriptor.put("completedBy", by);
          }
          return descriptor;
        });
    return this;
  }

  Names with(String name, JsonNode value) {
    values.put(name, () -> value);
    return this;
  }

  Expressions.Arguments arguments() {
    return new Expressions.Arguments(Map.copyOf(values), now);
  }

  private ObjectNode workflow(WorkflowRuntime runtime, JsonNode rawInput) {
    ObjectNode descriptor = JsonNodeFactory.instance.objectNode();
    descriptor.put("id", runtime.workflowId());
    descriptor.set("definition", model.document());
    descriptor.set("input", rawInput);
    descriptor.set("startedAt", dateTime(runtime.startedAt()));
    descriptor.put("correlationId", runtime.correlationId());
    return descriptor;
  }

  private static ObjectNode runtime(WorkflowRuntime runtime) {
    ObjectNode descriptor = JsonNodeFactory.instance.objectNode();
    descriptor.put("name", WorkflowRuntime.NAME);
    descriptor.put("version", runtime.version());
    descriptor.putObject("metadata");
    return descriptor;
  }

  private static ObjectNode task(TaskDefinition task, JsonNode rawInput, Instant startedAt) {
    ObjectNode descriptor = JsonNodeFactory.instance.objectNode();
    descriptor.put("name", task.name());
    descriptor.put("reference", task.position());
    descriptor.set("definition", task.definition());
    descriptor.set("input", rawInput);
    descriptor.set("startedAt", dateTime(startedAt));
    return descriptor;
  }

  private static ObjectNode dateTime(Instant instant) {
    ObjectNode descriptor = JsonNodeFactory.instance.objectNode();
    descriptor.put("iso8601", instant.toString());
    descriptor
        .putObject("epoch")
        .put("seconds", instant.getEpochSecond())
        .put("milliseconds", instant.toEpochMilli());
    return descriptor;
  }
}
