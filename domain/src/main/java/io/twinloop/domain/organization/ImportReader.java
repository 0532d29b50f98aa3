package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.ImportLine.NodeLine;
import io.twinloop.domain.organization.ImportLine.Read;
import io.twinloop.domain.organization.ImportLine.Refused;
import io.twinloop.domain.organization.ImportLine.RelationLine;
import io.twinloop.domain.organization.ImportLine.Sound;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads statements of an import from JSON: {@code {"node": {id, type, label, properties}}} or
 * {@code {"relation": {source, relation, target, properties, validFrom}}}.
 *
 * <p>Of a relation the ends may also be called {@code from} and {@code to} or {@code sourceId} and
 * {@code targetId}, and the relation itself {@code type}. A node without a label is called by its
 * id.
 */
public final class ImportReader {

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:~-]{1,128}");
  private static final Set<String> NODE = Set.of("id", "type", "label", "properties");
  private static final List<String> SOURCE = List.of("source", "from", "sourceId");
  private static final List<String> TARGET = List.of("target", "to", "targetId");
  private static final List<String> RELATION = List.of("relation", "type");
  private static final Set<String> OF_A_RELATION =
      Set.of(
          "source",
          "from",
          "sourceId",
          "target",
          "to",
          "targetId",
          "relation",
          "type",
          "properties",
          "validFrom");

  private final PersonalFields personal;

  /**
   * @param personal fields whose values no sentence repeats
   */
  public ImportReader(PersonalFields personal) {
    this.personal = personal;
  }

  /** Thrown and caught in here: what is wrong, where it was seen. */
  private static final class Fault extends Exception {
    private static final long serialVersionUID = 1L;
    private final String code;

    Fault(String code, String sentence) {
      super(sentence, null, false, false);
      this.code = code;
    }
  }

  /** Reads one statement. */
  public Read read(JsonNode json) {
    try {
      if (!json.isObject()) {
        throw invalid(
            "Expected an object {node} or {relation}, not %s.".formatted(Problem.quote(json)));
      }
      boolean isNode = json.has("node");
      if (json.size() != 1 || isNode == json.has("relation")) {
        throw invalid(
            "Expected one member, node or relation, not %s."
                .formatted(json.isEmpty() ? "none" : String.join(", ", names(json))));
      }
      return new Sound(isNode ? node(json.get("node")) : relation(json.get("relation")));
    } catch (Fault e) {
      return new Refused(e.code, e.getMessage());
    }
  }

  private NodeLine node(JsonNode json) throws Fault {
    requireMembers(json, "node", NODE);
    String id = id(json, "id");
    NodeType type = type(id, json.path("type"));
    JsonNode label = json.path("label");
    if (!label.isMissingNode() && !label.isNull() && !label.isTextual()) {
      throw invalid("label of '%s' is %s, expected a text.".formatted(id, shown(type, label)));
    }
    JsonNode properties = json.path("properties");
    if (!properties.isMissingNode() && !properties.isNull() && !properties.isObject()) {
      throw notAnObject(id, shown(type, properties));
    }
    NodeContent content =
        new NodeContent(
            type,
            label.isTextual() && !label.textValue().isBlank() ? label.textValue() : id,
            properties(id, properties));
    List<Problem> problems = personal.problems(content);
    if (!problems.isEmpty()) {
      throw new Fault(
          ImportFault.REFUSED, "Node '%s': %s".formatted(id, Problem.sentence(problems)));
    }
    return new NodeLine(id, content);
  }

  private static NodeType type(String id, JsonNode type) throws Fault {
    String name = type.textValue();
    for (NodeType known : NodeType.values()) {
      if (known.isNode() && known.wireName().equals(name)) {
        return known;
      }
    }
    throw new Fault(
        ImportFault.UNKNOWN_TYPE,
        "type of '%s' is %s, expected one of %s."
            .formatted(id, Problem.quote(type), NodeType.nodeTypeNames()));
  }

  private static RelationLine relation(JsonNode json) throws Fault {
    requireMembers(json, "relation", OF_A_RELATION);
    String source = id(json, oneOf(json, SOURCE));
    String target = id(json, oneOf(json, TARGET));
    JsonNode name = json.path(oneOf(json, RELATION));
    RelationType type = relationType(source, target, name);
    NodeProperties properties = properties(source, json.path("properties"));
    List<Problem> problems = KnownProperties.problems(type, properties);
    RelationLine line =
        new RelationLine(source, type, target, properties, validFrom(json.path("validFrom")));
    if (!problems.isEmpty()) {
      throw new Fault(ImportFault.REFUSED, "%s: %s".formatted(line, Problem.sentence(problems)));
    }
    return line;
  }

  private static RelationType relationType(String source, String target, JsonNode name)
      throws Fault {
    for (RelationType type : RelationType.values()) {
      if (type.name().equals(name.textValue())) {
        return type;
      }
    }
    throw new Fault(
        ImportFault.UNKNOWN_RELATION,
        "relation from '%s' to '%s' is %s, expected one of %s."
            .formatted(
                source, target, Problem.quote(name), Arrays.toString(RelationType.values())));
  }

  private static @Nullable Instant validFrom(JsonNode value) throws Fault {
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    Instant instant = value.isTextual() ? instantOf(value.textValue()) : null;
    if (instant == null || !Relation.isTime(instant)) {
      throw invalid(
          "validFrom is %s, expected an RFC 3339 time or a date from 1900 to 2199."
              .formatted(Problem.quote(value)));
    }
    return instant;
  }

  private static @Nullable Instant instantOf(String text) {
    try {
      return text.length() == 10
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
          : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException notATime) {
      return null;
    }
  }

  private static NodeProperties properties(String id, JsonNode value) throws Fault {
    if (value.isMissingNode() || value.isNull()) {
      return NodeProperties.NONE;
    }
    if (!(value instanceof ObjectNode object)) {
      throw notAnObject(id, Problem.quote(value));
    }
    return NodeProperties.of(object);
  }

  private static Fault notAnObject(String id, String shown) {
    return invalid("properties of '%s' are %s, expected an object.".formatted(id, shown));
  }

  /** A bad value of a node, as a sentence may show it. */
  private String shown(NodeType type, JsonNode value) {
    return personal.concerns(type)
        ? "not what it may be (it is personal and not repeated here)"
        : Problem.quote(value);
  }

  private static String id(JsonNode json, String member) throws Fault {
    JsonNode value = json.path(member);
    if (!value.isTextual() || !ID.matcher(value.textValue()).matches()) {
      throw invalid(
          "%s is %s, expected 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ -."
              .formatted(member, Problem.quote(value)));
    }
    return value.textValue();
  }

  /** The name among these that the object uses; two of them contradict each other. */
  private static String oneOf(JsonNode json, List<String> names) throws Fault {
    List<String> used = names.stream().filter(json::has).toList();
    if (used.size() > 1) {
      throw invalid("Expected one of %s, not both.".formatted(String.join(" and ", used)));
    }
    return used.isEmpty() ? names.get(0) : used.get(0);
  }

  private static void requireMembers(JsonNode json, String of, Set<String> allowed) throws Fault {
    if (!json.isObject()) {
      throw invalid("%s is %s, expected an object.".formatted(of, Problem.quote(json)));
    }
    List<String> unknown = names(json).stream().filter(name -> !allowed.contains(name)).toList();
    if (!unknown.isEmpty()) {
      throw invalid(
          "A %s has no member '%s', expected %s; anything else goes into its properties."
              .formatted(of, unknown.get(0), String.join(", ", new TreeSet<>(allowed))));
    }
  }

  private static List<String> names(JsonNode json) {
    List<String> names = new ArrayList<>();
    json.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static Fault invalid(String sentence) {
    return new Fault(ImportFault.INVALID_FIELDS, sentence);
  }
}
