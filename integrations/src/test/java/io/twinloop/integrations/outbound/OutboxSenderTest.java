package io.twinloop.integrations.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.domain.outbound.Outbox.Outcome;
import io.twinloop.domain.outbound.Unsealing;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutboxSenderTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final BoxInMemory box = new BoxInMemory();
  private final Queue<OutboundMessage> handedOver = new ConcurrentLinkedQueue<>();
  private final List<OutboxSender> opened = new ArrayList<>();

  @AfterEach
  void stop() {
    opened.forEach(OutboxSender::close);
  }

  @Test
  void shouldSendWhatWaitsAndSaySo() {
    box.put("a", Channel.EMAIL, 1).put("b", Channel.EMAIL, 1);

    sender("", delivering(new Delivery.Delivered())).start();

    await().until(() -> box.outcomes.size() == 2);
    assertThat(box.outcomes.values()).allMatch(Outbox.Sent.class::isInstance);
    assertThat(handedOver).extracting(OutboundMessage::id).containsExactly("a", "b");
  }

  @Test
  void shouldSayWhatWouldBeSentWhereNothingServesTheChannel() {
    box.put("a", Channel.SLACK, 1);

    sender("", delivering(new Delivery.Delivered())).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a"))
        .isEqualTo(
            new Outbox.WouldSend("Nothing is configured for twinloop.outbound.channels.slack."));
    assertThat(handedOver).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1, , 5",
    "3, , 20",
    "3, 60, 60",
    "3, 7, 20",
    "3, 99999, 900",
  })
  void shouldTryAgainLaterAndLongerEachTime(int attempt, Long notBefore, long seconds) {
    box.put("a", Channel.EMAIL, attempt);
    Duration wanted = notBefore == null ? null : Duration.ofSeconds(notBefore);

    sender("", delivering(new Delivery.Missed("Busy.", wanted))).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a"))
        .isEqualTo(new Outbox.TryAgain("Busy.", NOON.plusSeconds(seconds)));
  }

  @Test
  void shouldGiveUpAfterTheLastTry() {
    box.put("a", Channel.EMAIL, 10);

    sender("", delivering(new Delivery.Missed("Busy.", null))).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a")).isEqualTo(new Outbox.Failed("Busy."));
  }

  /** A message that takes its sender down each time must not do so for ever. */
  @Test
  void shouldGiveUpOnAMessageWhoseSendersAllDied() {
    box.put("a", Channel.EMAIL, 11);

    sender("", delivering(new Delivery.Delivered())).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a")).isInstanceOf(Outbox.Failed.class);
    assertThat(handedOver).isEmpty();
  }

  @Test
  void shouldNotSendWhatWaitsTooLong() {
    box.put("a", Channel.EMAIL, 1, NOON.minus(Duration.ofHours(25)));
    box.put("b", Channel.EMAIL, 1, NOON.minus(Duration.ofHours(23)));

    sender("", delivering(new Delivery.Delivered())).start();

    await().until(() -> box.outcomes.size() == 2);
    assertThat(box.outcomes.get("a"))
        .isInstanceOfSatisfying(
            Outbox.Failed.class, failed -> assertThat(failed.error()).contains("max-age"));
    assertThat(handedOver).extracting(OutboundMessage::id).containsExactly("b");
  }

  @Test
  void shouldNotTryAgainWhatIsRefused() {
    box.put("a", Channel.EMAIL, 1);

    sender("", delivering(new Delivery.Refused("No such mailbox."))).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a")).isEqualTo(new Outbox.Failed("No such mailbox."));
  }

  @Test
  void shouldTryAgainWhatTakesTooLongOrBreaks() {
    box.put("slow", Channel.EMAIL, 1).put("broken", Channel.WEBHOOK, 1);
    CompletableFuture<Delivery> never = new CompletableFuture<>();
    Transport slow = message -> never;
    Transport broken =
        message -> {
          throw new IllegalStateException("the password is secret");
        };

    sender("timeout = 50ms", Map.of(Channel.EMAIL, slow, Channel.WEBHOOK, broken)).start();

    await().until(() -> box.outcomes.size() == 2);
    assertThat(box.outcomes.get("slow"))
        .isEqualTo(
            new Outbox.TryAgain("It was not handed over within 50 ms.", NOON.plusSeconds(5)));
    assertThat(never).as("what the transport can see").isCompletedExceptionally();
    assertThat(box.outcomes.get("broken"))
        .isInstanceOfSatisfying(
            Outbox.TryAgain.class,
            again ->
                assertThat(again.error())
                    .contains("IllegalStateException")
                    .doesNotContain("secret"));
  }

  @Test
  void shouldUnsealOnlyWhatLeavesTheHouse() {
    box.put("mail", Channel.EMAIL, 1).put("line", Channel.LOG, 1);
    Transport outside = delivering(new Delivery.Delivered());
    Transport inside =
        new Transport() {
          @Override
          public CompletionStage<Delivery> deliver(OutboundMessage message) {
            return outside.deliver(message);
          }

          @Override
          public boolean leavesTheHouse() {
            return false;
          }
        };
    OutboxSender sender =
        new OutboxSender(
            box,
            Map.of(Channel.EMAIL, outside, Channel.LOG, inside),
            OutboxSenderTest::open,
            settings(""),
            clock(),
            () -> 0);
    opened.add(sender);

    sender.start();

    await().until(() -> box.outcomes.size() == 2);
    assertThat(handedOver)
        .extracting(
            sent -> sent.id() + " " + sent.recipient() + " " + sent.subject() + " " + sent.body())
        .containsExactlyInAnyOrder(
            "mail open-recipient open-subject open-body",
            "line sealed-recipient sealed-subject sealed-body");
  }

  /** Mail servers like to repeat whom they refuse. */
  @Test
  void shouldKeepNoWordsFromOutsideOfAMessageThatWasSealed() {
    box.put("refused", Channel.EMAIL, 1).put("busy", Channel.SLACK, 1);
    box.put("unknown", Channel.WEBHOOK, 1);
    Map<Channel, Transport> transports =
        Map.of(
            Channel.EMAIL,
            delivering(new Delivery.Refused("550 <open-recipient> unknown", "Refused (550).")),
            Channel.SLACK,
            delivering(new Delivery.Missed("open-recipient is busy", "Busy.", null)),
            Channel.WEBHOOK,
            delivering(new Delivery.NotConfigured("Nothing for 'open-recipient'", "Nothing.")));

    sender("", transports, OutboxSenderTest::open).start();

    await().until(() -> box.outcomes.size() == 3);
    assertThat(box.outcomes)
        .containsEntry("refused", new Outbox.Failed("Refused (550)."))
        .containsEntry("busy", new Outbox.TryAgain("Busy.", NOON.plusSeconds(5)))
        .containsEntry("unknown", new Outbox.WouldSend("Nothing."));
  }

  @Test
  void shouldKeepWhatWasSaidOfAMessageInWhichNothingWasSealed() {
    box.put("a", Channel.EMAIL, 1);

    sender("", delivering(new Delivery.Refused("550 <ada> unknown", "Refused (550)."))).start();

    await().until(() -> !box.outcomes.isEmpty());
    assertThat(box.outcomes.get("a")).isEqualTo(new Outbox.Failed("550 <ada> unknown"));
  }

  /** The database has one thread: who waits on it for an answer of the database waits for ever. */
  @Test
  void shouldWaitForKeysOnNoThreadThatGivesThem() {
    ExecutorService database = Executors.newSingleThreadExecutor();
    try {
      box.answersOn = database;
      for (int i = 0; i < 20; i++) {
        box.put("m" + i, Channel.EMAIL, 1);
      }
      Unsealing unsealing = texts -> CompletableFuture.supplyAsync(() -> opened(texts), database);

      sender(
              "in-flight = 4",
              Map.of(Channel.EMAIL, delivering(new Delivery.Delivered())),
              unsealing)
          .start();

      await().until(() -> box.outcomes.size() == 20);
      assertThat(box.outcomes.values()).allMatch(Outbox.Sent.class::isInstance);
      assertThat(box.mostAsked).isEqualTo(4);
    } finally {
      database.shutdownNow();
    }
  }

  @Test
  void shouldTryAgainWhenTheKeysDoNotCome() {
    box.put("never", Channel.EMAIL, 1).put("broken", Channel.SLACK, 1);
    Transport fine = delivering(new Delivery.Delivered());
    Unsealing unsealing =
        texts -> {
          if (box.outcomes.containsKey("never")) {
            throw new IllegalStateException("no keys");
          }
          return new CompletableFuture<>();
        };
    sender(
            "timeout = 50ms, in-flight = 1",
            Map.of(Channel.EMAIL, fine, Channel.SLACK, fine),
            unsealing)
        .start();

    await().until(() -> box.outcomes.size() == 2);
    assertThat(box.outcomes.values()).allMatch(Outbox.TryAgain.class::isInstance);
    assertThat(handedOver).isEmpty();
  }

  @Test
  void shouldCountWhatCameOfIt() {
    box.put("a", Channel.EMAIL, 1).put("b", Channel.EMAIL, 10).put("c", Channel.LOG, 1);
    OutboxSender sender = sender("", delivering(new Delivery.Missed("Busy.", null)));

    sender.start();

    await().until(() -> sender.settled(Channel.LOG, Outbox.State.WOULD_SEND) == 1);
    await().until(() -> sender.settled(Channel.EMAIL, Outbox.State.WAITING) == 1);
    await().until(() -> sender.settled(Channel.EMAIL, Outbox.State.FAILED) == 1);
    assertThat(sender.settled(Channel.EMAIL, Outbox.State.SENT)).isZero();
  }

  @Test
  void shouldHaveNoMoreUnderWayThanItMay() {
    for (int i = 0; i < 9; i++) {
      box.put("m" + i, Channel.EMAIL, 1);
    }
    Queue<CompletableFuture<Delivery>> open = new ConcurrentLinkedQueue<>();
    Transport waiting =
        message -> {
          CompletableFuture<Delivery> delivery = new CompletableFuture<>();
          open.add(delivery);
          return delivery;
        };
    OutboxSender sender = sender("in-flight = 4", Map.of(Channel.EMAIL, waiting));

    sender.look();
    await().until(() -> open.size() == 4);
    sender.look(); // nothing is free, so it asks for nothing

    assertThat(box.asked).isEqualTo(1);
    assertThat(open).hasSize(4);
    open.remove().complete(new Delivery.Delivered());
    await()
        .until(
            () -> {
              sender.look();
              return open.size() == 4;
            });
    open.forEach(delivery -> delivery.complete(new Delivery.Delivered()));
  }

  @Test
  void shouldGoOnWhenTheOutboxIsBack() {
    box.away = true;
    box.put("a", Channel.EMAIL, 1);
    sender("interval = 5ms", Map.of(Channel.EMAIL, delivering(new Delivery.Delivered()))).start();
    await().until(() -> box.asked > 2);

    box.away = false;

    await().until(() -> box.outcomes.get("a") instanceof Outbox.Sent);
  }

  @Test
  void shouldWriteOneLineWhateverTheTextHolds() {
    assertThat(LogTransport.line("a\r\n2026 INFO forged\u001b[31m\u2028b\u202Ec\u0000"))
        .isEqualTo("a 2026 INFO forged [31m b c");
    assertThat(LogTransport.line("x".repeat(2_000))).hasSize(1_001).endsWith("…");
  }

  @Test
  void shouldNameTheSettingThatMakesNoSense() {
    assertThatThrownBy(() -> settings("lease = 10s"))
        .hasMessageContaining("twinloop.outbound.sender.lease must be longer than timeout");
    assertThatThrownBy(() -> settings("first-pause = 1h"))
        .hasMessageContaining("longest-pause must be no shorter than first-pause");
    assertThatThrownBy(() -> settings("max-attempts = 0")).hasMessageContaining("max-attempts");
    assertThatThrownBy(() -> settings("timeout = 1ms"))
        .hasMessageContaining("sender.timeout must be longer than twinloop.egress.timeout");
    assertThatThrownBy(() -> settings("timeout = 1m }, twinloop.outbound.smtp { host = m"))
        .hasMessageContaining("sender.timeout must be longer than twinloop.outbound.smtp.timeout");
  }

  private Transport delivering(Delivery delivery) {
    return message -> {
      handedOver.add(message);
      return CompletableFuture.completedStage(delivery);
    };
  }

  private OutboxSender sender(String overrides, Transport email) {
    return sender(overrides, Map.of(Channel.EMAIL, email));
  }

  private OutboxSender sender(String overrides, Map<Channel, Transport> transports) {
    return sender(overrides, transports, Unsealing.NONE);
  }

  private OutboxSender sender(
      String overrides, Map<Channel, Transport> transports, Unsealing unsealing) {
    OutboxSender sender =
        new OutboxSender(box, transports, unsealing, settings(overrides), clock(), () -> 0);
    opened.add(sender);
    return sender;
  }

  private static CompletionStage<List<String>> open(List<String> texts) {
    return CompletableFuture.completedStage(opened(texts));
  }

  private static List<String> opened(List<String> texts) {
    return texts.stream().map(text -> text.replace("sealed", "open")).toList();
  }

  private static Clock clock() {
    return Clock.fixed(NOON, ZoneOffset.UTC);
  }

  private static SenderSettings settings(String overrides) {
    return SenderSettings.from(
        ConfigFactory.parseString(
                "twinloop.outbound.sender { %s }, twinloop.egress.timeout = 1ms"
                    .formatted(overrides))
            .withFallback(ConfigFactory.defaultReference()));
  }

  /** Gives each message out once, and remembers what came of it. */
  private static final class BoxInMemory implements Outbox {
    private final Deque<Claim> waiting = new ArrayDeque<>();
    private final Map<String, Outcome> outcomes = new ConcurrentHashMap<>();
    private volatile boolean away;
    private volatile int asked;
    private volatile int mostAsked;
    private volatile Executor answersOn = Runnable::run;

    BoxInMemory put(String id, Channel channel, int attempt) {
      return put(id, channel, attempt, NOON);
    }

    synchronized BoxInMemory put(String id, Channel channel, int attempt, Instant waitingSince) {
      OutboundMessage message =
          new OutboundMessage(
              id, channel, "sealed-recipient", "sealed-subject", "sealed-body", "loop", "wf", NOON);
      waiting.add(new Claim(message, attempt, waitingSince, "lease"));
      return this;
    }

    @Override
    public synchronized CompletionStage<List<Claim>> claim(int atMost, Duration lease) {
      asked = asked + 1;
      mostAsked = Math.max(mostAsked, atMost);
      if (away) {
        return CompletableFuture.failedStage(new IllegalStateException("away"));
      }
      List<Claim> claims = new ArrayList<>();
      while (claims.size() < atMost && !waiting.isEmpty()) {
        claims.add(waiting.remove());
      }
      return CompletableFuture.supplyAsync(() -> claims, answersOn);
    }

    @Override
    public CompletionStage<Boolean> settle(Claim claim, Outcome outcome) {
      outcomes.put(claim.message().id(), outcome);
      return CompletableFuture.completedStage(true);
    }
  }
}
