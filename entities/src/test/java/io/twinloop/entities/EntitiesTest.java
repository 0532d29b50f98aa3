package io.twinloop.entities;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.Leave;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Commands that are lost on their way, as those are that go to a node that has just died. */
class EntitiesTest {

  private sealed interface Message {
    ActorRef<Integer> replyTo();
  }

  private record Ask(ActorRef<Integer> replyTo) implements Message, Repeatable {}

  private record Change(ActorRef<Integer> replyTo) implements Message {}

  private record Deliver(boolean mayRepeat, ActorRef<Integer> replyTo)
      implements Message, Repeatable {}

  private static final EntityTypeKey<Message> KEY = EntityTypeKey.create(Message.class, "Deaf");
  private static final ConcurrentHashMap<String, AtomicInteger> RECEIVED =
      new ConcurrentHashMap<>();

  private static final Duration SETTLING = Duration.ofMinutes(1);

  private static ActorTestKit kit;
  private static ClusterSharding sharding;

  @BeforeAll
  static void start() {
    kit = node("entities");
    Cluster cluster = Cluster.get(kit.system());
    cluster.manager().tell(Join.create(cluster.selfMember().address()));
    sharding = ClusterSharding.get(kit.system());
    sharding.init(
        Entity.of(KEY, context -> deafAtFirst(context.getEntityId())).withRole("entities"));
    assertThat(entities(Duration.ofMinutes(1)).<Message, Integer>ask(KEY, "first", Ask::new))
        .succeedsWithin(1, TimeUnit.MINUTES);
  }

  private static ActorTestKit node(String role) {
    return ActorTestKit.create(
        "lost",
        ConfigFactory.parseString(
                """
                pekko {
                  loglevel = WARNING, stdout-loglevel = OFF, log-dead-letters = off
                  actor.provider = cluster
                  remote.artery.canonical { hostname = "127.0.0.1", port = 0 }
                  cluster { jmx.enabled = off, roles = [%s] }
                  coordinated-shutdown { run-by-jvm-shutdown-hook = off, exit-jvm = off }
                }
                """
                    .formatted(role))
            .withFallback(ConfigFactory.load()));
  }

  @AfterAll
  static void stop() {
    kit.shutdownTestKit();
  }

  /** Hears no message before the third. */
  private static Behavior<Message> deafAtFirst(String id) {
    return Behaviors.receiveMessage(
        message -> {
          int received = RECEIVED.computeIfAbsent(id, any -> new AtomicInteger()).incrementAndGet();
          if (received >= 3) {
            message.replyTo().tell(received);
          }
          return Behaviors.same();
        });
  }

  @Test
  void shouldSendAgainWhatMayBeRepeatedUntilItIsAnswered() {
    assertThat(entities(Duration.ofSeconds(30)).<Message, Integer>ask(KEY, "a", Ask::new))
        .succeedsWithin(30, TimeUnit.SECONDS)
        .isEqualTo(3);
  }

  @Test
  void shouldSendOnceWhatCouldHaveItsEffectTwice() {
    assertThat(entities(Duration.ofSeconds(2)).<Message, Integer>ask(KEY, "b", Change::new))
        .failsWithin(30, TimeUnit.SECONDS)
        .withThrowableOfType(Exception.class)
        .withCauseInstanceOf(TimeoutException.class);
    assertThat(RECEIVED.get("b")).hasValue(1);
  }

  @Test
  void shouldAskTheCommandItselfWhetherItMayBeRepeated() {
    Entities entities = entities(Duration.ofSeconds(2));
    assertThat(entities.<Message, Integer>ask(KEY, "c", replyTo -> new Deliver(false, replyTo)))
        .failsWithin(30, TimeUnit.SECONDS);
    assertThat(RECEIVED.get("c")).hasValue(1);

    assertThat(
            entities(Duration.ofSeconds(30))
                .<Message, Integer>ask(KEY, "d", replyTo -> new Deliver(true, replyTo)))
        .succeedsWithin(30, TimeUnit.SECONDS)
        .isEqualTo(3);
  }

  @Test
  void shouldEndWithATimeOutWhenNobodyEverAnswers() {
    Entities entities =
        new Entities(sharding, Duration.ofMillis(300), failover(Duration.ofMinutes(1)));
    assertThat(entities.<Message, Integer>ask(KEY, "e", Ask::new))
        .failsWithin(30, TimeUnit.SECONDS)
        .withThrowableOfType(Exception.class)
        .withCauseInstanceOf(TimeoutException.class);
  }

  /** The question goes out until it is answered, and only then the command. */
  @Test
  void shouldWaitForAnAnswerBeforeItSendsACommandWhileNodesComeAndGo() {
    ActorTestKit other = node("api");
    try {
      Cluster.get(other.system())
          .manager()
          .tell(Join.create(Cluster.get(kit.system()).selfMember().address()));
      awaitMembers(2);

      assertThat(entities(Duration.ofSeconds(30)).<Message, Integer>ask(KEY, "f", Change::new))
          .succeedsWithin(30, TimeUnit.SECONDS)
          .isEqualTo(4);
    } finally {
      Cluster.get(other.system())
          .manager()
          .tell(Leave.create(Cluster.get(other.system()).selfMember().address()));
      awaitMembers(1);
      other.shutdownTestKit();
    }
  }

  private static void awaitMembers(int members) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> Cluster.get(kit.system()).state().members().size() == members);
  }

  private static Entities entities(Duration timeout) {
    return new Entities(sharding, timeout, failover(Duration.ofMillis(100)));
  }

  private static Failover failover(Duration repeatAfter) {
    return new Failover(kit.system(), repeatAfter, SETTLING, 10).asking(KEY, Ask::new);
  }
}
