package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Entities;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodes;
import io.twinloop.projections.Database;
import io.twinloop.projections.bus.Effect;
import io.twinloop.projections.bus.EventData;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * {@code bpa.employee.onboarded}: the person is in the twin and belongs to the unit, whose
 * headcount rises. Where the event also names a {@code role_id}, the person holds that role.
 *
 * <p>The headcount is counted before the person belongs to the unit: one who belongs was counted.
 */
public final class OnboardEmployee implements Effect {

  private final TwinNodes nodes;
  private final OrgNodes relations;
  private final RoleHolders roles;
  private final PersonalData personalData;

  /**
   * @param personalData seals what a caller may have left in clear
   */
  public OnboardEmployee(Entities entities, Database database, PersonalData personalData) {
    this.personalData = personalData;
    this.nodes = new TwinNodes(entities);
    this.relations = new OrgNodes(entities);
    this.roles = new RoleHolders(database, nodes);
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    return EventData.taken(
        event,
        data -> {
          String employeeId = data.idOrSubject("employee_id");
          String unitId = data.id("unit_id");
          Optional<String> roleId = data.optionalId("role_id");
          ObjectNode person = personIn(data, employeeId);
          Optional<LocalDate> joined = data.date("join_date");
          ObjectNode belongs = Json.MAPPER.createObjectNode();
          belongs.put("fte", data.optionalNumber("fte").orElse(1.0));
          joined.ifPresent(date -> belongs.put("since_date", date.toString()));
          Instant since = joined.map(OnboardEmployee::begin).orElse(null);
          return nodes
              .known(data, "unit_id", unitId, NodeType.ORGANIZATION_UNIT)
              .thenCompose(unit -> role(data, roleId))
              .thenCompose(
                  role ->
                      personalData
                          .sealData(person, employeeId)
                          .thenCompose(ready -> add(data, employeeId, ready))
                          .thenCompose(added -> count(data, employeeId, unitId, roleId))
                          .thenCompose(
                              counted ->
                                  relate(
                                      data,
                                      employeeId,
                                      RelationType.BELONGS_TO,
                                      unitId,
                                      NodeProperties.of(belongs),
                                      since))
                          .thenCompose(belonging -> take(data, employeeId, roleId, role, since)));
        });
  }

  private static ObjectNode personIn(EventData data, String employeeId) {
    ObjectNode properties = Json.MAPPER.createObjectNode();
    properties.put("employee_id", employeeId);
    data.text("anonymized_name").ifPresent(name -> properties.put("anonymized_name", name));
    data.text("seniority").ifPresent(level -> properties.put("seniority", level));
    properties.put("fte", data.optionalNumber("fte").orElse(1.0));
    data.date("join_date").ifPresent(date -> properties.put("join_date", date.toString()));
    return properties;
  }

  private CompletionStage<Optional<OrgNode.Current>> role(EventData data, Optional<String> roleId) {
    return roleId.isEmpty()
        ? CompletableFuture.completedStage(Optional.empty())
        : nodes.known(data, "role_id", roleId.get(), NodeType.ROLE).thenApply(Optional::of);
  }

  private CompletionStage<?> add(EventData data, String employeeId, ObjectNode properties) {
    return nodes
        .find(employeeId)
        .thenCompose(
            known ->
                known.isPresent()
                    ? nodes
                        .known(data, "employee_id", employeeId, NodeType.PERSON)
                        .thenCompose(person -> nodes.patch(employeeId, properties, data.cause()))
                    : nodes.ask(
                        employeeId,
                        replyTo ->
                            new OrgNode.Put(
                                NodeType.PERSON,
                                properties.path("anonymized_name").asText(employeeId),
                                NodeProperties.of(properties),
                                null,
                                data.cause(),
                                replyTo)));
  }

  private CompletionStage<?> count(
      EventData data, String employeeId, String unitId, Optional<String> roleId) {
    return nodes
        .find(employeeId)
        .thenCompose(
            person ->
                person.isPresent()
                        && person.get().relations().stream()
                            .anyMatch(held -> held.is(RelationType.BELONGS_TO, unitId))
                    ? CompletableFuture.completedStage(null)
                    : nodes.ask(
                        unitId,
                        replyTo ->
                            new OrgNode.ChangeHeadcount(
                                1,
                                roleId.orElse(null),
                                false,
                                data.event().id(),
                                data.cause(),
                                replyTo)));
  }

  private CompletionStage<?> take(
      EventData data,
      String employeeId,
      Optional<String> roleId,
      Optional<OrgNode.Current> role,
      @Nullable Instant since) {
    return roleId.isEmpty()
        ? CompletableFuture.completedStage(null)
        : relate(data, employeeId, RelationType.HAS_ROLE, roleId.get(), NodeProperties.NONE, since)
            .thenCompose(held -> roles.fill(role.orElseThrow(), roleId.get(), data.cause()));
  }

  private CompletionStage<OrgNode.Accepted> relate(
      EventData data,
      String employeeId,
      RelationType type,
      String targetId,
      NodeProperties properties,
      @Nullable Instant since) {
    OrgNodes.Order order = new OrgNodes.Order(employeeId, type, targetId, properties, since, null);
    return relations.relate(order, data.cause()).thenApply(TwinNodes::accepted);
  }

  private static Instant begin(LocalDate date) {
    return date.atStartOfDay(ZoneOffset.UTC).toInstant();
  }
}
