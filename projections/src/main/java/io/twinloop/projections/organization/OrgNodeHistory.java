package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.Relation;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.serialization.Json;

/** What a node's event says to who reads its history. */
final class OrgNodeHistory {

  private OrgNodeHistory() {}

  /** What happened, in a word or two. */
  static String what(OrgNode.Event event) {
    if (event instanceof OrgNode.NodeCreated) {
      return "created";
    } else if (event instanceof OrgNode.NodeChanged) {
      return "changed";
    } else if (event instanceof OrgNode.Related) {
      return "related";
    } else if (event instanceof OrgNode.RelationChanged) {
      return "relation changed";
    } else if (event instanceof OrgNode.Unrelated) {
      return "relation ended";
    } else if (event instanceof OrgNode.NodeRetired) {
      return "retired";
    } else if (event instanceof OrgNode.ConcernRaised) {
      return "concern raised";
    } else if (event instanceof OrgNode.ConcernSettled) {
      return "concern settled";
    } else if (event instanceof OrgNode.SlaResolved) {
      return "resolved";
    }
    throw unknown(event);
  }

  /** With which values. */
  static ObjectNode detail(OrgNode.Event event) {
    if (event instanceof OrgNode.NodeCreated created) {
      return created.content().toJson();
    } else if (event instanceof OrgNode.NodeChanged changed) {
      return Json.object(changed.change());
    } else if (event instanceof OrgNode.Related related) {
      return describe(related.relation());
    } else if (event instanceof OrgNode.RelationChanged changed) {
      ObjectNode detail = Json.MAPPER.createObjectNode();
      detail.set("before", describe(changed.before()));
      detail.set("after", describe(changed.after()));
      return detail;
    } else if (event instanceof OrgNode.Unrelated unrelated) {
      return describe(unrelated.relation()).put("validUntil", unrelated.validUntil().toString());
    } else if (event instanceof OrgNode.NodeRetired retired) {
      ObjectNode detail = Json.MAPPER.createObjectNode();
      ArrayNode ended = detail.putArray("ended");
      retired.ended().forEach(relation -> ended.add(describe(relation)));
      return detail;
    } else if (event instanceof OrgNode.ConcernRaised raised) {
      return Json.object(raised.concern());
    } else if (event instanceof OrgNode.ConcernSettled settled) {
      ObjectNode detail = Json.object(settled.concern());
      return settled.value() == null ? detail : detail.put("value", settled.value());
    } else if (event instanceof OrgNode.SlaResolved resolved) {
      ObjectNode detail = Json.MAPPER.createObjectNode();
      detail.put("resolutionDays", resolved.resolutionDays());
      return resolved.slaDays() == null ? detail : detail.put("slaDays", resolved.slaDays());
    }
    throw unknown(event);
  }

  private static ObjectNode describe(Relation relation) {
    ObjectNode json = Json.MAPPER.createObjectNode();
    json.put("relation", relation.type().name());
    json.put("targetId", relation.targetId());
    json.put("targetType", relation.targetType().wireName());
    json.set("properties", relation.properties().toJson());
    return json.put("validFrom", relation.validFrom().toString());
  }

  private static IllegalArgumentException unknown(OrgNode.Event event) {
    return new IllegalArgumentException("No words for a " + event.getClass().getSimpleName());
  }
}
