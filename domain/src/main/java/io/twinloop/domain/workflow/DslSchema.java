package io.twinloop.domain.workflow;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.Schema;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The standard's own schema, as the SDK ships it, applied piece by piece: the document without its
 * tasks, then each task by the schema of its kind. Asked as a whole the schema answers one mistake
 * with the complaints of all twelve kinds of task.
 *
 * <p>Three places are laxer than the standard's schema: {@code emit.event.with.source} may be left
 * out (it defaults to the workflow) and may be a URI reference, and {@code run.workflow.input} may
 * be an expression, as the standard's text has it.
 */
final class DslSchema {

  private static final String RESOURCE = "schema/workflow.yaml";
  private static final ObjectNode STANDARD = load();
  private static final Map<String, Schema> PIECES = new ConcurrentHashMap<>();

  private DslSchema() {}

  /** Problems of a whole document, those inside its tasks left out. */
  static List<Problem> problemsOfDocument(JsonNode document) {
    return JsonSchemas.problems(PIECES.computeIfAbsent("", DslSchema::compile), document);
  }

  /** Problems of one task by the schema of its kind, those inside its subtasks left out. */
  static List<Problem> problemsOfTask(String keyword, JsonNode task) {
    return JsonSchemas.problems(
        PIECES.computeIfAbsent(pieceOf(keyword, task), DslSchema::compile), task);
  }

  private static String pieceOf(String keyword, JsonNode task) {
    if (!keyword.equals("call")) {
      return "/$defs/" + keyword + "Task";
    }
    String title = task.path("call").asText().equals("http") ? "CallHTTP" : "CallFunction";
    JsonNode calls = STANDARD.at("/$defs/callTask/oneOf");
    for (int i = 0; i < calls.size(); i++) {
      if (calls.get(i).path("title").asText().equals(title)) {
        return "/$defs/callTask/oneOf/" + i;
      }
    }
    throw new IllegalStateException("The SDK's schema has no " + title + " any more.");
  }

  private static Schema compile(String piece) {
    ObjectNode schema = STANDARD.deepCopy();
    if (!piece.isEmpty()) {
      schema.retain("$schema", "$defs");
      schema.put("$ref", "#" + piece);
    }
    schema.put("$id", "urn:twinloop:dsl:" + piece.replace('/', ':').replace("$", ""));
    return JsonSchemas.compile(schema);
  }

  private static ObjectNode load() {
    try (InputStream resource = DslSchema.class.getClassLoader().getResourceAsStream(RESOURCE)) {
      if (resource == null) {
        throw new IllegalStateException("The SDK's " + RESOURCE + " is not on the class path.");
      }
      ObjectNode schema = (ObjectNode) new YAMLMapper().readTree(resource);
      ((ObjectNode) schema.at("/$defs")).putObject("task").put("type", "object");
      JsonNode event =
          schema.at("/$defs/emitTask/allOf/1/properties/emit/properties/event/properties/with");
      ((ObjectNode) event).putArray("required").add("type");
      ((ObjectNode) schema.at(JsonPointer.compile("/$defs/eventProperties/properties")))
          .putObject("source")
          .put("type", "string")
          .put("format", "uri-reference");
      for (JsonNode run : schema.at("/$defs/runTask/allOf/1/properties/run/oneOf")) {
        JsonNode input = run.at("/properties/workflow/properties/input");
        if (input instanceof ObjectNode object) {
          object.remove("type");
        }
      }
      return schema;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
