package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.Effect.Outcome;
import io.twinloop.projections.bus.KafkaBus.BusUnavailableException;
import io.twinloop.projections.personaldata.TestPersonalData;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Consuming from a real broker: order, retries, offsets, restarts, poison. */
class EventConsumerTest {

  private static final String TOPIC = "bpa-to-dto";
  private static final AtomicInteger GROUPS = new AtomicInteger();

  private static ReadModels readModels;
  private static TestKafka kafka;
  private static KafkaBus bus;
  private static ActorTestKit system;

  private final MovableClock clock = new MovableClock(Instant.now());
  private final ScriptedEffect effect = new ScriptedEffect();
  private final Map<String, CompletableFuture<Outcome>> held = new ConcurrentHashMap<>();
  private BusSettings settings;
  private SimpleMeterRegistry metrics;
  private EventConsumer consumer;
  private EventConsumer.Running running;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    kafka = new TestKafka();
    bus = new KafkaBus(kafka.settings("setup"));
    bus.createTopics();
    system =
        ActorTestKit.create(
            "consumer",
            ConfigFactory.parseString("pekko.kafka.committer.max-interval = 100 ms")
                .withFallback(ConfigFactory.load()));
  }

  @AfterAll
  static void close() {
    system.shutdownTestKit();
    bus.close();
    kafka.close();
    readModels.close();
  }

  @BeforeEach
  void begin() {
    TestPostgres.empty(readModels);
    metrics = new SimpleMeterRegistry();
    settings = kafka.settings("group-" + GROUPS.incrementAndGet(), Duration.ofMillis(50));
    createDeadLetterTopic();
    kafka.beginNow(settings.consumerGroup());
    effect.does(this::heldOrDone);
  }

  private void createDeadLetterTopic() {
    try (KafkaBus own = new KafkaBus(settings)) {
      own.createTopics();
    }
  }

  @AfterEach
  void end() {
    stop();
    metrics.close();
  }

  // Order

  @Test
  void shouldHandleTheEventsOfAKeyInOrder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    effect.does(
        event ->
            CompletableFuture.supplyAsync(
                Effect.Done::new,
                CompletableFuture.delayedExecutor(random.nextInt(5), TimeUnit.MILLISECONDS)));
    for (int n = 0; n < 60; n++) {
      publish(Events.event(n % 4 + "-" + n, "key-" + n % 4));
    }
    start();

    eventually().until(() -> effect.reached().size() == 60);
    for (int key = 0; key < 4; key++) {
      String prefix = key + "-";
      assertThat(effect.reached().stream().filter(id -> id.startsWith(prefix)))
          .as("seed %d", seed)
          .containsExactlyElementsOf(
              IntStream.range(0, 60)
                  .filter(n -> prefix.equals(n % 4 + "-"))
                  .mapToObj(n -> prefix + n)
                  .toList());
    }
  }

  @Test
  void shouldHoldBackOnlyTheKeyThatWaits() {
    hold("a1");
    publish(Events.event("a1", "a"), Events.event("a2", "a"), Events.event("b1", "b"));
    start();

    eventually().until(() -> effect.reached().contains("b1"));
    assertThat(effect.reached()).containsExactlyInAnyOrder("a1", "b1");

    release("a1");
    eventually().until(() -> effect.reached().contains("a2"));
  }

  @Test
  void shouldHoldBackOnlyTheKeyThatIsRetried() {
    AtomicInteger failures = new AtomicInteger();
    settings = kafka.settings(settings.consumerGroup(), Duration.ofMillis(500));
    effect.does(
        event ->
            event.id().equals("a1") && failures.incrementAndGet() == 1
                ? ScriptedEffect.failing("not now")
                : done());
    publish(Events.event("a1", "a"), Events.event("a2", "a"), Events.event("b1", "b"));
    start();

    eventually().until(() -> effect.reached().contains("a2"));
    assertThat(effect.reached()).containsExactlyInAnyOrder("a1", "b1", "a1", "a2");
    assertThat(effect.reached().indexOf("b1")).isLessThan(effect.reached().lastIndexOf("a1"));
  }

  @Test
  void shouldConsumeBothDirections() {
    IntegrationEvent sensed = towards(Direction.DTO_TO_BPA, "s1");
    publish(sensed, Events.event("a1"));
    start();

    eventually().until(() -> effect.reached().size() == 2);
    assertThat(effect.reached()).containsExactlyInAnyOrder("s1", "a1");
  }

  // Offsets

  @Test
  void shouldCommitUpToTheOldestThatIsNotDone() {
    long begin = committed();
    hold("b1");
    publish(Events.event("a1"), Events.event("b1"), Events.event("c1"), Events.event("d1"));
    start();

    eventually().until(() -> effect.reached().size() == 4);
    eventually().until(() -> committed() == begin + 1);
    release("b1");
    eventually().until(() -> committed() == begin + 4);
  }

  @Test
  void shouldDeliverAgainWhatWasNotDoneBeforeTheRestartAndSkipNothing() {
    hold("a1");
    publish(Events.event("a1"), Events.event("b1"), Events.event("c1"));
    start();
    eventually().until(() -> metrics("done") == 2);
    stop();
    held.clear();

    publish(Events.event("d1"));
    start();

    eventually().until(() -> effect.reached().contains("d1"));
    assertThat(effect.reached()).containsExactlyInAnyOrder("a1", "b1", "c1", "a1", "d1");
    eventually().until(() -> committed() == kafka.end(TOPIC));
    assertThat(metrics("duplicate")).as("b1 and c1 came again").isEqualTo(2);
  }

  @Test
  void shouldBeginAtTheEarliestEventInANewGroup() {
    publish(Events.event("early-" + settings.consumerGroup()));
    settings = kafka.settings("new-" + settings.consumerGroup());
    createDeadLetterTopic();
    start();

    eventually().until(() -> effect.reached().stream().anyMatch(id -> id.startsWith("early-")));
  }

  // Poison

  @Test
  void shouldPutPoisonAmongTheDeadAndGoOn() {
    byte[] poison = {(byte) 0xc3, 0x28, 0, '{'};
    kafka.produce(TOPIC, "key", poison);
    kafka.produce(TOPIC, null, null);
    publish(Events.event("after"));
    start();

    eventually().until(() -> effect.reached().contains("after"));
    String deadLetterTopic = settings.deadLetterTopic();
    eventually().until(() -> kafka.end(deadLetterTopic) == 2);
    var letter =
        kafka.records(deadLetterTopic).stream()
            .filter(each -> "key".equals(each.key()))
            .findFirst()
            .orElseThrow();
    assertThat(deadLetterTopic).isEqualTo("dlq." + settings.consumerGroup());
    assertThat(letter.value()).isEqualTo(poison);
    assertThat(letter.headers())
        .extracting(
            header -> header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8))
        .contains("consumer=" + settings.consumerGroup(), "topic=" + TOPIC, "attempts=1")
        .anyMatch(header -> header.startsWith("error=malformed: "));
    eventually().until(() -> committed() == kafka.end(TOPIC));
  }

  // Lag

  @Test
  void shouldTellHowLongTheOldestHasWaited() {
    hold("a1");
    publish(Events.event("a1"));
    start();
    eventually().until(() -> effect.reached().contains("a1"));
    clock.advance(Duration.ofMinutes(5));

    assertThat(consumer.lag()).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(6));
    assertThat(consumer.isBehind()).isTrue();
    assertThat(metrics.get("twinloop.bus.consumer.lag").gauge().value()).isBetween(240.0, 360.0);

    release("a1");
    eventually().until(() -> consumer.lag().isZero());
    assertThat(consumer.isBehind()).isFalse();
  }

  // The broker

  @Test
  void shouldGoOnWhenTheBrokerIsBack() {
    publish(Events.event("before"));
    start();
    eventually().until(() -> effect.reached().contains("before"));

    kafka.server().stop();
    assertThatThrownBy(() -> publish(Events.event("lost")))
        .rootCause()
        .isInstanceOf(org.apache.kafka.common.errors.TimeoutException.class);
    kafka.server().start();
    publish(Events.event("after"));

    eventually().until(() -> effect.reached().contains("after"));
  }

  @Test
  void shouldSayThatNoBrokerAnswers() {
    try (KafkaBus nowhere = new KafkaBus(nowhere())) {
      assertThat(nowhere.ping(Duration.ofMillis(300)).toCompletableFuture())
          .failsWithin(Duration.ofSeconds(10));
      assertThat(nowhere.publish(Events.event("a")).toCompletableFuture())
          .failsWithin(Duration.ofSeconds(20))
          .withThrowableOfType(java.util.concurrent.ExecutionException.class)
          .withCauseInstanceOf(BusUnavailableException.class);
    }
  }

  private static BusSettings nowhere() {
    return new BusSettings(
        "127.0.0.1:1",
        "g",
        1,
        (short) 1,
        64,
        List.of(),
        Duration.ofSeconds(60),
        KafkaSecurity.NONE);
  }

  @Test
  void shouldMakeItsTopicsOnce() {
    bus.createTopics();

    assertThat(kafka.records(settings.deadLetterTopic())).isEmpty();
    assertThat(bus.ping(Duration.ofSeconds(10)).toCompletableFuture())
        .succeedsWithin(Duration.ofSeconds(10));
  }

  // Publishing

  @Test
  void shouldPublishWhatJournaledEventsMeanOnTheTopicOfTheirDirection() {
    List<EventEnvelope<String>> group =
        new TestJournal<String>("Thing", "t").write("p1", "nothing", "p2");
    EventPublisher<String> publisher =
        new EventPublisher<>(
            bus,
            envelope ->
                envelope.event().equals("nothing")
                    ? List.of()
                    : List.of(
                        towards(Direction.DTO_TO_BPA, envelope.event()),
                        towards(Direction.BPA_TO_DTO, envelope.event())));
    long before = kafka.end("dto-to-bpa");

    TestPostgres.join(publisher.process(group));

    var published = kafka.records("dto-to-bpa").stream().skip(before).toList();
    assertThat(published).extracting(record -> record.key()).containsExactly("of p1", "of p2");
    assertThat(published)
        .extracting(record -> CloudEventCodec.decode(record.value()))
        .containsExactly(towards(Direction.DTO_TO_BPA, "p1"), towards(Direction.DTO_TO_BPA, "p2"));
  }

  @Test
  void shouldFailTheGroupWhenTheBusDoesNotTakeIt() {
    try (KafkaBus nowhere = new KafkaBus(nowhere())) {
      EventPublisher<String> publisher =
          new EventPublisher<>(nowhere, envelope -> List.of(Events.event("a")));

      assertThat(
              publisher
                  .process(new TestJournal<String>("Thing", "t").write("p1"))
                  .toCompletableFuture())
          .failsWithin(Duration.ofSeconds(20));
    }
  }

  // The language of these tests

  private void start() {
    EventDelivery delivery =
        new EventDelivery(
            settings,
            Map.of(Events.TYPE, effect),
            readModels.database(),
            new DeadLetters(readModels.database(), deadLetterBus(), clock),
            TestPersonalData.create(),
            clock,
            metrics);
    consumer = new EventConsumer(system.system(), settings, delivery, clock, metrics);
    running = consumer.start();
  }

  private final List<KafkaBus> open = new ArrayList<>();

  private KafkaBus deadLetterBus() {
    KafkaBus own = new KafkaBus(settings);
    open.add(own);
    return own;
  }

  private void stop() {
    if (running != null) {
      TestPostgres.join(running.stop());
      running = null;
    }
    open.forEach(KafkaBus::close);
    open.clear();
  }

  /** Lets the effect of an event wait until it is released. */
  private void hold(String id) {
    held.put(id, new CompletableFuture<>());
  }

  private CompletionStage<Outcome> heldOrDone(IntegrationEvent event) {
    CompletionStage<Outcome> waiting = held.get(event.id());
    return waiting == null ? done() : waiting;
  }

  private void release(String id) {
    held.get(id).complete(new Effect.Done());
  }

  private static CompletionStage<Outcome> done() {
    return ScriptedEffect.done();
  }

  private static void publish(IntegrationEvent... events) {
    for (IntegrationEvent event : events) {
      bus.publish(event).toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }
  }

  private static IntegrationEvent towards(Direction direction, String id) {
    IntegrationEvent event = Events.event(id, "of " + id);
    return new IntegrationEvent(
        event.id(),
        event.type(),
        event.source(),
        event.subject(),
        event.entityType(),
        event.time(),
        direction,
        event.priority(),
        event.correlationId(),
        event.causationId(),
        event.schemaVersion(),
        event.traceparent(),
        event.others(),
        event.data());
  }

  private long committed() {
    return kafka.committed(settings.consumerGroup(), TOPIC);
  }

  private double metrics(String outcome) {
    var counter = metrics.find("twinloop.bus.events").tag("outcome", outcome).counter();
    return counter == null ? 0 : counter.count();
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(40));
  }
}
