package io.twinloop.multijvm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Persons come in by every door there is; what is personal of them stands nowhere in clear, and
 * after they were erased the rest of the twin answers without it.
 */
class ErasedPersonTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A word of each person's name, by how they came; of each person, the id. */
  private static final Map<String, String> PERSONS =
      Map.of(
          "p-live", "Quartzite",
          "p-import", "Porphyry",
          "p-table", "Serpentinite",
          "p-hr", "Obsidianne",
          "p-event", "Travertina",
          "p-kafka", "Kimberlitz");

  /** What stands beside the names. */
  private static final List<String> OTHER_WORDS =
      List.of("quartz-mail", "Malachitestrasse", "+49-8151-77", "Zinnoberina");

  @TempDir Path folder;

  @Test
  void shouldStoreNothingPersonalInClearAndForgetTheErased() throws Exception {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start();
        Scenario story = new Scenario(new Twin(node::url), services.kafkaBootstrap())) {
      Twin twin = new Twin(node::url);
      live(twin);
      imported(twin);
      story.hrTells(
          """
          {"event": "employment_started", "employeeId": "p-hr", "unitId": "crew",
           "date": "2020-03-02", "anonymizedName": "Olga Obsidianne"}""");
      story.comesByHttp(onboarded("e-1", "p-event", "Tara Travertina"));
      story.comesByKafka(onboarded("e-2", "p-kafka", "Kim Kimberlitz"));
      String run = workflow(node.url());

      everythingIsShown(twin, run);
      nothingStandsInClear(services);

      for (String id : PERSONS.keySet()) {
        Twin.Answer erased = twin.change("POST", "/api/v1/subjects/" + id + "/erase", "");
        assertThat(erased.status()).as("%s", erased.body()).isEqualTo(200);
      }
      theRestIsShown(twin, run);
      node.kill9();
      node.start();
      theRestIsShown(twin, run);
      nothingStandsInClear(services);
    }
  }

  private static void live(Twin twin) {
    ok(twin.put("/api/v1/twin/nodes/crew", "{\"type\":\"OrganizationUnit\",\"label\":\"Crew\"}"));
    ok(
        twin.put(
            "/api/v1/twin/nodes/p-live",
            """
            {"type": "Person", "label": "Quentin Quartzite", "properties":
              {"fte": 0.5, "email": "q@quartz-mail.example",
               "address": {"street": "Malachitestrasse 1"}}}"""));
    ok(
        twin.change(
            "PATCH",
            "/api/v1/twin/nodes/p-live",
            "{\"properties\": {\"phone\": \"+49-8151-77\", \"maidenName\": \"Zinnoberina\"}}"));
    ok(twin.put("/api/v1/twin/nodes/p-live/relations/BELONGS_TO/crew", "{}"));
  }

  private static void imported(Twin twin) {
    String line =
        "{\"node\":{\"id\":\"p-import\",\"type\":\"Person\",\"label\":\"Pia Porphyry\"}}\n";
    String table = "id,label,BELONGS_TO\np-table,Sam Serpentinite,crew\n";
    ok(twin.post("/api/v1/twin/import", "application/x-ndjson", line.getBytes(UTF_8)));
    ok(twin.post("/api/v1/twin/import?kind=Person", "text/csv", table.getBytes(UTF_8)));
  }

  private static String onboarded(String id, String employee, String name) {
    return """
        {"specversion": "1.0", "id": "%s", "type": "bpa.employee.onboarded", "source": "//bpa/x",
         "subject": "%s", "entitytype": "Person", "time": "%s", "direction": "bpa-to-dto",
         "datacontenttype": "application/json", "correlationid": "loop-%s", "data":
           {"employee_id": "%s", "anonymized_name": "%s", "unit_id": "crew", "fte": 1.0}}"""
        .formatted(id, employee, Instant.now(), id, employee, name);
  }

  /** A run with a name in a task's title, in what is told to somebody, and in a kept answer. */
  private static String workflow(URI url) throws Exception {
    String definition =
        """
        document: {dsl: '1.0.3', namespace: trial, name: greeting, version: '1.0.0'}
        do:
          - tell:
              call: notify
              with: {channel: log, to: 'role:it', subject: '${ "Greet \\(.anonymized_name)" }', message: Hello}
          - ask:
              call: humanTask
              with: {title: '${ "Show \\(.anonymized_name) around" }', candidates: {users: [ada]}}
        """;
    ok(new Twin(() -> url).registerDefinition(definition));
    HttpResponse<String> started =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(url.resolve("/api/v1/workflows?wait=1s"))
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", "greet")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            """
                            {"definition": {"namespace": "trial", "name": "greeting"}, "input":
                              {"employee_id": "p-live", "anonymized_name": "Quentin Quartzite"}}"""))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(started.statusCode()).as(started.body()).isEqualTo(201);
    assertThat(started.body()).contains("Quentin Quartzite");
    return new ObjectMapper().readTree(started.body()).get("id").asText();
  }

  private static void everythingIsShown(Twin twin, String run) {
    PERSONS.forEach(
        (id, name) ->
            await("search for " + name)
                .atMost(PATIENCE)
                .until(() -> ids(twin.all("/api/v1/twin/nodes?q=" + name)).equals(List.of(id))));
    await("the task's title")
        .atMost(PATIENCE)
        .until(() -> titles(twin, run).equals(List.of("Show Quentin Quartzite around")));
    await("what was told")
        .atMost(PATIENCE)
        .until(() -> twin.all("/api/v1/outbox").toString().contains("Greet Quentin Quartzite"));
    JsonNode live = twin.node("p-live").get("properties");
    assertThat(live.at("/address/street").asText()).isEqualTo("Malachitestrasse 1");
    assertThat(live.get("phone").asText()).isEqualTo("+49-8151-77");
    assertThat(history(twin)).contains("Quentin Quartzite", "Zinnoberina");
    assertThat(twin.events().toString()).contains("Tara Travertina", "Kim Kimberlitz");
  }

  private static void theRestIsShown(Twin twin, String run) {
    List<String> all = new ArrayList<>(OTHER_WORDS);
    all.addAll(PERSONS.values());
    await("the graph")
        .atMost(PATIENCE)
        .until(() -> twin.get("/api/v1/twin/graph?root=crew&depth=2").isOk());
    JsonNode graph = twin.get("/api/v1/twin/graph?root=crew&depth=2").body();
    assertThat(graph.get("nodes")).hasSizeGreaterThanOrEqualTo(5);
    assertThat(graph.get("relations")).hasSizeGreaterThanOrEqualTo(4);
    JsonNode live = twin.node("p-live");
    assertThat(live.get("label").asText()).isEqualTo("(erased)");
    assertThat(live.at("/properties/fte").asDouble()).isEqualTo(0.5);
    assertThat(titles(twin, run)).containsExactly("Show (erased) around");
    assertThat(twin.loop("loop-e-1").get("correlationId").asText()).isEqualTo("loop-e-1");
    assertThat(history(twin)).contains("(erased)");
    String answers =
        graph
            + history(twin)
            + live
            + twin.events()
            + twin.loops()
            + twin.openTasks()
            + twin.workflows()
            + twin.all("/api/v1/outbox")
            + twin.all("/api/v1/twin/nodes?q=Quartzite");
    assertThat(answers).doesNotContain(all).doesNotContain("^pd1.");
  }

  private static String history(Twin twin) {
    return twin.all("/api/v1/twin/nodes/p-live/history").toString();
  }

  private static List<String> titles(Twin twin, String run) {
    return twin.openTasks().stream()
        .filter(task -> task.get("workflowId").asText().equals(run))
        .map(task -> task.get("title").asText())
        .toList();
  }

  private static List<String> ids(List<JsonNode> nodes) {
    return nodes.stream().map(node -> node.get("id").asText()).toList();
  }

  private void nothingStandsInClear(ServicesProcess services) {
    List<String> words = new ArrayList<>(OTHER_WORDS);
    words.addAll(PERSONS.values());
    assertThat(StoredBytes.inDatabase(services.postgresUrl(), words)).isEmpty();
    assertThat(StoredBytes.inFiles(folder.resolve("services/postgres"), words)).isEmpty();
    assertThat(StoredBytes.inFiles(folder.resolve("node-a.log").getParent(), words))
        // What another program put on Kafka in clear is there in clear, as long as Kafka keeps it.
        .allMatch(found -> found.startsWith("Kimberlitz in services/kafka/"));
    // The search itself finds what is there.
    assertThat(StoredBytes.inDatabase(services.postgresUrl(), List.of("p-live"))).isNotEmpty();
    assertThat(StoredBytes.inFiles(folder.resolve("services/kafka"), List.of("p-event")))
        .isNotEmpty();
    assertThat(StoredBytes.inFiles(folder.resolve("services/postgres"), List.of("p-live")))
        .isNotEmpty();
  }

  private static void ok(Twin.Answer answer) {
    assertThat(answer.isOk()).as("%s %s", answer.status(), answer.body()).isTrue();
  }
}
