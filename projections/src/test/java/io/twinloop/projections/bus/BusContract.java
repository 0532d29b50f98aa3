package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.Sql;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.Effect.Outcome;
import io.twinloop.projections.bus.TestBus.Kept;
import io.twinloop.projections.personaldata.TestPersonalData;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What holds on every bus, each time with a real broker: order, retries, restarts, poison, lag. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class BusContract {

  static final String TOPIC = "bpa-to-dto";
  private static final Duration INBOX_KEPT = Duration.ofDays(2);

  private static final AtomicInteger GROUPS = new AtomicInteger();

  final ScriptedEffect effect = new ScriptedEffect();
  BusSettings settings;

  private final MovableClock clock = new MovableClock(Instant.now());
  private final Map<String, CompletableFuture<Outcome>> held = new ConcurrentHashMap<>();
  private ReadModels readModels;
  private TestBus broker;
  private EventBus bus;

  /** The consumer's. */
  private @Nullable EventBus own;

  private ActorTestKit system;
  private SimpleMeterRegistry metrics;
  private EventConsumer consumer;
  private EventConsumer.Running running;

  /** Starts the broker. */
  abstract TestBus broker();

  @BeforeAll
  void open() {
    broker = broker();
    readModels = TestPostgres.readModels();
    bus = broker.bus(group("setup"));
    bus.prepare();
    system = ActorTestKit.create("consumer", broker.system().withFallback(ConfigFactory.load()));
  }

  @AfterAll
  void close() {
    if (system != null) {
      system.shutdownTestKit();
      bus.close();
      broker.close();
      readModels.close();
    }
  }

  @BeforeEach
  void begin() {
    TestPostgres.empty(readModels);
    clock.moveTo(Instant.now());
    metrics = new SimpleMeterRegistry();
    settings = group("group-" + GROUPS.incrementAndGet(), Duration.ofMillis(50));
    broker.beginNow(settings.consumerGroup());
    prepare();
    effect.reached().clear();
    effect.does(this::heldOrDone);
  }

  private void prepare() {
    try (EventBus own = broker.bus(settings)) {
      own.prepare();
    }
  }

  @AfterEach
  void end() {
    stop();
    held.clear();
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
    settings = group(settings.consumerGroup(), Duration.ofMillis(500));
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

  // Acknowledging

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
    eventually().until(this::isAllAcknowledged);
  }

  @Test
  void shouldBeginAtTheEarliestEventInANewGroup() {
    publish(Events.event("early-" + settings.consumerGroup()));
    settings = group("new-" + settings.consumerGroup());
    prepare();
    start();

    eventually().until(() -> effect.reached().stream().anyMatch(id -> id.startsWith("early-")));
  }

  @Test
  void shouldHaveTheEffectOfAnEventOnce() {
    publish(Events.event("twice"), Events.event("twice"), Events.event("after", "entity-twice"));
    start();

    eventually().until(() -> effect.reached().contains("after"));
    assertThat(effect.reached()).containsExactly("twice", "after");
    assertThat(metrics("duplicate")).isEqualTo(1);
    eventually().until(this::isAllAcknowledged);
  }

  // Poison

  @Test
  void shouldPutPoisonAmongTheDeadAndGoOn() {
    byte[] poison = {(byte) 0xc3, 0x28, 0, '{'};
    broker.produce(TOPIC, "key", poison);
    broker.produce(TOPIC, null, null);
    publish(Events.event("after"));
    start();

    eventually().until(() -> effect.reached().contains("after"));
    String group = settings.consumerGroup();
    eventually().until(() -> broker.dead(group).size() == 2);
    Kept letter =
        broker.dead(group).stream()
            .filter(each -> "key".equals(each.key()))
            .findFirst()
            .orElseThrow();
    assertThat(letter.bytes()).isEqualTo(poison);
    assertThat(letter.attributes())
        .containsEntry("consumer", group)
        .containsEntry("topic", TOPIC)
        .containsEntry("attempts", "1");
    assertThat(letter.attributes().get("error")).startsWith("malformed: ");
    eventually().until(this::isAllAcknowledged);
  }

  @Test
  void shouldPutAmongTheDeadWhatFailsAtEveryAttempt() {
    effect.does(event -> ScriptedEffect.failing("never"));
    IntegrationEvent event = Events.event("hopeless");
    publish(event);
    start();

    eventually().until(() -> broker.dead(settings.consumerGroup()).size() == 1);
    Kept letter = broker.dead(settings.consumerGroup()).get(0);
    assertThat(CloudEventCodec.decode(letter.bytes())).isEqualTo(event);
    assertThat(letter.attributes()).containsEntry("attempts", "2");
    assertThat(effect.reached()).containsExactly("hopeless", "hopeless");
    eventually().until(this::isAllAcknowledged);
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

    TestPostgres.join(running.stop());
    publish(Events.event("waiting"));
    broker.stop();
    assertThatThrownBy(() -> publish(Events.event("refused")))
        .hasCauseInstanceOf(BusUnavailableException.class);
    assertThat(bus.ping(Duration.ofMillis(500)).toCompletableFuture())
        .failsWithin(Duration.ofSeconds(10));
    start();
    broker.start();
    eventually().until(() -> takes(Events.event("after")));

    eventually().until(() -> effect.reached().containsAll(List.of("waiting", "after")));
    assertThat(effect.reached()).doesNotHaveDuplicates();
    eventually().until(this::isAllAcknowledged);
  }

  @Test
  void shouldGoOnWhenTheBrokerWasAwayInTheMiddle() {
    hold("a1");
    publish(Events.event("a1"));
    start();
    eventually().until(() -> effect.reached().contains("a1"));

    broker.stop();
    release("a1");
    eventually().until(() -> metrics("done") == 1);
    broker.start();
    eventually().until(() -> takes(Events.event("after")));

    eventually().until(() -> effect.reached().contains("after"));
    assertThat(effect.reached()).containsExactly("a1", "after");
    eventually().until(this::isAllAcknowledged);
  }

  /** Whether the bus keeps an event; it may still be on its way up. */
  private boolean takes(IntegrationEvent event) {
    try {
      publish(event);
      return true;
    } catch (CompletionException e) {
      assertThat(e).hasCauseInstanceOf(BusUnavailableException.class);
      return false;
    }
  }

  @Test
  void shouldSayThatNobodyAnswers() {
    try (EventBus nowhere = broker.nowhere()) {
      assertThat(nowhere.ping(Duration.ofMillis(300)).toCompletableFuture())
          .failsWithin(Duration.ofSeconds(10));
      assertThatThrownBy(nowhere::prepare).isInstanceOf(BusUnavailableException.class);
      assertThat(nowhere.publish(Events.event("a")).toCompletableFuture())
          .failsWithin(Duration.ofSeconds(20))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(BusUnavailableException.class);
    }
  }

  @Test
  void shouldMakeItsTopicsOnce() {
    bus.prepare();

    assertThat(broker.dead(settings.consumerGroup())).isEmpty();
    assertThat(bus.ping(Duration.ofSeconds(10)).toCompletableFuture())
        .succeedsWithin(Duration.ofSeconds(10));
  }

  // Publishing

  @Test
  void shouldKeepEveryAttributeOfAnEvent() {
    IntegrationEvent event =
        new IntegrationEvent(
            "all-" + settings.consumerGroup(),
            Events.TYPE,
            "//bpa/wf-\u00fc",
            "caf\u00e9 \ud83d\ude80",
            "KPI",
            Instant.parse("2026-03-01T12:00:00.123456Z"),
            Direction.BPA_TO_DTO,
            Priority.CRITICAL,
            "loop",
            "cause",
            "1.0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Map.of("unknown", "kept"),
            Json.MAPPER.createObjectNode().put("value", 1e-9).put("text", "nul \0 here"));

    publish(event);

    List<Kept> kept = broker.on(TOPIC);
    Kept last = kept.get(kept.size() - 1);
    assertThat(last.key()).isEqualTo(event.subject());
    assertThat(CloudEventCodec.decode(last.bytes())).isEqualTo(event);
  }

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
    int before = broker.on("dto-to-bpa").size();

    TestPostgres.join(publisher.process(group));

    var published = broker.on("dto-to-bpa").stream().skip(before).toList();
    assertThat(published).extracting(Kept::key).containsExactly("of p1", "of p2");
    assertThat(published)
        .extracting(record -> CloudEventCodec.decode(record.bytes()))
        .containsExactly(towards(Direction.DTO_TO_BPA, "p1"), towards(Direction.DTO_TO_BPA, "p2"));
  }

  @Test
  void shouldFailTheGroupWhenTheBusDoesNotTakeIt() {
    try (EventBus nowhere = broker.nowhere()) {
      EventPublisher<String> publisher =
          new EventPublisher<>(nowhere, envelope -> List.of(Events.event("a")));

      assertThat(
              publisher
                  .process(new TestJournal<String>("Thing", "t").write("p1"))
                  .toCompletableFuture())
          .failsWithin(Duration.ofSeconds(20));
    }
  }

  // What is lost on the way

  @Test
  void shouldSendAgainWhatHadNoEffectLongAfter() throws SQLException {
    LostEvents lost = new LostEvents(readModels.database(), bus, settings, () -> 0);
    sentLongAgo(now("lost"), now("taken"));
    sentLongAgo(Events.event("of another time"));
    publish(now("taken"));
    start();
    eventually().until(() -> metrics("done") == 1);

    assertThat(TestPostgres.join(lost.sendAgain())).isEqualTo(1);
    eventually().until(() -> effect.reached().contains("lost"));
    eventually().until(() -> metrics("done") == 2);

    assertThat(TestPostgres.join(lost.sendAgain())).isZero();
    assertThat(effect.reached()).containsExactlyInAnyOrder("lost", "taken");
  }

  @Test
  void shouldNotSendAgainWhatIsOnItsWayOrDead() throws SQLException {
    LostEvents lost = new LostEvents(readModels.database(), bus, settings, () -> 0);
    effect.does(event -> CompletableFuture.completedStage(new Effect.Refused("no", "Not this.")));
    publish(now("dead"));
    sentLongAgo(now("dead"));
    start();
    eventually().until(() -> broker.dead(settings.consumerGroup()).size() == 1);
    TestPostgres.join(sender().send(now("young")));

    assertThat(TestPostgres.join(lost.sendAgain())).isZero();
  }

  @Test
  void shouldSendWhatIsRecordedUnderItsId() {
    EventSender sender = sender();
    IntegrationEvent first = now("same");
    int before = broker.on(TOPIC).size();

    TestPostgres.join(sender.send(first));
    TestPostgres.join(sender.send(Events.at(first.time().plusSeconds(1), "same")));

    assertThat(broker.on(TOPIC).stream().skip(before))
        .extracting(record -> CloudEventCodec.decode(record.bytes()).time())
        .containsExactly(first.time(), first.time());
  }

  @Test
  void shouldNotSendUnderTheIdOfAnother() {
    EventSender sender = sender();
    IntegrationEvent first = now("taken id");
    TestPostgres.join(sender.send(first));
    int before = broker.on(TOPIC).size();

    assertThat(TestPostgres.join(sender.send(Events.event(first.id(), "somebody else")))).isFalse();
    assertThat(broker.on(TOPIC)).hasSize(before);
  }

  @Test
  void shouldSendAgainUntilItsEffectMayBeForgotten() throws SQLException {
    IntegrationEvent old = now("old");
    sentLongAgo(INBOX_KEPT.minusHours(1), old);
    int before = broker.on(TOPIC).size();

    assertThat(TestPostgres.join(sender().send(old))).isTrue();
    assertThat(broker.on(TOPIC)).hasSize(before + 1);

    sentLongAgo(INBOX_KEPT.plusHours(1), old);
    assertThat(TestPostgres.join(sender().send(old))).isTrue();
    assertThat(broker.on(TOPIC)).hasSize(before + 1);
  }

  private EventSender sender() {
    return new EventSender(readModels.database(), bus, Optional.of(INBOX_KEPT));
  }

  private static IntegrationEvent now(String id) {
    return Events.at(Instant.now(), id);
  }

  /** In the history for ten minutes. */
  private void sentLongAgo(IntegrationEvent... events) throws SQLException {
    sentLongAgo(Duration.ofMinutes(10), events);
  }

  private void sentLongAgo(Duration ago, IntegrationEvent... events) throws SQLException {
    try (Connection connection = readModels.forQueries().getConnection()) {
      EventLog.record(connection, List.of(events));
      Sql.update(
          connection,
          "UPDATE integration_event SET recorded_at = now() - make_interval(secs => ?)",
          (double) ago.toSeconds());
    }
  }

  // The language of these tests

  final void start() {
    if (own == null) {
      own = broker.bus(settings);
      own.prepare();
    }
    EventDelivery delivery =
        new EventDelivery(
            settings,
            Map.of(Events.TYPE, effect),
            readModels.database(),
            new DeadLetters(readModels.database(), own, clock),
            TestPersonalData.create(),
            clock,
            () -> false,
            metrics);
    consumer = broker.consumer(own, system.system(), delivery, clock, metrics);
    running = consumer.start();
  }

  final void stop() {
    if (running != null) {
      TestPostgres.join(running.stop());
      running = null;
    }
    if (own != null) {
      own.close();
      own = null;
    }
  }

  static BusSettings group(String name, Duration... backoff) {
    return new BusSettings(name, List.of(backoff), Duration.ofSeconds(60), Duration.ofSeconds(60));
  }

  private boolean isAllAcknowledged() {
    return broker.isAllAcknowledged(settings.consumerGroup(), TOPIC);
  }

  /** Lets the effect of an event wait until it is released. */
  final void hold(String id) {
    held.put(id, new CompletableFuture<>());
  }

  private CompletionStage<Outcome> heldOrDone(IntegrationEvent event) {
    CompletionStage<Outcome> waiting = held.get(event.id());
    return waiting == null ? done() : waiting;
  }

  final void release(String id) {
    held.get(id).complete(new Effect.Done());
  }

  private static CompletionStage<Outcome> done() {
    return ScriptedEffect.done();
  }

  final void publish(IntegrationEvent... events) {
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

  final double metrics(String outcome) {
    var counter = metrics.find("twinloop.bus.events").tag("outcome", outcome).counter();
    return counter == null ? 0 : counter.count();
  }

  static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(40));
  }
}
