package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.personaldata.SubjectKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which fields are personal, and what it means to seal them.
 *
 * <p>A field is meant whatever its spelling: {@code first_name}, {@code firstName} and {@code
 * First-Name} are one. In a node that is its label or a property; what is inside a property that is
 * an object is sealed value by value, so that a patch still finds its members.
 *
 * <p>In other JSON (an event, the input of a workflow, what completes a task) an object speaks of a
 * person when it says whose id it is, in one of {@link #ID_FIELDS}; then the fields that are
 * personal in a Person are sealed in it and in what it holds.
 */
public final class PersonalFields {

  /** What stands in the place of a value that the reader may not see. */
  public static final String PERSONAL = "(personal)";

  /** What stands in the place of a value of an erased person. */
  public static final String ERASED = "(erased)";

  /** Every field but those that stay clear. */
  public static final String ALL = "*";

  /** The fields in which JSON names a person. */
  public static final List<String> ID_FIELDS =
      List.of("employee_id", "employeeId", "person_id", "personId", "subject_id", "subjectId");

  /** They are added up or point to others; without them the graph and its sums are gone. */
  private static final Set<String> STAY_CLEAR = Set.of("fte", "cost", "employeeid");

  private static final String LABEL = "label";

  /** Nothing is personal. */
  public static final PersonalFields NONE = new PersonalFields(Map.of());

  private final Map<NodeType, Set<String>> names = new EnumMap<>(NodeType.class);

  /**
   * @param fields by the type of node
   * @throws IllegalArgumentException when a field is named that has to stay clear
   */
  public PersonalFields(Map<NodeType, ? extends Collection<String>> fields) {
    fields.forEach(
        (type, list) -> {
          Set<String> plain = new HashSet<>();
          for (String name : list) {
            if (STAY_CLEAR.contains(plain(name))) {
              throw new IllegalArgumentException(
                  "'%s' of a %s can't be personal: sums and relations need it in clear"
                      .formatted(name, type.wireName()));
            }
            plain.add(plain(name));
          }
          names.put(type, plain);
        });
  }

  private static String plain(String name) {
    if (name.equals(ALL)) {
      return ALL;
    }
    StringBuilder plain = new StringBuilder(name.length());
    name.toLowerCase(Locale.ROOT)
        .chars()
        .filter(c -> c != '_' && c != '-' && c != ' ' && c != '.')
        .forEach(c -> plain.append((char) c));
    return plain.toString();
  }

  /** Whether a field of nodes of this type is personal; the label is called {@code label}. */
  public boolean isPersonal(NodeType type, String name) {
    Set<String> marked = names.getOrDefault(type, Set.of());
    if (marked.isEmpty()) {
      return false;
    }
    String plain = plain(name);
    return marked.contains(plain) || (marked.contains(ALL) && !STAY_CLEAR.contains(plain));
  }

  /** Whether a field of this name is personal in nodes of some type. */
  private boolean isPersonalSomewhere(String name) {
    return names.keySet().stream().anyMatch(type -> isPersonal(type, name));
  }

  /** Whether nodes of this type have personal fields at all. */
  public boolean concerns(NodeType type) {
    return !names.getOrDefault(type, Set.of()).isEmpty();
  }

  /** Whether a merge patch of a node holds a field that is personal in nodes of some type. */
  public boolean mayConcern(ObjectNode mergePatch) {
    if (mergePatch.has(LABEL) && isPersonalSomewhere(LABEL)) {
      return true;
    }
    for (var property : mergePatch.path("properties").properties()) {
      if (isPersonalSomewhere(property.getKey())) {
        return true;
      }
    }
    return false;
  }

  /**
   * What is wrong with a node that comes from outside, without repeating values that are personal;
   * empty when nothing is.
   */
  public List<Problem> problems(NodeContent content) {
    List<Problem> problems = new ArrayList<>(placeholders(content));
    if (PersonalToken.isMarked(content.label())) {
      problems.add(marked("/label"));
    }
    if (PersonalToken.isMarked(content.properties().toString())) {
      problems.add(marked("/properties"));
    }
    for (Problem problem : content.problems()) {
      problems.add(isPersonal(content.type(), problem.name()) ? problem.discreet() : problem);
    }
    return problems;
  }

  /**
   * The personal fields of a node that hold the words which stand in the place of a value. Who
   * reads an organisation without the right to see them, and imports it again, would overwrite all
   * names.
   */
  private List<Problem> placeholders(NodeContent content) {
    List<Problem> problems = new ArrayList<>();
    if (isPlaceholder(content.type(), LABEL, content.label())) {
      problems.add(placeholder("/label", content.label()));
    }
    content
        .properties()
        .toJson()
        .properties()
        .forEach(
            property -> {
              String text = property.getValue().asText("");
              if (isPlaceholder(content.type(), property.getKey(), text)) {
                problems.add(placeholder("/properties/" + property.getKey(), text));
              }
            });
    return problems;
  }

  private static Problem marked(String pointer) {
    return new Problem(
        pointer,
        pointer.substring(1) + " holds what marks sealed personal data in here, '^' before 'pd1.'");
  }

  private boolean isPlaceholder(NodeType type, String name, String text) {
    return (text.equals(PERSONAL) || text.equals(ERASED)) && isPersonal(type, name);
  }

  private static Problem placeholder(String pointer, String text) {
    return new Problem(
        pointer,
        "'%s' stands for a value that is not shown, expected the value or nothing".formatted(text));
  }

  /** The content with its personal fields sealed. */
  public NodeContent sealed(NodeContent content, SubjectKey key) {
    String label =
        isPersonal(content.type(), LABEL)
            ? sealed(TextNode.valueOf(content.label()), key).textValue()
            : content.label();
    return new NodeContent(
        content.type(),
        label,
        NodeProperties.of(sealedProperties(content.type(), content.properties().toJson(), key)));
  }

  /** A merge patch of a node of this type with its personal fields sealed. */
  public ObjectNode sealedPatch(NodeType type, ObjectNode mergePatch, SubjectKey key) {
    ObjectNode sealed = mergePatch.deepCopy();
    if (sealed.has(LABEL) && isPersonal(type, LABEL)) {
      sealed.set(LABEL, sealed(sealed.get(LABEL), key));
    }
    if (sealed.get("properties") instanceof ObjectNode properties) {
      sealed.set("properties", sealedProperties(type, properties, key));
    }
    return sealed;
  }

  private ObjectNode sealedProperties(NodeType type, ObjectNode properties, SubjectKey key) {
    ObjectNode sealed = JsonNodeFactory.instance.objectNode();
    for (var property : properties.properties()) {
      sealed.set(
          property.getKey(),
          isPersonal(type, property.getKey())
              ? sealed(property.getValue(), key)
              : property.getValue());
    }
    return sealed;
  }

  /** An object value by value, anything else as a whole; what is sealed or nothing stays. */
  private static JsonNode sealed(JsonNode value, SubjectKey key) {
    if (value instanceof ObjectNode object) {
      ObjectNode sealed = JsonNodeFactory.instance.objectNode();
      object
          .properties()
          .forEach(member -> sealed.set(member.getKey(), sealed(member.getValue(), key)));
      return sealed;
    }
    return value.isNull() || isSealed(value) ? value : TextNode.valueOf(key.seal(value).text());
  }

  private static boolean isSealed(JsonNode value) {
    return value.isTextual() && PersonalToken.is(value.textValue());
  }

  /** Whom this JSON says something personal of. */
  public Set<String> subjectsIn(JsonNode json, @Nullable String about) {
    Set<String> subjects = new HashSet<>();
    walk(
        json,
        about,
        0,
        (value, subject) -> {
          subjects.add(subject);
          return value;
        });
    return subjects;
  }

  /**
   * This JSON with what is personal in it sealed.
   *
   * @param about whom it speaks of where it names nobody
   * @param keys of whom {@link #subjectsIn} names; where there is none the person is erased, and so
   *     is the value
   */
  public JsonNode sealedData(
      JsonNode json, @Nullable String about, Function<String, @Nullable SubjectKey> keys) {
    return walk(
        json,
        about,
        0,
        (value, subject) -> {
          SubjectKey key = keys.apply(subject);
          return key == null ? TextNode.valueOf(ERASED) : sealed(value, key);
        });
  }

  private interface Change {
    JsonNode of(JsonNode value, String subject);
  }

  private static final int DEEPEST = 100;

  private JsonNode walk(JsonNode json, @Nullable String about, int depth, Change change) {
    if (depth > DEEPEST) {
      return json;
    }
    if (json instanceof ArrayNode array) {
      ArrayNode walked = JsonNodeFactory.instance.arrayNode(array.size());
      array.forEach(item -> walked.add(walk(item, about, depth + 1, change)));
      return walked;
    }
    if (!(json instanceof ObjectNode object)) {
      return json;
    }
    String subject = subjectOf(object, about);
    ObjectNode walked = JsonNodeFactory.instance.objectNode();
    for (var field : object.properties()) {
      JsonNode value = field.getValue();
      boolean personal =
          subject != null
              && !value.isNull()
              && !isSealed(value)
              && isPersonal(NodeType.PERSON, field.getKey());
      walked.set(
          field.getKey(),
          personal ? change.of(value, subject) : walk(value, subject, depth + 1, change));
    }
    return walked;
  }

  private static @Nullable String subjectOf(ObjectNode object, @Nullable String about) {
    for (String field : ID_FIELDS) {
      if (isName(object.get(field))) {
        return object.get(field).textValue();
      }
    }
    boolean isPerson =
        NodeType.PERSON.wireName().equals(object.path("entity_type").textValue())
            || NodeType.PERSON.wireName().equals(object.path("entityType").textValue());
    for (String field : List.of("entity_id", "entityId")) {
      if (isPerson && isName(object.get(field))) {
        return object.get(field).textValue();
      }
    }
    return about;
  }

  private static boolean isName(@Nullable JsonNode value) {
    return value != null && value.isTextual() && isName(value.textValue());
  }

  /**
   * Whether a person can be called so: not blank, short enough for a token, and of characters that
   * come back from a database as they were, no control characters nor halves of surrogate pairs.
   */
  public static boolean isName(String text) {
    return !text.isBlank()
        && text.length() * 3 <= PersonalToken.LONGEST_SUBJECT
        && text.codePoints()
            .noneMatch(
                c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
  }
}
