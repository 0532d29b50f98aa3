package io.twinloop.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A release of organograms on its way into the twin. */
class OrganogramTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Organogram organogram = new Organogram("root", "Root");
  private final Map<String, JsonNode> nodes = new HashMap<>();
  private final List<String> relations = new ArrayList<>();

  @Test
  void shouldMakeUnitsRolesAndPersons() {
    senior("1", null, "CEO", 1);
    senior("2", "1", "Finance", 0.8);
    senior("3", "2", "Finance", 1);
    senior("4", "1", "Post room", 0);
    junior("2", "Finance", 12.5, 20_000, 30_000);
    junior("4", "Vans", 3, 10_000, 10_000);
    convert();

    assertThat(nodes).hasSize(1 + 4 + 4 + 3);
    assertThat(nodes.get("unit:acme:finance").path("properties").toString())
        .isEqualTo("{\"body\":\"acme\",\"fte\":12.5,\"headcount\":13,\"cost\":312500.0}");
    assertThat(relations)
        .contains(
            "unit:acme:ceo PART_OF root {}",
            "unit:acme:finance PART_OF unit:acme:ceo {}",
            "unit:acme:vans PART_OF unit:acme:post-room {}",
            "person:acme:2 HAS_ROLE role:acme:2 {}",
            "person:acme:2 BELONGS_TO unit:acme:finance {\"counted\":false}",
            "person:acme:2 MANAGES unit:acme:finance {}",
            "person:acme:3 REPORTS_TO person:acme:2 {}")
        .doesNotContain("person:acme:3 MANAGES unit:acme:finance {}");
    assertThat(nodes.get("role:acme:4").path("properties").path("vacant").booleanValue()).isTrue();
    assertThat(nodes).doesNotContainKey("person:acme:4");
  }

  @Test
  void shouldReportPastAVacantPost() {
    senior("1", null, "CEO", 1);
    senior("2", "1", "Finance", 0);
    senior("3", "2", "Payroll", 1);
    convert();

    assertThat(relations).contains("person:acme:3 REPORTS_TO person:acme:1 {}");
  }

  @Test
  void shouldTellTheDirtAndTakeWhatIsSound() {
    senior("1", "1", "CEO", 1);
    senior("2", "9", "Finance", 1);
    senior("3", "4", "A", 1);
    senior("4", "3", "B", 1);
    senior("4", "3", "B", 1);
    senior("4", "1", "B", 1);
    organogram.read("{\"kind\":\"senior\"");
    organogram.read("{\"kind\":\"robot\",\"body\":\"acme\",\"unit\":\"A\"}");
    organogram.read("{\"kind\":\"junior\",\"body\":\"acme\"}");
    organogram.read("{\"kind\":\"junior\",\"body\":\"acme\",\"unit\":\"A\",\"fte\":\"many\"}");
    junior("77", "Lost", 1, 1, 1);
    convert();

    assertThat(organogram.found("circles of posts")).isEqualTo(2);
    assertThat(organogram.found("senior posts under a post that is not there")).isEqualTo(1);
    assertThat(organogram.found("junior rows under a post that is not there")).isEqualTo(1);
    assertThat(organogram.found("senior posts twice, the same")).isEqualTo(1);
    assertThat(organogram.found("senior posts twice, otherwise")).isEqualTo(1);
    assertThat(organogram.found("lines that are no JSON")).isEqualTo(1);
    assertThat(organogram.found("rows of an unknown kind")).isEqualTo(1);
    assertThat(organogram.found("rows without a body or a unit")).isEqualTo(1);
    assertThat(organogram.found("junior rows without an fte")).isEqualTo(1);
    assertThat(relations)
        .contains("unit:acme:a PART_OF root {}", "unit:acme:b PART_OF unit:acme:a {}");
    assertThat(organogram.report()).anyMatch(line -> line.contains("acme/3 → acme/4 → acme/3"));
  }

  @Test
  void shouldKeepUnitsOfLikeNamesApart() {
    senior("1", null, "R & D", 1);
    senior("2", "1", "R-D", 1);
    convert();

    assertThat(nodes.keySet().stream().filter(id -> id.startsWith("unit:acme:r-d~"))).hasSize(2);
  }

  @Test
  void shouldConvertOnTheCommandLine(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path file = folder.resolve("small.jsonl.gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(row("senior", "1", null, "CEO", 1).getBytes(StandardCharsets.UTF_8));
    }

    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        Main.run(
            List.of("convert", "organogram", file.toString()),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));

    assertThat(code).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(4 + 4);
    assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("1 bodies, 1 units, 1 senior");
  }

  @Test
  void shouldSayHowItIsCalled() throws InterruptedException {
    assertThat(run()).isEqualTo(2);
    assertThat(run("convert", "spreadsheet", "x")).isEqualTo(2);
    assertThat(run("convert", "organogram")).isEqualTo(2);
    assertThat(run("convert", "organogram", "/there/is/none")).isEqualTo(1);
    assertThat(run("import", "/there/is/none")).isEqualTo(1);
    assertThat(run("import", "x", "--port")).isEqualTo(2);
    assertThat(run("import", "x", "--force", "yes")).isEqualTo(2);
  }

  private static int run(String... args) throws InterruptedException {
    PrintStream nowhere =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    return Main.run(List.of(args), nowhere, nowhere);
  }

  @Test
  void shouldKeepTheSumsOfARealRelease() throws IOException {
    Path release = SharedData.folder("organisation").resolve("uk-2011-03-31.jsonl.gz");
    assumeTrue(Files.exists(release), "SKIPPED: no organograms at " + release);
    try (BufferedReader reader = InputFiles.reader(release)) {
      reader.lines().forEach(organogram::read);
    }
    convert();

    List<JsonNode> units =
        nodes.values().stream()
            .filter(node -> node.path("type").textValue().equals("OrganizationUnit"))
            .toList();
    assertThat(units).hasSize(2_450);
    assertThat(
            units.stream().mapToDouble(u -> u.path("properties").path("fte").doubleValue()).sum())
        .isBetween(692_006.0, 692_008.0);
    assertThat(organogram.found("circles of posts")).isEqualTo(2);
    assertThat(organogram.found("senior posts under a post that is not there")).isEqualTo(1);
    assertThatNothingDangles();
    assertThatUnitsAreATree();
  }

  private void assertThatNothingDangles() {
    for (String relation : relations) {
      String[] parts = relation.split(" ", 4);
      assertThat(nodes).containsKeys(parts[0], parts[2]);
    }
  }

  private void assertThatUnitsAreATree() {
    Map<String, String> above = new HashMap<>();
    relations.stream()
        .map(relation -> relation.split(" ", 4))
        .filter(parts -> parts[1].equals("PART_OF"))
        .forEach(parts -> above.put(parts[0], parts[2]));
    for (String unit : above.keySet()) {
      Set<String> way = new HashSet<>();
      for (String at = unit; !at.equals("root"); at = above.get(at)) {
        assertThat(way.add(at)).as("a circle through %s", at).isTrue();
      }
    }
  }

  private void senior(String id, String parent, String unit, double fte) {
    organogram.read(row("senior", id, parent, unit, fte));
  }

  private static String row(String kind, String id, String parent, String unit, double fte) {
    return JSON.createObjectNode()
        .put("kind", kind)
        .put("id", "acme/" + id)
        .put("body", "acme")
        .put("parent", parent == null ? null : "acme/" + parent)
        .put("unit", unit)
        .put("title", "Head of " + unit)
        .put("fte", fte)
        .toString();
  }

  private void junior(String parent, String unit, double fte, double least, double most) {
    organogram.read(
        JSON.createObjectNode()
            .put("kind", "junior")
            .put("body", "acme")
            .put("parent", "acme/" + parent)
            .put("unit", unit)
            .put("fte", fte)
            .put("payMin", least)
            .put("payMax", most)
            .toString());
  }

  private void convert() {
    organogram.write(this::take);
  }

  private void take(String line) {
    try {
      JsonNode json = JSON.readTree(line);
      if (json.has("node")) {
        assertThat(nodes.put(json.path("node").path("id").textValue(), json.path("node"))).isNull();
      } else {
        JsonNode told = json.path("relation");
        relations.add(
            "%s %s %s %s"
                .formatted(
                    told.path("source").textValue(),
                    told.path("relation").textValue(),
                    told.path("target").textValue(),
                    told.has("properties") ? told.path("properties") : "{}"));
      }
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
