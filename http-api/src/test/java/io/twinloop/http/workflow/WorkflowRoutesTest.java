package io.twinloop.http.workflow;

import static io.twinloop.http.OpenApiAnswers.described;
import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.entities.kpi.KpiReadings;
import io.twinloop.entities.workflow.Outside;
import io.twinloop.entities.workflow.Reruns;
import io.twinloop.entities.workflow.RunJournal;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Endpoint;
import io.twinloop.http.EntitySystem;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.workflow.WorkflowQueries;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.apache.pekko.persistence.testkit.query.javadsl.PersistenceTestKitReadJournal;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The routes of definitions, runs and tasks with a real server and the real entities. No read model
 * stands behind them: a request that gets as far as asking it fails with 500.
 */
class WorkflowRoutesTest {

  private static final String DEFINITIONS = "/api/v1/workflow-definitions";
  private static final String WORKFLOWS = "/api/v1/workflows";

  /** Asks a person for a number. */
  private static final String ASKING =
      """
      document: {dsl: '1.0.3', namespace: tests, name: asking, version: '%s'}
      do:
        - ask:
            call: humanTask
            with:
              title: Which number?
              form:
                type: object
                required: [number]
                properties: {number: {type: integer}}
      """;

  private static EntitySystem entities;
  private static TestServer server;

  @BeforeAll
  static void start() {
    entities = new EntitySystem();
    WorkflowDefinition.init(entities.sharding(), Clock.systemUTC());
    Workflows workflows = new Workflows(entities.entities());
    WorkflowInstance.init(
        entities.sharding(),
        new Outside(
            (call, key) -> {
              throw new AssertionError("No workflow of these tests calls out");
            },
            new KpiReadings(entities.entities()),
            workflows::start),
        Clock.systemUTC());
    WorkflowQueries queries = new WorkflowQueries(null);
    Reruns reruns =
        new Reruns(
            entities.entities(),
            new RunJournal(entities.system(), PersistenceTestKitReadJournal.Identifier()));
    PersonalData personalData = TestPersonalData.create();
    Endpoint[] endpoints =
        Stream.of(
                new WorkflowDefinitionRoutes(workflows, queries).endpoints(),
                new WorkflowRoutes(
                        entities.entities(), workflows, reruns, queries, null, personalData)
                    .endpoints(),
                new TaskRoutes(entities.entities(), queries, personalData).endpoints())
            .flatMap(List::stream)
            .toArray(Endpoint[]::new);
    server = TestServer.with(endpoints).start();
    register(ASKING.formatted("1.0.0"));
  }

  @AfterAll
  static void stop() {
    server.close();
    entities.close();
  }

  @Test
  void shouldRegisterAVersionOnceAndReadItBack() {
    String source = ASKING.formatted("2.0.0");

    Reply first = register(source);
    Reply again = register(source);
    Reply other = register(source.replace("Which", "What"));
    Reply found = server.get(DEFINITIONS + "/tests/asking/2.0.0");

    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(first.headers().firstValue("Location"))
        .hasValue("/api/v1/workflow-definitions/tests/asking/2.0.0");
    assertThat(again.statusCode()).isEqualTo(201);
    assertThat(problem(other).path("code").textValue()).isEqualTo("already-exists");
    JsonNode definition =
        json(described("GET", DEFINITIONS + "/{namespace}/{name}/{version}", found));
    assertThat(definition.path("source").textValue()).isEqualTo(source);
    assertThat(definition.at("/definition/do/0/ask/call").textValue()).isEqualTo("humanTask");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no definition",
        "[]",
        "{",
        "{}",
        "document: {dsl: '1.0.3', namespace: tests, name: bad, version: '1.0.0'}",
        "a: &a [*a]",
        "document: {dsl: '1.0.3', namespace: tests, name: bad, version: '1.0.0'}\ndo: [{x: {fly: 1}}]",
      })
  void shouldRefuseABadDefinitionNamingThePlaces(String source) {
    Reply reply = register(source);

    assertThat(reply.statusCode()).isEqualTo(422);
    assertThat(problem(reply).path("errors").size()).isPositive();
    assertThat(server.get(DEFINITIONS + "/tests/bad").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldRefuseADefinitionThatIsTooLargeOrOfAnotherType() {
    Reply large = register("# " + "x".repeat(300 * 1024));
    Reply typed = send(DEFINITIONS, ASKING.formatted("3.0.0"), "text/plain");

    assertThat(problem(large).path("code").textValue()).isEqualTo("body-too-large");
    assertThat(problem(described("POST", DEFINITIONS, typed)).path("code").textValue())
        .isEqualTo("unsupported-media-type");
  }

  @Test
  void shouldStartOnceByItsId() {
    String body = start("once");

    Reply first = described("POST", WORKFLOWS, server.post(WORKFLOWS, body));
    int stored = entities.stored(WorkflowInstance.KEY, "once");
    Reply again = described("POST", WORKFLOWS, server.post(WORKFLOWS, body));

    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(json(first).path("status").textValue()).isEqualTo("WAITING");
    assertThat(again.statusCode()).isEqualTo(201);
    assertThat(entities.stored(WorkflowInstance.KEY, "once")).isEqualTo(stored);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | 400 | body-missing |",
        "{} | 400 | invalid-fields | /definition",
        "{\"definition\": 1} | 400 | invalid-fields | /definition",
        "{\"definition\": {\"namespace\": \"tests\"}} | 400 | invalid-fields | /definition/name",
        "{\"definition\": {\"namespace\": \"a b\", \"name\": \"x\"}} | 400 | invalid-fields | /definition/namespace",
        "{\"definition\": {\"namespace\": \"tests\", \"name\": \"asking\"}, \"id\": \"\"} | 400 | invalid-fields | /id",
        "{\"definition\": {\"namespace\": \"tests\", \"name\": \"asking\"}, \"input\": NaN} | 400 | malformed | /input",
        "{\"definition\": {\"namespace\": \"tests\", \"name\": \"asking\"}, \"in\": {}} | 400 | invalid-fields | /in",
        "{\"definition\": {\"namespace\": \"tests\", \"name\": \"unknown\"}} | 404 | not-found |",
        "{\"definition\": {\"namespace\": \"tests\", \"name\": \"asking\", \"version\": \"9\"}} | 404 | not-found |",
      })
  void shouldRefuseABadStart(String body, int status, String code, String pointer) {
    Reply reply = described("POST", WORKFLOWS, server.post(WORKFLOWS, body));

    JsonNode problem = problem(reply);
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(status);
    assertThat(problem.path("code").textValue()).isEqualTo(code);
    if (pointer != null) {
      assertThat(problem.path("errors").findValuesAsText("pointer")).contains(pointer);
    }
  }

  @Test
  void shouldHoldGoOnAndCancel() {
    server.post(WORKFLOWS, start("held"));

    assertThat(status(change("held", "suspend", ""))).isEqualTo("SUSPENDED");
    assertThat(problem(change("held", "suspend", "")).path("code").textValue())
        .isEqualTo("wrong-state");
    assertThat(status(change("held", "resume", ""))).isEqualTo("WAITING");
    assertThat(problem(change("held", "retry", "")).path("code").textValue())
        .isEqualTo("wrong-state");
    assertThat(change("held", "cancel", "{\"why\": 1}").statusCode()).isEqualTo(400);
    assertThat(status(change("held", "cancel", "{\"reason\": \"done\"}"))).isEqualTo("CANCELLED");
    assertThat(change("nobody", "cancel", "").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldGoOnAgainFromAnEarlierTask() {
    server.post(WORKFLOWS, start("again"));
    task("again~1", "complete", "{\"number\": 7}", "anna");

    assertThat(status(change("again", "rerun", "{\"from\": \"ask\"}"))).isEqualTo("WAITING");
    assertThat(status(task("again~2", "complete", "{\"number\": 8}", "anna")))
        .isEqualTo("COMPLETED");
    assertThat(status(change("again", "rerun", "{\"from\": \"/do/0/ask\"}"))).isEqualTo("WAITING");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | 400 | body-missing",
        "{} | 400 | invalid-fields",
        "{\"from\": 1} | 400 | invalid-fields",
        "{\"from\": \"\"} | 400 | invalid-fields",
        "{\"from\": \"tell\"} | 422 | refused",
      })
  void shouldRefuseToGoOnFromNowhere(String body, int status, String code) {
    server.post(WORKFLOWS, start("nowhere"));
    Reply reply = change("nowhere", "rerun", body);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(status);
    assertThat(problem(reply).path("code").textValue()).isEqualTo(code);
    assertThat(change("nobody", "rerun", "{\"from\": \"ask\"}").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldMoveARunToAnotherVersionThatHasItsTask() {
    register(ASKING.formatted("1.1.0") + "  - done: {set: {done: true}}\n");
    register(ASKING.formatted("1.2.0").replace("- ask:", "- question:"));
    server.post(WORKFLOWS, start("moved"));

    Reply away = change("moved", "migrate", "{\"version\": \"1.2.0\"}");
    assertThat(away.statusCode()).isEqualTo(422);
    assertThat(problem(away).path("detail").textValue()).contains("'/do/0/ask'");
    assertThat(change("moved", "migrate", "{\"version\": \"7\"}").statusCode()).isEqualTo(422);
    assertThat(change("moved", "migrate", "{}").statusCode()).isEqualTo(400);
    assertThat(change("nobody", "migrate", "{\"version\": \"1.1.0\"}").statusCode()).isEqualTo(404);
    assertThat(status(change("moved", "migrate", "{\"version\": \"1.1.0\"}"))).isEqualTo("WAITING");
    assertThat(status(task("moved~1", "complete", "{\"number\": 7}", "anna")))
        .isEqualTo("COMPLETED");
    assertThat(change("moved", "migrate", "{\"version\": \"1.0.0\"}").statusCode()).isEqualTo(409);
  }

  @Test
  void shouldChangeNothingForWhoMeansAnotherRevision() {
    server.post(WORKFLOWS, start("fenced"));
    int stored = entities.stored(WorkflowInstance.KEY, "fenced");
    String current = "\"" + stored + "\"";

    for (String what : List.of("suspend", "cancel", "rerun", "migrate")) {
      String body =
          switch (what) {
            case "rerun" -> "{\"from\": \"ask\"}";
            case "migrate" -> "{\"version\": \"1.0.0\"}";
            default -> "";
          };
      Reply reply = change("fenced", what, body, "If-Match", "\"1\"");
      assertThat(reply.statusCode()).as(what).isEqualTo(412);
      assertThat(problem(reply).path("code").textValue()).isEqualTo("revision-mismatch");
    }
    for (String what : List.of("claim", "release", "complete", "reject")) {
      Reply reply =
          server.post(
              "/api/v1/tasks/fenced~1/" + what, "", "If-Match", "\"1\"", "Twinloop-Actor", "anna");
      assertThat(described("POST", "/api/v1/tasks/{id}/" + what, reply).statusCode())
          .as(what)
          .isEqualTo(412);
    }
    assertThat(entities.stored(WorkflowInstance.KEY, "fenced")).isEqualTo(stored);
    Reply meant = change("fenced", "suspend", "", "If-Match", current);
    assertThat(meant.statusCode()).isEqualTo(200);
    assertThat(meant.headers().firstValue("ETag")).hasValue("\"" + (stored + 1) + "\"");
    assertThat(change("fenced", "resume", "", "If-Match", current).statusCode()).isEqualTo(412);
    assertThat(change("fenced", "resume", "", "If-Match", "*").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldLetOnlyTheHolderCompleteATaskAndOnlyByItsForm() {
    server.post(WORKFLOWS, start("handled"));

    assertThat(task("claim", "", "anna").statusCode()).isEqualTo(200);
    assertThat(problem(task("claim", "", "ben")).path("code").textValue()).isEqualTo("not-yours");
    assertThat(task("delegate", "{\"to\": 5}", "anna").statusCode()).isEqualTo(400);
    assertThat(task("delegate", "{\"to\": \"ben\"}", "anna").statusCode()).isEqualTo(200);
    assertThat(task("complete", "{\"number\": 7}", "anna").statusCode()).isEqualTo(409);
    Reply bad = task("complete", "{\"number\": \"seven\"}", "ben");
    assertThat(bad.statusCode()).isEqualTo(422);
    assertThat(problem(bad).path("errors").findValuesAsText("pointer")).containsExactly("/number");
    assertThat(status(task("complete", "{\"output\": {\"number\": 7}}", "ben")))
        .isEqualTo("COMPLETED");
    assertThat(problem(task("complete", "{\"number\": 7}", "ben")).path("code").textValue())
        .isEqualTo("wrong-state");
  }

  @Test
  void shouldKnowNoTaskOfAWorkflowThatDoesNotExist() {
    assertThat(server.post("/api/v1/tasks/nobody~1/claim", "").statusCode()).isEqualTo(404);
    assertThat(server.post("/api/v1/tasks/no-task/claim", "").statusCode()).isEqualTo(404);
  }

  private static Reply register(String source) {
    return described("POST", DEFINITIONS, send(DEFINITIONS, source, "application/yaml"));
  }

  private static Reply send(String path, String body, String type) {
    return server.send(
        server.request(path).POST(BodyPublishers.ofString(body)).header("Content-Type", type));
  }

  private static String start(String id) {
    return "{\"definition\": {\"namespace\": \"tests\", \"name\": \"asking\", \"version\": \"1.0.0\"}, \"id\": \"%s\"}"
        .formatted(id);
  }

  private static Reply change(String id, String what, String body, String... headers) {
    Reply reply = server.post(WORKFLOWS + "/" + id + "/" + what, body, headers);
    return described("POST", WORKFLOWS + "/{id}/" + what, reply);
  }

  private static Reply task(String what, String body, String actor) {
    return task("handled~1", what, body, actor);
  }

  private static Reply task(String id, String what, String body, String actor) {
    Reply reply = server.post("/api/v1/tasks/" + id + "/" + what, body, "Twinloop-Actor", actor);
    return described("POST", "/api/v1/tasks/{id}/" + what, reply);
  }

  private static String status(Reply reply) {
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
    return json(reply).path("status").textValue();
  }
}
