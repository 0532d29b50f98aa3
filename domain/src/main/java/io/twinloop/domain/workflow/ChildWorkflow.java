package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A workflow that another one starts and does not wait for. Both belong to the same loop.
 *
 * @param id of the run, the same whenever the same step asks for it
 * @param version of the definition, null for the one registered last
 * @param input its {@code entity_id} and {@code entity_type}, where they are texts, say what the
 *     run is for
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ChildWorkflow(
    String id,
    String namespace,
    String name,
    @Nullable String version,
    JsonNode input,
    String correlationId) {

  private static final String LATEST = "latest";

  /**
   * The workflow a task starts.
   *
   * @param workflow its {@code run.workflow}, every expression resolved
   * @param key the step's idempotency key
   */
  static ChildWorkflow of(JsonNode workflow, WorkflowRuntime runtime, String key) {
    String version = Values.optional(workflow, "version");
    return new ChildWorkflow(
        UUID.nameUUIDFromBytes(("run\n" + key).getBytes(StandardCharsets.UTF_8)).toString(),
        workflow.path("namespace").asText(),
        workflow.path("name").asText(),
        version == null || version.equals(LATEST) ? null : version,
        workflow.has("input") ? workflow.get("input") : JsonNodeFactory.instance.objectNode(),
        runtime.correlationId());
  }

  /** Id of the entity it is started for, null for none. */
  public @Nullable String entityId() {
    return input.path("entity_id").textValue();
  }

  /** Type of that entity, null where it is not said. */
  public @Nullable String entityType() {
    return input.path("entity_type").textValue();
  }
}
