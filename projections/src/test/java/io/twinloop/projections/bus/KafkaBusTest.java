package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.serialization.CloudEventCodec;
import org.junit.jupiter.api.Test;

/** The contract on Kafka, and offsets. */
class KafkaBusTest extends BusContract {

  private TestKafka kafka;

  @Override
  TestBus broker() {
    kafka = new TestKafka();
    return kafka;
  }

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
  void shouldKeepTheDeadOfAGroupOnATopicOfItsOwn() {
    assertThat(KafkaBus.deadLetterTopic("twin")).isEqualTo("dlq.twin");
  }

  /** Where the consumer stood on the old one lies in the middle of the new one. */
  @Test
  void shouldReadATopicThatIsMadeAnewFromItsBeginning() {
    publish(Events.event("old-1"), Events.event("old-2"), Events.event("old-3"));
    start();
    eventually().until(() -> effect.reached().size() == 3);

    kafka.delete(TOPIC);
    kafka.make(TOPIC);
    for (int n = 1; n <= 12; n++) {
      kafka.produce(TOPIC, "key", CloudEventCodec.encode(Events.event("new-" + n)));
    }

    eventually().until(() -> effect.reached().size() == 15);
    publish(Events.event("last"));
    eventually().until(() -> effect.reached().size() == 16);
  }

  @Test
  void shouldMakeATopicThatWasDeleted() {
    start();
    publish(Events.event("before"));
    eventually().until(() -> effect.reached().contains("before"));

    kafka.delete(TOPIC);
    kafka.awaitThere(TOPIC);
    publish(Events.event("after"));

    eventually().until(() -> effect.reached().contains("after"));
  }

  private long committed() {
    return kafka.committed(settings.consumerGroup(), TOPIC);
  }
}
