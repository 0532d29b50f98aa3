package io.twinloop.entities.organization;

import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeSensing;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityIds;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a change of a node means for its concerns into events that follow the change's own.
 */
final class NodeConcerns {

  private final String nodeId;
  private final long firstNumber;
  private final List<OrgNode.Event> events;
  private final Instant now;
  private final Cause cause;
  private @Nullable String roleId;
  private boolean told = true;
  private @Nullable String loop;

  /**
   * For one change.
   *
   * @param firstNumber that the first of the events will have in the journal
   * @param events of the change, to which others are added
   */
  NodeConcerns(
      String nodeId, long firstNumber, List<OrgNode.Event> events, Instant now, Cause cause) {
    this.nodeId = nodeId;
    this.firstNumber = firstNumber;
    this.events = events;
    this.now = now;
    this.cause = cause;
    this.loop = cause.correlationId();
  }

  /**
   * For a change that one who came or left brought about.
   *
   * @param role that person's, absent where it is not known
   * @param tellIt whether a lack of people goes to the outside
   */
  NodeConcerns broughtAboutBy(@Nullable String role, boolean tellIt) {
    roleId = role;
    told = tellIt;
    return this;
  }

  void tell(List<OpenConcern> open, @Nullable NodeContent before, NodeContent after) {
    for (NodeSensing.Finding finding : NodeSensing.sense(open, before, after, now)) {
      if (finding instanceof NodeSensing.Raised raised) {
        OpenConcern concern = opened(raised.concern());
        events.add(new OrgNode.ConcernRaised(concern, false, after, now, cause));
      } else if (finding instanceof NodeSensing.Renewed renewed) {
        OpenConcern next = renewed.open().renewed(renewed.concern());
        events.add(new OrgNode.ConcernRaised(next, true, after, now, cause));
      } else if (finding instanceof NodeSensing.Settled settled) {
        events.add(new OrgNode.ConcernSettled(settled.open(), settled.value(), now, cause));
      }
    }
  }

  private OpenConcern opened(Concern concern) {
    // The number this event will have makes the id: a node may worry about the same thing again.
    String concernId =
        EntityIds.derived("concern", nodeId, Long.toString(firstNumber + events.size()));
    String correlationId = loop == null ? concernId : loop;
    loop = null; // the change's own loop has one beginning; a further concern is another
    return concern instanceof Concern.Understaffed understaffed
        ? new OpenConcern(concernId, correlationId, understaffed.after(roleId), now, told)
        : new OpenConcern(concernId, correlationId, concern, now, true);
  }
}
