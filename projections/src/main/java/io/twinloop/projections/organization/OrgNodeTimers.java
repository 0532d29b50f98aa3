package io.twinloop.projections.organization;

import io.twinloop.domain.organization.ComplianceDeadline;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.TimerFirer;
import io.twinloop.projections.Timers;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The reminders of obligations: set as their deadlines are told, and brought to them when due. */
public final class OrgNodeTimers implements TimerFirer.Target {

  private static final String REMINDER = "reminder:";

  private final Entities entities;

  public OrgNodeTimers(Entities entities) {
    this.entities = entities;
  }

  /**
   * Sets the reminders that are still to come, of a content told at this time; drops all others.
   */
  static void set(Connection connection, String id, NodeContent content, Instant toldAt)
      throws SQLException {
    drop(connection, id);
    Optional<ComplianceDeadline> deadline = ComplianceDeadline.of(content);
    if (deadline.isPresent()) {
      for (int days : ComplianceDeadline.STAGES) {
        Instant dueAt = deadline.get().dueAt(days);
        if (dueAt.isAfter(toldAt)) {
          Timers.set(connection, OrgNode.KEY.name(), id, REMINDER + days, dueAt);
        }
      }
    }
  }

  static void drop(Connection connection, String id) throws SQLException {
    Timers.dropAll(connection, OrgNode.KEY.name(), id);
  }

  @Override
  public CompletionStage<Boolean> fire(String id, String timerId) {
    int days = Integer.parseInt(timerId.substring(REMINDER.length()));
    Cause cause = new Cause(null, timerId, "timer");
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(
            OrgNode.KEY, id, replyTo -> new OrgNode.Remind(days, cause, replyTo))
        .thenApply(
            reply ->
                !(reply instanceof OrgNode.Rejected rejected
                    && rejected.code().equals(Refusals.WRONG_STATE)));
  }
}
