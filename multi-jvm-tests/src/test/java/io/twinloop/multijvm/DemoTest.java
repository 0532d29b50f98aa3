package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The demo keeps its promise, whatever its seed: loops of three kinds close, by events on Kafka.
 */
class DemoTest {

  /** The first act takes two minutes at most; the rest is for starting and loading. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Duration ON_KAFKA = Duration.ofSeconds(20);

  @TempDir static Path folder;

  private static ServicesProcess services;
  private static NodeProcess node;
  private static Twin twin;
  private static Bus bus;

  @BeforeAll
  static void startANode() {
    services = ServicesProcess.start(folder.resolve("services"));
    node = NodeProcess.named("a", folder).using(services).start();
    twin = new Twin(node::url);
    bus = new Bus(services.kafkaBootstrap());
  }

  @AfterAll
  static void stopIt() {
    if (bus != null) {
      bus.close();
    }
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {7, 8})
  void shouldCloseItsLoopsByEventsThatAreOnKafka(long seed) throws IOException {
    Set<String> before = closedLoops().collect(HashSet::new, Set::add, Set::addAll);

    String told = runDemo(seed);

    assertThat(told).contains("sensed", "decided", "acted", "measured", "closed");
    List<JsonNode> stories =
        closedLoops().filter(loop -> !before.contains(loop)).map(twin::loop).toList();
    assertThat(stories)
        .extracting(story -> story.path("eventType").asText())
        .contains("dto.kpi.anomaly_detected", "dto.process.sla_breach", "dto.org.vacancy_detected");
    for (JsonNode story : stories) {
      List<String> events = eventsOf(story);
      assertThat(events).as("events of the loop %s", story).isNotEmpty();
      for (String id : events) {
        bus.await("event " + id, ON_KAFKA, event -> event.path("id").asText().equals(id));
      }
    }
    eraseWhoWorked(told, stories);
  }

  /** Somebody of the sample company who took part in its stories goes; the stories stay. */
  private static void eraseWhoWorked(String told, List<JsonNode> stories) {
    JsonNode person =
        twin.all("/api/v1/twin/nodes?type=Person").stream()
            .filter(each -> told.contains(each.get("label").asText()))
            .findFirst()
            .orElseThrow();
    String id = person.get("id").asText();
    String name = person.get("label").asText();

    assertThat(twin.change("POST", "/api/v1/subjects/" + id + "/erase", "").status())
        .isEqualTo(200);

    assertThat(twin.node(id).get("label").asText()).isEqualTo("(erased)");
    assertThat(StoredBytes.inDatabase(services.postgresUrl(), List.of(name))).isEmpty();
    assertThat(StoredBytes.inFiles(folder.resolve("services"), List.of(name))).isEmpty();
    JsonNode graph = twin.get("/api/v1/twin/graph?depth=2&root=" + id).body();
    assertThat(graph.get("relations")).isNotEmpty();
    for (JsonNode story : stories) {
      JsonNode now = twin.loop(story.get("correlationId").asText());
      assertThat(now.get("steps")).hasSameSizeAs(story.get("steps"));
      assertThat(now.toString()).doesNotContain(name);
    }
  }

  private static String runDemo(long seed) throws IOException {
    Path output = folder.resolve("demo-" + seed + ".txt");
    JvmProcess.Command command =
        new JvmProcess.Command(
            "io.twinloop.client.demo.DemoMain",
            List.of("--url", node.url().toString(), "--seed", Long.toString(seed), "--once"),
            List.of("-Xmx256m", "-Dstdout.encoding=UTF-8"),
            Map.of(),
            output);
    try (JvmProcess demo = JvmProcess.start(command)) {
      int code = demo.exitCode(PATIENCE);
      String told = Files.readString(output);
      assertThat(code).as("the exit code; it told%n%s", told).isZero();
      return told;
    }
  }

  private static Stream<String> closedLoops() {
    return twin.loops().stream()
        .filter(loop -> loop.path("state").asText().equals("closed"))
        .map(loop -> loop.get("correlationId").asText());
  }

  private static List<String> eventsOf(JsonNode story) {
    List<String> ids = new ArrayList<>();
    for (JsonNode step : story.get("steps")) {
      JsonNode id = step.path("detail").path("eventId");
      if (id.isTextual()) {
        ids.add(id.asText());
      }
    }
    return ids;
  }
}
