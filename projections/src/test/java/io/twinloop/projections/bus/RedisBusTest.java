package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.Consumer;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.twinloop.projections.bus.TestBus.Kept;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The contract on Redis; pending entries, retention, and how streams are shared out. */
class RedisBusTest extends BusContract {

  private static final String STREAM = "stream:bpa-to-dto";

  private TestRedis redis;

  @Override
  TestBus broker() {
    redis = TestRedis.running();
    return redis;
  }

  // Acknowledging

  @Test
  void shouldAcknowledgeEachEventAsSoonAsItIsDone() {
    hold("b1");
    publish(Events.event("a1"), Events.event("b1"), Events.event("c1"));
    start();

    eventually().until(() -> effect.reached().size() == 3);
    eventually().until(() -> redis.pending(settings.consumerGroup(), STREAM) == 1);
    release("b1");
    eventually().until(() -> redis.pending(settings.consumerGroup(), STREAM) == 0);
  }

  @Test
  @SuppressWarnings("unchecked") // an array of one stream
  void shouldClaimWhatADeadConsumerOfTheGroupHasLeft() {
    publish(Events.event("left"), Events.event("fresh"));
    redis
        .commands()
        .xreadgroup(
            Consumer.from(settings.consumerGroup(), "dead"),
            XReadArgs.Builder.count(1),
            StreamOffset.lastConsumed(STREAM));
    start();

    eventually().until(() -> effect.reached().size() == 2);
    assertThat(effect.reached()).containsExactlyInAnyOrder("left", "fresh");
    eventually().until(() -> redis.isAllAcknowledged(settings.consumerGroup(), TOPIC));
  }

  @Test
  void shouldBeginWithWhatTheReaderBeforeHasNotAcknowledged() {
    hold("a1");
    publish(Events.event("a1", "a"));
    start();
    eventually().until(() -> effect.reached().contains("a1"));
    stop();
    effect.does(event -> ScriptedEffect.done());
    publish(Events.event("a2", "a"));
    start();

    eventually().until(() -> effect.reached().contains("a2"));
    assertThat(effect.reached()).containsExactly("a1", "a1", "a2");
  }

  // Retention

  @Test
  void shouldKeepOnlySoManyEventsThatAreAcknowledged() {
    EventBus small = redis.bus(settings, redis.settings(1, 10));
    small.prepare();
    start();
    for (int n = 0; n < 50; n++) {
      join(small.publish(Events.event("n" + n)));
      int count = n + 1;
      eventually().until(() -> effect.reached().size() == count);
      eventually().until(() -> redis.isAllAcknowledged(settings.consumerGroup(), TOPIC));
    }

    assertThat(redis.on(TOPIC)).hasSize(10);
    assertThat(redis.on(TOPIC).get(9).key()).isEqualTo("entity-n49");
    small.close();
  }

  @Test
  void shouldLetPublishersWaitWhenNothingMayBeThrownAway() {
    EventBus small = redis.bus(settings, redis.settings(1, 10));
    small.prepare();
    for (int n = 0; n < 10; n++) {
      join(small.publish(Events.event("n" + n)));
    }
    List<CompletableFuture<Void>> waiting =
        IntStream.range(10, 14)
            .mapToObj(n -> small.publish(Events.event("n" + n)).toCompletableFuture())
            .toList();
    assertThat(redis.on(TOPIC)).as("while nobody has acknowledged any").hasSize(10);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);

    start();

    eventually().until(() -> effect.reached().size() == 14);
    assertThat(effect.reached())
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 14).mapToObj(n -> "n" + n).toList());
    waiting.forEach(RedisBusTest::join);
    small.close();
  }

  @Test
  void shouldTellPublishersThatWaitTooLongWhatTheyWaitFor() {
    EventBus small = redis.bus(settings, redis.settings(1, 1));
    small.prepare();
    join(small.publish(Events.event("n0")));

    assertThatThrownBy(() -> join(small.publish(Events.event("n1"))))
        .hasRootCauseMessage(
            "1 events wait there for those who consume them, as many as twinloop.integration.event_bus.stream_retention_max allows");
    assertThat(redis.on(TOPIC)).hasSize(1);
    small.close();
  }

  // Streams

  @Test
  void shouldSpreadKeysOverTheStreamsOfATopicAndReadThemAll() {
    redis.empty();
    EventBus wide = redis.bus(settings, redis.settings(4, 10_000));
    redis.use(redis.settings(4, 10_000));
    try {
      wide.prepare();
      for (int n = 0; n < 60; n++) {
        join(wide.publish(Events.event(n % 12 + "-" + n, "key-" + n % 12)));
      }
      start();

      eventually().until(() -> effect.reached().size() == 60);
      for (int key = 0; key < 12; key++) {
        String prefix = key + "-";
        assertThat(effect.reached().stream().filter(id -> id.startsWith(prefix)))
            .containsExactlyElementsOf(
                IntStream.range(0, 60)
                    .filter(n -> prefix.equals(n % 12 + "-"))
                    .mapToObj(n -> prefix + n)
                    .toList());
      }
      assertThat(IntStream.range(1, 4).mapToObj(n -> STREAM + ":" + n))
          .allMatch(stream -> redis.commands().xlen(stream) > 0);
      assertThat(redis.commands().xlen(STREAM)).isPositive();
      stop();
    } finally {
      wide.close();
      redis.use(redis.settings(1, 10_000));
      redis.empty();
    }
  }

  @Test
  void shouldRefuseToStartWithAnotherNumberOfStreamsThanTheOtherNodes() {
    try (EventBus wide = redis.bus(settings, redis.settings(4, 10))) {
      assertThatThrownBy(wide::prepare)
          .isInstanceOf(BusRefusedException.class)
          .hasMessageContaining("each topic has 1 streams, but twinloop.redis.streams is 4");
    }
  }

  @Test
  void shouldRefuseARedisThatThrowsDataAway() {
    redis.commands().configSet("maxmemory", "100mb");
    redis.commands().configSet("maxmemory-policy", "allkeys-lru");
    try (EventBus bus = redis.bus(settings)) {
      assertThatThrownBy(bus::prepare)
          .isInstanceOf(BusRefusedException.class)
          .hasMessageContaining("maxmemory-policy allkeys-lru");
    } finally {
      redis.commands().configSet("maxmemory", "0");
      redis.commands().configSet("maxmemory-policy", "noeviction");
    }
  }

  // What others see and send

  @Test
  void shouldMakeItsGroupAnewWhereRedisLostIt() {
    publish(Events.event("before"));
    start();
    eventually().until(() -> effect.reached().contains("before"));

    redis.commands().xgroupDestroy(STREAM, settings.consumerGroup());
    publish(Events.event("after"));

    eventually().until(() -> effect.reached().contains("after"));
    assertThat(effect.reached()).as("what came again had its effect").doesNotHaveDuplicates();
  }

  @Test
  void shouldPutEntriesWithOtherFieldsAmongTheDeadAsTheyCame() {
    redis.commands().xadd(STREAM, Map.of("event_id", "e1".getBytes(StandardCharsets.UTF_8)));
    start();

    eventually().until(() -> redis.dead(settings.consumerGroup()).size() == 1);
    Kept letter = redis.dead(settings.consumerGroup()).get(0);
    assertThat(new String(letter.bytes(), StandardCharsets.UTF_8))
        .isEqualTo("{\"event_id\":\"e1\"}");
  }

  private static void join(CompletionStage<Void> stage) {
    stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }
}
