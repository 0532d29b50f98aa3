package io.twinloop.http.workflow;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.entities.Cause;
import io.twinloop.entities.kpi.KpiReadings;
import io.twinloop.entities.workflow.Outside;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Endpoint;
import io.twinloop.http.EntitySystem;
import io.twinloop.http.Json;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModelSchema;
import io.twinloop.projections.Sql;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.workflow.WorkflowQueries;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people say of a person when they start a run or complete a task, by form and by schema. */
class PersonalTasksTest {

  private static final String FORM =
      """
      {"type": "object", "properties": {"age": {"type": "integer"}, \
      "email": {"type": "string", "format": "email"}}}""";

  private static final String ASKING =
      """
      document: {dsl: '1.0.3', namespace: tests, name: personal, version: '1.0.0'}
      input: {schema: {format: json, document: %1$s}}
      do:
        - ask:
            call: humanTask
            with: {title: 'Who is it?', form: %1$s}
      """
          .formatted(FORM);

  @TempDir static Path folder;
  private static PostgreSqlServer postgres;
  private static HikariDataSource dataSource;
  private static EntitySystem entities;
  private static Workflows workflows;
  private static PersonalData personalData;
  private static TestServer server;

  @BeforeAll
  static void start() throws SQLException {
    postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
    HikariConfig login = new HikariConfig();
    login.setJdbcUrl(postgres.jdbcUrl());
    login.setUsername(postgres.user());
    login.setPassword(postgres.password());
    dataSource = new HikariDataSource(login);
    ReadModelSchema.migrate(dataSource);
    entities = new EntitySystem();
    WorkflowDefinition.init(entities.sharding(), Clock.systemUTC());
    workflows = new Workflows(entities.entities());
    WorkflowInstance.init(
        entities.sharding(),
        new Outside(
            (call, key) -> {
              throw new AssertionError("No workflow of these tests calls out");
            },
            new KpiReadings(entities.entities()),
            workflows::start),
        Clock.systemUTC());
    WorkflowQueries queries = new WorkflowQueries(new Database(dataSource, Runnable::run));
    personalData = TestPersonalData.create();
    server =
        TestServer.with(
                Stream.of(
                        new WorkflowDefinitionRoutes(workflows, queries).endpoints(),
                        new WorkflowRoutes(
                                entities.entities(), workflows, null, queries, null, personalData)
                            .endpoints(),
                        new TaskRoutes(entities.entities(), queries, personalData).endpoints())
                    .flatMap(List::stream)
                    .toArray(Endpoint[]::new))
            .start();
    Reply registered =
        server.send(
            server
                .request("/api/v1/workflow-definitions")
                .POST(BodyPublishers.ofString(ASKING))
                .header("Content-Type", "application/yaml"));
    assertThat(registered.statusCode()).as(registered.body()).isEqualTo(201);
  }

  @AfterAll
  static void stop() {
    server.close();
    entities.close();
    dataSource.close();
    postgres.kill();
    postgres.close();
  }

  @Test
  void shouldSealWhatIsSaidOfThePersonTheRunIsAbout() throws SQLException {
    startAbout("about", "p-1");

    assertThat(complete("about", "{\"age\": 41, \"email\": \"q@example.com\"}").statusCode())
        .isEqualTo(200);

    JsonNode output = current("about").output();
    assertThat(output.path("age").asText()).matches(PersonalToken::is);
    assertThat(output.path("email").asText()).matches(PersonalToken::is);
  }

  @Test
  void shouldCheckTheFormBeforeItSeals() throws SQLException {
    startAbout("unfit", "p-2");

    Reply unfit = complete("unfit", "{\"age\": \"Quartz\", \"email\": \"Quartz\"}");

    assertThat(unfit.statusCode()).isEqualTo(422);
    assertThat(problem(unfit).path("errors").findValuesAsText("pointer"))
        .containsExactlyInAnyOrder("/age", "/email");
    assertThat(unfit.body()).doesNotContain("Quartz");
    assertThat(complete("unfit", "{\"age\": 41}").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldRefuseWhatIsSaidOfTheErased() throws SQLException {
    startAbout("gone", "p-3");
    join(personalData.erase("p-3", true));

    Reply refused = complete("gone", "{\"age\": 41}");

    assertThat(refused.statusCode()).isEqualTo(422);
    assertThat(problem(refused).path("code").textValue()).isEqualTo("subject-erased");
    assertThat(complete("gone", "{\"done\": true}").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldLeaveWhatIsSaidOfNobodyInClear() throws SQLException {
    start(
        "unit",
        new Workflows.Order(
            "tests", "personal", null, "unit", Json.object(), "u", "OrganizationUnit", "c"));

    assertThat(complete("unit", "{\"email\": \"sales@example.com\"}").statusCode()).isEqualTo(200);

    assertThat(current("unit").output().path("email").asText()).isEqualTo("sales@example.com");
  }

  @Test
  void shouldCheckTheSchemaOfAnInputBeforeItSeals() {
    Reply unfit = server.post("/api/v1/workflows", input("bad", "\"age\": \"Quartz\""));
    Reply fit = server.post("/api/v1/workflows", input("good", "\"age\": 41"));

    assertThat(unfit.statusCode()).as(unfit.body()).isEqualTo(422);
    assertThat(problem(unfit).path("errors").findValuesAsText("pointer"))
        .containsExactly("/input/age");
    assertThat(unfit.body()).doesNotContain("Quartz");
    assertThat(entities.stored(WorkflowInstance.KEY, "bad")).isZero();
    assertThat(fit.statusCode()).as(fit.body()).isEqualTo(201);
    assertThat(current("good").status()).isEqualTo(WorkflowInstance.Status.WAITING);
    assertThat(current("good").input().path("age").asText()).matches(PersonalToken::is);
  }

  private static String input(String id, String member) {
    return """
        {"definition": {"namespace": "tests", "name": "personal"}, "id": "%s",
         "input": {"employee_id": "p-4", %s}}"""
        .formatted(id, member);
  }

  private static void startAbout(String id, String person) throws SQLException {
    start(
        id,
        new Workflows.Order("tests", "personal", null, id, Json.object(), person, "Person", "c"));
  }

  /** With its task in the read model, as people find it. */
  private static void start(String id, Workflows.Order order) throws SQLException {
    assertThat(join(workflows.start(order, new Cause(null, "request-1", "ada"))))
        .isInstanceOf(WorkflowInstance.Accepted.class);
    try (Connection connection = dataSource.getConnection()) {
      Sql.update(
          connection,
          """
          INSERT INTO task (id, workflow_id, correlation_id, title, state, candidates, created_at,
            ref, request)
          VALUES (?, ?, 'c', 'Who is it?', 'open', '{}', ?, '/do/0/ask', ?::json)
          """,
          id + "~1",
          id,
          Instant.now(),
          "{\"form\": " + FORM + "}");
    }
  }

  private static Reply complete(String id, String output) {
    return server.post("/api/v1/tasks/" + id + "~1/complete", output);
  }

  private static WorkflowInstance.Current current(String id) {
    return (WorkflowInstance.Current)
        join(
            entities
                .entities()
                .<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
                    WorkflowInstance.KEY, id, WorkflowInstance.Get::new));
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
  }
}
