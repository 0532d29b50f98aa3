package io.twinloop.domain.organization;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The properties of a node or relation: any JSON object, compared by content.
 *
 * <p>Kept as canonical text (names in order, 1.0 as 1), a tenth of the memory of a tree: a twin
 * holds many nodes and seldom looks at one. A property that is null is one that is not there.
 */
public final class NodeProperties {

  /** No property. */
  public static final NodeProperties NONE = new NodeProperties("{}");

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Up to this magnitude every whole double is that number and no neighbour. */
  private static final double EXACT = 0x1p53;

  private final String json;

  private NodeProperties(String json) {
    this.json = json;
  }

  /**
   * The properties of a JSON object.
   *
   * @throws IllegalArgumentException when a value is none that JSON has, such as NaN
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static NodeProperties of(ObjectNode object) {
    ObjectNode canonical = (ObjectNode) canonical("properties", object);
    canonical.properties().removeIf(property -> property.getValue().isNull());
    return canonical.isEmpty() ? NONE : new NodeProperties(canonical.toString());
  }

  private static JsonNode canonical(String name, JsonNode value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (value.isObject()) {
      ObjectNode object = nodes.objectNode();
      SortedMap<String, JsonNode> sorted = new TreeMap<>();
      value.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
      sorted.forEach((key, child) -> object.set(key, canonical(key, child)));
      return object;
    }
    if (value.isArray()) {
      ArrayNode array = nodes.arrayNode(value.size());
      value.forEach(child -> array.add(canonical(name, child)));
      return array;
    }
    if (value.isNumber()) {
      return canonicalNumber(name, value);
    }
    if (value.isTextual() || value.isBoolean() || value.isNull()) {
      return value;
    }
    throw new IllegalArgumentException(
        name + " is a " + value.getNodeType() + ", expected a JSON value");
  }

  private static JsonNode canonicalNumber(String name, JsonNode value) {
    if (value.isIntegralNumber()) {
      return value.canConvertToLong()
          ? whole(value.longValue())
          : BigIntegerNode.valueOf(value.bigIntegerValue());
    }
    double number = value.doubleValue();
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException(name + " is " + number + ", expected a finite number");
    }
    return Math.rint(number) == number && Math.abs(number) <= EXACT
        ? whole((long) number)
        : DoubleNode.valueOf(number);
  }

  private static JsonNode whole(long number) {
    return number == (int) number ? IntNode.valueOf((int) number) : LongNode.valueOf(number);
  }

  /** A copy as a JSON object. */
  @JsonValue
  public ObjectNode toJson() {
    try {
      return (ObjectNode) JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("canonical text is JSON", e);
    }
  }

  /** The value of a property, null where it is not there. */
  public @Nullable JsonNode get(String name) {
    return toJson().get(name);
  }

  public boolean isEmpty() {
    return this.equals(NONE);
  }

  /** The length of the JSON text, in characters. */
  public int length() {
    return json.length();
  }

  /** What has to change to get from these properties to {@code next}, by name. */
  public SortedMap<String, PropertyChange> changesTo(NodeProperties next) {
    ObjectNode before = toJson();
    ObjectNode after = next.toJson();
    TreeSet<String> names = new TreeSet<>();
    before.fieldNames().forEachRemaining(names::add);
    after.fieldNames().forEachRemaining(names::add);
    SortedMap<String, PropertyChange> changes = new TreeMap<>();
    for (String name : names) {
      PropertyChange change = new PropertyChange(before.get(name), after.get(name));
      if (change.isOne()) {
        changes.put(name, change);
      }
    }
    return changes;
  }

  /** These properties after the changes. */
  public NodeProperties with(Map<String, PropertyChange> changes) {
    if (changes.isEmpty()) {
      return this;
    }
    ObjectNode object = toJson();
    changes.forEach(
        (name, change) -> {
          if (change.after() == null) {
            object.remove(name);
          } else {
            object.set(name, change.after());
          }
        });
    return of(object);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof NodeProperties properties && json.equals(properties.json);
  }

  @Override
  public int hashCode() {
    return json.hashCode();
  }

  @Override
  public String toString() {
    return json;
  }
}
