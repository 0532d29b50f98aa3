package io.twinloop.serialization;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.data.PojoCloudEventData;
import io.cloudevents.jackson.JsonCloudEventData;
import io.cloudevents.jackson.JsonFormat;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.io.IOException;
import java.net.URI;
import java.time.DateTimeException;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Integration events to and from CloudEvents 1.0, structured JSON. */
public final class CloudEventCodec {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonFormat FORMAT = new JsonFormat();

  /**
   * UTF-16 units an attribute may have by which events are looked up; an index row takes so much.
   */
  private static final int LONGEST_KEY = 500;

  private CloudEventCodec() {}

  /** What was sent is no integration event; the sentence names the attribute. */
  public static final class MalformedEventException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedEventException(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }

  /** The structured JSON form, UTF-8. */
  public static byte[] encode(IntegrationEvent event) {
    CloudEventBuilder builder =
        CloudEventBuilder.v1()
            .withId(event.id())
            .withType(event.type())
            .withSource(URI.create(event.source()))
            .withSubject(event.subject())
            .withTime(event.time().atOffset(ZoneOffset.UTC))
            .withDataContentType("application/json")
            .withData(JsonCloudEventData.wrap(event.data()));
    extensions(event).forEach(builder::withExtension);
    return FORMAT.serialize(builder.build());
  }

  private static Map<String, String> extensions(IntegrationEvent event) {
    Map<String, String> extensions = new TreeMap<>(event.others());
    putIfKnown(extensions, "entitytype", event.entityType());
    extensions.put("direction", event.direction().wireName());
    extensions.put("priority", event.priority().wireName());
    extensions.put("correlationid", event.correlationId());
    putIfKnown(extensions, "causationid", event.causationId());
    extensions.put("schemaversion", event.schemaVersion());
    putIfKnown(extensions, "traceparent", event.traceparent());
    return extensions;
  }

  private static void putIfKnown(Map<String, String> into, String name, @Nullable String value) {
    if (value != null) {
      into.put(name, value);
    }
  }

  /**
   * Reads the structured JSON form.
   *
   * @throws MalformedEventException when it is no CloudEvent, or lacks what the catalogue asks for
   */
  public static IntegrationEvent decode(byte[] structuredJson) {
    CloudEvent event =
        explained("it is not a CloudEvent in structured JSON", () -> deserialize(structuredJson));
    return fromCloudEvent(event);
  }

  private static CloudEvent deserialize(byte[] structuredJson) {
    return FORMAT.deserialize(structuredJson);
  }

  /**
   * Reads a CloudEvent of any binding.
   *
   * @throws MalformedEventException when it lacks what the catalogue asks for
   */
  public static IntegrationEvent fromCloudEvent(CloudEvent event) {
    if (event.getSubject() == null || event.getSubject().isBlank()) {
      throw new MalformedEventException("subject is missing, expected the entity's id", null);
    }
    if (event.getTime() == null) {
      throw new MalformedEventException("time is missing, expected an RFC 3339 instant", null);
    }
    if (event.getTime().getYear() < 1 || event.getTime().getYear() > 9999) {
      throw new MalformedEventException(
          "time is " + event.getTime() + ", expected a year from 0001 to 9999", null);
    }
    checkKey("id", event.getId());
    checkKey("type", event.getType());
    checkText("source", event.getSource().toString());
    checkKey("subject", event.getSubject());
    Map<String, String> others = new TreeMap<>();
    for (String name : event.getExtensionNames()) {
      Object value = event.getExtension(name);
      if (value != null) {
        checkText(name, value.toString());
        others.put(name, value.toString());
      }
    }
    String direction = others.remove("direction");
    String priority = others.remove("priority");
    String correlationId = others.remove("correlationid");
    String schemaVersion = others.remove("schemaversion");
    if (correlationId != null) {
      checkKey("correlationid", correlationId);
    }
    return explained(
        "an attribute cannot be read",
        () ->
            new IntegrationEvent(
                event.getId(),
                event.getType(),
                event.getSource().toString(),
                event.getSubject(),
                others.remove("entitytype"),
                event.getTime().toInstant(),
                direction == null
                    ? Catalogue.directionOf(event.getType())
                    : Direction.of(direction),
                priority == null ? Catalogue.priorityOf(event.getType()) : Priority.of(priority),
                correlationId == null ? event.getId() : correlationId,
                others.remove("causationid"),
                schemaVersion == null ? IntegrationEvent.SCHEMA_VERSION : schemaVersion,
                others.remove("traceparent"),
                others,
                dataOf(event)));
  }

  private static ObjectNode dataOf(CloudEvent event) {
    if (event.getData() == null) {
      return JSON.createObjectNode();
    }
    JsonNode data;
    if (event.getData() instanceof JsonCloudEventData json) {
      data = json.getNode();
    } else if (event.getData() instanceof PojoCloudEventData<?> pojo
        && pojo.getValue() instanceof JsonNode node) {
      data = node;
    } else {
      try {
        data = JSON.readTree(event.getData().toBytes());
      } catch (IOException e) {
        throw new MalformedEventException("data is not JSON", e);
      }
    }
    if (!(data instanceof ObjectNode object)) {
      throw new MalformedEventException("data is not a JSON object", null);
    }
    checkCharacters(object);
    return object;
  }

  private static void checkKey(String attribute, String text) {
    if (text.length() > LONGEST_KEY) {
      throw new MalformedEventException(
          "%s has %d characters, expected at most %d"
              .formatted(attribute, text.length(), LONGEST_KEY),
          null);
    }
    checkText(attribute, text);
  }

  /** As CloudEvents defines its type String: no control characters, no half characters. */
  private static void checkText(String attribute, String text) {
    text.codePoints()
        .filter(c -> Character.isISOControl(c) || isHalfCharacter(c))
        .findFirst()
        .ifPresent(
            c -> {
              throw new MalformedEventException(
                  "%s contains U+%04X, expected no control character and no half of a pair"
                      .formatted(attribute, c),
                  null);
            });
  }

  /** JSON can escape one half of a surrogate pair, but nothing can write it in UTF-8. */
  private static void checkCharacters(JsonNode data) {
    if (data.isTextual()) {
      checkCharacters(data.textValue());
    }
    data.fieldNames().forEachRemaining(CloudEventCodec::checkCharacters);
    data.forEach(CloudEventCodec::checkCharacters);
  }

  private static void checkCharacters(String text) {
    if (text.codePoints().anyMatch(CloudEventCodec::isHalfCharacter)) {
      throw new MalformedEventException("data contains half of a surrogate pair", null);
    }
  }

  private static boolean isHalfCharacter(int codePoint) {
    return Character.MIN_SURROGATE <= codePoint && codePoint <= Character.MAX_SURROGATE;
  }

  private static <T> T explained(String otherwise, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (MalformedEventException e) {
      throw e;
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new MalformedEventException(e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new MalformedEventException(otherwise + ": " + reason(e), e);
    }
  }

  /** What the parser said, without the names of its classes. */
  private static @Nullable String reason(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof JacksonException json) {
        return json.getOriginalMessage();
      }
    }
    return failure.getMessage();
  }
}
