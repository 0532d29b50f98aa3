package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * An error of a workflow, in the form of RFC 9457 problem details as the DSL uses it.
 *
 * @param type URI of the kind of error; the standard ones are the constants here
 * @param status code of this occurrence, an HTTP status where there is one
 * @param title what kind of error it is, in a few words
 * @param detail what happened this time
 * @param instance JSON pointer to the task it comes from, null until it is raised by one
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record WorkflowError(
    String type,
    int status,
    @Nullable String title,
    @Nullable String detail,
    @Nullable String instance) {

  private static final String STANDARD = "https://serverlessworkflow.io/spec/1.0.0/errors/";

  /** The prefix the conformance kit uses for the same errors; understood, never produced. */
  private static final String STANDARD_ALIAS = "https://serverlessworkflow.io/dsl/errors/types/";

  public static final String CONFIGURATION = STANDARD + "configuration";
  public static final String VALIDATION = STANDARD + "validation";
  public static final String EXPRESSION = STANDARD + "expression";
  public static final String TIMEOUT = STANDARD + "timeout";
  public static final String COMMUNICATION = STANDARD + "communication";
  public static final String RUNTIME = STANDARD + "runtime";

  /** Somebody refused to do a human task. */
  public static final String TASK_REJECTED = "urn:twinloop:error:task-rejected";

  static WorkflowError configuration(String detail) {
    return new WorkflowError(CONFIGURATION, 400, "Configuration error", detail, null);
  }

  static WorkflowError validation(String detail) {
    return new WorkflowError(VALIDATION, 400, "Validation failed", detail, null);
  }

  static WorkflowError expression(String detail) {
    return new WorkflowError(EXPRESSION, 400, "Expression failed", detail, null);
  }

  static WorkflowError timeout(String detail) {
    return new WorkflowError(TIMEOUT, 408, "Timed out", detail, null);
  }

  static WorkflowError runtime(String detail) {
    return new WorkflowError(RUNTIME, 500, "Runtime error", detail, null);
  }

  /** An error met while talking to another system. */
  public static WorkflowError communication(int status, String title, String detail) {
    return new WorkflowError(COMMUNICATION, status, title, detail, null);
  }

  /** The same error, raised at a place of the definition. */
  public WorkflowError at(String pointer) {
    return new WorkflowError(type, status, title, detail, pointer);
  }

  /**
   * True when both URIs name the same kind of error; the kit's and the reference's spelling agree.
   */
  static boolean sameType(String left, String right) {
    return canonical(left).equals(canonical(right));
  }

  private static String canonical(String type) {
    return type.startsWith(STANDARD_ALIAS)
        ? STANDARD + type.substring(STANDARD_ALIAS.length())
        : type;
  }

  /** The error as expressions see it, e.g. {@code $error}. */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("type", type).put("status", status);
    putIfKnown(json, "title", title);
    putIfKnown(json, "detail", detail);
    putIfKnown(json, "instance", instance);
    return json;
  }

  private static void putIfKnown(ObjectNode json, String field, @Nullable String value) {
    if (value != null) {
      json.put(field, value);
    }
  }
}
