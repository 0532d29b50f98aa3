package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
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

  public EmittedEvent {
    extensions = Collections.unmodifiableMap(new TreeMap<>(extensions));
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
