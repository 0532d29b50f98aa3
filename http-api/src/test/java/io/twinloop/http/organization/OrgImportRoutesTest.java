package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.http.TestServer.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An organisation comes in. Every test has nodes of its own, named after it. */
class OrgImportRoutesTest {

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

  @Test
  void shouldTakeNodesAndRelationsInAnyOrderAndTheSameAgainForNothing() {
    String[] file = {
      relation("order-it", "PART_OF", "order-top"),
      relation("order-ada", "BELONGS_TO", "order-it"),
      node("order-it", "OrganizationUnit"),
      "",
      node("order-ada", "Person"),
      node("order-top", "Organization"),
    };

    JsonNode first = twin.load(file);
    JsonNode second = twin.load(file);

    assertThat(first.toString())
        .isEqualTo(
            "{\"accepted\":5,\"unchanged\":0,\"rejected\":0,\"errors\":[],\"report\":{"
                + "\"nodes\":{\"accepted\":3,\"unchanged\":0,\"rejected\":0},"
                + "\"relations\":{\"accepted\":2,\"unchanged\":0,\"rejected\":0},\"dirt\":{}}}");
    assertThat(counts(second)).isEqualTo("0 accepted, 5 unchanged, 0 rejected");
    assertThat(twin.read("nodes/order-ada").at("/relations/0/targetId").textValue())
        .isEqualTo("order-it");
  }

  @Test
  void shouldTellEachKindOfDirtAndTakeWhatIsSound() {
    twin.has("Role", "dirt-role");
    JsonNode summary =
        twin.load(
            node("dirt-a", "OrganizationUnit"),
            node("dirt-b", "OrganizationUnit"),
            node("dirt-a", "OrganizationUnit").replace("The", "Another"),
            node("dirt-a", "OrganizationUnit"),
            node("dirt-x", "Unicorn"),
            "{\"node\":",
            relation("dirt-a", "PART_OF", "dirt-nowhere"),
            relation("dirt-a", "LIKES", "dirt-b"),
            relation("dirt-a", "PART_OF", "dirt-b"),
            relation("dirt-b", "PART_OF", "dirt-a"),
            relation("dirt-a", "HAS_ROLE", "dirt-role"),
            node("dirt-role", "Vendor"),
            relation("dirt-a", "MEASURED_BY", "dirt-no-kpi"),
            "{\"relation\":{\"source\":\"dirt a\",\"relation\":\"PART_OF\",\"target\":\"dirt-b\"}}");

    assertThat(counts(summary)).isEqualTo("3 accepted, 1 unchanged, 10 rejected");
    assertThat(summary.at("/report/dirt").toString())
        .isEqualTo(
            "{\"already-exists\":1,\"cycle\":1,\"dangling\":2,\"duplicate\":1,\"invalid-fields\":1,"
                + "\"malformed\":1,\"unknown-relation\":1,\"unknown-type\":1,\"wrong-ends\":1}");
    assertThat(summary.path("errors").findValues("line").stream().map(JsonNode::intValue))
        .containsExactly(3, 5, 6, 7, 8, 10, 11, 12, 13, 14);
    assertThat(detail(summary, 3)).contains("'dirt-a'").contains("first holds");
    assertThat(detail(summary, 7)).contains("'dirt-a'").contains("'dirt-nowhere'");
    assertThat(detail(summary, 10)).contains("dirt-b → dirt-a → dirt-b");
    assertThat(detail(summary, 11)).contains("'dirt-a' is a OrganizationUnit");
    assertThat(twin.read("nodes/dirt-a").path("label").textValue()).startsWith("The");
  }

  @Test
  void shouldSeeACircleThroughWhatWasThereBefore() {
    twin.load(
        node("old-a", "OrganizationUnit"),
        node("old-b", "OrganizationUnit"),
        node("old-c", "OrganizationUnit"),
        relation("old-a", "PART_OF", "old-b"),
        relation("old-b", "PART_OF", "old-c"));

    JsonNode summary =
        twin.load(
            node("old-d", "OrganizationUnit"),
            relation("old-c", "PART_OF", "old-d"),
            relation("old-d", "PART_OF", "old-a"),
            relation("old-b", "PART_OF", "old-c"));

    assertThat(counts(summary)).isEqualTo("2 accepted, 1 unchanged, 1 rejected");
    assertThat(summary.at("/errors/0/code").textValue()).isEqualTo("cycle");
    assertThat(summary.at("/errors/0/detail").textValue())
        .contains("old-d → old-a → old-b → old-c → old-d");
  }

  @Test
  void shouldAgreeWithItselfOnRandomDirt() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      lines.add(node("random-" + i, "OrganizationUnit"));
      lines.add(
          relation("random-" + random.nextInt(70), "PART_OF", "random-" + random.nextInt(70)));
    }
    Collections.shuffle(lines, random);
    String[] file = lines.toArray(String[]::new);

    JsonNode first = twin.load(file);
    JsonNode second = twin.load(file);

    assertThat(second.path("accepted").intValue()).as("seed %d", seed).isZero();
    assertThat(second.path("rejected")).as("seed %d", seed).isEqualTo(first.path("rejected"));
    String[] ids = new String[60];
    for (int i = 0; i < 60; i++) {
      ids[i] = "random-" + i;
    }
    twin.follow(ids);
    List<String> circular =
        twin.read("cycles?relation=PART_OF").path("items").findValuesAsText("nodes");
    assertThat(circular).as("seed %d", seed).isEmpty();
  }

  @Test
  void shouldTakeATableWithParents() {
    String table =
        String.join(
            "\r\n",
            "id;label;fte;headcount;parent",
            "csv-top;Città;1,5;2;",
            "csv-it;\"IT; more\";0,5;1;csv-top",
            "csv-hr;HR;many;1;csv-top");
    Charset latin = StandardCharsets.ISO_8859_1;

    Reply reply =
        twin.load("?kind=OrganizationUnit", "text/csv; charset=ISO-8859-1", table.getBytes(latin));
    Reply utf16 =
        twin.load("?kind=OrganizationUnit", "text/csv", table.getBytes(StandardCharsets.UTF_16));
    Reply named =
        twin.load(
            "?kind=OrganizationUnit&charset=latin1&separator=%3B",
            "text/csv", table.getBytes(latin));

    assertThat(counts(json(reply))).isEqualTo("3 accepted, 0 unchanged, 2 rejected");
    assertThat(counts(json(utf16))).isEqualTo("0 accepted, 3 unchanged, 2 rejected");
    assertThat(counts(json(named))).isEqualTo("0 accepted, 3 unchanged, 2 rejected");
    assertThat(json(reply).at("/report/dirt").toString())
        .isEqualTo("{\"dangling\":1,\"refused\":1}");
    assertThat(twin.read("nodes/csv-top").path("label").textValue()).isEqualTo("Città");
    assertThat(twin.read("nodes/csv-it").at("/properties/fte").doubleValue()).isEqualTo(0.5);
    assertThat(twin.read("nodes/csv-it").at("/relations/0/targetId").textValue())
        .isEqualTo("csv-top");
  }

  @Test
  void shouldTakeRelationsAsATable() {
    twin.load(node("rel-ada", "Person"), node("rel-it", "OrganizationUnit"));

    Reply reply =
        twin.load(
            "?kind=BELONGS_TO",
            "text/csv",
            """
            source,target,validFrom
            rel-ada,rel-it,2020-01-31
            """
                .getBytes(StandardCharsets.UTF_8));

    assertThat(counts(json(reply))).isEqualTo("1 accepted, 0 unchanged, 0 rejected");
    assertThat(twin.read("nodes/rel-ada").at("/relations/0/validFrom").textValue())
        .isEqualTo("2020-01-31T00:00:00Z");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "?kind=Unicorn",
        "?kind=Role&separator=ab",
        "?kind=Role&charset=klingon",
        "?kind=node",
      })
  void shouldRefuseATableThatCannotBeRead(String query) {
    Reply reply = twin.load(query, "text/csv", "id,label".getBytes(StandardCharsets.UTF_8));

    assertThat(problem(reply).path("status").intValue()).isIn(400, 415);
  }

  @Test
  void shouldRefuseAnEmptyTableAndOtherBodies() {
    assertThat(problem(twin.load("?kind=Role", "text/csv", new byte[0])).path("code").textValue())
        .isEqualTo("malformed");
    assertThat(problem(twin.load("", "application/xml", new byte[0])).path("status").intValue())
        .isEqualTo(415);
  }

  @Test
  void shouldTakeGzipAndRefuseABomb() {
    byte[] zipped = gzip((node("gzip-a", "Role") + "\n").getBytes(StandardCharsets.UTF_8));
    byte[] bomb = gzip(new byte[300 * 1024 * 1024]);

    Reply taken = twin.load("", "application/x-ndjson", zipped, "Content-Encoding", "gzip");
    Reply refused = twin.load("", "application/x-ndjson", bomb, "Content-Encoding", "gzip");
    Reply table = twin.load("?kind=Role", "text/csv", bomb, "Content-Encoding", "gzip");
    Reply noGzip =
        twin.load("?kind=Role", "text/csv", new byte[] {1, 2, 3}, "Content-Encoding", "gzip");

    assertThat(counts(json(taken))).isEqualTo("1 accepted, 0 unchanged, 0 rejected");
    assertThat(problem(refused).path("status").intValue()).isEqualTo(413);
    assertThat(problem(table).path("status").intValue()).isEqualTo(413);
    assertThat(problem(noGzip).path("status").intValue()).isEqualTo(400);
  }

  @Test
  void shouldRefuseALineThatIsTooLongAndGoOn() {
    JsonNode summary = twin.load("x".repeat(1_000_000), node("long-a", "Role"));

    assertThat(counts(summary)).isEqualTo("1 accepted, 0 unchanged, 1 rejected");
    assertThat(summary.at("/errors/0/code").textValue()).isEqualTo("line-too-long");
  }

  @Test
  void shouldTellOnlyTheFirstHundredErrors() {
    String[] lines = new String[250];
    for (int i = 0; i < lines.length; i++) {
      lines[i] = "[" + i + "]";
    }
    JsonNode summary = twin.load(lines);

    assertThat(summary.path("rejected").intValue()).isEqualTo(250);
    assertThat(summary.path("errors")).hasSize(100);
  }

  private static String node(String id, String type) {
    return "{\"node\":{\"id\":\"%s\",\"type\":\"%s\",\"label\":\"The %s\"}}"
        .formatted(id, type, id);
  }

  private static String relation(String source, String relation, String target) {
    return "{\"relation\":{\"source\":\"%s\",\"relation\":\"%s\",\"target\":\"%s\"}}"
        .formatted(source, relation, target);
  }

  private static String counts(JsonNode summary) {
    return "%s accepted, %s unchanged, %s rejected"
        .formatted(summary.path("accepted"), summary.path("unchanged"), summary.path("rejected"));
  }

  private static String detail(JsonNode summary, int line) {
    for (JsonNode error : summary.path("errors")) {
      if (error.path("line").intValue() == line) {
        return error.path("detail").textValue();
      }
    }
    throw new AssertionError("No error of line " + line + " in " + summary);
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return zipped.toByteArray();
  }
}
