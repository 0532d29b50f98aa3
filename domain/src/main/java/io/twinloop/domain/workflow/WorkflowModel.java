package io.twinloop.domain.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
    TaskDefinition task = tasks.get(position);
    if (task == null) {
      throw new IllegalArgumentException(
          "Expected a task at '" + position + "' of " + this + ", but there is none.");
    }
    return task;
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

  /**
   * What is wrong with data by the schema declared at a place.
   *
   * @param holder pointer to the {@code input}, {@code output} or {@code export} that may declare
   *     it
   */
  List<Problem> problems(String holder, JsonNode data) {
    @Nullable Schema schema = schemas.get(holder);
    return schema == null ? List.of() : JsonSchemas.problems(schema, data);
  }
}
