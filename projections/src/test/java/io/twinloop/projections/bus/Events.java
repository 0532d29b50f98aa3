package io.twinloop.projections.bus;

import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.util.Map;

/** Integration events for tests. */
final class Events {

  static final String TYPE = "bpa.kpi.updated";

  private Events() {}

  /** An event of its own entity and loop. */
  static IntegrationEvent event(String id) {
    return event(id, "entity-" + id);
  }

  static IntegrationEvent event(String id, String subject) {
    return event(id, subject, TYPE);
  }

  static IntegrationEvent event(String id, String subject, String type) {
    return event(id, subject, type, Instant.parse("2026-03-01T12:00:00Z"));
  }

  /** One of another time than all others. */
  static IntegrationEvent at(Instant time, String id) {
    return event(id, "entity-" + id, TYPE, time);
  }

  private static IntegrationEvent event(String id, String subject, String type, Instant time) {
    return new IntegrationEvent(
        id,
        type,
        "//bpa/wf-1",
        subject,
        "KPI",
        time,
        Direction.BPA_TO_DTO,
        Priority.LOW,
        "loop-" + id,
        null,
        "1.0",
        null,
        Map.of(),
        Json.MAPPER.createObjectNode().put("value", 5).put("note", "nul \0 here"));
  }
}
