package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;

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

  private long committed() {
    return kafka.committed(settings.consumerGroup(), TOPIC);
  }
}
