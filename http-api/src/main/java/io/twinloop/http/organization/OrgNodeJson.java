package io.twinloop.http.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.KnownProperties;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodes;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Problem;
import io.twinloop.http.Problems;
import io.twinloop.projections.identity.Scope;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries.HistoryRow;
import io.twinloop.projections.organization.OrgNodeQueries.NodeRow;
import io.twinloop.projections.organization.OrgNodeQueries.NodeThen;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Nodes and relations in JSON, as requests bring them and answers show them. */
final class OrgNodeJson {

  /** The types a node can have, by the names they have outside. */
  static final Map<String, NodeType> NODE_TYPES = nodeTypes();

  private OrgNodeJson() {}

  private static Map<String, NodeType> nodeTypes() {
    Map<String, NodeType> types = new LinkedHashMap<>();
    Arrays.stream(NodeType.values())
        .filter(NodeType::isNode)
        .forEach(type -> types.put(type.wireName(), type));
    return types;
  }

  /** A node's content; refuses values that its type does not take, each at its place. */
  static NodeContent content(JsonNode json, PersonalFields personal) {
    NodeContent content =
        JsonFields.read(
            json,
            fields ->
                new NodeContent(
                    fields.oneOf("type", NODE_TYPES), fields.string("label"), properties(fields)));
    refuseIfAny(personal.problems(content));
    return content;
  }

  /**
   * Refuses a merge patch with values that a node of this type does not take. Of what is sealed the
   * node itself can't tell any more.
   */
  static void checkPatch(NodeType type, ObjectNode patch, PersonalFields personal) {
    JsonNode label = patch.path("label");
    NodeProperties properties =
        patch.get("properties") instanceof ObjectNode object
            ? NodeProperties.of(object)
            : NodeProperties.NONE;
    if (!label.isMissingNode() && !label.isTextual()) {
      throw Problems.at("/label", Refusals.REFUSED, "label is no text, expected one.").refuse();
    }
    // A patch without a label leaves it as it is, which is sound.
    String sound = label.isTextual() ? label.textValue() : "-";
    refuseIfAny(personal.problems(new NodeContent(type, sound, properties)));
  }

  /** What is said of a relation. */
  record RelationBody(NodeProperties properties, @Nullable Instant validFrom) {}

  /** A relation's properties and beginning; without a body it has none and begins now. */
  static RelationBody relation(RelationType type, Optional<JsonNode> json) {
    RelationBody body =
        JsonFields.read(
            json.orElseGet(Json::object),
            fields ->
                new RelationBody(
                    properties(fields), fields.optionalInstant("validFrom").orElse(null)));
    refuseIfAny(KnownProperties.problems(type, body.properties()));
    return body;
  }

  private static NodeProperties properties(JsonFields fields) {
    return fields
        .optionalJsonObject("properties")
        .map(object -> NodeProperties.of((ObjectNode) object))
        .orElse(NodeProperties.NONE);
  }

  private static void refuseIfAny(List<io.twinloop.domain.organization.Problem> problems) {
    if (!problems.isEmpty()) {
      throw Problems.of(
              Refusals.REFUSED,
              io.twinloop.domain.organization.Problem.sentence(problems),
              problems.stream()
                  .map(problem -> new Problem.Place(problem.pointer(), problem.detail()))
                  .toList())
          .refuse();
    }
  }

  static ObjectNode describe(String id, NodeContent content) {
    ObjectNode json = Json.object().put("id", id);
    json.setAll(content.toJson());
    return json;
  }

  /** With the relations to what is within the scope. */
  static ObjectNode describe(String id, OrgNode.Current current, Scope scope) {
    ObjectNode json = describe(id, current.content());
    json.put("state", current.retired() ? "retired" : "present");
    ArrayNode relations = json.putArray("relations");
    current.relations().stream()
        .filter(relation -> scope.hasEntity(relation.targetId()))
        .forEach(
            relation -> {
              ObjectNode one = relations.addObject();
              one.put("relation", relation.type().name());
              one.put("targetId", relation.targetId());
              one.put("targetType", relation.targetType().wireName());
              one.set("properties", relation.properties().toJson());
              one.put("validFrom", relation.validFrom().toString());
            });
    return json;
  }

  static ObjectNode describe(NodeThen then) {
    ObjectNode json = (ObjectNode) Json.tree(then.node());
    json.put("state", "present");
    json.set("relations", Json.tree(then.relations()));
    return json;
  }

  /** Member by member: a graph has thousands of them, and a mapper goes over each three times. */
  static ObjectNode describe(OrgGraph.Found found) {
    ObjectNode json = Json.object();
    ArrayNode nodes = json.putArray("nodes");
    for (NodeRow node : found.nodes()) {
      nodes
          .addObject()
          .put("id", node.id())
          .put("type", node.type())
          .put("label", node.label())
          .set("properties", node.properties());
    }
    ArrayNode relations = json.putArray("relations");
    for (OrgGraph.RelationRow relation : found.relations()) {
      ObjectNode one = relations.addObject();
      one.put("sourceId", relation.sourceId());
      one.put("relation", relation.relation());
      one.put("targetId", relation.targetId());
      one.put("targetType", relation.targetType());
      one.set("properties", relation.properties());
      one.put("validFrom", relation.validFrom().toString());
    }
    return json;
  }

  static ObjectNode describe(OrgNodes.Order order) {
    ObjectNode json = Json.object();
    json.put("sourceId", order.sourceId());
    json.put("relation", order.relation().name());
    json.put("targetId", order.targetId());
    json.set("properties", order.properties().toJson());
    if (order.validFrom() != null) {
      json.put("validFrom", order.validFrom().toString());
    }
    return json;
  }

  /**
   * What changed, when, and why: who acted, through which request or event, in which loop. Who
   * acted may be a person, whom not everybody may see.
   */
  static ObjectNode describe(HistoryRow row, Scope scope) {
    ObjectNode json = Json.object();
    json.put("revision", row.revision());
    json.put("at", row.at().toString());
    json.put("what", row.what());
    json.set("detail", row.detail());
    ObjectNode cause = json.putObject("cause");
    if (scope.people() || row.actor().startsWith("domain:") || row.actor().startsWith("key:")) {
      cause.put("actor", row.actor());
    }
    cause.put("kind", row.eventType() == null ? "request" : "event");
    cause.put("id", row.causationId());
    if (row.eventType() != null) {
      cause.put("eventType", row.eventType());
    }
    if (row.correlationId() != null) {
      cause.put("correlationId", row.correlationId());
    }
    return json;
  }
}
