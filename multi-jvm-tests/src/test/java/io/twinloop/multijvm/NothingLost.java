package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What must hold however a node was disturbed. */
final class NothingLost {

  private static final Duration SETTLE = Duration.ofMinutes(2);

  private final Twin twin;

  NothingLost(Twin twin) {
    this.twin = twin;
  }

  /** Every acknowledged sample is stored once, with its value; nothing is stored twice. */
  void everyAcknowledgedSampleIsThereOnce(String kpiId, Map<Instant, Double> acknowledged) {
    await()
        .atMost(SETTLE)
        .untilAsserted(
            () -> {
              List<Instant> stored = new ArrayList<>();
              Map<Instant, Double> values = new TreeMap<>();
              for (JsonNode sample : twin.samples(kpiId)) {
                if (sample.get("source").asText().equals("ingest")) {
                  Instant at = Instant.parse(sample.get("timestamp").asText());
                  stored.add(at);
                  values.put(at, sample.get("value").asDouble());
                }
              }
              assertThat(stored).as("timestamps stored").doesNotHaveDuplicates();
              assertThat(values).as("samples stored").containsAllEntriesOf(acknowledged);
            });
  }

  /** Each live episode has started exactly one workflow. Answers how many there are. */
  int everyEpisodeStartedOneWorkflow(String kpiId) {
    await()
        .atMost(SETTLE)
        .untilAsserted(
            () -> {
              List<String> episodes =
                  twin.episodes(kpiId).stream()
                      .map(episode -> episode.get("correlationId").asText())
                      .toList();
              List<String> workflows =
                  twin.workflows().stream()
                      .map(workflow -> workflow.get("correlationId").asText())
                      .toList();
              assertThat(episodes).as("episodes").isNotEmpty().doesNotHaveDuplicates();
              assertThat(workflows)
                  .as("workflows, by the loop they belong to")
                  .containsExactlyInAnyOrderElementsOf(episodes);
            });
    assertThat(twin.deadLetters()).as("dead letters").isEmpty();
    return twin.episodes(kpiId).size();
  }

  /** Completes every open task; then every loop closes. */
  void everyLoopGoesOnToItsEnd() {
    for (JsonNode task : twin.openTasks()) {
      assertThat(
              twin.completeTask(
                      task.get("id").asText(),
                      Twin.object().put("resolution", "seen").put("measured_value", 100))
                  .status())
          .as("completing %s", task.get("id"))
          .isEqualTo(200);
    }
    await()
        .atMost(SETTLE)
        .untilAsserted(
            () -> {
              assertThat(twin.workflows())
                  .as("workflows")
                  .allMatch(workflow -> workflow.get("status").asText().equals("COMPLETED"));
              assertThat(twin.loops())
                  .as("loops")
                  .allMatch(loop -> loop.get("state").asText().equals("closed"));
            });
  }
}
