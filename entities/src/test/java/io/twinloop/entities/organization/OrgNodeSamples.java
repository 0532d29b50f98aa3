package io.twinloop.entities.organization;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import java.time.Instant;
import java.util.ArrayList;
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
    List<OrgNode.Event> events = new ArrayList<>();
    for (Concern concern : concerns()) {
      OpenConcern open = new OpenConcern("concern-1", "loop-1", concern, AT, true);
      events.add(new OrgNode.ConcernRaised(open, false, content, AT, CAUSE));
    }
    OpenConcern open = new OpenConcern("concern-1", "loop-1", concerns().get(0), AT, true);
    events.add(new OrgNode.ConcernSettled(open, 1.5, AT.plusSeconds(60), CAUSE));
    events.add(new OrgNode.SlaResolved(1.5, 5.0, true, "event-1", AT, CAUSE));
    events.addAll(changes(content, next, relation, changed));
    return events;
  }

  /** One of each kind, with every field filled. */
  private static List<Concern> concerns() {
    return List.of(
        new Concern.SlaExceeded(8.2, 5),
        new Concern.Understaffed(4, 5, "buyer"),
        new Concern.RoleVacant("purchasing"),
        new Concern.VendorAtRisk(40, 80.0, 60),
        new Concern.BudgetOverrun(120_000.5, 100_000, "2026-03-01T12:00:00Z"),
        new Concern.DeadlineNear(AT.plusSeconds(864_000), 14, 10));
  }

  private static List<OrgNode.Event> changes(
      NodeContent content, NodeContent next, Relation relation, Relation changed) {
    return List.of(
        new OrgNode.NodeCreated(content, AT, CAUSE),
        new OrgNode.NodeChanged(content.changeTo(next), AT, CAUSE),
        new OrgNode.NodeChanged(content.changeTo(next), "event-1", AT, CAUSE),
        new OrgNode.Related(relation, AT, CAUSE),
        new OrgNode.RelationChanged(relation, changed, AT, CAUSE),
        new OrgNode.Unrelated(changed, AT.plusSeconds(60), AT, CAUSE),
        new OrgNode.NodeRetired(List.of(relation), AT, CAUSE));
  }
}
