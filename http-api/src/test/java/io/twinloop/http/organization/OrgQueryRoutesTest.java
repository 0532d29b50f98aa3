package io.twinloop.http.organization;

import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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

/** One small organisation, and what can be asked of it. */
class OrgQueryRoutesTest {

  @TempDir private static Path folder;
  private static TwinBench twin;
  private static Instant beforeTheMove;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new TwinBench(folder);
    JsonNode loaded =
        twin.load(
            node("acme", "Organization", ""),
            node("it", "OrganizationUnit", "\"headcount\":12,\"fte\":8.5,\"cost\":400000"),
            node("dev", "OrganizationUnit", ""),
            node("hr", "OrganizationUnit", "\"headcount\":3"),
            node("grace", "Person", ""),
            node("ada", "Person", "\"fte\":0.8,\"cost\":90000"),
            node("bob", "Person", ""),
            node("eve", "Person", ""),
            relation("it", "PART_OF", "acme"),
            relation("hr", "PART_OF", "acme"),
            relation("dev", "PART_OF", "it"),
            relation("grace", "BELONGS_TO", "it"),
            relation("grace", "MANAGES", "it"),
            relation("ada", "BELONGS_TO", "dev"),
            relation("ada", "BELONGS_TO", "hr"),
            relation("ada", "REPORTS_TO", "bob"),
            relation("bob", "BELONGS_TO", "dev"),
            relation("bob", "REPORTS_TO", "grace"),
            "{\"relation\":{\"source\":\"eve\",\"relation\":\"BELONGS_TO\",\"target\":\"hr\","
                + "\"properties\":{\"counted\":false}}}",
            node(
                "p1",
                "Process",
                "\"sla_days\":5,\"avg_duration_days\":8.2,\"automation_level\":\"manual\""),
            node(
                "p2",
                "Process",
                "\"sla_days\":5,\"avg_duration_days\":8,\"automation_level\":\"full-auto\""),
            node(
                "p3",
                "Process",
                "\"sla_days\":5,\"avg_duration_days\":5,\"automation_level\":\"manual\""),
            node("p4", "Process", "\"note\":\"x\""),
            relation("it", "OWNS_PROCESS", "p1"),
            relation("p1", "DEPENDS_ON", "p2"),
            relation("p2", "DEPENDS_ON", "p3"),
            relation("p3", "DEPENDS_ON", "p1"));
    if (loaded.path("rejected").intValue() != 0) {
      throw new AssertionError(loaded);
    }
    beforeTheMove = Instant.now();
    twin.delete("dev/relations/PART_OF/it");
    twin.relate("dev", "PART_OF", "hr");
    twin.delete("p2/relations/DEPENDS_ON/p3");
    twin.follow("acme", "it", "dev", "hr", "grace", "ada", "bob", "eve", "p1", "p2", "p3", "p4");
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  @Test
  void shouldShowWhoIsAboveAPerson() {
    JsonNode line = twin.read("nodes/ada/reporting-line");

    assertThat(line.path("id").textValue()).isEqualTo("ada");
    assertThat(ids(line.path("items"))).containsExactly("bob", "grace");
    assertThat(line.at("/items/1/distance").intValue()).isEqualTo(2);
  }

  @Test
  void shouldShowWhatIsAboveAUnitAndWhoManagesIt() {
    JsonNode now = twin.read("nodes/dev/reporting-line");
    JsonNode then = twin.read("nodes/dev/reporting-line?at=" + beforeTheMove);

    assertThat(ids(now.path("items"))).containsExactly("hr", "acme");
    assertThat(then.at("/items/0/id").textValue()).isEqualTo("it");
    assertThat(then.at("/items/0/managers/0/id").textValue()).isEqualTo("grace");
    assertThat(ids(twin.read("nodes/it/reporting-line").path("managers"))).containsExactly("grace");
  }

  @Test
  void shouldListMembersPageByPage() {
    JsonNode first = twin.read("nodes/acme/members?limit=3");
    JsonNode second =
        twin.read("nodes/acme/members?limit=3&cursor=" + first.path("nextCursor").textValue());

    assertThat(ids(first.path("items"))).containsExactly("ada", "bob", "eve");
    assertThat(first.at("/items/0/unitIds").toString()).isEqualTo("[\"dev\",\"hr\"]");
    assertThat(ids(second.path("items"))).containsExactly("grace");
    assertThat(second.path("nextCursor").isNull()).isTrue();
    assertThat(ids(twin.read("nodes/it/members").path("items"))).containsExactly("grace");
    assertThat(ids(twin.read("nodes/it/members?at=" + beforeTheMove).path("items")))
        .containsExactly("ada", "bob", "grace");
    assertThat(ids(twin.read("nodes/hr/members?direct=true").path("items")))
        .containsExactly("ada", "eve");
    assertThat(twin.read("nodes/acme/members?direct=true").path("items")).isEmpty();
  }

  @Test
  void shouldRollUpNowAndThen() {
    assertThat(twin.read("nodes/acme/rollup").toString())
        .isEqualTo(
            "{\"id\":\"acme\",\"units\":3,\"persons\":4,\"headcount\":17,\"fte\":11.3,"
                + "\"cost\":490000,\"notCounted\":1}");
    assertThat(twin.read("nodes/it/rollup").path("headcount").intValue()).isEqualTo(12);
    assertThat(twin.read("nodes/it/rollup?at=" + beforeTheMove).path("headcount").intValue())
        .isEqualTo(14);
  }

  @Test
  void shouldWalkOnlyDownwardsWhenAsked() {
    assertThat(ids(twin.read("graph?root=it&depth=9&direction=down").path("nodes")))
        .containsExactly("it", "grace", "p1", "bob", "p2", "ada");
    assertThat(ids(twin.read("graph?root=hr&depth=9&direction=down").path("nodes")))
        .containsExactly("hr", "ada", "dev", "eve", "bob");
  }

  @Test
  void shouldFindCircularDependencies() {
    assertThat(twin.read("cycles?relation=DEPENDS_ON").toString())
        .isEqualTo("{\"relation\":\"DEPENDS_ON\",\"items\":[]}");
    assertThat(twin.read("cycles?at=" + beforeTheMove).path("items").toString())
        .isEqualTo("[{\"nodes\":[\"p1\",\"p2\",\"p3\"],\"circle\":[\"p1\",\"p2\",\"p3\",\"p1\"]}]");
  }

  @Test
  void shouldListProcessesOverTheirSlaAndManual() {
    assertThat(ids(twin.read("nodes?type=Process&overSla=true").path("items")))
        .containsExactly("p1", "p2");
    assertThat(
            ids(twin.read("nodes?type=Process&overSla=true&automationLevel=manual").path("items")))
        .containsExactly("p1");
    assertThat(ids(twin.read("nodes?automationLevel=manual").path("items")))
        .containsExactly("p1", "p3");
    assertThat(ids(twin.read("nodes?overSla=true&within=acme").path("items")))
        .containsExactly("p1");
  }

  @ParameterizedTest
  @CsvSource({
    "nodes/nobody/reporting-line, 404",
    "nodes/nobody/members, 404",
    "nodes/nobody/rollup, 404",
    "nodes/acme/rollup?at=2000-01-01T00:00:00Z, 404",
    "nodes/ada/rollup, 422",
    "nodes/acme/members?direct=perhaps, 400",
    "cycles?relation=LIKES, 400",
    "nodes?overSla=1, 400",
    "graph?root=acme&direction=up, 400",
    "nodes?automationLevel=none, 400",
  })
  void shouldRefuseQuestionsThatCannotBeAnswered(String path, int status) {
    assertThat(problem(twin.get(path)).path("status").intValue()).isEqualTo(status);
  }

  private static String node(String id, String type, String properties) {
    return "{\"node\":{\"id\":\"%s\",\"type\":\"%s\",\"label\":\"%s\",\"properties\":{%s}}}"
        .formatted(id, type, id, properties);
  }

  private static String relation(String source, String relation, String target) {
    return "{\"relation\":{\"source\":\"%s\",\"relation\":\"%s\",\"target\":\"%s\"}}"
        .formatted(source, relation, target);
  }

  private static List<String> ids(JsonNode items) {
    return items.findValuesAsText("id");
  }
}
