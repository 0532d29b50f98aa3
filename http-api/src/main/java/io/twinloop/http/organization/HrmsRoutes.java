package io.twinloop.http.organization;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.workflow.BuiltInWorkflows;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Inputs;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.personaldata.PersonalData;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * What the HR system tells: somebody joins or leaves. A workflow answers; its id follows from the
 * news, so the same news twice starts one.
 */
public final class HrmsRoutes {

  /** What is read; the rest of what an HR system may send is neither kept nor passed on. */
  private static final List<String> KNOWN =
      List.of(
          "event", "employeeId", "unitId", "date", "roleId", "seniority", "fte", "anonymizedName");

  private static final Map<String, Event> EVENTS =
      Map.of("employment_started", Event.STARTED, "employment_ended", Event.ENDED);

  private enum Event {
    STARTED,
    ENDED
  }

  private final Entities entities;
  private final Workflows workflows;
  private final PersonalData personalData;

  public HrmsRoutes(Entities entities, Workflows workflows, PersonalData personalData) {
    this.entities = entities;
    this.workflows = workflows;
    this.personalData = personalData;
  }

  public List<Endpoint> endpoints() {
    return List.of(Endpoint.post("/api/v1/webhooks/hrms", Permission.HR_FEED, this::receive));
  }

  /**
   * What HR says.
   *
   * @param date the first or the last day
   */
  private record News(
      Event event,
      String employeeId,
      String unitId,
      LocalDate date,
      Optional<String> roleId,
      Optional<String> seniority,
      OptionalDouble fte,
      Optional<String> anonymizedName) {

    String workflowId() {
      return EntityIds.derived("hrms", event.name(), employeeId, date.toString());
    }
  }

  private CompletionStage<HttpResponse> receive(Call call) {
    return flatMap(
        call.json(),
        body -> {
          News news = JsonFields.read(known(body), HrmsRoutes::news);
          return flatMap(
              entities.<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
                  WorkflowInstance.KEY, news.workflowId(), WorkflowInstance.Get::new),
              reply ->
                  reply instanceof WorkflowInstance.Current current
                      ? CompletableFuture.completedStage(started(news, current.seqNr()))
                      : begin(call, news));
        });
  }

  private static JsonNode known(JsonNode body) {
    return body instanceof ObjectNode object ? object.deepCopy().retain(KNOWN) : body;
  }

  private static News news(JsonFields fields) {
    OptionalDouble fte = fields.optionalNumber("fte");
    if (fte.isPresent() && (fte.getAsDouble() < 0 || fte.getAsDouble() > 2)) {
      fields.refuse("fte", "Expected a number from 0 to 2, not " + fte.getAsDouble() + ".");
    }
    return new News(
        fields.oneOf("event", EVENTS),
        fields.id("employeeId"),
        fields.id("unitId"),
        date(fields),
        fields.optionalId("roleId"),
        fields.optionalString("seniority", 500),
        fte,
        fields.optionalString("anonymizedName", 500));
  }

  /** A date, or an instant of which the date in UTC counts. */
  private static LocalDate date(JsonFields fields) {
    String text = fields.string("date");
    Optional<LocalDate> date = text.isEmpty() ? Optional.of(LocalDate.EPOCH) : dateOf(text);
    if (date.isEmpty()) {
      fields.refuse(
          "date",
          "Expected a date from 1900 to 2199 such as 2026-03-31, not " + Inputs.quoted(text) + ".");
    }
    return date.orElse(LocalDate.EPOCH);
  }

  private static Optional<LocalDate> dateOf(String text) {
    try {
      return Optional.of(LocalDate.parse(text))
          .filter(date -> date.getYear() >= 1900 && date.getYear() < 2200);
    } catch (DateTimeException e) {
      return Inputs.instant(text).map(instant -> instant.atZone(ZoneOffset.UTC).toLocalDate());
    }
  }

  /** Looks whether the twin knows whom and what this is about, then starts the workflow. */
  private CompletionStage<HttpResponse> begin(Call call, News news) {
    return flatMap(
        node(news.unitId()),
        unit -> {
          requirePresent("unit", news.unitId(), NodeType.ORGANIZATION_UNIT, unit);
          return flatMap(
              checkRole(news),
              sound ->
                  flatMap(
                      node(news.employeeId()),
                      person ->
                          news.event() == Event.STARTED
                              ? join(call, news, person)
                              : leave(call, news, person)));
        });
  }

  private CompletionStage<Boolean> checkRole(News news) {
    if (news.roleId().isEmpty()) {
      return CompletableFuture.completedStage(true);
    }
    String roleId = news.roleId().get();
    return map(
        node(roleId),
        role -> {
          requirePresent("role", roleId, NodeType.ROLE, role);
          return true;
        });
  }

  private CompletionStage<HttpResponse> join(Call call, News news, OrgNode.Reply person) {
    if (person instanceof OrgNode.Current) {
      requirePresent("employee", news.employeeId(), NodeType.PERSON, person);
    }
    return flatMap(
        personalData.sealOf(news.employeeId(), joining(news)),
        input -> start(call, news, BuiltInWorkflows.EMPLOYEE_ONBOARDING, input));
  }

  private CompletionStage<HttpResponse> leave(Call call, News news, OrgNode.Reply person) {
    OrgNode.Current leaver = requirePresent("employee", news.employeeId(), NodeType.PERSON, person);
    requireMember(news, leaver);
    return start(call, news, BuiltInWorkflows.EMPLOYEE_OFFBOARDING, leaving(news, leaver));
  }

  private CompletionStage<OrgNode.Reply> node(String id) {
    return entities.ask(OrgNode.KEY, id, OrgNode.Get::new);
  }

  private static OrgNode.Current requirePresent(
      String what, String id, NodeType type, OrgNode.Reply reply) {
    if (!(reply instanceof OrgNode.Current node)) {
      throw refused(Refusals.NOT_FOUND, "The twin knows no %s '%s'.".formatted(what, id));
    }
    if (node.content().type() != type) {
      throw refused(
          Refusals.REFUSED,
          "'%s' is a %s, expected a %s as %s."
              .formatted(id, node.content().type().wireName(), type.wireName(), what));
    }
    if (node.retired()) {
      throw refused(Refusals.WRONG_STATE, "The %s '%s' is retired.".formatted(what, id));
    }
    return node;
  }

  private static void requireMember(News news, OrgNode.Current leaver) {
    List<String> units = targets(leaver, RelationType.BELONGS_TO);
    if (!units.contains(news.unitId())) {
      throw refused(
          Refusals.REFUSED,
          "Employee '%s' does not belong to unit '%s'%s."
              .formatted(
                  news.employeeId(),
                  news.unitId(),
                  units.isEmpty() ? " or any other" : ", but to " + String.join(", ", units)));
    }
  }

  private static ProblemException refused(String code, String sentence) {
    return Problems.of(code, sentence).refuse();
  }

  private static List<String> targets(OrgNode.Current node, RelationType type) {
    return node.relations().stream()
        .filter(relation -> relation.type() == type)
        .map(Relation::targetId)
        .sorted()
        .toList();
  }

  private static ObjectNode joining(News news) {
    ObjectNode input = about(news).put("join_date", news.date().toString());
    news.roleId().ifPresent(role -> input.put("role_id", role));
    news.seniority().ifPresent(seniority -> input.put("seniority", seniority));
    news.fte().ifPresent(fte -> input.put("fte", fte));
    news.anonymizedName().ifPresent(name -> input.put("anonymized_name", name));
    return input;
  }

  /** The role is the one HR names, else the one the twin knows; the first of several. */
  private static ObjectNode leaving(News news, OrgNode.Current leaver) {
    ObjectNode input = about(news).put("left_on", news.date().toString());
    news.roleId()
        .or(() -> targets(leaver, RelationType.HAS_ROLE).stream().findFirst())
        .ifPresent(role -> input.put("role_id", role));
    return input;
  }

  private static ObjectNode about(News news) {
    return Json.object()
        .put("employee_id", news.employeeId())
        .put("unit_id", news.unitId())
        .put("entity_id", news.employeeId())
        .put("entity_type", NodeType.PERSON.wireName());
  }

  private CompletionStage<HttpResponse> start(
      Call call, News news, String definition, ObjectNode input) {
    String correlationId = call.caller().correlationId();
    Workflows.Order order =
        new Workflows.Order(
            BuiltInWorkflows.NAMESPACE,
            definition,
            null,
            news.workflowId(),
            input.put("correlation_id", correlationId),
            news.employeeId(),
            NodeType.PERSON.wireName(),
            correlationId);
    Cause cause = new Cause(correlationId, call.commandId(), call.caller().actor());
    return map(
        workflows.start(order, cause),
        reply ->
            reply instanceof WorkflowInstance.Accepted accepted
                ? started(news, accepted.seqNr())
                : rejected((WorkflowInstance.Rejected) reply));
  }

  private static HttpResponse rejected(WorkflowInstance.Rejected rejected) {
    return Answers.refused(rejected.code(), rejected.sentence());
  }

  private static HttpResponse started(News news, long seqNr) {
    String id = news.workflowId();
    return Answers.withPosition(
        Answers.accepted("/api/v1/workflows/" + id, Json.object().put("workflowId", id)),
        ReadPosition.of(WorkflowInstance.KEY.name() + "|" + id, seqNr));
  }
}
