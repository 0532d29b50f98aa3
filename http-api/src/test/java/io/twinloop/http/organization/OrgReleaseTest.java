package io.twinloop.http.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.client.Organogram;
import io.twinloop.http.Json;
import io.twinloop.http.TestServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole government goes in; read from the shared data where it is there. */
class OrgReleaseTest {

  private static final int SUBTREES = 200;

  @TempDir private Path folder;

  @Test
  void shouldTakeAWholeGovernmentAndAnswerQuestionsToItsParts() throws IOException, SQLException {
    Path release = sharedData().resolve("uk-2011-03-31.jsonl.gz");
    assumeTrue(Files.exists(release), "SKIPPED: no organograms at " + release);
    List<String> lines = convert(release);
    List<String> ids = new ArrayList<>();
    List<String> units = new ArrayList<>();
    for (String line : lines) {
      JsonNode node = Json.read(line.getBytes(StandardCharsets.UTF_8)).path("node");
      if (node.isObject()) {
        ids.add(node.path("id").textValue());
        if (node.path("type").textValue().equals("OrganizationUnit")) {
          units.add(node.path("id").textValue());
        }
      }
    }
    byte[] body = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    try (TwinBench twin = new TwinBench(folder)) {
      long start = System.nanoTime();
      JsonNode first = TestServer.json(twin.load("", "application/x-ndjson", body));
      long took = System.nanoTime() - start;
      assertThat(first.path("accepted").intValue()).isEqualTo(lines.size());
      assertThat(first.path("rejected").intValue()).isZero();
      System.out.printf(
          "%,d lines in %.1f s, %,.0f a second%n",
          lines.size(), took / 1e9, lines.size() * 1e9 / took);
      for (int from = 0; from < ids.size(); from += 500) {
        twin.follow(ids.subList(from, Math.min(from + 500, ids.size())).toArray(String[]::new));
      }

      JsonNode root = twin.read("nodes/uk-government/rollup");
      assertThat(root.path("units").intValue()).isEqualTo(2_450);
      assertThat(root.path("fte").doubleValue()).isBetween(692_006.0, 692_008.0);
      JsonNode second = TestServer.json(twin.load("", "application/x-ndjson", body));
      assertThat(second.path("unchanged").intValue()).isEqualTo(lines.size());

      askForRandomParts(twin, units, "warming up");
      askForRandomParts(twin, units, "warm");
    }
  }

  private static void askForRandomParts(TwinBench twin, List<String> units, String what) {
    Random random = new Random(17);
    for (String question :
        List.of(
            "graph?root=%s&depth=2",
            "graph?root=%s&depth=10&direction=down&relations=PART_OF,BELONGS_TO",
            "nodes/%s/members",
            "nodes/%s/rollup",
            "nodes?within=%s")) {
      long[] took = new long[SUBTREES];
      for (int i = 0; i < SUBTREES; i++) {
        String unit = units.get(random.nextInt(units.size()));
        long start = System.nanoTime();
        twin.read(question.formatted(unit));
        took[i] = System.nanoTime() - start;
      }
      Arrays.sort(took);
      System.out.printf(
          "%-10s %-68s median %5.1f ms, p95 %5.1f ms, most %5.1f ms%n",
          what,
          question,
          took[SUBTREES / 2] / 1e6,
          took[SUBTREES * 95 / 100] / 1e6,
          took[SUBTREES - 1] / 1e6);
    }
  }

  private static List<String> convert(Path release) throws IOException {
    Organogram organogram = new Organogram("uk-government", "UK government");
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(release)), StandardCharsets.UTF_8))) {
      reader.lines().forEach(organogram::read);
    }
    List<String> lines = new ArrayList<>();
    organogram.write(lines::add);
    return lines;
  }

  private static Path sharedData() {
    String override = System.getProperty("twinloop.shared");
    if (override != null) {
      return Path.of(override, "data", "organisation");
    }
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path candidate = at.resolve("shared").resolve("data").resolve("organisation");
      if (Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    return Path.of("..", "shared", "data", "organisation");
  }
}
