package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.api.StatefulRedisConnection;
import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.embedded.RedisServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node whose bus is Redis: there is no Kafka anywhere. */
class RedisLoopTest {

  private static final String KPI = "on-redis";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @BeforeAll
  static void needsRedis() {
    if (RedisServer.isInstalled()) {
      return;
    }
    String sentence =
        "No redis-server is on the PATH (apt-get install redis-server), so no loop on Redis is tested.";
    if (Boolean.getBoolean("twinloop.require-redis")) {
      throw new AssertionError(sentence);
    }
    System.err.println("SKIPPED: " + sentence);
    Assumptions.abort(sentence);
  }

  @Test
  void shouldCloseTheLoopAndLoseNothingWhenNodeAndRedisAreKilled() throws Exception {
    try (PostgreSqlServer postgres = PostgreSqlServer.start(folder.resolve("postgres"), 0);
        RedisServer redis = RedisServer.start(folder.resolve("redis"), 0);
        NodeProcess node = NodeProcess.named("a", folder).using(postgres, redis).start()) {
      Twin twin = new Twin(node::url);
      twin.defineKpi(KPI);
      SteadyIngest ingest = new SteadyIngest(twin, KPI, 3).start();
      try (ingest) {
        untilMoreAreAcknowledged(ingest);
        node.kill9();
        node.start();
        untilMoreAreAcknowledged(ingest);

        redis.kill();
        await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> redisIsAway(twin.get("/health/ready").body()));
        untilMoreAreAcknowledged(ingest);
        node.kill9();
        redis.start();
        node.start();
        await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> !redisIsAway(twin.get("/health/ready").body()));

        untilMoreAreAcknowledged(ingest);
        redis.stop();
        redis.start();
        untilMoreAreAcknowledged(ingest);
      }
      NothingLost nothingLost = new NothingLost(twin);
      nothingLost.everyAcknowledgedSampleIsThereOnce(KPI, ingest.acknowledged());
      int episodes = nothingLost.everyEpisodeStartedOneWorkflow(KPI);
      nothingLost.everyLoopGoesOnToItsEnd();
      assertThat(episodes).isGreaterThan(3);
      ReadmeLoop.close(node, folder);
      assertThat(typesOn(redis, "stream:dto-to-bpa")).contains("dto.kpi.anomaly_detected");
      assertThat(typesOn(redis, "stream:bpa-to-dto"))
          .contains("bpa.kpi.updated", "bpa.workflow.completed");
      System.out.printf(
          "On Redis: %d samples acknowledged, %d loops closed%n",
          ingest.acknowledged().size(), episodes);
    }
  }

  /** Samples are taken whether Redis is there or not; some of these are spikes. */
  private static void untilMoreAreAcknowledged(SteadyIngest ingest) {
    int enough = ingest.acknowledged().size() + 3 * SteadyIngest.SPIKE_EVERY;
    await().atMost(Duration.ofMinutes(1)).until(() -> ingest.acknowledged().size() >= enough);
  }

  private static boolean redisIsAway(JsonNode health) {
    for (JsonNode check : health.path("checks")) {
      if (check.get("name").asText().equals("Redis")) {
        return check.get("status").asText().equals("away");
      }
    }
    throw new AssertionError("no check of Redis in " + health);
  }

  /** The types of the events on a stream, as any client of Redis reads them. */
  private static List<String> typesOn(RedisServer redis, String stream) {
    RedisClient client = RedisClient.create(redis.url());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      return connection.sync().xrange(stream, Range.unbounded()).stream()
          .map(RedisLoopTest::event)
          .map(event -> event.get("type").asText())
          .toList();
    } finally {
      client.shutdown();
    }
  }

  private static JsonNode event(StreamMessage<String, String> message) {
    try {
      JsonNode event = JSON.readTree(message.getBody().get("event"));
      assertThat(event.get("specversion").asText()).isEqualTo("1.0");
      assertThat(message.getBody().get("key")).isEqualTo(event.get("subject").asText());
      return event;
    } catch (JsonProcessingException e) {
      throw new AssertionError("not JSON: " + message, e);
    }
  }
}
