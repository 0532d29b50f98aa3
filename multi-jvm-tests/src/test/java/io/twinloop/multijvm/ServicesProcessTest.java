package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness's PostgreSQL and Kafka: each disturbed by itself, back on its address. */
class ServicesProcessTest {
  @TempDir Path folder;
  private ServicesProcess services;

  @BeforeEach
  void start() {
    services = ServicesProcess.start(folder.resolve("services"));
  }

  @AfterEach
  void stop() {
    services.close();
  }

  @Test
  void shouldLetANodeSeePostgreSqlComeAndGo() {
    try (NodeProcess node =
        NodeProcess.named("a", folder).running(TinyNode.class).using(services).start()) {
      services.postgres().kill();
      assertThat(node.isReady()).isFalse();
      services.postgres().start();
      node.awaitReady(Duration.ofSeconds(20));

      services.postgres().pause();
      assertThat(node.isReady()).isFalse();
      services.postgres().resume();
      node.awaitReady(Duration.ofSeconds(20));

      services.postgres().stop();
      assertThat(services.postgres().isRunning()).isFalse();
      assertThat(node.isReady()).isFalse();
    }
  }

  @Test
  void shouldBringKafkaBackOnItsAddress() throws Exception {
    String address = services.kafkaBootstrap();
    String cluster = clusterId();

    services.kafka().kill();
    assertThat(services.kafka().isRunning()).isFalse();
    assertThat(services.postgres().isRunning()).isTrue();
    services.kafka().start();
    assertThat(services.kafkaBootstrap()).isEqualTo(address);
    assertThat(clusterId()).isEqualTo(cluster);

    services.kafka().stop();
    services.kafka().start();
    assertThat(clusterId()).isEqualTo(cluster);

    services.kafka().pause();
    assertThat(services.kafka().isRunning()).isTrue();
    services.kafka().resume();
    await()
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptions()
        .until(() -> clusterId().equals(cluster));
  }

  private String clusterId() throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                services.kafkaBootstrap(),
                "default.api.timeout.ms",
                "5000",
                "request.timeout.ms",
                "4000"))) {
      return admin.describeCluster().clusterId().get(10, TimeUnit.SECONDS);
    }
  }
}
