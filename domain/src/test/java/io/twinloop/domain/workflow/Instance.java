package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A workflow instance for tests: keeps the steps like the entity does, and has a clock that moves
 * only when told.
 */
final class Instance {

  static final Instant START = Instant.parse("2026-03-02T09:00:00Z");
  static final long SEED = 7;

  static final ObjectMapper JSON = JsonMapper.builder().addModule(new JavaTimeModule()).build();
  private static final ObjectMapper YAML = new YAMLMapper();

  final WorkflowModel model;
  final List<Step> steps = new ArrayList<>();
  private final List<Instant> times = new ArrayList<>();
  Execution execution = Execution.notStarted();
  Instant now = START;

  private Instance(WorkflowModel model) {
    this.model = model;
  }

  /** An instance of the definition with this list of tasks, started without input. */
  static Instance running(String tasks) {
    return running(tasks, "{}");
  }

  static Instance running(String tasks, String input) {
    return of(definition(tasks)).start(yaml(input));
  }

  /** An instance of a whole definition, not started. */
  static Instance of(String source) {
    return new Instance(model(source));
  }

  /** A definition that does these tasks. */
  static String definition(String tasks) {
    return "document: {dsl: '1.0.3', namespace: test, name: story, version: '1.0.0'}\n"
        + (tasks.contains("\ndo:") || tasks.startsWith("do:") ? tasks : "do:\n" + tasks);
  }

  static WorkflowModel model(String source) {
    Parsed parsed = WorkflowModel.parse(source);
    if (parsed instanceof Parsed.Invalid invalid) {
      throw new AssertionError("Refused: " + invalid.problems());
    }
    return ((Parsed.Valid) parsed).model();
  }

  static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Instance start(JsonNode input) {
    WorkflowRuntime runtime = new WorkflowRuntime("wf-1", "corr-1", now, "0.1.0");
    return keep(Stepper.start(model, runtime, input, now, SEED));
  }

  Instance send(Signal signal) {
    return keep(Stepper.advance(model, execution, signal, now, SEED));
  }

  Instance retry() {
    return keep(Stepper.retry(model, execution, now, SEED));
  }

  /** Goes on again from a task, as far as it has begun. */
  Instance rerun(String from) {
    Checkpoint checkpoint = ((Retrace.Found) retraced().to(from)).checkpoint();
    return keep(Stepper.rerun(model, execution, checkpoint, execution.ended(), now, SEED));
  }

  /** The steps taken so far, gone through again. */
  Retrace retraced() {
    Retrace past = new Retrace();
    for (int i = 0; i < steps.size(); i++) {
      past.follow(steps.get(i), times.get(i));
    }
    return past;
  }

  /** The steps taken so far, as a recording. */
  Recording recorded() {
    Recording recording = new Recording();
    for (int i = 0; i < steps.size(); i++) {
      recording.follow(steps.get(i), times.get(i));
    }
    return recording;
  }

  private Instance keep(List<Step> taken) {
    for (Step step : taken) {
      execution = execution.apply(step, now);
      steps.add(step);
      times.add(now);
    }
    return this;
  }

  Instance later(Duration duration) {
    now = now.plus(duration);
    return this;
  }

  /** Lets time pass to the next timer and fires it. */
  Instance nextTimer() {
    Timer timer = execution.timers().stream().min(Comparator.comparing(Timer::dueAt)).orElseThrow();
    now = timer.dueAt();
    return send(new Signal.TimerFired(timer.id()));
  }

  Instance answer(String content) {
    return answer(200, content);
  }

  Instance answer(int status, String content) {
    TaskRef ref = execution.waiting().get(0).ref();
    return send(new Signal.CallAnswered(ref, status, Map.of(), yaml(content)));
  }

  <T extends Step> T only(Class<T> type) {
    List<T> found = all(type).toList();
    if (found.size() != 1) {
      throw new AssertionError("Expected one " + type.getSimpleName() + ", but found " + found);
    }
    return found.get(0);
  }

  <T extends Step> Stream<T> all(Class<T> type) {
    return steps.stream().filter(type::isInstance).map(type::cast);
  }

  /** The list of steps as people read it, e.g. {@code setRed started}. */
  List<String> history() {
    return steps.stream()
        .flatMap(step -> step.history().stream())
        .map(entry -> entry.name() + " " + entry.event().name().toLowerCase(java.util.Locale.ROOT))
        .toList();
  }

  JsonNode output() {
    if (execution.output() == null) {
      throw new AssertionError("Not completed but " + execution.status() + " " + execution.error());
    }
    return execution.output();
  }

  WorkflowError error() {
    return execution.error().orElseThrow(() -> new AssertionError("Not faulted: " + execution));
  }
}
