package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.ReadPosition;
import io.twinloop.http.TestServer.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The twin over HTTP. Every test has nodes of its own, named after it. */
class OrgNodeRoutesTest {

  private static final String CREW = "{\"type\":\"OrganizationUnit\",\"label\":\"Crew\"}";

  @TempDir private static Path folder;
  private static TwinBench twin;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new TwinBench(folder);
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  // A node

  @Test
  void shouldCreateANodeAndReadItBack() {
    Reply created =
        twin.put(
            "create",
            "{\"type\":\"Process\",\"label\":\"Invoices\",\"properties\":{\"sla_days\":5,\"x\":null}}");

    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(header(created, "Location")).isEqualTo("/api/v1/twin/nodes/create");
    assertThat(header(created, "ETag")).isEqualTo("\"1\"");
    assertThat(ReadPosition.decode(header(created, "Twinloop-Position")).orElseThrow())
        .isEqualTo(ReadPosition.of("OrgNode|create", 1));
    Reply read = twin.get("nodes/create");
    assertThat(header(read, "ETag")).isEqualTo("\"1\"");
    assertThat(json(read).toString())
        .isEqualTo(
            "{\"id\":\"create\",\"type\":\"Process\",\"label\":\"Invoices\","
                + "\"properties\":{\"sla_days\":5},\"state\":\"present\",\"relations\":[]}");
  }

  @Test
  void shouldReplaceANodesContentAndTakeTheSameAgainForNothing() {
    twin.put("replace", CREW);

    Reply replaced = twin.put("replace", "{\"type\":\"OrganizationUnit\",\"label\":\"The Crew\"}");
    Reply again = twin.put("replace", "{\"type\":\"OrganizationUnit\",\"label\":\"The Crew\"}");

    assertThat(replaced.statusCode()).isEqualTo(200);
    assertThat(header(replaced, "ETag")).isEqualTo("\"2\"");
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(header(again, "ETag")).isEqualTo("\"2\"");
  }

  @Test
  void shouldHonourTheRevisionAChangeIsMeantFor() {
    assertThat(twin.put("revision", CREW, "If-Match", "*").statusCode()).isEqualTo(412);
    assertThat(twin.put("revision", CREW, "If-None-Match", "*").statusCode()).isEqualTo(201);
    assertThat(twin.put("revision", CREW, "If-None-Match", "*").statusCode()).isEqualTo(412);
    assertThat(twin.put("revision", CREW, "If-Match", "*").statusCode()).isEqualTo(200);
    assertThat(twin.patch("revision", "{\"label\":\"C\"}", "If-Match", "\"7\"").statusCode())
        .isEqualTo(412);
    assertThat(twin.patch("revision", "{\"label\":\"C\"}", "If-Match", "\"1\"").statusCode())
        .isEqualTo(200);
    Reply stale = twin.delete("revision", "If-Match", "\"1\"");
    assertThat(problem(stale).path("code").textValue()).isEqualTo("revision-mismatch");
    assertThat(twin.delete("revision", "If-Match", "\"2\"").statusCode()).isEqualTo(204);
  }

  @Test
  void shouldPatchWhatIsNamedAndLeaveTheRest() {
    twin.put(
        "patch",
        "{\"type\":\"Process\",\"label\":\"P\",\"properties\":{\"sla_days\":5,\"note\":\"x\"}}");

    Reply patched =
        twin.patch("patch", "{\"properties\":{\"note\":null,\"avg_duration_days\":1.5}}");

    assertThat(patched.statusCode()).isEqualTo(200);
    assertThat(header(patched, "ETag")).isEqualTo("\"2\"");
    assertThat(json(patched).path("properties").toString())
        .isEqualTo("{\"avg_duration_days\":1.5,\"sla_days\":5}");
    assertThat(json(patched).path("label").textValue()).isEqualTo("P");
  }

  @Test
  void shouldNameEveryPlaceOfABadNode() {
    JsonNode fields = problem(twin.put("bad", "{\"type\":\"Team\",\"name\":\"x\"}"));
    JsonNode values =
        problem(
            twin.put(
                "bad",
                "{\"type\":\"Process\",\"label\":\"P\",\"properties\":{\"sla_days\":-1,\"automation_level\":\"none\"}}"));

    assertThat(fields.path("status").intValue()).isEqualTo(400);
    assertThat(pointers(fields)).containsExactlyInAnyOrder("/type", "/label", "/name");
    assertThat(values.path("status").intValue()).isEqualTo(422);
    assertThat(pointers(values))
        .containsExactlyInAnyOrder("/properties/sla_days", "/properties/automation_level");
    assertThat(twin.get("nodes/bad").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"type\":\"KPI\",\"label\":\"x\"} | 400",
        "{\"type\":\"Role\",\"label\":\"  \"} | 400",
        "{\"type\":\"Role\",\"label\":\"x\",\"properties\":[]} | 400",
        "{\"type\":\"Role\",\"label\":5} | 400",
        "{\"type\":\"Role\" | 400",
        "[] | 400",
      })
  void shouldRefuseWhatIsNoNode(String body, int status) {
    assertThat(problem(twin.put("nonsense", body)).path("status").intValue()).isEqualTo(status);
  }

  @Test
  void shouldRefuseAnotherTypeAndABadPatch() {
    twin.put("steady", CREW);

    assertThat(twin.put("steady", "{\"type\":\"Role\",\"label\":\"x\"}").statusCode())
        .isEqualTo(409);
    assertThat(twin.patch("steady", "{\"label\":5}").statusCode()).isEqualTo(422);
    assertThat(twin.patch("steady", "[]").statusCode()).isEqualTo(400);
    assertThat(twin.patch("steady", "").statusCode()).isEqualTo(400);
    assertThat(twin.patch("absent", "{}").statusCode()).isEqualTo(404);
    assertThat(twin.put("no@id", CREW).statusCode()).isEqualTo(400);
    assertThat(header(twin.get("nodes/steady"), "ETag")).isEqualTo("\"1\"");
  }

  @Test
  void shouldRetireANodeAndKeepItsPast() {
    twin.has("OrganizationUnit", "retire-crew");
    twin.has("Person", "retire-ada");
    twin.relate("retire-ada", "BELONGS_TO", "retire-crew");
    twin.follow("retire-crew", "retire-ada");
    Instant before = Instant.now();

    Reply retired = twin.delete("retire-ada");

    twin.follow("retire-ada");
    assertThat(retired.statusCode()).isEqualTo(204);
    assertThat(twin.delete("retire-ada").statusCode()).isEqualTo(204);
    assertThat(twin.patch("retire-ada", "{\"label\":\"x\"}").statusCode()).isEqualTo(409);
    JsonNode now = twin.read("nodes/retire-ada");
    assertThat(now.path("state").textValue()).isEqualTo("retired");
    assertThat(now.path("relations")).isEmpty();
    assertThat(ids(twin.read("nodes?within=retire-crew").path("items"))).isEmpty();
    assertThat(ids(twin.read("nodes?within=retire-crew&at=" + before).path("items")))
        .containsExactly("retire-ada");
    JsonNode then = twin.read("nodes/retire-ada?at=" + before);
    assertThat(then.at("/relations/0/targetId").textValue()).isEqualTo("retire-crew");
    assertThat(then.path("state").textValue()).isEqualTo("present");
  }

  // Relations

  @Test
  void shouldRelateNodesAndEndTheRelation() {
    twin.has("Process", "relate-pick");
    twin.has("Process", "relate-pack");

    Reply begun =
        twin.relate(
            "relate-pick",
            "DEPENDS_ON",
            "relate-pack",
            "{\"properties\":{\"is_blocking\":true},\"validFrom\":\"2026-01-01T01:00:00+01:00\"}");
    Reply changed = twin.relate("relate-pick", "DEPENDS_ON", "relate-pack", "{}");

    assertThat(begun.statusCode()).isEqualTo(201);
    assertThat(header(begun, "ETag")).isEqualTo("\"2\"");
    assertThat(json(begun).toString())
        .isEqualTo(
            "{\"sourceId\":\"relate-pick\",\"relation\":\"DEPENDS_ON\",\"targetId\":\"relate-pack\","
                + "\"properties\":{\"is_blocking\":true},\"validFrom\":\"2026-01-01T00:00:00Z\"}");
    assertThat(changed.statusCode()).isEqualTo(200);
    assertThat(twin.read("nodes/relate-pick").path("relations").toString())
        .isEqualTo(
            "[{\"relation\":\"DEPENDS_ON\",\"targetId\":\"relate-pack\",\"targetType\":\"Process\","
                + "\"properties\":{},\"validFrom\":\"2026-01-01T00:00:00Z\"}]");

    assertThat(
            twin.delete(
                    "relate-pick/relations/DEPENDS_ON/relate-pack?validUntil=2025-12-31T00:00:00Z")
                .statusCode())
        .as("before it began")
        .isEqualTo(422);
    Reply ended =
        twin.delete("relate-pick/relations/DEPENDS_ON/relate-pack?validUntil=2026-01-02T00:00:00Z");
    assertThat(ended.statusCode()).isEqualTo(204);
    assertThat(twin.delete("relate-pick/relations/DEPENDS_ON/relate-pack").statusCode())
        .isEqualTo(204);
    twin.follow("relate-pick");
    assertThat(twin.read("nodes/relate-pick").path("relations")).isEmpty();
  }

  @Test
  void shouldMeasureByAKpi() {
    twin.has("Process", "measure");
    twin.hasKpi("measure-speed");

    assertThat(twin.relate("measure", "MEASURED_BY", "measure-speed").statusCode()).isEqualTo(201);
    JsonNode absent = problem(twin.relate("measure", "MEASURED_BY", "measure"));
    assertThat(absent.path("status").intValue()).isEqualTo(404);
    assertThat(absent.path("detail").textValue()).contains("KPI 'measure'");
  }

  @Test
  void shouldNameTheEndThatIsMissing() {
    twin.has("Person", "missing-ada");
    twin.has("OrganizationUnit", "missing-crew");

    JsonNode noTarget = problem(twin.relate("missing-ada", "BELONGS_TO", "missing-unit"));
    JsonNode noSource = problem(twin.relate("missing-bob", "BELONGS_TO", "missing-crew"));

    assertThat(noTarget.path("status").intValue()).isEqualTo(404);
    assertThat(noTarget.path("detail").textValue()).contains("'missing-unit'");
    assertThat(noSource.path("status").intValue()).isEqualTo(404);
    assertThat(noSource.path("detail").textValue()).contains("'missing-bob'");
    twin.delete("missing-crew");
    assertThat(twin.relate("missing-ada", "BELONGS_TO", "missing-crew").statusCode())
        .as("a retired target")
        .isEqualTo(409);
  }

  @Test
  void shouldQuoteBothEndsOfARelationThatCannotBe() {
    twin.has("Person", "wrong-ada");
    twin.has("Role", "wrong-boss");

    JsonNode wrongEnds = problem(twin.relate("wrong-ada", "BELONGS_TO", "wrong-boss"));
    JsonNode unknown = problem(twin.relate("wrong-ada", "LIKES", "wrong-boss"));
    JsonNode self = problem(twin.relate("wrong-ada", "REPORTS_TO", "wrong-ada"));
    JsonNode properties =
        problem(
            twin.relate(
                "wrong-ada", "HAS_ROLE", "wrong-boss", "{\"properties\":{\"fte\":[]},\"x\":1}"));

    assertThat(wrongEnds.path("status").intValue()).isEqualTo(422);
    assertThat(wrongEnds.path("detail").textValue()).contains("'wrong-ada'", "'wrong-boss'");
    assertThat(unknown.path("status").intValue()).isEqualTo(422);
    assertThat(unknown.path("detail").textValue())
        .contains("'wrong-ada'", "'wrong-boss'", "'LIKES'");
    assertThat(self.path("status").intValue()).isEqualTo(422);
    assertThat(properties.path("status").intValue()).isEqualTo(400);
  }

  @Test
  void shouldRefuseAHierarchyThatLeadsInACircle() {
    for (String id : List.of("a", "b", "c", "top")) {
      twin.has("OrganizationUnit", "circle-" + id);
    }
    twin.relate("circle-b", "PART_OF", "circle-a");
    twin.relate("circle-c", "PART_OF", "circle-b");
    twin.relate("circle-c", "PART_OF", "circle-top");

    JsonNode circle = problem(twin.relate("circle-a", "PART_OF", "circle-c"));

    assertThat(circle.path("status").intValue()).isEqualTo(422);
    assertThat(circle.path("detail").textValue())
        .isEqualTo(
            "PART_OF from 'circle-a' to 'circle-c' would lead in a circle:"
                + " circle-a → circle-c → circle-b → circle-a.");
    assertThat(twin.relate("circle-a", "PART_OF", "circle-top").statusCode()).isEqualTo(201);
  }

  @Test
  void shouldLetProcessesDependOnEachOther() {
    twin.has("Process", "mutual-a");
    twin.has("Process", "mutual-b");
    twin.relate("mutual-a", "DEPENDS_ON", "mutual-b");

    assertThat(twin.relate("mutual-b", "DEPENDS_ON", "mutual-a").statusCode()).isEqualTo(201);
  }

  @Test
  void shouldRelateOnlyWhereTheCallersConditionHolds() {
    twin.has("Person", "condition-ada");
    twin.has("OrganizationUnit", "condition-crew");

    assertThat(conditionally("If-Match", "\"9\"").statusCode()).isEqualTo(412);
    assertThat(conditionally("If-None-Match", "*").statusCode()).isEqualTo(201);
    assertThat(conditionally("If-None-Match", "*").statusCode()).isEqualTo(412);
    assertThat(conditionally("If-Match", "\"2\"").statusCode()).isEqualTo(200);
  }

  private static Reply conditionally(String header, String value) {
    return twin.relate("condition-ada", "BELONGS_TO", "condition-crew", "{}", header, value);
  }

  // Queries

  @Test
  void shouldTellWhatHappenedWhenAndWhy() {
    twin.put("history", CREW, "Twinloop-Actor", "ada", "X-Correlation-Id", "loop-9");
    twin.patch("history", "{\"label\":\"The Crew\"}", "Twinloop-Actor", "bob");
    twin.follow("history");

    JsonNode first = twin.read("nodes/history/history?limit=1");
    JsonNode second =
        twin.read("nodes/history/history?limit=1&cursor=" + first.path("nextCursor").textValue());

    JsonNode created = first.at("/items/0");
    assertThat(created.path("what").textValue()).isEqualTo("created");
    assertThat(created.at("/cause/actor").textValue()).isEqualTo("ada");
    assertThat(created.at("/cause/kind").textValue()).isEqualTo("request");
    assertThat(created.at("/cause/correlationId").textValue()).isEqualTo("loop-9");
    assertThat(Instant.parse(created.path("at").textValue())).isBefore(Instant.now());
    JsonNode changed = second.at("/items/0");
    assertThat(changed.path("revision").intValue()).isEqualTo(2);
    assertThat(changed.at("/detail/label").toString())
        .isEqualTo("{\"before\":\"Crew\",\"after\":\"The Crew\"}");
    assertThat(second.path("nextCursor").isNull()).isTrue();
    assertThat(twin.get("nodes/history-of-nobody/history").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldListNodesPageByPageByTypeAndText() {
    twin.has("Vendor", "list-b");
    twin.has("Vendor", "list-a");
    twin.has("Resource", "list-c");
    twin.follow("list-a", "list-b", "list-c");

    JsonNode first = twin.read("nodes?q=LIST-&limit=2");
    JsonNode second =
        twin.read("nodes?q=LIST-&limit=2&cursor=" + first.path("nextCursor").textValue());

    assertThat(ids(first.path("items"))).containsExactly("list-a", "list-b");
    assertThat(ids(second.path("items"))).containsExactly("list-c");
    assertThat(ids(twin.read("nodes?q=list-&type=Resource").path("items")))
        .containsExactly("list-c");
    assertThat(twin.get("nodes?type=Unicorn").statusCode()).isEqualTo(400);
    assertThat(twin.get("nodes?type=KPI").statusCode()).isEqualTo(400);
    assertThat(twin.get("nodes?at=yesterday").statusCode()).isEqualTo(400);
    assertThat(twin.get("nodes?cursor=x").statusCode()).isEqualTo(400);
  }

  @Test
  void shouldShowTheGraphAroundANode() {
    twin.has("OrganizationUnit", "graph-crew");
    twin.has("Person", "graph-ada");
    twin.has("Role", "graph-boss");
    twin.relate("graph-ada", "BELONGS_TO", "graph-crew");
    twin.relate("graph-ada", "HAS_ROLE", "graph-boss");
    twin.follow("graph-crew", "graph-ada", "graph-boss");

    assertThat(ids(twin.read("graph?root=graph-crew").path("nodes")))
        .containsExactly("graph-crew", "graph-ada");
    JsonNode whole = twin.read("graph?root=graph-crew&depth=2");
    assertThat(ids(whole.path("nodes"))).containsExactly("graph-crew", "graph-ada", "graph-boss");
    assertThat(whole.at("/relations").findValuesAsText("relation"))
        .containsExactly("BELONGS_TO", "HAS_ROLE");
    assertThat(ids(twin.read("graph?root=graph-crew&depth=2&relations=BELONGS_TO").path("nodes")))
        .containsExactly("graph-crew", "graph-ada");
  }

  @ParameterizedTest
  @CsvSource({
    "graph, 400",
    "graph?root=nobody-at-all, 404",
    "graph?root=x&depth=-1, 400",
    "graph?root=x&depth=101, 400",
    "graph?root=x&relations=LIKES, 400",
    "nodes/nobody-at-all, 404",
    "nodes/nobody-at-all?at=2026-01-01T00:00:00Z, 404",
  })
  void shouldRefuseQuestionsThatCannotBeAnswered(String path, int status) {
    assertThat(problem(twin.get(path)).path("status").intValue()).isEqualTo(status);
  }

  private static String header(Reply reply, String name) {
    return reply.headers().firstValue(name).orElse("");
  }

  private static List<String> ids(JsonNode nodes) {
    return nodes.findValuesAsText("id");
  }

  private static List<String> pointers(JsonNode problem) {
    return problem.path("errors").findValuesAsText("pointer");
  }
}
