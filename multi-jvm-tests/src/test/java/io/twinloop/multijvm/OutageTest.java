package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL and Kafka go away under load for a while; the node waits and goes on by itself. */
class OutageTest {

  private static final String KPI = "outage";
  private static final Duration OUTAGE =
      Duration.ofSeconds(Integer.getInteger("twinloop.outage.seconds", 20));

  @TempDir Path folder;

  @Test
  void shouldLoseNothingWhenPostgreSqlIsAway() throws InterruptedException {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      twin.defineKpi(KPI);
      SteadyIngest ingest = new SteadyIngest(twin, KPI, 1).start();
      try (ingest) {
        untilAcknowledged(ingest, 500);
        services.postgres().stop();
        await()
            .atMost(Duration.ofSeconds(15))
            .until(() -> node.status("/health/ready").orElse(0) == 503);
        Twin.Answer refusal = twin.get("/api/v1/kpis/" + KPI);
        assertThat(refusal.status()).as("a request meanwhile").isEqualTo(503);
        assertThat(refusal.body().get("code").asText()).isEqualTo("unavailable");
        assertThat(refusal.body().get("detail").asText()).contains("PostgreSQL");
        assertThat(twin.get("/health/ready").body().toString()).contains("PostgreSQL", "away");
        assertThat(node.status("/health")).as("alive all the same").contains(200);
        TimeUnit.MILLISECONDS.sleep(OUTAGE.toMillis());
        services.postgres().start();
        await().atMost(Duration.ofSeconds(30)).until(node::isReady);
        untilAcknowledged(ingest, ingest.acknowledged().size() + 500);
      }
      settled(twin, ingest);
    }
  }

  @Test
  void shouldLoseNothingWhenKafkaIsAway() throws InterruptedException {
    try (ServicesProcess services = ServicesProcess.start(folder.resolve("services"));
        NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
      Twin twin = new Twin(node::url);
      twin.defineKpi(KPI);
      SteadyIngest ingest = new SteadyIngest(twin, KPI, 2).start();
      try (ingest) {
        untilAcknowledged(ingest, 500);
        services.kafka().stop();
        await()
            .atMost(Duration.ofSeconds(15))
            .until(
                () -> twin.get("/health/ready").body().path("status").asText().equals("degraded"));
        int before = ingest.acknowledged().size();
        TimeUnit.MILLISECONDS.sleep(OUTAGE.toMillis());
        assertThat(ingest.acknowledged().size())
            .as("samples are still taken without Kafka")
            .isGreaterThan(before);
        services.kafka().start();
        untilAcknowledged(ingest, ingest.acknowledged().size() + 500);
      }
      settled(twin, ingest);
    }
  }

  private static void settled(Twin twin, SteadyIngest ingest) {
    NothingLost nothingLost = new NothingLost(twin);
    nothingLost.everyAcknowledgedSampleIsThereOnce(KPI, ingest.acknowledged());
    nothingLost.everyEpisodeStartedOneWorkflow(KPI);
    nothingLost.everyLoopGoesOnToItsEnd();
  }

  private static void untilAcknowledged(SteadyIngest ingest, int samples) {
    await().atMost(Duration.ofMinutes(1)).until(() -> ingest.acknowledged().size() >= samples);
  }
}
