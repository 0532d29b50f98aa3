package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Schema;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A parsed, validated, immutable workflow definition. Everything in it can be run: what this engine
 * does not do was refused by {@link #parse}.
 */
public final class WorkflowModel {

  private final JsonNode document;
  private final String body;
  private final Map<String, TaskDefinition> tasks;
  private final Map<String, Schema> schemas;
  private final Expressions expressions;

  WorkflowModel(
      JsonNode document,
      String body,
      Map<String, TaskDefinition> tasks,
      Map<String, Schema> schemas,
      Expressions expressions) {
    this.document = document;
    this.body = body;
    this.tasks = Map.copyOf(tasks);
    this.schemas = Map.copyOf(schemas);
    this.expressions = expressions;
  }

  /** Reads a definition in YAML or JSON, at most 1 MiB; refuses it with all its problems. */
  public static Parsed parse(String source) {
    return DefinitionReader.read(source);
  }

  public String namespace() {
    return document.at("/document/namespace").textValue();
  }

  public String name() {
    return document.at("/document/name").textValue();
  }

  public String version() {
    return document.at("/document/version").textValue();
  }

  /** The definition as data; not to be changed. */
  public JsonNode document() {
    return document;
  }

  @Override
  public String toString() {
    return namespace() + "/" + name() + ":" + version();
  }

  /** The position of the first task, {@link Flow#EXIT} when there is none. */
  String body() {
    return body;
  }

  TaskDefinition task(String position) {
    return find(position)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Expected a task at '" + position + "' of " + this + ", but there is none."));
  }

  Optional<TaskDefinition> find(String position) {
    return Optional.ofNullable(tasks.get(position));
  }

  Expressions expressions() {
    return expressions;
  }

  /** A reusable component, or the value itself when it is no reference. */
  JsonNode component(String section, JsonNode valueOrName) {
    return valueOrName.isTextual()
        ? document.path("use").path(section).path(valueOrName.textValue())
        : valueOrName;
  }

  /** What the {@code from} or {@code as} at a place makes of a value; itself when there is none. */
  JsonNode transform(String pointer, JsonNode value, Expressions.Arguments arguments) {
    JsonNode transformation = document.at(pointer);
    return transformation.isMissingNode()
        ? value
        : expressions.transform(transformation, value, arguments);
  }

  /** What is wrong with the input of a run, by the schema; empty when it may begin with it. */
  public List<Problem> problemsOfInput(JsonNode input) {
    return problems("/input", input);
  }

  private List<Problem> problems(String holder, JsonNode data) {
    Schema schema = schemas.get(holder);
    return schema == null ? List.of() : JsonSchemas.problems(schema, data);
  }

  /**
   * Throws a {@link Fault} when data is not as the schema at a place says.
   *
   * @param holder pointer to the {@code input}, {@code output} or {@code export} that may declare
   *     the schema
   * @param what what the data is, to begin a sentence with
   */
  void check(String holder, String what, JsonNode data) {
    List<Problem> problems = problems(holder, data);
    if (!problems.isEmpty()) {
      Problem first = problems.get(0);
      String where = first.pointer().isEmpty() ? "" : " at " + first.pointer();
      String more = problems.size() == 1 ? "" : " (and " + (problems.size() - 1) + " more)";
      throw new Fault(
          WorkflowError.validation(
              what + " is not as its schema says" + where + ": " + first.detail() + more));
    }
  }
}
