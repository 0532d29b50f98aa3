package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes share the projections, and one of them goes in the middle of the work: the read models
 * have every event once, and so has every loop, whose events went over Kafka.
 */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = "all")
class MovedProjectionsTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String KPI = "moved";

  @TempDir Path folder;

  @Test
  void shouldLeaveNoGapAndCountNothingTwiceWhenAHostLeaves() throws Exception {
    disturb(NodeProcess::stopGracefully);
  }

  @Test
  void shouldLeaveNoGapAndCountNothingTwiceWhenAHostIsKilled() throws Exception {
    disturb(NodeProcess::kill9);
  }

  /** What happens to a node. */
  private interface Fate {
    void befalls(NodeProcess node);
  }

  /** Ranges move to the node that joins, and back when it goes. */
  private void disturb(Fate fate) throws Exception {
    // Of two nodes the one with the lower address goes on when the other is lost.
    int one = freePort();
    int other = freePort();
    int seed = Math.min(one, other);
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess first = node("first", services, seed, seed).start();
        NodeProcess second = node("second", services, Math.max(one, other), seed)) {
      Twin twin = new Twin(first::url);
      NothingLost nothingLost = new NothingLost(twin);
      twin.defineKpi(KPI);
      SteadyIngest ingest = new SteadyIngest(twin, KPI, 7).start();
      try (ingest) {
        second.start();
        awaitMore(ingest, 150);
        fate.befalls(second);
        awaitMore(ingest, 150);
      }
      nothingLost.everyAcknowledgedSampleIsThereOnce(KPI, ingest.acknowledged());
      replayWhatTookTooLong(twin);
      int episodes = nothingLost.everyEpisodeStartedOneWorkflow(KPI);
      nothingLost.everyLoopGoesOnToItsEnd();
      assertThat(episodes).isPositive();
      everyLoopCountsOneEpisodeAndOneWorkflow(twin);
    }
  }

  /** Where entities took longer to move than an event is tried, an operator has it tried again. */
  private static void replayWhatTookTooLong(Twin twin) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              for (JsonNode letter : twin.deadLetters()) {
                twin.change(
                    "POST", "/api/v1/dead-letters/" + letter.get("id").asText() + "/replay", "");
              }
              return twin.workflows().size() >= twin.episodes(KPI).size()
                  && twin.deadLetters().isEmpty();
            });
  }

  private static void awaitMore(SteadyIngest ingest, int more) {
    int enough = ingest.acknowledged().size() + more;
    await().atMost(PATIENCE).until(() -> ingest.acknowledged().size() >= enough);
  }

  /** The counters of loops are added up by projections: an event taken twice would show here. */
  private static void everyLoopCountsOneEpisodeAndOneWorkflow(Twin twin) {
    List<JsonNode> loops = twin.loops();
    assertThat(loops).isNotEmpty();
    for (JsonNode loop : loops) {
      assertThat(loop.get("episodes").asInt()).as("%s", loop).isEqualTo(1);
      assertThat(loop.get("workflows").asInt()).as("%s", loop).isEqualTo(1);
    }
  }

  private NodeProcess node(String name, ServicesProcess services, int port, int seed) {
    return NodeProcess.named(name, folder)
        .using(services)
        .with("TWINLOOP_REMOTE_PORT", Integer.toString(port))
        .withJvmOption("-Dtwinloop.node.seeds.0=pekko://twinloop@127.0.0.1:" + seed);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
