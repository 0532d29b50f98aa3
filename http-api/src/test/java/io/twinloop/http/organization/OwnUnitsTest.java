package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.Endpoint;
import io.twinloop.http.PersonalReaders;
import io.twinloop.http.TestPersonalData;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.http.bus.EventRoutes;
import io.twinloop.http.identity.ApiKeyCheck;
import io.twinloop.http.identity.Login;
import io.twinloop.http.identity.Scopes;
import io.twinloop.http.identity.TestTokens;
import io.twinloop.http.kpi.KpiRoutes;
import io.twinloop.http.loop.LoopRoutes;
import io.twinloop.http.process.ProcessRoutes;
import io.twinloop.http.workflow.TaskRoutes;
import io.twinloop.http.workflow.WorkflowRoutes;
import io.twinloop.projections.Database;
import io.twinloop.projections.bus.EventQueries;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.organization.OrgGraph;
import io.twinloop.projections.organization.OrgNodeQueries;
import io.twinloop.projections.organization.OrgQueries;
import io.twinloop.projections.organization.OwnUnits;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.process.ProcessQueries;
import io.twinloop.projections.process.ServiceLevels;
import io.twinloop.projections.workflow.WorkflowQueries;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mona manages sales, with field below it; IT is next to it. What she sees and changes is hers; an
 * executive sees all of it and nobody in it.
 */
class OwnUnitsTest {

  private static final String MONA = TestTokens.of("mona", "dept_manager");
  private static final String EXECUTIVE = TestTokens.of("eve", "executive");
  private static final String ANALYST = TestTokens.of("anna", "analyst");

  @TempDir private static Path folder;
  private static TwinBench twin;
  private static TestServer server;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new TwinBench(folder);
    JsonNode loaded =
        twin.load(
            node("acme", "Organization"),
            node("sales", "OrganizationUnit"),
            node("field", "OrganizationUnit"),
            node("it", "OrganizationUnit"),
            node("mona", "Person"),
            node("sam", "Person"),
            node("ivan", "Person"),
            node("boss", "Person"),
            node("p-order", "Process"),
            node("p-patch", "Process"),
            relation("sales", "PART_OF", "acme"),
            relation("field", "PART_OF", "sales"),
            relation("it", "PART_OF", "acme"),
            relation("mona", "BELONGS_TO", "sales"),
            relation("mona", "MANAGES", "sales"),
            relation("mona", "REPORTS_TO", "boss"),
            relation("sam", "BELONGS_TO", "field"),
            relation("sam", "REPORTS_TO", "mona"),
            relation("ivan", "BELONGS_TO", "it"),
            relation("ivan", "MANAGES", "it"),
            relation("field", "OWNS_PROCESS", "p-order"),
            relation("it", "OWNS_PROCESS", "p-patch"),
            relation("p-order", "DEPENDS_ON", "p-patch"),
            node("lab", "OrganizationUnit"),
            node("lee", "Person"),
            node("nora", "Person"),
            relation("lee", "BELONGS_TO", "lab"),
            relation("nora", "BELONGS_TO", "sales"),
            "{\"relation\":{\"source\":\"lab\",\"relation\":\"PART_OF\",\"target\":\"field\","
                + "\"validFrom\":\"2150-01-01T00:00:00Z\"}}");
    assertThat(loaded.path("rejected").intValue()).as(loaded.toString()).isZero();
    twin.hasKpi("k-sales");
    twin.hasKpi("k-it");
    twin.hasKpi("k-order");
    twin.relate("p-order", "MEASURED_BY", "k-order");
    twin.follow(
        "acme", "sales", "field", "it", "mona", "sam", "ivan", "boss", "p-order", "p-patch", "lab",
        "lee", "nora");
    twin.stored(
        "UPDATE org_node SET valid_from = '2020-01-01' WHERE id IN (?, ?)", "sales", "nora");
    twin.stored(
        """
        UPDATE org_relation SET valid_from = '2020-01-01', valid_until = '2021-01-01'
        WHERE source_id = ?
        """,
        "nora");
    kpi("k-sales", "sales");
    kpi("k-it", "it");
    kpi("k-order", null);
    happens("order", "p-order", "sam");
    happens("patch", "p-patch", "ivan");
    happens("measure", "k-order", null);
    server = server();
  }

  private static TestServer server() {
    Database database = twin.database();
    OwnUnits units = new OwnUnits(database, Clock.systemUTC(), 1_000);
    PersonalData personalData = TestPersonalData.create();
    List<Endpoint> endpoints = new ArrayList<>();
    Stream.of(
            new OrgNodeRoutes(
                    twin.entities(),
                    new OrgNodeQueries(database),
                    new OrgGraph(database),
                    personalData,
                    PersonalReaders.ALL)
                .endpoints(),
            new OrgQueryRoutes(new OrgQueries(database)).endpoints(),
            new KpiRoutes(twin.entities(), new KpiQueries(database), null).endpoints(),
            new LoopRoutes(new LoopQueries(database)).endpoints(),
            new WorkflowRoutes(
                    twin.entities(), null, null, new WorkflowQueries(database), null, personalData)
                .endpoints(),
            new TaskRoutes(twin.entities(), new WorkflowQueries(database), personalData)
                .endpoints(),
            new EventRoutes(null, new EventQueries(database), personalData).endpoints(),
            new ProcessRoutes(
                    twin.entities(),
                    new ProcessQueries(database),
                    new ServiceLevels(twin.entities(), database),
                    null,
                    Clock.systemUTC())
                .endpoints())
        .forEach(endpoints::addAll);
    return TestServer.with(endpoints.toArray(Endpoint[]::new))
        .authenticator(
            Login.of(TestTokens.settings(), Optional.empty(), ApiKeyCheck.NONE, Clock.systemUTC()))
        .scopes(new Scopes(units::of, Duration.ofNanos(1)))
        .start();
  }

  @AfterAll
  static void stop() {
    server.close();
    twin.close();
  }

  private static String node(String id, String type) {
    return "{\"node\":{\"id\":\"%s\",\"type\":\"%s\",\"label\":\"%s\"}}".formatted(id, type, id);
  }

  private static String relation(String source, String relation, String target) {
    return "{\"relation\":{\"source\":\"%s\",\"relation\":\"%s\",\"target\":\"%s\"}}"
        .formatted(source, relation, target);
  }

  private static void kpi(String id, String owner) {
    twin.stored(
        "INSERT INTO kpi (id, definition, owner_node_id) VALUES (?, '{\"name\": \"x\"}', ?)",
        id,
        owner);
  }

  /** A loop, an event, a run and a task of an entity, all in the read models. */
  private static void happens(String name, String entityId, String assignee) {
    twin.stored(
        "INSERT INTO loop (correlation_id, entity_id, first_at, last_at) VALUES (?, ?, now(),"
            + " now())",
        name,
        entityId);
    twin.stored(
        """
        INSERT INTO integration_event (id, type, subject, correlation_id, time, event)
        VALUES (?, 'dto.test', ?, ?, now(), ?::json)
        """,
        name,
        entityId,
        name,
        "{\"id\": \"%s\", \"subject\": \"%s\"}".formatted(name, entityId));
    twin.stored(
        """
        INSERT INTO workflow (id, definition, status, entity_id, correlation_id, started_at, input, seq_nr)
        VALUES (?, 'a/b/1.0.0', 'FAULTED', ?, ?, now(), '{}', 1)
        """,
        name,
        entityId,
        name);
    twin.stored(
        """
        INSERT INTO task (id, workflow_id, correlation_id, title, state, assignee, candidates,
          created_at, ref, request)
        VALUES (?, ?, ?, 'Do it', 'open', ?, '{}', now(), '', '{}')
        """,
        name + "~1",
        name,
        name,
        assignee);
  }

  private static Reply get(String token, String path) {
    return server.get("/api/v1/" + path, "Authorization", "Bearer " + token);
  }

  private static Reply send(String token, String method, String path, String body) {
    return server.send(
        server
            .request("/api/v1/" + path)
            .method(method, BodyPublishers.ofString(body))
            .headers("Authorization", "Bearer " + token, "Content-Type", "application/json"));
  }

  private static List<String> seen(String token, String path, String pointer, String field) {
    Reply reply = get(token, path);
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
    return StreamSupport.stream(json(reply).at(pointer).spliterator(), false)
        .map(item -> item.path(field).asText())
        .toList();
  }

  // --- A department manager

  @Test
  void shouldListWhatLiesWithin() {
    assertThat(seen(MONA, "twin/nodes", "/items", "id"))
        .containsExactly("field", "mona", "p-order", "sales", "sam");
    assertThat(seen(MONA, "twin/nodes?within=acme", "/items", "id"))
        .containsExactly("field", "mona", "p-order", "sales", "sam");
    assertThat(seen(MONA, "twin/nodes?within=it", "/items", "id")).isEmpty();
    assertThat(seen(MONA, "kpis", "/items", "id")).containsExactly("k-order", "k-sales");
    assertThat(seen(MONA, "kpis?ownerNodeId=it", "/items", "id")).isEmpty();
    assertThat(seen(MONA, "loops", "/items", "correlationId"))
        .containsExactlyInAnyOrder("order", "measure");
    assertThat(seen(MONA, "loops?entityId=p-patch", "/items", "correlationId")).isEmpty();
    assertThat(seen(MONA, "events", "/items", "id")).containsExactly("order", "measure");
    assertThat(seen(MONA, "events?correlationId=patch", "/items", "id")).isEmpty();
    assertThat(seen(MONA, "workflows", "/items", "id"))
        .containsExactlyInAnyOrder("order", "measure");
    assertThat(seen(MONA, "incidents", "/items", "id"))
        .containsExactlyInAnyOrder("order", "measure");
    assertThat(seen(MONA, "tasks", "/items", "id"))
        .containsExactlyInAnyOrder("order~1", "measure~1");
    assertThat(seen(MONA, "tasks?assignee=ivan", "/items", "id")).isEmpty();
  }

  @Test
  void shouldPageThroughWhatLiesWithinWithoutGaps() {
    List<String> all = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = json(get(MONA, "twin/nodes?limit=2" + cursor));
      page.path("items").forEach(item -> all.add(item.path("id").asText()));
      cursor =
          page.path("nextCursor").isNull() ? null : "&cursor=" + page.path("nextCursor").asText();
    } while (cursor != null);

    assertThat(all).containsExactly("field", "mona", "p-order", "sales", "sam");
  }

  @ParameterizedTest
  @CsvSource({
    "twin/nodes/sam,200",
    "twin/nodes/sam/history,200",
    "twin/nodes/sales/rollup,200",
    "twin/nodes/sales/members,200",
    "twin/nodes/sam/reporting-line,200",
    "twin/graph?root=field,200",
    "kpis/k-order,200",
    "kpis/k-order/samples,200",
    "processes/p-order/statistics,200",
    "loops/order,200",
    "tasks/order~1,200",
  })
  void shouldShowOneThingWithin(String path, int status) {
    Reply reply = get(MONA, path);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({
    "twin/nodes/{},ivan",
    "twin/nodes/{}?at=2200-01-01T00:00:00Z,ivan",
    "twin/nodes/{}/history,ivan",
    "twin/nodes/{}/reporting-line,ivan",
    "twin/nodes/{}/rollup,it",
    "twin/nodes/{}/rollup,acme",
    "twin/nodes/{}/members,it",
    "twin/graph?root={},it",
    "kpis/{},k-it",
    "kpis/{}/samples,k-it",
    "kpis/{}/anomalies,k-it",
    "kpis/{}/insights,k-it",
    "processes/{}/statistics,p-patch",
    "processes/{}/cases,p-patch",
    "processes/{}/graph,p-patch",
    "processes/{}/bottlenecks,p-patch",
    "loops/{},patch",
    "tasks/{},patch~1",
  })
  void shouldAnswerForWhatIsOutsideAsIfItWereNot(String path, String outside) {
    Reply one = get(MONA, path.replace("{}", outside));
    Reply other = get(MONA, path.replace("{}", "nobody"));

    assertThat(one.statusCode()).as(one.body()).isEqualTo(404);
    assertThat(one.statusCode()).isEqualTo(other.statusCode());
    assertThat(renamed(problem(one).path("detail").asText(), outside))
        .isEqualTo(problem(other).path("detail").asText());
  }

  private static String renamed(String sentence, String outside) {
    return sentence
        .replace("'" + outside + "'", "'nobody'")
        .replace("/" + outside + ".", "/nobody.");
  }

  @ParameterizedTest
  @CsvSource({
    "twin/nodes/ivan",
    "twin/nodes/it/rollup",
    "twin/graph?root=it",
    "kpis/k-it/samples",
    "processes/p-patch/statistics",
    "loops/patch",
    "tasks/patch~1",
  })
  void shouldShowItToThoseWhoReachIt(String path) {
    assertThat(get(ANALYST, path).statusCode()).isEqualTo(200);
  }

  @Test
  void shouldEndGraphsAndLinesWhereTheUnitsEnd() {
    assertThat(seen(MONA, "twin/graph?root=sales&depth=9", "/nodes", "id"))
        .containsExactlyInAnyOrder("sales", "field", "mona", "sam", "p-order", "k-order");
    assertThat(seen(MONA, "twin/nodes/sam/reporting-line", "/items", "id")).containsExactly("mona");
    assertThat(seen(ANALYST, "twin/nodes/sam/reporting-line", "/items", "id"))
        .containsExactly("mona", "boss");
    assertThat(get(MONA, "twin/graph?root=sales&depth=9").body()).doesNotContain("p-patch", "acme");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?at=2200-01-01T00:00:00Z", "/history"})
  void shouldNotNameInOneThingWhatLiesOutside(String more) {
    assertThat(get(ANALYST, "twin/nodes/p-order" + more).body()).contains("k-order", "p-patch");
    assertThat(get(MONA, "twin/nodes/p-order" + more).body())
        .contains("k-order")
        .doesNotContain("p-patch");
    assertThat(get(ANALYST, "twin/nodes/mona" + more).body()).contains("boss");
    assertThat(get(MONA, "twin/nodes/mona" + more).body())
        .contains("MANAGES")
        .doesNotContain("boss");
  }

  @Test
  void shouldNotTellAnExecutiveWhoChangedWhat() {
    String history = "twin/nodes/sales/history";

    assertThat(get(ANALYST, history).body()).contains("\"actor\"");
    assertThat(get(EXECUTIVE, history).body()).contains("\"cause\"").doesNotContain("\"actor\"");
  }

  @Test
  void shouldTellOfEachTimeWhoBelongedToTheUnitsThen() {
    String once = "?at=2020-06-01T00:00:00Z";

    assertThat(seen(MONA, "twin/nodes/sales/members", "/items", "id"))
        .containsExactly("mona", "sam");
    assertThat(seen(MONA, "twin/nodes/sales/members" + once, "/items", "id"))
        .containsExactly("nora");
    assertThat(seen(MONA, "twin/nodes" + once, "/items", "id")).containsExactly("nora", "sales");
    assertThat(get(MONA, "twin/nodes/nora" + once).statusCode()).isEqualTo(200);
    assertThat(get(MONA, "twin/nodes/nora").statusCode()).isEqualTo(404);
    assertThat(seen(MONA, "twin/nodes/sales/members?at=2160-01-01T00:00:00Z", "/items", "id"))
        .contains("lee");
    assertThat(json(get(MONA, "twin/nodes/sales/rollup")).path("persons").asInt()).isEqualTo(2);
    assertThat(json(get(MONA, "twin/nodes/sales/rollup" + once)).path("persons").asInt()).isOne();
    assertThat(seen(ANALYST, "twin/nodes/sales/members", "/items", "id"))
        .containsExactly("lee", "mona", "sam");
    assertThat(seen(ANALYST, "twin/nodes/sales/members" + once, "/items", "id"))
        .containsExactly("nora");
  }

  @ParameterizedTest
  @CsvSource({
    "PUT,twin/nodes/ivan",
    "PUT,twin/nodes/brand-new",
    "PATCH,twin/nodes/ivan",
    "DELETE,twin/nodes/ivan",
    "PUT,twin/nodes/ivan/relations/BELONGS_TO/sales",
    "PUT,twin/nodes/sam/relations/BELONGS_TO/it",
    "PUT,twin/nodes/mona/relations/MANAGES/it",
    "PUT,twin/nodes/it/relations/PART_OF/sales",
    "PUT,twin/nodes/field/relations/OWNS_PROCESS/p-patch",
    "PUT,twin/nodes/p-order/relations/MEASURED_BY/k-it",
    "DELETE,twin/nodes/ivan/relations/BELONGS_TO/it",
    "PUT,kpis/k-it",
    "PUT,kpis/brand-new",
    "DELETE,kpis/k-it",
    "POST,kpis/k-it/samples",
    "POST,tasks/patch~1/claim",
    "POST,tasks/patch~1/release",
    "POST,tasks/patch~1/complete",
    "POST,tasks/patch~1/reject",
  })
  void shouldChangeNothingOutside(String method, String path) {
    String body = method.equals("DELETE") ? "" : "{}";
    Reply reply = send(MONA, method, path, body);

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(403);
    assertThat(problem(reply).path("code").asText()).isEqualTo("forbidden");
  }

  @Test
  void shouldGiveNoKpiToAnotherUnit() {
    String stolen = "{\"name\": \"x\", \"unit\": \"1\", \"ownerNodeId\": \"it\"}";
    String given = "{\"name\": \"x\", \"unit\": \"1\"}";
    String kept = "{\"name\": \"x\", \"unit\": \"1\", \"ownerNodeId\": \"sales\"}";

    assertThat(send(MONA, "PUT", "kpis/k-sales", stolen).statusCode()).isEqualTo(403);
    assertThat(send(MONA, "PUT", "kpis/k-sales", given).statusCode()).isEqualTo(403);
    assertThat(send(MONA, "PUT", "kpis/k-sales", kept).statusCode()).isEqualTo(200);
    assertThat(send(MONA, "POST", "kpis/k-sales/samples", "{\"value\": 1}").statusCode())
        .isEqualTo(200);
  }

  @Test
  void shouldChangeWhatLiesWithin() {
    Reply reply = send(MONA, "PATCH", "twin/nodes/sam", "{\"properties\": {\"note\": \"x\"}}");

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
  }

  @Test
  void shouldKeepToTheUnitOfTheToken() {
    String token = TestTokens.ofManager("mona", "field");

    assertThat(seen(token, "twin/nodes", "/items", "id"))
        .containsExactly("field", "mona", "p-order", "sam");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sam", "stranger", "sales"})
  void shouldShowThemselvesAtMostToThoseWhoManageNothing(String userId) {
    String token = TestTokens.of(userId, "dept_manager");

    List<String> expected = userId.equals("sam") ? List.of("sam") : List.of();
    assertThat(seen(token, "twin/nodes", "/items", "id")).isEqualTo(expected);
    assertThat(seen(token, "events", "/items", "id")).isEmpty();
  }

  @Test
  void shouldStreamOnlyWhatLiesWithin() throws Exception {
    HttpResponse<Stream<String>> stream =
        server
            .client()
            .send(
                server
                    .request("/api/v1/events/stream")
                    .header("Authorization", "Bearer " + MONA)
                    .header("Last-Event-ID", "0.0")
                    .build(),
                HttpResponse.BodyHandlers.ofLines());
    assertThat(stream.statusCode()).isEqualTo(200);
    List<String> lines = new ArrayList<>();
    try (Stream<String> body = stream.body()) {
      Iterator<String> each = body.iterator();
      while (lines.stream().noneMatch(line -> line.contains("\"measure\""))) {
        lines.add(each.next());
      }
    }

    assertThat(String.join("\n", lines)).contains("\"order\"").doesNotContain("patch");
  }

  // --- An executive

  @Test
  void shouldShowAnExecutiveEverythingButPeople() {
    assertThat(seen(EXECUTIVE, "twin/nodes", "/items", "id"))
        .containsExactly("acme", "field", "it", "lab", "p-order", "p-patch", "sales");
    assertThat(seen(EXECUTIVE, "twin/nodes?type=Person", "/items", "id")).isEmpty();
    assertThat(seen(EXECUTIVE, "twin/nodes?within=sales", "/items", "id"))
        .containsExactly("field", "lab", "p-order");
    assertThat(seen(EXECUTIVE, "twin/graph?root=acme&depth=9", "/nodes", "type"))
        .contains("OrganizationUnit")
        .doesNotContain("Person");
    assertThat(get(EXECUTIVE, "twin/graph?root=acme&depth=9").body())
        .doesNotContain("mona", "sam", "ivan");
    assertThat(json(get(EXECUTIVE, "twin/nodes/acme/rollup")).path("persons").asInt()).isEqualTo(4);
    assertThat(get(EXECUTIVE, "kpis/k-it").statusCode()).isEqualTo(200);
    assertThat(get(EXECUTIVE, "loops/statistics").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "twin/nodes/sam,404",
    "twin/nodes/sam?at=2200-01-01T00:00:00Z,404",
    "twin/nodes/sam/history,404",
    "twin/nodes/sam/rollup,404",
    "twin/graph?root=sam,404",
    "twin/nodes/sales/members,403",
    "twin/nodes/sam/reporting-line,403",
    "tasks,403",
    "workflows,403",
    "loops,403",
    "loops/order,403",
    "events,403",
    "events/stream,403",
  })
  void shouldShowAnExecutiveNobodyInParticular(String path, int status) {
    assertThat(get(EXECUTIVE, path).statusCode()).isEqualTo(status);
  }
}
