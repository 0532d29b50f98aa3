package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.process.SlaBreach;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.serialization.Catalogue;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/** What a node's concerns say to the outside. */
public final class OrgNodeEvents {

  public static final String SLA_BREACH = "dto.process.sla_breach";
  static final String VACANCY_DETECTED = "dto.org.vacancy_detected";
  static final String OVERRUN_PREDICTED = "dto.budget.overrun_predicted";
  static final String RISK_ELEVATED = "dto.vendor.risk_elevated";
  static final String DEADLINE_APPROACHING = "dto.compliance.deadline_approaching";

  /** Fields of payloads that other nodes know. */
  static final Set<String> FROM_AROUND = Set.of("owner_unit_id", "process_ids", "role_title");

  private OrgNodeEvents() {}

  /**
   * The concern that a journaled event tells to the outside, empty for an event that tells none.
   */
  static Optional<OrgNode.ConcernRaised> told(EventEnvelope<OrgNode.Event> envelope) {
    return envelope.event() instanceof OrgNode.ConcernRaised raised && raised.concern().told()
        ? Optional.of(raised)
        : Optional.empty();
  }

  /** The id of its integration event, the same each time. */
  static String idOf(EventEnvelope<OrgNode.Event> envelope) {
    return EntityIds.derived(envelope.persistenceId(), Long.toString(envelope.sequenceNr()));
  }

  /** What its loop is about. */
  static LoopChange.Subject subjectOf(String nodeId, Concern concern) {
    return new LoopChange.Subject(
        typeOf(concern),
        subjectId(nodeId, concern),
        entityType(concern).wireName(),
        priorityOf(concern).wireName());
  }

  /**
   * The integration event of a concern that is told, with what the organisation around it knows.
   */
  static IntegrationEvent of(
      Connection connection, EventEnvelope<OrgNode.Event> envelope, OrgNode.ConcernRaised raised)
      throws SQLException {
    String nodeId = ReadModel.entityId(envelope);
    Concern concern = raised.concern().concern();
    String subject = subjectId(nodeId, concern);
    return new IntegrationEvent(
        idOf(envelope),
        typeOf(concern),
        "//dto/" + subject,
        subject,
        entityType(concern).wireName(),
        raised.at(),
        Direction.DTO_TO_BPA,
        priorityOf(concern),
        raised.concern().correlationId(),
        raised.cause().causationId(),
        IntegrationEvent.SCHEMA_VERSION,
        null,
        Map.of(),
        payload(connection, nodeId, concern, raised));
  }

  private static String typeOf(Concern concern) {
    if (concern instanceof Concern.SlaExceeded) {
      return SLA_BREACH;
    } else if (concern instanceof Concern.Understaffed || concern instanceof Concern.RoleVacant) {
      return VACANCY_DETECTED;
    } else if (concern instanceof Concern.BudgetOverrun) {
      return OVERRUN_PREDICTED;
    } else if (concern instanceof Concern.VendorAtRisk) {
      return RISK_ELEVATED;
    } else if (concern instanceof Concern.DeadlineNear) {
      return DEADLINE_APPROACHING;
    }
    throw new IllegalArgumentException("No event for a " + concern.getClass().getSimpleName());
  }

  /** A breach by more than half is critical; all else has its usual priority. */
  static Priority priorityOf(Concern concern) {
    return concern instanceof Concern.SlaExceeded exceeded && exceeded.breach().isCritical()
        ? Priority.CRITICAL
        : Catalogue.find(typeOf(concern)).orElseThrow().priority();
  }

  /** A vacancy is one of a role, where the role is known. */
  private static String subjectId(String nodeId, Concern concern) {
    return concern instanceof Concern.Understaffed understaffed && understaffed.roleId() != null
        ? understaffed.roleId()
        : nodeId;
  }

  private static NodeType entityType(Concern concern) {
    if (concern instanceof Concern.Understaffed understaffed) {
      return understaffed.roleId() == null ? NodeType.ORGANIZATION_UNIT : NodeType.ROLE;
    }
    return NodeType.of(Catalogue.find(typeOf(concern)).orElseThrow().entityType());
  }

  private static ObjectNode payload(
      Connection connection, String nodeId, Concern concern, OrgNode.ConcernRaised raised)
      throws SQLException {
    ObjectNode data = Json.MAPPER.createObjectNode();
    if (concern instanceof Concern.SlaExceeded exceeded) {
      breach(data, nodeId, exceeded.breach(), Surroundings.ownerOf(connection, nodeId));
    } else if (concern instanceof Concern.RoleVacant vacant) {
      data.put("unit_id", vacant.unitId());
      data.put("role_id", nodeId);
      data.put("role_title", titleOf(raised.content()));
      data.put("detected_at", raised.at().toString());
    } else if (concern instanceof Concern.Understaffed understaffed) {
      data.put("unit_id", nodeId);
      if (understaffed.roleId() != null) {
        data.put("role_id", understaffed.roleId());
        Surroundings.titleOf(connection, understaffed.roleId())
            .ifPresent(title -> data.put("role_title", title));
      }
      data.put("detected_at", raised.at().toString());
    } else if (concern instanceof Concern.BudgetOverrun overrun) {
      budget(data, nodeId, overrun);
    } else if (concern instanceof Concern.VendorAtRisk risk) {
      vendor(data, nodeId, risk, raised.content());
      List<String> processes = Surroundings.suppliedBy(connection, nodeId);
      if (!processes.isEmpty()) {
        ArrayNode ids = data.putArray("process_ids");
        processes.forEach(ids::add);
      }
    } else if (concern instanceof Concern.DeadlineNear near) {
      data.put("obligation_id", nodeId);
      data.put("title", titleOf(raised.content()));
      data.put("deadline", raised.content().text("deadline"));
      data.put("days_left", near.daysLeft());
      data.put("responsible_id", raised.content().text("responsible_id"));
    }
    data.properties().removeIf(field -> field.getValue().isNull());
    return data;
  }

  /** The payload of a breach, of a process or of one of its cases. */
  public static void breach(
      ObjectNode data, String processId, SlaBreach breach, Optional<String> ownerUnitId) {
    data.put("process_id", processId);
    data.put("actual_days", breach.actualDays());
    data.put("sla_days", breach.slaDays());
    data.put("delay_days", breach.delayDays());
    ownerUnitId.ifPresent(owner -> data.put("owner_unit_id", owner));
    if (Double.isFinite(breach.breachPercent())) {
      data.put("breach_pct", breach.breachPercent());
    }
  }

  private static void budget(ObjectNode data, String unitId, Concern.BudgetOverrun overrun) {
    data.put("unit_id", unitId);
    data.put("forecast_eur", overrun.forecastEur());
    data.put("budget_eur", overrun.budgetEur());
    if (Double.isFinite(overrun.overrunPercent())) {
      data.put("overrun_pct", overrun.overrunPercent());
    }
    data.put("forecast_date", overrun.forecastDate());
  }

  private static void vendor(
      ObjectNode data, String vendorId, Concern.VendorAtRisk risk, NodeContent content) {
    data.put("vendor_id", vendorId);
    data.put("vendor_name", content.label());
    data.put("score", risk.score());
    data.put("previous_score", risk.previousScore());
    data.put("threshold", risk.threshold());
    String expiry = content.text("contract_expiry");
    data.put("contract_expiry", expiry == null ? content.text("expiry_date") : expiry);
  }

  private static String titleOf(NodeContent content) {
    String title = content.text("title");
    return title == null ? content.label() : title;
  }
}
