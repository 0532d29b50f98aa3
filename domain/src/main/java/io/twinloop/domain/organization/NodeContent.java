package io.twinloop.domain.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.personaldata.PersonalToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a node says of itself.
 *
 * @param type never changes
 * @param label for people; of a person only an anonymised name
 * @param properties typed where the twin knows them, see {@link KnownProperties}
 */
public record NodeContent(NodeType type, String label, NodeProperties properties) {

  private static final int LONGEST_LABEL = 200;
  private static final Set<String> MEMBERS = Set.of("type", "label", "properties");

  /** What a patch makes of a content. */
  public sealed interface Patched permits Sound, Refused {}

  /** The patched content is sound. */
  public record Sound(NodeContent content) implements Patched {}

  /** The patch, or what it would make, is refused. */
  public record Refused(List<Problem> problems) implements Patched {}

  /** What is wrong with it; empty when nothing is. */
  public List<Problem> problems() {
    List<Problem> problems = new ArrayList<>();
    if (!type.isNode()) {
      problems.add(
          new Problem(
              "/type",
              "type is '%s', expected one of %s"
                  .formatted(type.wireName(), NodeType.nodeTypeNames())));
    }
    if (label == null || label.isBlank()) {
      problems.add(new Problem("/label", "label is missing or blank"));
    } else if (label.length() > LONGEST_LABEL && !PersonalToken.is(label)) {
      problems.add(
          new Problem(
              "/label",
              "label has %d characters, at most %d are kept"
                  .formatted(label.length(), LONGEST_LABEL)));
    }
    problems.addAll(KnownProperties.problems(type, properties));
    return problems;
  }

  /** As a resource: {@code {type, label, properties}}. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("type", type.wireName());
    json.put("label", label);
    json.set("properties", properties.toJson());
    return json;
  }

  /** This content after a merge patch (RFC 7396) of its resource. */
  public Patched patched(ObjectNode mergePatch) {
    JsonNode merged = MergePatch.apply(toJson(), mergePatch);
    List<Problem> problems = new ArrayList<>();
    merged
        .fieldNames()
        .forEachRemaining(
            member -> {
              if (!MEMBERS.contains(member)) {
                problems.add(
                    new Problem(
                        "/" + member,
                        "'%s' is no member of a node, expected type, label or properties"
                            .formatted(member)));
              }
            });
    JsonNode nextType = merged.path("type");
    if (!type.wireName().equals(nextType.textValue())) {
      problems.add(
          new Problem(
              "/type",
              "type cannot change from '%s' to %s"
                  .formatted(type.wireName(), Problem.quote(nextType))));
    }
    JsonNode nextLabel = merged.path("label");
    if (!nextLabel.isTextual() && !nextLabel.isMissingNode()) {
      problems.add(
          new Problem("/label", "label is " + Problem.quote(nextLabel) + ", expected a text"));
    }
    JsonNode nextProperties = merged.path("properties");
    if (!nextProperties.isObject() && !nextProperties.isMissingNode()) {
      problems.add(
          new Problem(
              "/properties",
              "properties are " + Problem.quote(nextProperties) + ", expected an object"));
    }
    if (!problems.isEmpty()) {
      return new Refused(problems);
    }
    NodeProperties sound;
    try {
      sound =
          nextProperties instanceof ObjectNode object
              ? NodeProperties.of(object)
              : NodeProperties.NONE;
    } catch (IllegalArgumentException e) {
      return new Refused(List.of(new Problem("/properties", e.getMessage())));
    }
    NodeContent content = new NodeContent(type, nextLabel.asText(""), sound);
    return content.problems().isEmpty() ? new Sound(content) : new Refused(content.problems());
  }

  /** This content after a merge patch of its properties alone. */
  public Patched patchedProperties(ObjectNode mergePatch) {
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    patch.set("properties", mergePatch);
    return patched(patch);
  }

  /** A property that is a number, null where there is none. */
  public @Nullable Double number(String name) {
    JsonNode value = properties.get(name);
    return value != null && value.isNumber() ? value.doubleValue() : null;
  }

  /** A property that is a text, null where there is none. */
  public @Nullable String text(String name) {
    JsonNode value = properties.get(name);
    return value != null && value.isTextual() ? value.textValue() : null;
  }

  /** What has to change to get from this content to {@code next}. */
  public NodeChange changeTo(NodeContent next) {
    return NodeChange.between(this, next);
  }

  /** This content after a change. */
  public NodeContent with(NodeChange change) {
    return new NodeContent(
        type,
        change.label() == null ? label : change.label().after(),
        properties.with(change.properties()));
  }
}
