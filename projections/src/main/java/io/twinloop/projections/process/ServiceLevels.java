package io.twinloop.projections.process;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What the twin says of a process: how long its cases may take, what ends them, who owns it. */
public final class ServiceLevels {

  /** Index org_relation_now_by_target; of several owners always the same one. */
  private static final String OWNER =
      """
      SELECT source_id FROM org_relation
      WHERE target_id = ? AND relation = 'OWNS_PROCESS' AND valid_until IS NULL
      ORDER BY source_id LIMIT 1
      """;

  private final Entities entities;
  private final Database database;

  public ServiceLevels(Entities entities, Database database) {
    this.entities = entities;
    this.database = database;
  }

  /** What the twin knows under a process's id. */
  public sealed interface Found permits Known, Other {}

  /**
   * A process. Cases may come before anybody has told the twin of it: then it is one of which
   * nothing is agreed.
   *
   * @param isNode whether the twin has a node of it
   * @param endActivities the activities that end a case, by the node's property {@code
   *     end_activities}
   */
  public record Known(ServiceLevel serviceLevel, Set<String> endActivities, boolean isNode)
      implements Found {
    public Known {
      endActivities = Set.copyOf(endActivities);
    }
  }

  /** Something else, or a process that is retired. */
  public record Other(NodeType type, boolean retired) implements Found {}

  /** What the twin says of it now. */
  public CompletionStage<Found> find(String processId) {
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(OrgNode.KEY, processId, OrgNode.Get::new)
        .thenCompose(
            reply -> {
              if (!(reply instanceof OrgNode.Current node)) {
                return CompletableFuture.completedStage(
                    new Known(ServiceLevel.NONE, Set.of(), false));
              }
              if (node.content().type() != NodeType.PROCESS || node.retired()) {
                return CompletableFuture.completedStage(
                    new Other(node.content().type(), node.retired()));
              }
              NodeProperties properties = node.content().properties();
              return owner(processId)
                  .thenApply(
                      owner ->
                          new Known(
                              new ServiceLevel(slaDays(properties), owner.orElse(null)),
                              endActivities(properties),
                              true));
            });
  }

  private CompletionStage<Optional<String>> owner(String processId) {
    return database.inTransaction(
        connection -> Sql.one(connection, OWNER, row -> row.getString("source_id"), processId));
  }

  private static @Nullable Double slaDays(NodeProperties properties) {
    JsonNode days = properties.get("sla_days");
    return days == null || !days.isNumber() ? null : Double.valueOf(days.doubleValue());
  }

  /** One activity as a text, or several as a list. */
  private static Set<String> endActivities(NodeProperties properties) {
    JsonNode named = properties.get("end_activities");
    Set<String> activities = new HashSet<>();
    if (named != null && named.isTextual()) {
      activities.add(named.textValue());
    } else if (named != null) {
      named.forEach(
          activity -> {
            if (activity.isTextual()) {
              activities.add(activity.textValue());
            }
          });
    }
    return activities;
  }
}
