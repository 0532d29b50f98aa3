package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.serialization.CloudEventCodec;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
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

  /**
   * The consumer is busy and doesn't see that the topic is away for a moment; where it stood on the
   * old one lies in the middle of the new one.
   */
  @Test
  void shouldReadATopicThatIsMadeAnewFromItsBeginning() {
    CompletableFuture<Effect.Outcome> busy = new CompletableFuture<>();
    effect.does(event -> busy);
    kafka.produceTogether(TOPIC, events("old", 100));
    start();
    eventually().until(() -> effect.reached().size() == 64);

    kafka.delete(TOPIC);
    kafka.make(TOPIC);
    kafka.produceTogether(TOPIC, events("new", 200));
    busy.complete(new Effect.Done());

    eventually()
        .until(() -> effect.reached().stream().filter(id -> id.startsWith("new")).count() == 200);
  }

  private static List<byte[]> events(String name, int number) {
    return IntStream.range(0, number)
        .mapToObj(n -> CloudEventCodec.encode(Events.event(name + "-" + n, "key-" + n)))
        .toList();
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
