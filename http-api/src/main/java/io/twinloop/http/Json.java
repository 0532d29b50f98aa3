package io.twinloop.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.twinloop.domain.personaldata.PersonalToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Reads JSON strictly and writes it plainly.
 *
 * <p>Strict means RFC 8259 in UTF-8, and beyond it what would hurt later: no name twice in an
 * object, no number outside the doubles, no NUL and no lone surrogate in a string (PostgreSQL can
 * store neither), nothing that looks like sealed personal data, at most {@value #MAX_DEPTH} levels.
 * One leading byte order mark is skipped.
 */
public final class Json {

  /** How deep arrays and objects may nest. */
  public static final int MAX_DEPTH = 64;

  private static final int MAX_NUMBER_LENGTH = 400;
  private static final int MAX_NAME_LENGTH = 1_000;
  private static final int MAX_MESSAGE = 200;

  // What Jackson says of its source is no news for the caller; and its sentences hold line ends.
  private static final Pattern SOURCE =
      Pattern.compile("\\s*\\(start marker at \\[Source[^\\]]*]\\)|\\s+");

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .maxNameLength(MAX_NAME_LENGTH)
                          .build())
                  // Names come from strangers: interning them would fill a table for good.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .addModule(new JavaTimeModule())
          .addModule(new Jdk8Module())
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_ABSENT, JsonInclude.Include.NON_ABSENT))
          .build();

  private Json() {}

  /** Why a text is not acceptable JSON: a JSON pointer (empty for the whole) and a sentence. */
  record Fault(String pointer, String detail) {}

  /** Carries a {@link Fault} to the reader's caller. */
  static final class FaultException extends Exception {
    private final transient Fault fault;

    FaultException(Fault fault) {
      super(fault.detail(), null, false, false);
      this.fault = fault;
    }

    Fault fault() {
      return fault;
    }
  }

  /** A new empty object. */
  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** A new empty array. */
  public static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /** The value as a tree; records become objects, instants RFC 3339, empty optionals nothing. */
  public static JsonNode tree(Object value) {
    return value instanceof JsonNode node ? node : MAPPER.valueToTree(value);
  }

  /** The value as UTF-8 JSON. */
  public static byte[] bytes(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads JSON that was written here. It may hold what {@link #read} refuses: a refusal quotes the
   * text it refuses.
   */
  static JsonNode written(byte[] utf8) {
    try {
      return MAPPER.readTree(utf8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads one JSON value, or refuses with 400 naming the place. */
  public static JsonNode read(byte[] utf8) {
    try {
      return parse(utf8, 0, utf8.length);
    } catch (FaultException e) {
      throw Problems.at(e.fault().pointer(), "malformed", e.fault().detail()).refuse();
    }
  }

  static JsonNode parse(byte[] bytes, int offset, int length) throws FaultException {
    String text = decode(bytes, offset, length);
    try (JsonParser parser = MAPPER.createParser(text)) {
      JsonNode tree;
      try {
        tree = MAPPER.readTree(parser);
        if (tree == null || tree.isMissingNode()) {
          throw new FaultException(new Fault("", "Expected a JSON value, but there is none."));
        }
        if (parser.nextToken() != null) {
          throw new FaultException(
              new Fault("", "Something follows the JSON value" + place(parser) + "."));
        }
      } catch (JsonProcessingException e) {
        String where = parser.getParsingContext().pathAsPointer().toString();
        throw new FaultException(new Fault(where, "Not JSON: " + message(e) + place(e)));
      }
      Optional<Fault> fault = faultIn(tree, JsonPointer.empty());
      if (fault.isPresent()) {
        throw new FaultException(fault.get());
      }
      return tree;
    } catch (IOException e) {
      throw new UncheckedIOException("Reading from memory failed", e);
    }
  }

  private static String decode(byte[] bytes, int offset, int length) throws FaultException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(buffer)
              .toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new FaultException(
          new Fault("", "Not UTF-8: byte " + (buffer.position() - offset + 1) + " is wrong."));
    }
  }

  private static String message(JsonProcessingException e) {
    String message = e.getOriginalMessage();
    return message == null
        ? "unreadable"
        : Inputs.printable(SOURCE.matcher(message).replaceAll(" ").strip(), MAX_MESSAGE);
  }

  private static String place(JsonProcessingException e) {
    return e.getLocation() == null
        ? ""
        : " (line %d, column %d)"
            .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
  }

  private static String place(JsonParser parser) {
    return " (line %d, column %d)"
        .formatted(
            parser.currentTokenLocation().getLineNr(), parser.currentTokenLocation().getColumnNr());
  }

  private static Optional<Fault> faultIn(JsonNode node, JsonPointer at) {
    if (node.isTextual()) {
      return faultIn(node.textValue(), at);
    }
    if (node.isNumber()) {
      return Double.isFinite(node.doubleValue())
          ? Optional.empty()
          : Optional.of(
              new Fault(at.toString(), "The number is larger than a double can hold (1.8e308)."));
    }
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        Optional<Fault> fault = faultIn(field.getKey(), at);
        if (fault.isEmpty()) {
          fault = faultInside(field.getValue(), at, field.getKey(), -1);
        }
        if (fault.isPresent()) {
          return fault;
        }
      }
    }
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        Optional<Fault> fault = faultInside(node.get(i), at, null, i);
        if (fault.isPresent()) {
          return fault;
        }
      }
    }
    return Optional.empty();
  }

  // Most values are fine, so the pointer to a plain one is only built when it isn't.
  private static Optional<Fault> faultInside(JsonNode node, JsonPointer at, String name, int i) {
    boolean fine =
        node.isTextual()
            ? indexOfUnstorable(node.textValue()) < 0 && !PersonalToken.isMarked(node.textValue())
            : node.isNumber() ? Double.isFinite(node.doubleValue()) : !node.isContainerNode();
    if (fine) {
      return Optional.empty();
    }
    return faultIn(node, name == null ? at.appendIndex(i) : at.appendProperty(name));
  }

  private static Optional<Fault> faultIn(String text, JsonPointer at) {
    int bad = indexOfUnstorable(text);
    if (bad < 0) {
      return PersonalToken.isMarked(text)
          ? Optional.of(
              new Fault(
                  at.toString(),
                  "Text holds what marks sealed personal data in here, a circumflex before pd1."))
          : Optional.empty();
    }
    String what = text.charAt(bad) == 0 ? "the character U+0000" : "half of a surrogate pair";
    return Optional.of(
        new Fault(at.toString(), "Text holds " + what + " at position " + bad + "."));
  }

  static int indexOfUnstorable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 0) {
        return i;
      }
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          return i;
        }
      }
    }
    return -1;
  }
}
