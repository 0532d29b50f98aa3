package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A CloudEvent a workflow emits.
 *
 * @param id what the definition says, else the step's idempotency key: an event sent twice is one
 * @param source what the definition says, else {@code //bpa/<workflow id>}
 * @param extensions extension attributes by name; {@code correlationid} is always there
 * @param data the payload, null when there is none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EmittedEvent(
    String id,
    String source,
    String type,
    Instant time,
    @Nullable String subject,
    @Nullable String dataContentType,
    @Nullable String dataSchema,
    @Nullable JsonNode data,
    Map<String, String> extensions) {

  static final String CORRELATION_ID = "correlationid";

  private static final Set<String> ATTRIBUTES =
      Set.of(
          "id",
          "source",
          "type",
          "time",
          "subject",
          "datacontenttype",
          "dataschema",
          "data",
          "specversion");

  public EmittedEvent {
    extensions = Collections.unmodifiableMap(new TreeMap<>(extensions));
  }

  /**
   * The event a task emits.
   *
   * @param with its {@code emit.event.with}, every expression resolved
   * @param key the step's idempotency key
   */
  static EmittedEvent of(JsonNode with, WorkflowRuntime runtime, String key, Instant now) {
    Map<String, String> extensions = new TreeMap<>();
    extensions.put(CORRELATION_ID, runtime.correlationId());
    for (Map.Entry<String, JsonNode> attribute : with.properties()) {
      if (!ATTRIBUTES.contains(attribute.getKey()) && !attribute.getValue().isNull()) {
        extensions.put(attribute.getKey(), simple(attribute.getKey(), attribute.getValue()));
      }
    }
    String id = Values.optional(with, "id");
    String source = Values.optional(with, "source");
    String time = Values.optional(with, "time");
    return new EmittedEvent(
        id == null ? key : id,
        source == null ? "//bpa/" + runtime.workflowId() : source,
        simple("type", with.path("type")),
        time == null ? now : instant(time),
        Values.optional(with, "subject"),
        Values.optional(with, "datacontenttype"),
        Values.optional(with, "dataschema"),
        with.get("data"),
        extensions);
  }

  private static Instant instant(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw new Fault(
          WorkflowError.validation(
              "Expected 'time' to be an instant such as 2026-01-31T09:00:00Z, but found '"
                  + text
                  + "'."));
    }
  }

  private static String simple(String name, JsonNode value) {
    if (!value.isValueNode() || value.isNull()) {
      throw new Fault(
          WorkflowError.validation(
              "Expected the event's '"
                  + name
                  + "' to be a simple value, but found "
                  + value
                  + "."));
    }
    return value.asText();
  }

  /** The event in the structured JSON form of CloudEvents 1.0. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("specversion", "1.0").put("id", id).put("source", source).put("type", type);
    json.put("time", time.toString());
    if (subject != null) {
      json.put("subject", subject);
    }
    if (dataContentType != null) {
      json.put("datacontenttype", dataContentType);
    }
    if (dataSchema != null) {
      json.put("dataschema", dataSchema);
    }
    extensions.forEach(json::put);
    if (data != null) {
      json.set("data", data);
    }
    return json;
  }
}
