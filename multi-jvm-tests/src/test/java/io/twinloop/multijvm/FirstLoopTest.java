package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop closes as the README tells it, and on real series. */
class FirstLoopTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private static ServicesProcess services;
  private static NodeProcess node;
  private static Twin twin;

  @BeforeAll
  static void startANode() {
    services = ServicesProcess.start(folder.resolve("services"));
    node = NodeProcess.named("a", folder).using(services).start();
    twin = new Twin(node::url);
  }

  @AfterAll
  static void stopIt() {
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
  }

  @Test
  void shouldCloseTheLoopByTheCommandsOfTheReadme() throws Exception {
    ReadmeLoop.close(node, folder);
  }

  @Test
  void shouldCloseLoopsOnRealSeries() throws IOException {
    Path data =
        ReadmeLoop.root()
            .resolve(System.getProperty("twinloop.shared", "../shared"))
            .resolve("data");
    Path taxi = data.resolve("nab/data/realKnownCause/nyc_taxi.csv");
    Path purchases = data.resolve("cloud-monitoring/consumer-purchase-rate/purchase-02.csv");
    assumeTrue(
        Files.exists(taxi) && Files.exists(purchases),
        () -> "SKIPPED: the real series are not there, " + taxi + " and " + purchases);
    twin.defineKpi("nyc-taxi");
    twin.defineKpi("purchases");

    Twin.Answer answer = twin.takeLines(lines("nyc-taxi", taxi) + lines("purchases", purchases));

    assertThat(answer.body().get("rejected").asInt()).as("%s", answer.body()).isZero();
    for (String kpi : List.of("nyc-taxi", "purchases")) {
      List<JsonNode> episodes = twin.episodes(kpi);
      assertThat(episodes).as("episodes of %s", kpi).hasSizeGreaterThan(5);
      await()
          .atMost(Duration.ofMinutes(2))
          .untilAsserted(
              () ->
                  assertThat(workflowsPerLoopOf(kpi).values())
                      .as("workflows of each episode of %s", kpi)
                      .hasSize(twin.episodes(kpi).size())
                      .containsOnly(1));
    }
    Map<String, Integer> onKafka = readFromKafka("dto-to-bpa");
    for (String kpi : List.of("nyc-taxi", "purchases")) {
      for (JsonNode episode : twin.episodes(kpi)) {
        assertThat(onKafka)
            .as("the event of episode %s on Kafka", episode)
            .containsKey(episode.get("correlationId").asText());
      }
    }
    closeOneLoopOf("nyc-taxi", 15_000);
  }

  /** A person completes one task; the workflow's events come back and the loop closes. */
  private static void closeOneLoopOf(String kpi, double measured) {
    JsonNode task =
        twin.openTasks().stream()
            .filter(open -> open.get("title").asText().endsWith(kpi))
            .findFirst()
            .orElseThrow();
    String loop = task.get("correlationId").asText();
    assertThat(twin.loop(loop).get("state").asText()).as("before the task").isEqualTo("open");
    twin.completeTask(
        task.get("id").asText(),
        Twin.object().put("resolution", "Marathon day").put("measured_value", measured));
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              assertThat(twin.loop(loop).get("state").asText()).isEqualTo("closed");
              assertThat(twin.all("/api/v1/events?correlationId=" + loop))
                  .extracting(event -> event.get("type").asText())
                  .contains(
                      "dto.kpi.anomaly_detected", "bpa.kpi.updated", "bpa.workflow.completed");
            });
  }

  /** How many workflows each loop of a KPI started. */
  private static Map<String, Integer> workflowsPerLoopOf(String kpi) {
    Map<String, Integer> workflows = new HashMap<>();
    for (JsonNode run : twin.all("/api/v1/workflows?entityId=" + kpi)) {
      workflows.merge(run.get("correlationId").asText(), 1, Integer::sum);
    }
    return workflows;
  }

  /** Distinct event ids by correlation id, as a plain consumer reads them. */
  private static Map<String, Integer> readFromKafka(String topic) throws IOException {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", services.kafkaBootstrap(),
            "group.id", "plain",
            "auto.offset.reset", "earliest");
    Map<String, Integer> found = new HashMap<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      for (int quiet = 0; quiet < 5; ) {
        var page = consumer.poll(Duration.ofSeconds(1));
        quiet = page.isEmpty() ? quiet + 1 : 0;
        for (ConsumerRecord<String, String> each : page) {
          JsonNode event = JSON.readTree(each.value());
          assertThat(event.get("specversion").asText()).isEqualTo("1.0");
          assertThat(each.key()).isEqualTo(event.get("subject").asText());
          found.merge(event.get("correlationid").asText(), 1, Integer::sum);
        }
      }
    }
    return found;
  }

  private static String lines(String kpi, Path csv) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String row : Files.readAllLines(csv).stream().skip(1).toList()) {
      String[] cells = row.replace("\"", "").split(",", -1);
      String time = cells[0].replace(' ', 'T');
      lines
          .append(
              "{\"kpiId\":\"%s\",\"value\":%s,\"timestamp\":\"%s\"}"
                  .formatted(kpi, cells[1], time.endsWith("Z") ? time : time + "Z"))
          .append('\n');
    }
    return lines.toString();
  }
}
