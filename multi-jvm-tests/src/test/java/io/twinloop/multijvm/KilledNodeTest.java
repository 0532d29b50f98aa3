package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node is killed again and again in the middle of its work, and nothing is missing. */
class KilledNodeTest {

  private static final String KPI = "killed";

  /** How often it is killed; {@code -Dtwinloop.kills=N} says otherwise. */
  private static final int KILLS = Integer.getInteger("twinloop.kills", 20);

  @TempDir Path folder;

  @Test
  void shouldLoseAndDoubleNothingWhenKilledAtRandomInstants() {
    long seed = Long.getLong("twinloop.seed", new Random().nextLong());
    System.out.println("seed " + seed + " (-Dtwinloop.seed), " + KILLS + " kills");
    Random chance = new Random(seed);
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      NothingLost nothingLost = new NothingLost(twin);
      twin.defineKpi(KPI);
      SteadyIngest ingest = new SteadyIngest(twin, KPI, seed).start();
      try (ingest) {
        for (int kill = 0; kill < KILLS; kill++) {
          int enough = ingest.acknowledged().size() + 5 + chance.nextInt(400);
          await()
              .pollInterval(Duration.ofMillis(5))
              .atMost(Duration.ofMinutes(1))
              .until(() -> ingest.acknowledged().size() >= enough);
          completeATask(twin, chance);
          node.kill9();
          node.start();
        }
      }
      nothingLost.everyAcknowledgedSampleIsThereOnce(KPI, ingest.acknowledged());
      int episodes = nothingLost.everyEpisodeStartedOneWorkflow(KPI);
      nothingLost.everyLoopGoesOnToItsEnd();
      assertThat(episodes)
          .as("episodes of the whole run")
          .isGreaterThan(ingest.acknowledged().size() / SteadyIngest.SPIKE_EVERY / 2);
      System.out.printf(
          "%d kills: %d samples acknowledged, %d requests unanswered, %d loops closed%n",
          KILLS, ingest.acknowledged().size(), ingest.unanswered(), episodes);
    }
  }

  /** One in two times somebody completes a task just before the kill. */
  private static void completeATask(Twin twin, Random chance) {
    try {
      List<JsonNode> tasks = twin.openTasks();
      if (!tasks.isEmpty() && chance.nextBoolean()) {
        twin.completeTask(
            tasks.get(chance.nextInt(tasks.size())).get("id").asText(),
            Twin.object().put("resolution", "early").put("measured_value", 100));
      }
    } catch (UncheckedIOException | IllegalStateException e) {
      // The node is still coming up: the task stays open and is completed at the end.
      System.out.println("No task completed this time: " + e.getMessage());
    }
  }
}
