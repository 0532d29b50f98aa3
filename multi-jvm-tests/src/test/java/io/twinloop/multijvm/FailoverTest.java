package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A node of three is lost, or stands still: the others answer for it, and it does no harm. */
@EnabledIfSystemProperty(named = "twinloop.faults", matches = "all")
class FailoverTest {

  /** How often one is killed; {@code -Dtwinloop.kills=N} says otherwise. */
  private static final int KILLS = Integer.getInteger("twinloop.kills", 2);

  private static final int KPIS = 60;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;

  private static ThreeNodes cluster;

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  @BeforeAll
  static void start() {
    cluster = ThreeNodes.start(folder);
  }

  @BeforeEach
  void startWhatEnded() {
    for (int i = 0; i < 3; i++) {
      if (!cluster.node(i).isAlive()) {
        cluster.node(i).start();
      }
    }
    cluster.awaitWhole();
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void shouldAnswerForAKilledNodeWithoutFailingARequest() {
    long seed = Long.getLong("twinloop.seed", new Random().nextLong());
    Random chance = new Random(seed);
    define("failover");
    List<Long> readMillis = new ArrayList<>();
    List<Long> writtenMillis = new ArrayList<>();
    for (int kill = 0; kill < KILLS; kill++) {
      NodeProcess victim = cluster.node(chance.nextInt(3));
      List<NodeProcess> others = cluster.others(victim);
      victim.kill9();
      long began = System.nanoTime();
      List<CompletableFuture<Long>> reads = new ArrayList<>();
      List<CompletableFuture<Long>> writes = new ArrayList<>();
      for (int i = 0; i < KPIS; i++) {
        NodeProcess door = others.get(i % 2);
        reads.add(answered(get(door, "failover-" + i), began));
        writes.add(answered(sample(door, "failover-" + i, kill), began));
      }
      readMillis.add(last(reads));
      writtenMillis.add(last(writes));
      victim.start();
      cluster.awaitWhole();
    }
    Collections.sort(readMillis);
    Collections.sort(writtenMillis);
    System.out.printf(
        "seed %d: from kill to the last of %d entities answering, ms: reads %s, writes %s%n",
        seed, KPIS, readMillis, writtenMillis);
  }

  @Test
  void shouldRemoveNobodyForAPauseOfTwoSeconds() {
    define("paused");
    NodeProcess node = cluster.node(2);
    String before = node.output();
    long pid = node.pid();

    node.pause();
    await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
    node.resume();

    for (int i = 0; i < KPIS; i++) {
      assertThat(send(get(node, "paused-" + i)).statusCode()).as("KPI %d", i).isEqualTo(200);
    }
    cluster.awaitWhole();
    assertThat(node.pid()).isEqualTo(pid);
    assertThat(node.output().substring(before.length())).doesNotContain("gone on without");
  }

  /** The first seed founds a cluster when nobody answers; those that stand still don't. */
  @Test
  void shouldFoundNoSecondClusterWhileTheOthersStandStill() {
    NodeProcess founder = cluster.node(0);
    int before = founder.output().length();
    founder.kill9();
    cluster.others(founder).forEach(NodeProcess::pause);
    founder.startWithoutWaiting();
    await()
        .atMost(PATIENCE)
        .until(() -> founder.output().substring(before).contains("Founds no cluster"));
    await().pollDelay(Duration.ofSeconds(8)).until(() -> true);
    cluster.others(founder).forEach(NodeProcess::resume);

    cluster.awaitWhole();
  }

  @Test
  void shouldNotTellWhatIsOldAfterANodeStoodStill() throws Exception {
    define("old");
    NodeProcess node = cluster.node(1);
    NodeProcess other = cluster.node(0);
    for (int i = 0; i < KPIS; i++) {
      assertThat(send(get(node, "old-" + i)).statusCode()).isEqualTo(200);
    }

    node.pause();
    cluster.awaitRemovalOf(node);
    for (int i = 0; i < KPIS; i++) {
      assertThat(send(put(other, "old-" + i, "new")).statusCode()).isEqualTo(200);
    }
    List<CompletableFuture<HttpResponse<String>>> asked =
        IntStream.range(0, KPIS)
            .mapToObj(i -> http.sendAsync(get(node, "old-" + i), BodyHandlers.ofString()))
            .toList();
    node.resume();

    for (CompletableFuture<HttpResponse<String>> one : asked) {
      HttpResponse<String> answer = one.handle((given, broken) -> given).join();
      if (answer != null) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("code").asText()).isIn("cut-off", "unavailable");
      }
    }
    assertThat(node.exitCode(PATIENCE)).isEqualTo(75);
    assertThat(node.output()).contains("the cluster has gone on without this node");

    node.start();
    cluster.awaitWhole();
    for (int i = 0; i < KPIS; i++) {
      assertThat(JSON.readTree(send(get(node, "old-" + i)).body()).path("name").asText())
          .isEqualTo("new");
    }
  }

  private void define(String prefix) {
    for (int i = 0; i < KPIS; i++) {
      assertThat(send(put(cluster.node(i % 3), prefix + "-" + i, "first")).statusCode())
          .isIn(200, 201);
    }
  }

  /** The milliseconds from when it began until the answer, which must be good. */
  private CompletableFuture<Long> answered(HttpRequest request, long began) {
    return http.sendAsync(request, BodyHandlers.ofString())
        .thenApply(
            answer -> {
              assertThat(answer.statusCode())
                  .as("%s: %s", request.uri(), answer.body())
                  .isBetween(200, 202);
              return (System.nanoTime() - began) / 1_000_000;
            });
  }

  private static long last(List<CompletableFuture<Long>> answers) {
    return answers.stream().mapToLong(CompletableFuture::join).max().orElseThrow();
  }

  private HttpResponse<String> send(HttpRequest request) {
    return http.sendAsync(request, BodyHandlers.ofString()).join();
  }

  private static HttpRequest get(NodeProcess door, String kpi) {
    return to(door, kpi).GET().build();
  }

  private static HttpRequest put(NodeProcess door, String kpi, String name) {
    return to(door, kpi)
        .header("Content-Type", "application/json")
        .PUT(BodyPublishers.ofString("{\"name\":\"%s\",\"unit\":\"1\"}".formatted(name)))
        .build();
  }

  private static HttpRequest sample(NodeProcess door, String kpi, double value) {
    return to(door, kpi + "/samples")
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", kpi + "-" + value)
        .POST(BodyPublishers.ofString("{\"value\":" + value + "}"))
        .build();
  }

  private static HttpRequest.Builder to(NodeProcess door, String kpi) {
    return HttpRequest.newBuilder(URI.create(door.url() + "/api/v1/kpis/" + kpi))
        .timeout(Duration.ofSeconds(30));
  }
}
