package io.twinloop.entities.organization;

import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.kpi.Kpi;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Relates nodes: asks the target what it is, sees that a hierarchy stays one, then tells the
 * source.
 *
 * <p>Each end is asked by itself, so two relations that are made at the same moment can still close
 * a circle together, and a target can be retired a moment later.
 */
public final class OrgNodes {

  private final Entities entities;

  public OrgNodes(Entities entities) {
    this.entities = entities;
  }

  /**
   * A relation that is to hold.
   *
   * @param validFrom since when; absent means now, or for a relation that holds: unchanged
   * @param expectedRevision of the source; absent where any will do
   */
  public record Order(
      String sourceId,
      RelationType relation,
      String targetId,
      NodeProperties properties,
      @Nullable Instant validFrom,
      @Nullable Long expectedRevision) {}

  /** Begins the relation or changes it; the reply is {@code Accepted} or {@code Rejected}. */
  public CompletionStage<OrgNode.Reply> relate(Order order, Cause cause) {
    return order.relation().allowedEnds().get(0).to() == NodeType.KPI
        ? relateToKpi(order, cause)
        : relateToNode(order, cause);
  }

  private CompletionStage<OrgNode.Reply> relateToKpi(Order order, Cause cause) {
    return entities
        .<Kpi.Command, Kpi.Reply>ask(Kpi.KEY, order.targetId(), Kpi.Get::new)
        .thenCompose(
            reply -> {
              if (!(reply instanceof Kpi.Current target)) {
                return refused(
                    Refusals.NOT_FOUND,
                    "There is no KPI '%s' for %s of '%s'."
                        .formatted(order.targetId(), order.relation(), order.sourceId()));
              }
              return target.retired() ? retired("KPI", order) : relate(order, NodeType.KPI, cause);
            });
  }

  private CompletionStage<OrgNode.Reply> relateToNode(Order order, Cause cause) {
    return node(order.targetId())
        .thenCompose(
            reply -> {
              if (!(reply instanceof OrgNode.Current target)) {
                return refused(
                    Refusals.NOT_FOUND,
                    "There is no node '%s' for %s of '%s'."
                        .formatted(order.targetId(), order.relation(), order.sourceId()));
              }
              if (target.retired()) {
                return retired("Node", order);
              }
              NodeType type = target.content().type();
              return order.relation().isHierarchy()
                  ? relateUpwards(order, target, cause)
                  : relate(order, type, cause);
            });
  }

  private CompletionStage<OrgNode.Reply> relateUpwards(
      Order order, OrgNode.Current target, Cause cause) {
    Map<String, String> cameFrom = new HashMap<>();
    cameFrom.put(order.targetId(), order.sourceId());
    return climb(order, List.of(order.targetId()), cameFrom)
        .thenCompose(
            back ->
                back
                    ? refused(
                        Refusals.REFUSED,
                        "%s from '%s' to '%s' would lead in a circle: %s."
                            .formatted(
                                order.relation(),
                                order.sourceId(),
                                order.targetId(),
                                circle(order, cameFrom)))
                    : relate(order, target.content().type(), cause));
  }

  /**
   * Whether the way up from these nodes comes to the source.
   *
   * @param cameFrom for each node that was reached the one below it
   */
  private CompletionStage<Boolean> climb(
      Order order, List<String> reached, Map<String, String> cameFrom) {
    if (reached.contains(order.sourceId()) || reached.isEmpty()) {
      return CompletableFuture.completedStage(!reached.isEmpty());
    }
    List<CompletableFuture<OrgNode.Reply>> asked =
        reached.stream().map(id -> node(id).toCompletableFuture()).toList();
    return CompletableFuture.allOf(asked.toArray(CompletableFuture<?>[]::new))
        .thenCompose(
            all -> {
              List<String> next = new ArrayList<>();
              for (int i = 0; i < reached.size(); i++) {
                for (String above : above(order.relation(), asked.get(i).join())) {
                  if (cameFrom.putIfAbsent(above, reached.get(i)) == null) {
                    next.add(above);
                  }
                }
              }
              return climb(order, next, cameFrom);
            });
  }

  private static List<String> above(RelationType type, OrgNode.Reply reply) {
    return reply instanceof OrgNode.Current node
        ? node.relations().stream()
            .filter(relation -> relation.type() == type)
            .map(Relation::targetId)
            .toList()
        : List.of();
  }

  private static String circle(Order order, Map<String, String> cameFrom) {
    Deque<String> way = new ArrayDeque<>(List.of(order.sourceId()));
    do {
      way.addFirst(cameFrom.get(way.getFirst()));
    } while (!way.getFirst().equals(order.sourceId()));
    return String.join(" → ", way);
  }

  private CompletionStage<OrgNode.Reply> node(String id) {
    return entities.ask(OrgNode.KEY, id, OrgNode.Get::new);
  }

  private CompletionStage<OrgNode.Reply> relate(Order order, NodeType targetType, Cause cause) {
    return entities.ask(
        OrgNode.KEY,
        order.sourceId(),
        replyTo ->
            new OrgNode.Relate(
                order.relation(),
                order.targetId(),
                targetType,
                order.properties(),
                order.validFrom(),
                order.expectedRevision(),
                cause,
                replyTo));
  }

  private static CompletionStage<OrgNode.Reply> retired(String kind, Order order) {
    return refused(
        Refusals.WRONG_STATE,
        "%s '%s' is retired; %s of '%s' needs one that is not."
            .formatted(kind, order.targetId(), order.relation(), order.sourceId()));
  }

  private static CompletionStage<OrgNode.Reply> refused(String code, String sentence) {
    return CompletableFuture.completedStage(new OrgNode.Rejected(code, sentence));
  }
}
