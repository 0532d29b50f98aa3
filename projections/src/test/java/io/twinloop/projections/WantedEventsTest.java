package io.twinloop.projections;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import scala.Option;

/** What a projection wants comes at once; of the rest the last one, in its time. */
class WantedEventsTest {

  private static final Duration NEVER = Duration.ofHours(1);

  private static ActorSystem<Void> system;

  private final TestJournal<String> journal = new TestJournal<>("Note", "n");

  @BeforeAll
  static void start() {
    system = ActorSystem.create(Behaviors.empty(), "wanted");
  }

  @AfterAll
  static void stop() {
    system.terminate();
  }

  @Test
  void shouldLeaveOutWhatIsNotWantedButTheLast() {
    List<EventEnvelope<String>> events = journal.write("-", "a", "-", "-", "b", "-", "-");

    assertThat(through(events, NEVER)).containsExactly("2", "5", "7");
  }

  @Test
  void shouldGiveNothingTwiceWhenTheLastIsWanted() {
    assertThat(through(journal.write("-", "a"), NEVER)).containsExactly("2");
  }

  @Test
  void shouldLetThroughWhatCannotBeRead() {
    EventEnvelope<String> event = journal.write("-").get(0);
    EventEnvelope<String> unreadable =
        new EventEnvelope<>(
            event.offset(),
            event.persistenceId(),
            event.sequenceNr(),
            Option.empty(),
            event.timestamp(),
            Option.empty(),
            event.entityType(),
            event.slice());

    assertThat(through(List.of(unreadable, journal.write("a").get(0)), NEVER))
        .containsExactly("1", "2");
  }

  @Test
  void shouldLetTheOffsetGoOnAlthoughNothingIsWanted() {
    ConcurrentLinkedQueue<Long> seen = new ConcurrentLinkedQueue<>();
    var queue =
        Source.<EventEnvelope<String>>queue(16)
            .via(new WantedEvents<>(WantedEventsTest::isWanted, Duration.ofMillis(20)))
            .toMat(Sink.foreach(event -> seen.add(event.sequenceNr())), Keep.left())
            .run(system);
    journal.write("-", "-", "-").forEach(queue::offer);
    await().until(() -> seen.contains(3L));

    journal.write("-", "a").forEach(queue::offer);
    await().until(() -> seen.contains(5L));
    queue.complete();
    assertThat(List.copyOf(seen)).isSorted();
  }

  private static boolean isWanted(EventEnvelope<String> event) {
    return !event.event().equals("-");
  }

  private static List<String> through(List<EventEnvelope<String>> events, Duration offsetAfter) {
    return join(
        Source.from(events)
            .via(new WantedEvents<>(WantedEventsTest::isWanted, offsetAfter))
            .map(event -> Long.toString(event.sequenceNr()))
            .runWith(Sink.seq(), system));
  }
}
