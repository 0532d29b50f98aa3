package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that speak TLS to each other: those of the same CA are a cluster, others stay outside. */
class SecuredClusterTest {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static final HeldCertificate CA = ca("ours");
  private static final HeldCertificate OTHER_CA = ca("theirs");

  @TempDir Path folder;

  @Test
  void shouldJoinOnlyNodesWithACertificateOfTheClustersCa() throws Exception {
    int management = freePort();
    int seed = freePort();
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess first =
            secured(node("first", services, seed, seed), CA)
                .with("TWINLOOP_MANAGEMENT_PORT", Integer.toString(management))
                .start();
        NodeProcess second = secured(node("second", services, freePort(), seed), CA).start();
        NodeProcess plain = impatient(node("plain", services, freePort(), seed));
        NodeProcess foreign =
            impatient(secured(node("foreign", services, freePort(), seed), OTHER_CA))) {
      await().atMost(PATIENCE).until(() -> membersUp(management) == 2);
      new Twin(second::url).defineKpi("across");
      await()
          .atMost(PATIENCE)
          .until(() -> first.status("/api/v1/kpis/across").filter(it -> it == 200).isPresent());

      plain.startWithoutWaiting();
      foreign.startWithoutWaiting();

      for (NodeProcess stranger : new NodeProcess[] {plain, foreign}) {
        assertThat(stranger.exitCode(PATIENCE)).isEqualTo(1);
        assertThat(stranger.output())
            .contains("Twinloop can't start: This node could not join the cluster of");
      }
      assertThat(membersUp(management)).isEqualTo(2);
      assertThat(status(management, "PUT", "/cluster/members/" + first.name()))
          .as("changes of the cluster are not allowed")
          .isGreaterThanOrEqualTo(400);
    }
  }

  @Test
  void shouldAnswerProbesAndPrometheusOnThePortForThem() throws Exception {
    int management = freePort();
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node =
            node("a", services, freePort(), 0)
                .with("TWINLOOP_MANAGEMENT_PORT", Integer.toString(management))
                .start()) {
      for (String path :
          new String[] {
            "/health", "/health/ready", "/health/events", "/metrics", "/cluster/members"
          }) {
        assertThat(status(management, "GET", path)).as(path).isEqualTo(200);
      }
      assertThat(status(management, "GET", "/api/v1/kpis")).isEqualTo(404);
      assertThat(status(management, "POST", "/health")).isEqualTo(405);
      assertThat(node.isReady()).isTrue();
    }
  }

  private NodeProcess node(String name, ServicesProcess services, int port, int seed) {
    NodeProcess node =
        NodeProcess.named(name, folder)
            .using(services)
            .with("TWINLOOP_REMOTE_PORT", Integer.toString(port));
    return seed == 0
        ? node
        : node.withJvmOption("-Dtwinloop.node.seeds.0=pekko://twinloop@127.0.0.1:" + seed);
  }

  private static NodeProcess impatient(NodeProcess node) {
    return node.withJvmOption("-Dtwinloop.node.join-timeout=15s");
  }

  private NodeProcess secured(NodeProcess node, HeldCertificate ca) throws IOException {
    HeldCertificate own =
        new HeldCertificate.Builder()
            .commonName("twinloop")
            .addSubjectAlternativeName("127.0.0.1")
            .rsa2048()
            .signedBy(ca)
            .build();
    return node.with("TWINLOOP_REMOTING_TLS_CERTIFICATE", file(node, "pem", own.certificatePem()))
        .with("TWINLOOP_REMOTING_TLS_KEY", file(node, "key", own.privateKeyPkcs8Pem()))
        .with("TWINLOOP_REMOTING_TLS_CA", file(node, "ca", ca.certificatePem()));
  }

  private String file(NodeProcess node, String kind, String content) throws IOException {
    return Files.writeString(folder.resolve(node.name() + "." + kind), content).toString();
  }

  private static long membersUp(int management) throws IOException, InterruptedException {
    JsonNode members =
        new ObjectMapper()
            .readTree(
                HttpClient.newHttpClient()
                    .send(
                        HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + management + "/cluster/members"))
                            .build(),
                        BodyHandlers.ofString())
                    .body());
    long up = 0;
    for (JsonNode member : members.path("members")) {
      up += member.path("status").asText().equals("Up") ? 1 : 0;
    }
    return up;
  }

  private static int status(int port, String method, String path)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private static HeldCertificate ca(String name) {
    return new HeldCertificate.Builder().commonName(name).rsa2048().certificateAuthority(0).build();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
