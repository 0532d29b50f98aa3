package io.twinloop.entities.organization;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import java.time.Instant;
import java.util.List;

/** A value of each of a node's events, with every field filled. */
public final class OrgNodeSamples {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");

  private OrgNodeSamples() {}

  public static List<OrgNode.Event> events() {
    NodeContent content =
        new NodeContent(
            NodeType.PROCESS,
            "Invoice approval",
            NodeProperties.of(
                JsonNodeFactory.instance
                    .objectNode()
                    .put("sla_days", 5)
                    .put("avg_duration_days", 8.2)
                    .put("automation_level", "manual")));
    NodeContent next =
        new NodeContent(
            NodeType.PROCESS,
            "Approval of invoices",
            NodeProperties.of(
                JsonNodeFactory.instance
                    .objectNode()
                    .put("sla_days", 5)
                    .put("avg_duration_days", 1.5)
                    .put("checked", true)));
    Relation relation =
        new Relation(
            RelationType.DEPENDS_ON,
            "goods-receipt",
            NodeType.PROCESS,
            NodeProperties.of(JsonNodeFactory.instance.objectNode().put("is_blocking", true)),
            AT);
    Relation changed =
        new Relation(
            RelationType.DEPENDS_ON,
            "goods-receipt",
            NodeType.PROCESS,
            NodeProperties.NONE,
            AT.minusSeconds(60));
    return List.of(
        new OrgNode.NodeCreated(content, AT, CAUSE),
        new OrgNode.NodeChanged(content.changeTo(next), AT, CAUSE),
        new OrgNode.Related(relation, AT, CAUSE),
        new OrgNode.RelationChanged(relation, changed, AT, CAUSE),
        new OrgNode.Unrelated(changed, AT.plusSeconds(60), AT, CAUSE),
        new OrgNode.NodeRetired(List.of(relation), AT, CAUSE));
  }
}
