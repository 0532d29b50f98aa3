package io.twinloop.multijvm;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Three nodes that are one cluster, with nothing between them. */
final class ThreeNodes implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ServicesProcess services;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final Map<NodeProcess, Integer> management = new HashMap<>();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  private ThreeNodes(ServicesProcess services) {
    this.services = services;
  }

  static ThreeNodes start(Path folder) {
    ThreeNodes cluster = new ThreeNodes(ServicesProcess.start(folder.resolve("services")));
    List<Integer> ports = List.of(freePort(), freePort(), freePort());
    for (int i = 0; i < ports.size(); i++) {
      int port = freePort();
      NodeProcess node =
          NodeProcess.named("n" + (i + 1), folder)
              .using(cluster.services)
              .with("TWINLOOP_REMOTE_PORT", Integer.toString(ports.get(i)))
              .with("TWINLOOP_MANAGEMENT_PORT", Integer.toString(port));
      for (int seed = 0; seed < ports.size(); seed++) {
        node.withJvmOption(
            "-Dtwinloop.node.seeds.%d=pekko://twinloop@127.0.0.1:%d"
                .formatted(seed, ports.get(seed)));
      }
      cluster.nodes.add(node);
      cluster.management.put(node, port);
    }
    try {
      cluster.nodes.get(0).start();
      cluster.nodes.get(1).startWithoutWaiting();
      cluster.nodes.get(2).start();
      cluster.awaitWhole();
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  NodeProcess node(int index) {
    return nodes.get(index);
  }

  List<NodeProcess> others(NodeProcess than) {
    return nodes.stream().filter(node -> node != than).toList();
  }

  /** All three see each other, and are ready. */
  void awaitWhole() {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                nodes.stream().allMatch(NodeProcess::isReady)
                    && nodes.stream().allMatch(node -> membersSeenBy(node) == 3));
  }

  /** The others have removed it. */
  void awaitRemovalOf(NodeProcess gone) {
    await()
        .atMost(PATIENCE)
        .until(() -> others(gone).stream().allMatch(node -> membersSeenBy(node) == 2));
  }

  /** How many members, reachable and up, a node sees; 0 when it doesn't answer. */
  long membersSeenBy(NodeProcess node) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create("http://127.0.0.1:" + management.get(node) + "/cluster/members"))
              .timeout(Duration.ofSeconds(5))
              .build();
      JsonNode seen = JSON.readTree(http.send(request, BodyHandlers.ofString()).body());
      if (!seen.path("unreachable").isEmpty()) {
        return 0;
      }
      long up = 0;
      for (JsonNode member : seen.path("members")) {
        up += member.path("status").asText().equals("Up") ? 1 : 0;
      }
      return up;
    } catch (IOException nobodyAnswers) {
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking for members", e);
    }
  }

  @Override
  public void close() {
    nodes.forEach(NodeProcess::close);
    services.close();
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
