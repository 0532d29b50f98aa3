package io.twinloop.projections.bus;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.twinloop.domain.personaldata.MasterKey;
import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.domain.personaldata.SubjectKey;
import io.twinloop.projections.MovableClock;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.Effect.Refused;
import io.twinloop.projections.bus.EventDelivery.Delivery;
import io.twinloop.projections.personaldata.JdbcSubjectKeys;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.personaldata.SubjectKeys;
import io.twinloop.projections.personaldata.TestPersonalData;
import io.twinloop.serialization.CloudEventCodec;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of the catalogue for everyone who consumes, and what becomes of dead letters. */
class EventDeliveryTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String TOPIC = "bpa-to-dto";
  private static final Duration[] PAUSES = {
    Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofMillis(80)
  };

  private static ReadModels readModels;
  private static TestKafka kafka;
  private static KafkaBus bus;

  private final MovableClock clock = new MovableClock(NOON);
  private final ScriptedEffect effect = new ScriptedEffect();
  private final AtomicBoolean moving = new AtomicBoolean();
  private SimpleMeterRegistry metrics;
  private DeadLetters deadLetters;
  private PersonalData personalData;
  private EventDelivery delivery;

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
    kafka = new TestKafka();
    bus = kafka.bus("twin");
    bus.prepare();
  }

  @AfterAll
  static void close() {
    bus.close();
    kafka.close();
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
    metrics = new SimpleMeterRegistry();
    personalData = TestPersonalData.create();
    deadLetters = new DeadLetters(readModels.database(), bus, clock);
    delivery = delivery(readModels, PAUSES);
  }

  @AfterEach
  void closeMetrics() {
    metrics.close();
  }

  private EventDelivery delivery(ReadModels models, Duration... pauses) {
    return new EventDelivery(
        TestKafka.settings("twin", pauses),
        Map.of(Events.TYPE, effect),
        models.database(),
        new DeadLetters(models.database(), bus, clock),
        personalData,
        clock,
        moving::get,
        metrics);
  }

  // Duplicates

  @Test
  void shouldHaveItsEffectOnceHoweverOftenItComes() {
    deliver(Events.event("a"));
    deliver(Events.event("a"));
    deliver(Events.event("b"));
    deliver(Events.event("a"));

    assertThat(effect.reached()).containsExactly("a", "b");
    assertThat(count("done")).isEqualTo(2);
    assertThat(count("duplicate")).isEqualTo(2);
    assertThat(recorded()).containsExactly("a", "b");
  }

  @Test
  void shouldHaveItsEffectOnceOverARestart() {
    deliver(Events.event("a"));
    delivery = delivery(readModels, PAUSES);
    deliver(Events.event("a"));

    assertThat(effect.reached()).containsExactly("a");
  }

  @Test
  void shouldHaveItsEffectInEachGroup() {
    deliver(Events.event("a"));
    delivery =
        new EventDelivery(
            TestKafka.settings("another group"),
            Map.of(Events.TYPE, effect),
            readModels.database(),
            deadLetters,
            personalData,
            clock,
            moving::get,
            metrics);
    deliver(Events.event("a"));

    assertThat(effect.reached()).containsExactly("a", "a");
  }

  // Personal data

  @Test
  void shouldSealWhatOthersSayOfAPersonBeforeAnythingIsStored() {
    List<String> names = new ArrayList<>();
    effect.does(
        event -> {
          names.add(event.data().path("anonymized_name").textValue());
          return CompletableFuture.completedFuture(new Refused("refused", "no"));
        });
    ObjectNode data =
        Json.MAPPER.createObjectNode().put("employee_id", "p").put("anonymized_name", "Quartz");

    deliver(Events.event("a").withData(data));

    assertThat(names).singleElement().matches(PersonalToken::is);
    assertThat(letters().get(0).event().utf8String()).doesNotContain("Quartz").contains("^pd1.");
  }

  /** Senders need not say that it is about a person, and name the person in the subject only. */
  @Test
  void shouldKnowByTheCatalogueWhomAnEventIsAbout() {
    IntegrationEvent event =
        Events.event("a", "p", "bpa.employee.onboarded")
            .withData(Json.MAPPER.createObjectNode().put("anonymized_name", "Quartz"));

    deliver(event);

    assertThat(TestPostgres.rows(readModels, "SELECT event FROM integration_event"))
        .singleElement()
        .asString()
        .contains("^pd1.")
        .doesNotContain("Quartz");
  }

  /** PostgreSQL keeps no NUL, so nobody of that name would be found again. */
  @Test
  void shouldGoOnAfterAnEventAboutNobodyWhoCouldBeNamed() {
    personalData =
        new PersonalData(
            personalData.fields(),
            new JdbcSubjectKeys(
                readModels.database(),
                MasterKey.of(Base64.getEncoder().encodeToString(new byte[32])),
                List.of(),
                clock,
                Duration.ZERO));
    delivery = delivery(readModels, PAUSES);
    for (String id : List.of("p\0", "\n")) {
      deliver(
          Events.event("of " + id.length() + id.hashCode())
              .withData(
                  Json.MAPPER
                      .createObjectNode()
                      .put("employee_id", id)
                      .put("anonymized_name", "Quartz")));
    }

    assertThat(effect.reached()).hasSize(2);
    assertThat(letters()).isEmpty();
  }

  @Test
  void shouldGiveUpOnAnEventThatCanNotBeSealed() {
    personalData =
        new PersonalData(
            personalData.fields(),
            new SubjectKeys() {
              @Override
              public CompletionStage<Map<String, Optional<SubjectKey>>> forSealing(
                  Set<String> subjects) {
                return CompletableFuture.failedStage(new IllegalStateException("poison"));
              }

              @Override
              public CompletionStage<Map<String, Optional<SubjectKey>>> forOpening(
                  Set<String> subjects) {
                return CompletableFuture.completedStage(Map.of());
              }

              @Override
              public CompletionStage<Optional<Instant>> erase(String subject, boolean known) {
                return CompletableFuture.completedStage(Optional.empty());
              }
            });
    delivery = delivery(readModels, PAUSES);
    ObjectNode data =
        Json.MAPPER.createObjectNode().put("employee_id", "p").put("anonymized_name", "Quartz");

    deliver(Events.event("a").withData(data));

    assertThat(effect.reached()).isEmpty();
    assertThat(letters())
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.error()).contains("poison");
              assertThat(letter.attempts()).isEqualTo(4);
            });
  }

  // Retries

  @Test
  void shouldTryAgainAfterEachPause() {
    List<Long> times = new ArrayList<>();
    effect.does(
        event -> {
          times.add(System.nanoTime());
          return times.size() <= 3 ? ScriptedEffect.failing("not now") : ScriptedEffect.done();
        });

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(4);
    for (int retry = 0; retry < PAUSES.length; retry++) {
      assertThat(Duration.ofNanos(times.get(retry + 1) - times.get(retry)))
          .isGreaterThanOrEqualTo(PAUSES[retry]);
    }
    assertThat(count("retried")).isEqualTo(3);
    assertThat(count("done")).isEqualTo(1);
    assertThat(letters()).isEmpty();
  }

  @Test
  void shouldNotCountAsDeadWhatAnotherNodeHandledMeanwhile() {
    EventDelivery other =
        new EventDelivery(
            TestKafka.settings("twin", PAUSES),
            Map.of(Events.TYPE, event -> ScriptedEffect.done()),
            readModels.database(),
            deadLetters,
            personalData,
            clock,
            moving::get,
            metrics);
    effect.does(
        event ->
            other
                .deliver(delivery(event))
                .thenCompose(handled -> ScriptedEffect.failing("the partition is elsewhere")));

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(4);
    assertThat(letters()).isEmpty();
    assertThat(count("done")).isEqualTo(1);
  }

  @Test
  void shouldGiveUpAfterTheLastRetry() {
    effect.does(event -> ScriptedEffect.failing("never"));

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(4);
    DeadLetter letter = letters().get(0);
    assertThat(letter.attempts()).isEqualTo(4);
    assertThat(letter.error()).contains("never");
    assertThat(letter)
        .extracting(
            DeadLetter::consumerGroup,
            DeadLetter::topic,
            DeadLetter::key,
            DeadLetter::eventId,
            DeadLetter::eventType,
            DeadLetter::at,
            DeadLetter::replayedAt)
        .containsExactly("twin", TOPIC, "entity-a", "a", Events.TYPE, NOON, null);
    assertThat(letter.event().toArray()).isEqualTo(CloudEventCodec.encode(Events.event("a")));
    assertThat(metrics.get("twinloop.bus.dead.letters").counter().count()).isEqualTo(1);
  }

  /** Far more often than there are pauses: what isn't counted is not the last try. */
  @Test
  void shouldWaitWithoutCountingForAnEntityOnItsWayToAnotherNode() {
    moving.set(true);
    effect.does(
        event -> {
          moving.set(effect.reached().size() < PAUSES.length + 2);
          return effect.reached().size() <= PAUSES.length + 2
              ? CompletableFuture.failedFuture(new TimeoutException("No answer"))
              : ScriptedEffect.done();
        });

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(PAUSES.length + 3);
    assertThat(letters()).isEmpty();
    assertThat(count("retried")).isEqualTo(1);
  }

  @Test
  void shouldTryAgainWhatThrows() {
    effect.does(
        event -> {
          if (effect.reached().size() == 1) {
            throw new IllegalArgumentException("a bug");
          }
          return ScriptedEffect.done();
        });

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(2);
    assertThat(letters()).isEmpty();
  }

  @Test
  void shouldNotTryAgainWhatIsRefused() {
    effect.does(event -> refused());

    deliver(Events.event("a"));

    assertThat(effect.reached()).hasSize(1);
    assertThat(letters())
        .extracting(DeadLetter::attempts, DeadLetter::error)
        .containsExactly(tuple(1, "not-found: There is no KPI 'entity-a'."));
  }

  // What can't be read or handled

  @Test
  void shouldBuryWhatCannotBeReadAndKeepTheBytes() {
    byte[] poison = {0, 'p', (byte) 0xff, '{'};
    deliver(new Delivery(TOPIC, "key", ByteString.fromArray(poison)));
    deliver(new Delivery(TOPIC, "key", ByteString.fromArray(poison)));

    DeadLetter letter = letters().get(0);
    assertThat(letters()).hasSize(1);
    assertThat(letter.event().toArray()).isEqualTo(poison);
    assertThat(letter.error()).startsWith("malformed: ");
    assertThat(letter.eventId()).isNull();
    assertThat(letter.attempts()).isEqualTo(1);
    assertThat(effect.reached()).isEmpty();
  }

  @Test
  void shouldBuryWhateverIsInItsKeyAndReason() {
    deliver(new Delivery(TOPIC, "k\0", ByteString.fromString("\"x\0\"")));
    deliver(new Delivery(TOPIC, "\ud800", ByteString.emptyByteString()));

    assertThat(letters()).hasSize(2);
  }

  @Test
  void shouldAcknowledgeAndCountWhatNobodyHandles() {
    IntegrationEvent unknown = Events.event("u", "entity-u", "bpa.moon.risen");
    deliver(unknown);
    deliver(unknown);

    assertThat(count("unhandled")).isEqualTo(1);
    assertThat(count("duplicate")).isEqualTo(1);
    assertThat(letters()).isEmpty();
    assertThat(recorded()).containsExactly("u");
  }

  @Test
  void shouldSayBeforehandWhatADeliveryWouldComeTo() {
    ByteString known = bytes(Events.event("a"));
    ByteString unknown = bytes(Events.event("u", "s", "bpa.moon.risen"));

    assertThat(delivery.preview(known))
        .isEqualTo("Hand event 'a' for 'entity-a' to ScriptedEffect.");
    assertThat(delivery.preview(unknown))
        .isEqualTo("Nothing: nobody handles type 'bpa.moon.risen'.");
    assertThat(delivery.preview(ByteString.emptyByteString()))
        .startsWith("Nothing: it can't be read");
    assertThat(effect.reached()).isEmpty();
  }

  // The database away

  @Test
  void shouldWaitWithoutCountingWhileTheDatabaseIsAway() {
    try (TestPostgres own = TestPostgres.ownServer();
        ReadModels ownModels = own.newReadModels()) {
      EventDelivery threeRetries = delivery(ownModels, PAUSES);
      AtomicBoolean away = new AtomicBoolean();
      effect.does(
          event -> {
            if (effect.reached().size() == 1) {
              away.set(true);
              own.server().kill();
            }
            return away.get()
                ? ScriptedEffect.failing("the journal is away too")
                : ScriptedEffect.done();
          });

      CompletableFuture<Void> delivered =
          threeRetries.deliver(delivery(Events.event("a"))).toCompletableFuture();
      await().atMost(Duration.ofSeconds(40)).until(() -> effect.reached().size() >= 6);
      assertThat(delivered).isNotDone();
      away.set(false); // before the server is there, so that no attempt fails once it answers
      own.server().start();

      await().atMost(Duration.ofSeconds(30)).until(delivered::isDone);
      assertThat(TestPostgres.rows(ownModels, "SELECT * FROM dead_letter")).isEmpty();
      assertThat(TestPostgres.rows(ownModels, "SELECT event_id FROM inbox")).containsExactly("a");
      // The attempt under way when the server came back may count; those before it do not.
      assertThat(count("retried")).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void shouldWaitForTheDatabaseBeforeItBegins() {
    try (TestPostgres own = TestPostgres.ownServer();
        ReadModels ownModels = own.newReadModels()) {
      own.server().kill();
      CompletableFuture<Void> delivered =
          delivery(ownModels).deliver(delivery(Events.event("a"))).toCompletableFuture();
      own.server().start();

      await().atMost(Duration.ofSeconds(30)).until(delivered::isDone);
      assertThat(effect.reached()).containsExactly("a");
    }
  }

  // Dead letters

  @Test
  void shouldPutTheLetterOnTheTopicOfItsGroupWithTheReason() {
    effect.does(event -> refused());
    deliver(Events.event("on-topic"));

    var letter =
        kafka.records("dlq.twin").stream()
            .filter(each -> "entity-on-topic".equals(each.key()))
            .toList()
            .get(0);
    assertThat(letter.value()).isEqualTo(CloudEventCodec.encode(Events.event("on-topic")));
    assertThat(letter.headers())
        .extracting(
            header -> header.key() + "=" + new String(header.value(), StandardCharsets.UTF_8))
        .containsExactlyInAnyOrder(
            "consumer=twin",
            "topic=" + TOPIC,
            "error=not-found: There is no KPI 'entity-a'.",
            "attempts=1");
  }

  @Test
  void shouldSendALetterAgainAndThenHaveItsEffect() {
    effect.does(event -> refused());
    deliver(Events.event("again"));
    DeadLetter letter = letters().get(0);
    clock.advance(Duration.ofMinutes(1));

    assertThat(join(deadLetters.replay(letter.id()))).isPresent();
    assertThat(letters().get(0).replayedAt()).isEqualTo(NOON.plusSeconds(60));
    var sent =
        kafka.records(TOPIC).stream().filter(each -> "entity-again".equals(each.key())).toList();
    assertThat(sent).hasSize(1);
    effect.does(event -> ScriptedEffect.done());
    deliver(new Delivery(TOPIC, sent.get(0).key(), ByteString.fromArray(sent.get(0).value())));

    assertThat(count("done")).isEqualTo(1);
  }

  @Test
  void shouldShowALetterThatDiedAgainAsNotReplayed() {
    effect.does(event -> refused());
    deliver(Events.event("a"));
    join(deadLetters.replay(letters().get(0).id()));
    clock.advance(Duration.ofMinutes(1));
    deliver(Events.event("a"));

    assertThat(letters())
        .extracting(DeadLetter::at, DeadLetter::replayedAt)
        .containsExactly(tuple(NOON.plusSeconds(60), null));
  }

  @Test
  void shouldListLettersInOrderAndThrowThemAway() {
    effect.does(event -> refused());
    for (String id : List.of("c", "a", "b")) {
      deliver(Events.event(id));
      clock.advance(Duration.ofSeconds(1));
    }
    DeadLetter first = letters().get(0);

    assertThat(letters()).extracting(DeadLetter::eventId).containsExactly("c", "a", "b");
    assertThat(join(deadLetters.list(first.at(), first.id(), 1)))
        .extracting(DeadLetter::eventId)
        .containsExactly("a");
    assertThat(join(deadLetters.delete(first.id()))).isTrue();
    assertThat(join(deadLetters.delete(first.id()))).isFalse();
    assertThat(join(deadLetters.find(first.id()))).isEmpty();
    assertThat(join(deadLetters.replay(first.id()))).isEmpty();
    assertThat(letters()).hasSize(2);
  }

  // The language of these tests

  private void deliver(IntegrationEvent event) {
    deliver(delivery(event));
  }

  private void deliver(Delivery one) {
    join(delivery.deliver(one));
  }

  private static Delivery delivery(IntegrationEvent event) {
    return new Delivery(TOPIC, event.subject(), bytes(event));
  }

  private static ByteString bytes(IntegrationEvent event) {
    return ByteString.fromArray(CloudEventCodec.encode(event));
  }

  private static CompletionStage<Effect.Outcome> refused() {
    return CompletableFuture.completedFuture(
        new Refused("not-found", "There is no KPI 'entity-a'."));
  }

  private List<DeadLetter> letters() {
    return join(deadLetters.list(Instant.EPOCH, "", 100));
  }

  private double count(String outcome) {
    Counter counter = metrics.find("twinloop.bus.events").tag("outcome", outcome).counter();
    return counter == null ? 0 : counter.count();
  }

  private static List<String> recorded() {
    return TestPostgres.rows(readModels, "SELECT id FROM integration_event ORDER BY xid, ordinal");
  }
}
