package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Who holds a role; a role that nobody holds any more is vacant. */
final class RoleHolders {

  private final Database database;
  private final TwinNodes nodes;

  RoleHolders(Database database, TwinNodes nodes) {
    this.database = database;
    this.nodes = nodes;
  }

  /**
   * Makes a role vacant when nobody but the one who leaves holds it.
   *
   * @param unitId where it is to be filled
   * @return whether it is vacant, and so tells of it
   */
  CompletionStage<Boolean> leave(
      String roleId, String leaverId, @Nullable String unitId, Instant since, Cause cause) {
    return nodes
        .find(roleId)
        .thenCompose(
            role -> {
              if (role.isEmpty() || role.get().retired()) {
                return CompletableFuture.completedStage(false);
              }
              if (isVacant(role.get())) {
                return CompletableFuture.completedStage(true);
              }
              return isHeldByAnother(roleId, leaverId)
                  .thenCompose(
                      held ->
                          held
                              ? CompletableFuture.completedStage(false)
                              : vacate(roleId, unitId, since, cause));
            });
  }

  private CompletionStage<Boolean> vacate(
      String roleId, @Nullable String unitId, Instant since, Cause cause) {
    ObjectNode properties = Json.MAPPER.createObjectNode();
    properties.put("vacant", true);
    properties.put("vacant_since", since.toString());
    properties.put("vacant_unit_id", unitId);
    return nodes.patch(roleId, properties, cause).thenApply(done -> true);
  }

  /** A role that somebody took is vacant no more. */
  CompletionStage<?> fill(OrgNode.Current role, String roleId, Cause cause) {
    if (!isVacant(role)) {
      return CompletableFuture.completedStage(null);
    }
    ObjectNode properties = Json.MAPPER.createObjectNode();
    properties.put("vacant", false);
    properties.putNull("vacant_since");
    properties.putNull("vacant_unit_id");
    return nodes.patch(roleId, properties, cause);
  }

  static boolean isVacant(OrgNode.Current role) {
    return role.content().properties().toJson().path("vacant").asBoolean(false);
  }

  /** The read model names those who may hold it; each is asked, for it may be a moment behind. */
  private CompletionStage<Boolean> isHeldByAnother(String roleId, String leaverId) {
    return database
        .inTransaction(connection -> Surroundings.holdersOf(connection, roleId))
        .thenCompose(
            holders ->
                anyHolds(roleId, holders.stream().filter(id -> !id.equals(leaverId)).toList()));
  }

  private CompletionStage<Boolean> anyHolds(String roleId, List<String> people) {
    if (people.isEmpty()) {
      return CompletableFuture.completedStage(false);
    }
    return nodes
        .find(people.get(0))
        .thenCompose(
            person ->
                person.isPresent()
                        && person.get().relations().stream()
                            .anyMatch(held -> held.is(RelationType.HAS_ROLE, roleId))
                    ? CompletableFuture.completedStage(true)
                    : anyHolds(roleId, people.subList(1, people.size())));
  }
}
