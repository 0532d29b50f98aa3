package io.twinloop.http;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Reads the fields of a JSON object into a value, and says everything that is wrong at once.
 *
 * <pre>{@code
 * NewKpi kpi = JsonFields.read(json, fields -> new NewKpi(
 *     fields.string("name"), fields.string("unit"), fields.optionalNumber("target")));
 * }</pre>
 *
 * <p>A reader that meets a bad field notes it and returns a stand-in, so that the others still get
 * their turn; {@code read} then refuses with 400 and a JSON pointer for each. Fields that no reader
 * asked for are refused too. When all fields are fine but the value's constructor says no with an
 * {@link IllegalArgumentException}, that is a 422. A field that is null counts as absent.
 */
public final class JsonFields {

  /** Longest text where a reader doesn't say otherwise, in UTF-16 units. */
  public static final int MAX_TEXT = 10_000;

  private final JsonNode object;
  private final JsonPointer at;
  private final List<Problem.Place> problems;
  private final Set<String> asked = new LinkedHashSet<>();

  private JsonFields(JsonNode object, JsonPointer at, List<Problem.Place> problems) {
    this.object = object;
    this.at = at;
    this.problems = problems;
  }

  /** Reads a value from the fields of an object. */
  public static <T> T read(JsonNode json, Function<JsonFields, T> reader) {
    List<Problem.Place> problems = new ArrayList<>();
    T value = null;
    IllegalArgumentException refusal = null;
    try {
      value = readObject(json, JsonPointer.empty(), problems, reader);
    } catch (IllegalArgumentException e) {
      refusal = e;
    } catch (NullPointerException e) {
      // Only a stand-in can have caused it; without one it is a fault of ours.
      if (problems.isEmpty()) {
        throw e;
      }
    }
    if (!problems.isEmpty()) {
      String detail =
          problems.stream()
              .map(
                  place ->
                      (place.pointer().isEmpty() ? "" : place.pointer() + ": ") + place.detail())
              .limit(3)
              .collect(Collectors.joining(" "));
      int more = problems.size() - 3;
      throw Problems.of(
              "invalid-fields", more > 0 ? detail + " (and " + more + " more)" : detail, problems)
          .refuse();
    }
    if (refusal != null) {
      throw Problems.of("invalid-value", String.valueOf(refusal.getMessage())).refuse();
    }
    return value;
  }

  private static <T> T readObject(
      JsonNode json, JsonPointer at, List<Problem.Place> problems, Function<JsonFields, T> reader) {
    if (!json.isObject()) {
      problems.add(
          new Problem.Place(at.toString(), "Expected an object, not " + described(json) + "."));
      return null;
    }
    JsonFields fields = new JsonFields(json, at, problems);
    try {
      return reader.apply(fields);
    } finally {
      fields.refuseUnknown();
    }
  }

  /** A text that must be there and not blank. */
  public String string(String name) {
    return string(name, MAX_TEXT);
  }

  /** A text that must be there and not blank, of at most this many UTF-16 units. */
  public String string(String name, int maxLength) {
    return required(name, optionalString(name, maxLength), "");
  }

  public Optional<String> optionalString(String name) {
    return optionalString(name, MAX_TEXT);
  }

  public Optional<String> optionalString(String name, int maxLength) {
    return field(name, "a text", JsonNode::isTextual)
        .map(JsonNode::textValue)
        .filter(text -> check(!text.isBlank(), name, () -> "Expected a text that isn't blank."))
        .filter(
            text ->
                check(
                    text.length() <= maxLength,
                    name,
                    () ->
                        "Expected at most %d characters, not %d."
                            .formatted(maxLength, text.length())));
  }

  /** An id of the contract that must be there. */
  public String id(String name) {
    return required(name, optionalId(name), "");
  }

  public Optional<String> optionalId(String name) {
    return parsed(name, Inputs.ID_IN_WORDS, text -> Optional.of(text).filter(Inputs::isId));
  }

  /** A finite number that must be there. */
  public double number(String name) {
    OptionalDouble number = optionalNumber(name);
    if (number.isEmpty()) {
      required(name, Optional.empty(), "");
    }
    return number.orElse(0);
  }

  public OptionalDouble optionalNumber(String name) {
    Optional<JsonNode> number =
        field(name, "a finite number", node -> node.isNumber() && isFinite(node));
    return number.isPresent()
        ? OptionalDouble.of(number.get().doubleValue())
        : OptionalDouble.empty();
  }

  /** A whole number within bounds that must be there. */
  public long integer(String name, long min, long max) {
    OptionalLong number = optionalInteger(name, min, max);
    if (number.isEmpty()) {
      required(name, Optional.empty(), "");
    }
    return number.orElse(min);
  }

  public OptionalLong optionalInteger(String name, long min, long max) {
    Optional<JsonNode> number =
        field(
            name,
            "a whole number from " + min + " to " + max,
            node ->
                node.isIntegralNumber()
                    && node.canConvertToLong()
                    && node.longValue() >= min
                    && node.longValue() <= max);
    return number.isPresent() ? OptionalLong.of(number.get().longValue()) : OptionalLong.empty();
  }

  public Optional<Boolean> optionalFlag(String name) {
    return field(name, "true or false", JsonNode::isBoolean).map(JsonNode::booleanValue);
  }

  /** An RFC 3339 instant from 1900 to 2200 that must be there. */
  public Instant instant(String name) {
    return required(name, optionalInstant(name), Instant.EPOCH);
  }

  public Optional<Instant> optionalInstant(String name) {
    return parsed(name, Inputs.INSTANT_IN_WORDS, Inputs::instant);
  }

  public Optional<Duration> optionalDuration(String name) {
    return parsed(name, Inputs.DURATION_IN_WORDS, Inputs::duration);
  }

  /** One of the constants of an enum, by its name, that must be there. */
  public <E extends Enum<E>> E oneOf(String name, Class<E> type) {
    return required(name, optionalOneOf(name, type), type.getEnumConstants()[0]);
  }

  public <E extends Enum<E>> Optional<E> optionalOneOf(String name, Class<E> type) {
    Map<String, E> values = new LinkedHashMap<>();
    for (E constant : type.getEnumConstants()) {
      values.put(constant.name(), constant);
    }
    return optionalOneOf(name, values);
  }

  /** One of several texts, each standing for a value. */
  public <T> Optional<T> optionalOneOf(String name, Map<String, T> values) {
    return parsed(name, "one of " + values.keySet(), text -> Optional.ofNullable(values.get(text)));
  }

  /** One of several texts, each standing for a value, that must be there. */
  public <T> T oneOf(String name, Map<String, T> values) {
    return required(name, optionalOneOf(name, values), values.values().iterator().next());
  }

  /** Any JSON value but null, as it is. */
  public Optional<JsonNode> optionalJson(String name) {
    return field(name, "a value", node -> true);
  }

  /** Any JSON value, as it is, that must be there. */
  public JsonNode json(String name) {
    return required(name, optionalJson(name), MissingNode.getInstance());
  }

  /** An object, as it is. */
  public Optional<JsonNode> optionalJsonObject(String name) {
    return field(name, "an object", JsonNode::isObject);
  }

  /** An object read by its own fields that must be there; null when it is not. */
  public <T> T object(String name, Function<JsonFields, T> reader) {
    return required(name, optionalObject(name, reader), null);
  }

  public <T> Optional<T> optionalObject(String name, Function<JsonFields, T> reader) {
    return field(name, "an object", JsonNode::isObject)
        .map(node -> readObject(node, at.appendProperty(name), problems, reader));
  }

  /** Objects, each read by its own fields; empty when absent. */
  public <T> List<T> objects(String name, int maxItems, Function<JsonFields, T> reader) {
    List<T> items = new ArrayList<>();
    array(name, maxItems)
        .ifPresent(
            array -> {
              JsonPointer list = at.appendProperty(name);
              for (int i = 0; i < array.size(); i++) {
                T item = readObject(array.get(i), list.appendIndex(i), problems, reader);
                if (item != null) {
                  items.add(item);
                }
              }
            });
    return List.copyOf(items);
  }

  /** Texts; empty when absent. */
  public List<String> strings(String name, int maxItems) {
    List<String> items = new ArrayList<>();
    array(name, maxItems)
        .ifPresent(
            array -> {
              for (int i = 0; i < array.size(); i++) {
                if (array.get(i).isTextual()) {
                  items.add(array.get(i).textValue());
                } else {
                  JsonPointer place = at.appendProperty(name).appendIndex(i);
                  problems.add(
                      new Problem.Place(
                          place.toString(),
                          "Expected a text, not " + described(array.get(i)) + "."));
                }
              }
            });
    return List.copyOf(items);
  }

  /** Whether the field stands there, be it null: what a merge patch needs to know. */
  public boolean has(String name) {
    asked.add(name);
    return object.has(name);
  }

  /** Notes a problem at a field, found by a rule over several fields. */
  public void refuse(String name, String detail) {
    problems.add(new Problem.Place(at.appendProperty(name).toString(), detail));
  }

  private Optional<JsonNode> array(String name, int maxItems) {
    return field(name, "an array", JsonNode::isArray)
        .filter(
            array ->
                check(
                    array.size() <= maxItems,
                    name,
                    () -> "Expected at most %d items, not %d.".formatted(maxItems, array.size())));
  }

  private <T> Optional<T> parsed(
      String name, String expected, Function<String, Optional<T>> parser) {
    return field(name, expected, JsonNode::isTextual)
        .flatMap(
            node -> {
              Optional<T> value = parser.apply(node.textValue());
              check(
                  value.isPresent(),
                  name,
                  () -> "Expected " + expected + ", not " + described(node) + ".");
              return value;
            });
  }

  private Optional<JsonNode> field(String name, String expected, Predicate<JsonNode> isFine) {
    asked.add(name);
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    return Optional.of(node)
        .filter(
            value ->
                check(
                    isFine.test(value),
                    name,
                    () -> "Expected " + expected + ", not " + described(value) + "."));
  }

  private <T> T required(String name, Optional<T> value, T standIn) {
    JsonNode node = object.get(name);
    if (value.isEmpty() && (node == null || node.isNull())) {
      refuse(name, "The field " + name + " is missing.");
    }
    return value.orElse(standIn);
  }

  // The sentence is only made when it is said: nearly all fields are fine.
  private boolean check(boolean fine, String name, Supplier<String> detail) {
    if (!fine) {
      refuse(name, detail.get());
    }
    return fine;
  }

  private void refuseUnknown() {
    for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!asked.contains(name)) {
        refuse(name, "The field " + Inputs.quoted(name) + " is unknown; known are " + asked + ".");
      }
    }
  }

  private static boolean isFinite(JsonNode node) {
    return Double.isFinite(node.doubleValue());
  }

  private static String described(JsonNode node) {
    JsonNodeType type = node.getNodeType();
    return switch (type) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case NULL -> "null";
      case STRING -> Inputs.quoted(node.textValue());
      default -> Inputs.quoted(node.asText());
    };
  }
}
