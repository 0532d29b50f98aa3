package io.twinloop.serialization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One integration event: what the twin and the automation tell each other, a CloudEvents 1.0 event
 * with the catalogue's extension attributes.
 *
 * @param id the same for every delivery of the same event
 * @param type as the catalogue names it
 * @param source {@code //<context>/<id>}
 * @param subject the entity's id; the key on the bus
 * @param entityType the entity's type, such as {@code KPI}
 * @param time when it happened
 * @param direction dto-to-bpa or bpa-to-dto
 * @param priority critical, high, medium or low
 * @param correlationId one id from the first cause through the whole loop
 * @param causationId the event or command directly before
 * @param schemaVersion of {@code data}
 * @param traceparent W3C trace context, where a trace is running
 * @param others extension attributes nobody here knows, passed on as they came
 * @param data the payload
 */
public record IntegrationEvent(
    String id,
    String type,
    String source,
    String subject,
    @Nullable String entityType,
    Instant time,
    Direction direction,
    Priority priority,
    String correlationId,
    @Nullable String causationId,
    String schemaVersion,
    @Nullable String traceparent,
    Map<String, String> others,
    ObjectNode data) {

  /** The version of every payload this release writes. */
  public static final String SCHEMA_VERSION = "1.0";

  public IntegrationEvent {
    others = Map.copyOf(others);
  }

  /** The same event with another payload. */
  public IntegrationEvent withData(ObjectNode other) {
    return new IntegrationEvent(
        id,
        type,
        source,
        subject,
        entityType,
        time,
        direction,
        priority,
        correlationId,
        causationId,
        schemaVersion,
        traceparent,
        others,
        other);
  }

  /** Who tells whom. */
  public enum Direction {
    DTO_TO_BPA("dto-to-bpa"),
    BPA_TO_DTO("bpa-to-dto");

    private final String wireName;

    Direction(String wireName) {
      this.wireName = wireName;
    }

    /** As it stands in the {@code direction} attribute; also the name of the topic. */
    public String wireName() {
      return wireName;
    }

    /** Reads the attribute, also in the spelling with an arrow. */
    public static Direction of(String text) {
      for (Direction direction : values()) {
        if (direction.wireName.equals(text.replace("→", "-to-"))) {
          return direction;
        }
      }
      throw new IllegalArgumentException(
          "direction is '" + text + "', expected dto-to-bpa or bpa-to-dto");
    }
  }

  /** Acted on within 1 minute, 15 minutes, 1 hour; low is for log and dashboard. */
  public enum Priority {
    CRITICAL("critical"),
    HIGH("high"),
    MEDIUM("medium"),
    LOW("low");

    private final String wireName;

    Priority(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }

    /** Reads the attribute, in any case. */
    public static Priority of(String text) {
      for (Priority priority : values()) {
        if (priority.wireName.equalsIgnoreCase(text)) {
          return priority;
        }
      }
      throw new IllegalArgumentException(
          "priority is '" + text + "', expected critical, high, medium or low");
    }
  }
}
