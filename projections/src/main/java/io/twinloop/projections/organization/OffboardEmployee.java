package io.twinloop.projections.organization;

import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.serialization.IntegrationEvent;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@code bpa.employee.offboarded}: the person's roles become vacant where nobody else holds them,
 * the unit's headcount falls, and the person belongs to no unit and holds no role any more. One
 * vacancy is detected: by the role, or where that is still held, by the unit that falls under its
 * minimum.
 *
 * <p>The roles are left before they become vacant, see {@link RoleVacancies}; the units last, after
 * they have counted the leaver: what a crash left undone is found again by that.
 */
public final class OffboardEmployee implements Effect {

  private final TwinNodes nodes;
  private final RoleHolders roles;
  private final Clock clock;

  public OffboardEmployee(Entities entities, Database database, Clock clock) {
    this.nodes = new TwinNodes(entities);
    this.roles = new RoleHolders(database, nodes);
    this.clock = clock;
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String employeeId = data.idOrSubject("employee_id");
          Optional<String> unitId = data.optionalId("unit_id");
          Optional<String> roleId = data.optionalId("role_id");
          Instant left = leftAt(data);
          return nodes
              .known(data, "employee_id", employeeId, NodeType.PERSON)
              .thenCompose(
                  person ->
                      check(data, "unit_id", unitId, NodeType.ORGANIZATION_UNIT)
                          .thenCompose(sound -> check(data, "role_id", roleId, NodeType.ROLE))
                          .thenCompose(
                              sound ->
                                  leave(
                                      data,
                                      employeeId,
                                      person,
                                      unitId.orElse(null),
                                      roleId.orElse(null),
                                      left)));
        });
  }

  /** The end of the last day, though not in the future; without a date when the event happened. */
  private Instant leftAt(EventData data) {
    Instant now = clock.instant();
    Instant left =
        data.date("left_on")
            .map(date -> date.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant())
            .orElse(data.event().time());
    return left.isAfter(now) ? now : left;
  }

  private CompletionStage<?> check(
      EventData data, String field, Optional<String> id, NodeType type) {
    return id.isEmpty()
        ? CompletableFuture.completedStage(null)
        : nodes.known(data, field, id.get(), type);
  }

  private CompletionStage<?> leave(
      EventData data,
      String employeeId,
      OrgNode.Current person,
      @Nullable String unitId,
      @Nullable String roleId,
      Instant left) {
    List<String> units = targets(person, RelationType.BELONGS_TO, null);
    List<String> held = targets(person, RelationType.HAS_ROLE, roleId);
    String unit = unitId != null ? unitId : units.isEmpty() ? null : units.get(0);
    return end(data, employeeId, person, RelationType.HAS_ROLE, left)
        .thenCompose(
            ended -> inOrder(held, each -> roles.leave(each, employeeId, unit, left, data.cause())))
        .thenCompose(
            vacant ->
                inOrder(
                    units,
                    each ->
                        nodes.ask(
                            each,
                            replyTo ->
                                new OrgNode.ChangeHeadcount(
                                    -1,
                                    held.isEmpty() ? null : held.get(0),
                                    vacant.contains(true),
                                    data.event().id(),
                                    data.cause(),
                                    replyTo))))
        .thenCompose(counted -> end(data, employeeId, person, RelationType.BELONGS_TO, left));
  }

  private CompletionStage<?> end(
      EventData data, String employeeId, OrgNode.Current person, RelationType type, Instant left) {
    return inOrder(
        person.relations().stream().filter(relation -> relation.type() == type).toList(),
        each -> end(data, employeeId, each, left));
  }

  private static List<String> targets(
      OrgNode.Current person, RelationType type, @Nullable String named) {
    TreeSet<String> ids = new TreeSet<>();
    person.relations().stream()
        .filter(relation -> relation.type() == type)
        .forEach(relation -> ids.add(relation.targetId()));
    List<String> ordered = new ArrayList<>(ids);
    if (named != null) {
      ordered.remove(named);
      ordered.add(0, named);
    }
    return ordered;
  }

  private CompletionStage<OrgNode.Accepted> end(
      EventData data, String employeeId, Relation relation, Instant left) {
    Instant until = left.isBefore(relation.validFrom()) ? relation.validFrom() : left;
    return nodes.ask(
        employeeId,
        replyTo ->
            new OrgNode.Unrelate(
                relation.type(),
                relation.targetId(),
                until.isAfter(clock.instant()) ? null : until,
                null,
                data.cause(),
                replyTo));
  }

  /** One after the other; answers what each came to. */
  private static <A, B> CompletionStage<List<B>> inOrder(
      List<A> all, Function<A, CompletionStage<B>> work) {
    CompletionStage<List<B>> done = CompletableFuture.completedStage(List.of());
    for (A each : all) {
      done =
          done.thenCompose(
              before ->
                  work.apply(each)
                      .thenApply(
                          result -> {
                            List<B> results = new ArrayList<>(before);
                            results.add(result);
                            return results;
                          }));
    }
    return done;
  }
}
