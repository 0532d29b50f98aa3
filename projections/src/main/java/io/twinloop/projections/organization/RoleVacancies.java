package io.twinloop.projections.organization;

import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModel;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;
import org.jspecify.annotations.Nullable;

/**
 * A role whose last holder leaves it becomes vacant, and one that somebody takes is vacant no more,
 * whoever made it so: a person, an import, or automation.
 */
public final class RoleVacancies extends Handler<List<EventEnvelope<OrgNode.Event>>> {

  private final TwinNodes nodes;
  private final RoleHolders roles;

  public RoleVacancies(Entities entities, Database database) {
    this.nodes = new TwinNodes(entities);
    this.roles = new RoleHolders(database, nodes);
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<OrgNode.Event>> envelopes) {
    CompletionStage<?> done = CompletableFuture.completedStage(null);
    for (EventEnvelope<OrgNode.Event> envelope : envelopes) {
      done = done.thenCompose(before -> follow(ReadModel.entityId(envelope), envelope.event()));
    }
    return done.thenApply(all -> Done.getInstance());
  }

  /** What counts is how it stands now: an event may come again, when more has happened. */
  private CompletionStage<?> follow(String personId, OrgNode.Event event) {
    if (event instanceof OrgNode.Related related && isRole(related.relation())) {
      return taken(personId, related.relation().targetId(), event.cause());
    } else if (event instanceof OrgNode.Unrelated left && isRole(left.relation())) {
      Relation held = left.relation();
      return relationsOf(personId)
          .thenCompose(
              now ->
                  holds(now, held.targetId())
                      ? CompletableFuture.completedStage(null)
                      : left(held, personId, unitIn(now), left.validUntil(), event.cause()));
    } else if (event instanceof OrgNode.NodeRetired retired) {
      CompletionStage<?> done = CompletableFuture.completedStage(null);
      for (Relation held : retired.ended().stream().filter(RoleVacancies::isRole).toList()) {
        done =
            done.thenCompose(
                before ->
                    left(held, personId, unitIn(retired.ended()), retired.at(), retired.cause()));
      }
      return done;
    }
    return CompletableFuture.completedStage(null);
  }

  private CompletionStage<List<Relation>> relationsOf(String personId) {
    return nodes
        .find(personId)
        .thenApply(person -> person.map(OrgNode.Current::relations).orElse(List.of()));
  }

  private static boolean holds(List<Relation> relations, String roleId) {
    return relations.stream().anyMatch(held -> held.is(RelationType.HAS_ROLE, roleId));
  }

  private CompletionStage<?> left(
      Relation held, String personId, @Nullable String unitId, Instant at, Cause cause) {
    return roles.leave(held.targetId(), personId, unitId, at, cause);
  }

  /**
   * The role is asked first: where it is vacant already, whoever made it so has ended the relation
   * before, and a person who still holds it took it afterwards.
   */
  private CompletionStage<?> taken(String personId, String roleId, Cause cause) {
    return nodes
        .find(roleId)
        .thenCompose(
            role ->
                role.isEmpty() || role.get().retired() || !RoleHolders.isVacant(role.get())
                    ? CompletableFuture.completedStage(null)
                    : relationsOf(personId)
                        .thenCompose(
                            now ->
                                holds(now, roleId)
                                    ? roles.fill(role.get(), roleId, cause)
                                    : CompletableFuture.completedStage(null)));
  }

  private static boolean isRole(Relation relation) {
    return relation.type() == RelationType.HAS_ROLE;
  }

  private static @Nullable String unitIn(List<Relation> relations) {
    return relations.stream()
        .filter(relation -> relation.type() == RelationType.BELONGS_TO)
        .map(Relation::targetId)
        .findFirst()
        .orElse(null);
  }
}
