package io.twinloop.entities.workflow;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is the same through a whole run of a workflow, and carried by each of its events.
 *
 * @param namespace of its definition
 * @param name of its definition
 * @param version of its definition
 * @param entityId of the entity it was started for, absent where it was started for none
 * @param entityType of that entity
 * @param correlationId of the loop it belongs to
 * @param startedAt when it began
 */
public record Run(
    String namespace,
    String name,
    String version,
    @Nullable String entityId,
    @Nullable String entityType,
    String correlationId,
    Instant startedAt) {

  /** The same run by another version of its definition. */
  Run with(String newVersion) {
    return new Run(namespace, name, newVersion, entityId, entityType, correlationId, startedAt);
  }

  /** The definition in one text: {@code namespace/name/version}. */
  public String definition() {
    return namespace + "/" + name + "/" + version;
  }
}
