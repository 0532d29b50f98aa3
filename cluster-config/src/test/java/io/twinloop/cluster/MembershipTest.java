package io.twinloop.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.serialization.SerializationExtension;
import org.junit.jupiter.api.Test;

class MembershipTest {

  private static final MembershipSettings SETTINGS =
      new MembershipSettings(
          Duration.ofMillis(250),
          Duration.ofSeconds(2),
          Duration.ofSeconds(3),
          Duration.ofSeconds(20));

  /** Far from 0, as a machine's own is; the process may stand still while it goes on. */
  private final AtomicLong nanos = new AtomicLong(-Duration.ofDays(1).toNanos());

  private final Membership membership = new Membership(SETTINGS, nanos::get);

  @Test
  void shouldHoldAConfirmationSinceItWasAskedFor() {
    membership.confirm(membership.now());
    pass(Duration.ofMillis(1_999));
    assertThat(membership.isConfirmed()).isTrue();
    assertThat(membership.confirmed()).isCompleted();

    pass(Duration.ofMillis(1));
    assertThat(membership.isConfirmed()).isFalse();
  }

  @Test
  void shouldNotBeConfirmedByAnAnswerThatWasOnItsWayForLong() {
    long asked = membership.now();
    pass(Duration.ofSeconds(30));

    membership.confirm(asked);

    assertThat(membership.isConfirmed()).isFalse();
  }

  @Test
  void shouldLetThemWaitForTheNextConfirmation() throws Exception {
    membership.confirm(membership.now());
    pass(Duration.ofMillis(2_500));
    CompletableFuture<Void> waiting = membership.confirmed();
    assertThat(waiting).isNotDone();

    membership.confirm(membership.now());

    waiting.get(10, TimeUnit.SECONDS);
    assertThat(membership.isConfirmed()).isTrue();
  }

  @Test
  void shouldRefuseAtOnceWhenTheLastConfirmationIsLongGone() {
    membership.confirm(membership.now());
    pass(Duration.ofSeconds(30));

    assertThatThrownBy(() -> membership.confirmed().join())
        .hasCauseInstanceOf(Membership.CutOff.class)
        .hasMessageContaining("does not know whether it still belongs to the cluster");
  }

  @Test
  void shouldNotTakeAnEarlierConfirmationForANewOne() {
    long early = membership.now();
    pass(Duration.ofSeconds(1));
    membership.confirm(membership.now());

    membership.confirm(early);

    pass(Duration.ofMillis(1_500));
    assertThat(membership.isConfirmed()).isTrue();
  }

  @Test
  void shouldRefuseSettingsWithWhichTwoNodesCouldAnswerForOneEntity() {
    Config node = Configuration.load(ConfigFactory.empty());
    assertThat(MembershipSettings.of(node).validity()).isEqualTo(Duration.ofSeconds(2));

    Config tooLong =
        Configuration.load(
            ConfigFactory.parseString("pekko.cluster.split-brain-resolver.stable-after = 900 ms"));
    assertThatThrownBy(() -> MembershipSettings.of(tooLong))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("twinloop.node.membership.validity is 2000 ms")
        .hasMessageContaining("1900 ms");
  }

  @Test
  void shouldUnderstandWhatOtherReleasesAskAndAnswer() throws Exception {
    ActorTestKit kit = ActorTestKit.create("twinloop", ConfigFactory.load("reference"));
    try {
      ActorRef<Membership.Message> asker = kit.<Membership.Message>createTestProbe().getRef();
      String path = ActorRefResolver.get(kit.system()).toSerializationFormat(asker);
      assertThat(
              read(
                  kit,
                  "io.twinloop.cluster.Membership$Question",
                  """
                  {"address": "pekko://twinloop@10.0.0.1:25520", "uid": -8456668211261447741,
                   "asked": 12345678901, "replyTo": "%s"}
                  """
                      .formatted(path)))
          .isEqualTo(
              new Membership.Question(
                  "pekko://twinloop@10.0.0.1:25520",
                  -8_456_668_211_261_447_741L,
                  12_345_678_901L,
                  asker));
      assertThat(
              read(
                  kit,
                  "io.twinloop.cluster.Membership$Answer",
                  """
                  {"address": "pekko://twinloop@10.0.0.2:25520", "asked": 12345678901, "member": true}
                  """))
          .isEqualTo(
              new Membership.Answer("pekko://twinloop@10.0.0.2:25520", 12_345_678_901L, true));
    } finally {
      kit.shutdownTestKit();
    }
  }

  private static Object read(ActorTestKit kit, String manifest, String fields) throws Exception {
    byte[] bytes =
        new ObjectMapper(new CBORFactory()).writeValueAsBytes(new ObjectMapper().readTree(fields));
    return SerializationExtension.get(kit.system()).deserialize(bytes, 33, manifest).get();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
