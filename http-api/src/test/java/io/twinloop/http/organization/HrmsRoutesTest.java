package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.workflow.BuiltInWorkflows;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.kpi.KpiReadings;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.entities.organization.OrgNodes;
import io.twinloop.entities.workflow.Outside;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Endpoint;
import io.twinloop.http.EntitySystem;
import io.twinloop.http.OpenApiAnswers;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import java.time.Clock;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What HR tells, over HTTP, on real entities. */
class HrmsRoutesTest {

  private static final String WEBHOOK = "/api/v1/webhooks/hrms";
  private static final Cause CAUSE = new Cause(null, "test", "test");

  private static EntitySystem entities;
  private static TestServer server;

  @BeforeAll
  static void start() {
    entities = new EntitySystem();
    Workflows workflows = new Workflows(entities.entities());
    Clock clock = Clock.systemUTC();
    OrgNode.init(entities.sharding(), clock);
    WorkflowDefinition.init(entities.sharding(), clock);
    WorkflowInstance.init(
        entities.sharding(),
        new Outside(
            (call, key) -> {
              throw new AssertionError("No workflow of these tests calls out");
            },
            new KpiReadings(entities.entities()),
            workflows::start),
        clock);
    BuiltInWorkflows.sources().forEach(source -> register(workflows, source));
    has(NodeType.ORGANIZATION_UNIT, "finance");
    has(NodeType.ORGANIZATION_UNIT, "sales");
    has(NodeType.ROLE, "accountant");
    for (String person : new String[] {"e-1", "e-2", "e-3"}) {
      has(NodeType.PERSON, person);
      relate(person, RelationType.BELONGS_TO, "finance");
      relate(person, RelationType.HAS_ROLE, "accountant");
    }
    server =
        TestServer.with(
                new HrmsRoutes(entities.entities(), workflows, TestPersonalData.create())
                    .endpoints()
                    .toArray(Endpoint[]::new))
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    entities.close();
  }

  @Test
  void shouldStartTheOffboardingOnceWithTheRoleTheTwinKnows() {
    Reply first = post(news("employment_ended", "e-1", "finance"));
    Reply again = post(news("employment_ended", "e-1", "finance"));

    assertThat(first.statusCode()).as(first.body()).isEqualTo(202);
    String id = json(first).path("workflowId").textValue();
    assertThat(first.headers().firstValue("Location")).hasValue("/api/v1/workflows/" + id);
    assertThat(again.statusCode()).isEqualTo(202);
    assertThat(json(again).path("workflowId").textValue()).isEqualTo(id);
    WorkflowInstance.Current run = run(id);
    assertThat(run.run().name()).isEqualTo(BuiltInWorkflows.EMPLOYEE_OFFBOARDING);
    assertThat(run.run().entityId()).isEqualTo("e-1");
    assertThat(run.input().path("role_id").textValue()).isEqualTo("accountant");
    assertThat(run.input().path("left_on").textValue()).isEqualTo("2026-03-31");
    assertThat(run.input().path("correlation_id").textValue()).isEqualTo(run.run().correlationId());
  }

  @Test
  void shouldGiveTheFirstAnswerAlsoWhenTheTwinHasFollowed() {
    Reply first = post(news("employment_ended", "e-2", "finance"));
    await(
        entities
            .entities()
            .<OrgNode.Command, OrgNode.Reply>ask(
                OrgNode.KEY,
                "e-2",
                to ->
                    new OrgNode.Unrelate(
                        RelationType.BELONGS_TO, "finance", null, null, CAUSE, to)));

    Reply again = post(news("employment_ended", "e-2", "finance"));

    assertThat(again.statusCode()).isEqualTo(202);
    assertThat(json(again)).isEqualTo(json(first));
  }

  @Test
  void shouldStartTheOnboardingOfSomebodyTheTwinDoesNotKnowYet() {
    Reply reply =
        post(
            """
            {"event": "employment_started", "employeeId": "e-9", "unitId": "finance",
             "date": "2026-03-31T08:00:00Z", "roleId": "accountant", "seniority": "senior",
             "fte": 0.8, "anonymizedName": "Person 9", "privateAddress": "not ours to keep"}
            """);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(202);
    WorkflowInstance.Current run = run(json(reply).path("workflowId").textValue());
    assertThat(run.run().name()).isEqualTo(BuiltInWorkflows.EMPLOYEE_ONBOARDING);
    JsonNode input = run.input();
    assertThat(input.path("join_date").textValue()).isEqualTo("2026-03-31");
    assertThat(input.path("fte").doubleValue()).isEqualTo(0.8);
    assertThat(input.path("role_id").textValue()).isEqualTo("accountant");
    assertThat(input.path("anonymized_name").textValue()).matches(PersonalToken::is);
    assertThat(input.toString()).doesNotContain("not ours", "Person 9");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "employment_ended | e-3 | nowhere | 404 | not-found | The twin knows no unit 'nowhere'.",
        "employment_ended | nobody | finance | 404 | not-found | The twin knows no employee 'nobody'.",
        "employment_ended | e-3 | sales | 422 | refused | Employee 'e-3' does not belong to unit 'sales', but to finance.",
        "employment_ended | sales | finance | 422 | refused | 'sales' is a OrganizationUnit, expected a Person as employee.",
        "employment_started | finance | finance | 422 | refused | 'finance' is a OrganizationUnit, expected a Person as employee.",
        "employment_ended | e-3 | e-1 | 422 | refused | 'e-1' is a Person, expected a OrganizationUnit as unit.",
      })
  void shouldRefuseNewsOfWhatTheTwinDoesNotKnow(
      String event, String employee, String unit, int status, String code, String sentence) {
    Reply reply = post(news(event, employee, unit));

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(status);
    assertThat(problem(reply).path("code").textValue()).isEqualTo(code);
    assertThat(problem(reply).path("detail").textValue()).isEqualTo(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | /event",
        "{\"event\": \"married\"} | /event",
        "{\"event\": \"employment_ended\", \"employeeId\": \"a b\"} | /employeeId",
        "{\"event\": \"employment_ended\", \"employeeId\": \"e-3\"} | /unitId",
        "{\"date\": \"tomorrow\"} | /date",
        "{\"date\": \"1066-10-14\"} | /date",
        "{\"fte\": 3} | /fte",
        "{\"fte\": \"full\"} | /fte",
      })
  void shouldRefuseWhatItCannotReadNamingThePlace(String body, String pointer) {
    Reply reply = post(body);

    assertThat(reply.statusCode()).isEqualTo(400);
    assertThat(problem(reply).path("errors").findValuesAsText("pointer")).contains(pointer);
  }

  @Test
  void shouldRefuseARoleTheTwinDoesNotKnow() {
    String news = news("employment_ended", "e-3", "finance");

    Reply reply = post(news.replace("}", ", \"roleId\": \"king\"}"));

    assertThat(reply.statusCode()).isEqualTo(404);
    assertThat(problem(reply).path("detail").textValue())
        .isEqualTo("The twin knows no role 'king'.");
  }

  private static String news(String event, String employee, String unit) {
    return "{\"event\": \"%s\", \"employeeId\": \"%s\", \"unitId\": \"%s\", \"date\": \"2026-03-31\"}"
        .formatted(event, employee, unit);
  }

  private static Reply post(String body) {
    Reply reply = server.post(WEBHOOK, body);
    OpenApiAnswers.described("POST", WEBHOOK, reply);
    return reply;
  }

  private static WorkflowInstance.Current run(String id) {
    return (WorkflowInstance.Current)
        await(
            entities
                .entities()
                .<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
                    WorkflowInstance.KEY, id, WorkflowInstance.Get::new));
  }

  private static void register(Workflows workflows, String source) {
    WorkflowModel model = ((Parsed.Valid) WorkflowModel.parse(source)).model();
    assertThat(
            await(
                workflows.register(
                    model.namespace(), model.name(), model.version(), source, CAUSE)))
        .isInstanceOf(WorkflowDefinition.Accepted.class);
  }

  private static void has(NodeType type, String id) {
    OrgNode.Reply reply =
        await(
            entities
                .entities()
                .<OrgNode.Command, OrgNode.Reply>ask(
                    OrgNode.KEY,
                    id,
                    to -> new OrgNode.Put(type, id, NodeProperties.NONE, null, CAUSE, to)));
    assertThat(reply).isInstanceOf(OrgNode.Accepted.class);
  }

  private static void relate(String from, RelationType relation, String to) {
    OrgNodes.Order order = new OrgNodes.Order(from, relation, to, NodeProperties.NONE, null, null);
    assertThat(await(new OrgNodes(entities.entities()).relate(order, CAUSE)))
        .isInstanceOf(OrgNode.Accepted.class);
  }

  private static <T> T await(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
