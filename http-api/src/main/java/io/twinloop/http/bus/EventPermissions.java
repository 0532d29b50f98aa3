package io.twinloop.http.bus;

import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.http.Inputs;
import io.twinloop.http.Problems;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.util.Map;
import java.util.Optional;

/**
 * What the sender of an event must be allowed besides sending events: an event is acted upon, so it
 * takes what its effect would take at the route that has the same.
 */
final class EventPermissions {

  private static final Map<String, Permission> BY_TYPE =
      Map.of(
          "bpa.employee.onboarded", Permission.HR_FEED,
          "bpa.employee.offboarded", Permission.HR_FEED,
          "bpa.process.automated", Permission.TWIN_WRITE,
          "bpa.budget.approved", Permission.TWIN_WRITE,
          "bpa.contract.renewed", Permission.TWIN_WRITE,
          "bpa.sla.resolved", Permission.PROCESS_FEED,
          "bpa.workflow.completed", Permission.KPI_SAMPLE,
          "bpa.workflow.failed", Permission.KPI_SAMPLE,
          "bpa.kpi.updated", Permission.KPI_SAMPLE);

  private EventPermissions() {}

  /** Refuses an event whose effect its sender may not have. */
  static void check(Identity sender, IntegrationEvent event) {
    needed(event.type(), event.direction())
        .filter(permission -> !sender.may(permission))
        .ifPresent(
            permission -> {
              throw Problems.of(
                      "forbidden",
                      "The role %s may not send events of type %s %s: what they bring about needs the permission %s (%s)."
                          .formatted(
                              sender.role().wireName(),
                              Inputs.quoted(event.type()),
                              event.direction() == Direction.DTO_TO_BPA
                                  ? "to automation"
                                  : "to the twin",
                              permission.wireName(),
                              permission.covers()))
                  .refuse();
            });
  }

  /** Empty where nothing acts on such events. */
  static Optional<Permission> needed(String type, Direction direction) {
    boolean startsWorkflows =
        direction == Direction.DTO_TO_BPA
            || Catalogue.find(type)
                .filter(entry -> entry.direction() == Direction.DTO_TO_BPA)
                .isPresent();
    return startsWorkflows
        ? Optional.of(Permission.WORKFLOW_START)
        : Optional.ofNullable(BY_TYPE.get(type));
  }
}
