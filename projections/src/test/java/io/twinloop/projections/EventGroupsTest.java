package io.twinloop.projections;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Groups are as large as there is work waiting, and no event waits for others. */
class EventGroupsTest {

  private static ActorSystem<Void> system;

  @BeforeAll
  static void start() {
    system = ActorSystem.create(Behaviors.empty(), "groups");
  }

  @AfterAll
  static void stop() {
    system.terminate();
  }

  @Test
  void shouldKeepAllEventsInOrderInGroupsOfNoMoreThanAllowed() {
    List<Integer> events = IntStream.range(0, 5_000).boxed().toList();

    List<List<Integer>> groups =
        join(Source.from(events).via(new EventGroups<>(700)).runWith(Sink.seq(), system));

    assertThat(groups).allMatch(group -> !group.isEmpty() && group.size() <= 700);
    assertThat(groups.stream().flatMap(List::stream)).containsExactlyElementsOf(events);
  }

  @Test
  void shouldLetAnEventThatComesAloneGoAlone() {
    ConcurrentLinkedQueue<List<Integer>> groups = new ConcurrentLinkedQueue<>();
    var queue =
        Source.<Integer>queue(16)
            .via(new EventGroups<>(100))
            .toMat(Sink.foreach(groups::add), Keep.left())
            .run(system);
    for (int i = 1; i <= 3; i++) {
      queue.offer(i);
      int soMany = i;
      await().until(() -> groups.size() == soMany);
    }
    queue.complete();

    assertThat(groups).containsExactly(List.of(1), List.of(2), List.of(3));
  }

  @Test
  void shouldGroupWhatComesWhileTheGroupBeforeIsWorkedOn() {
    CompletableFuture<Void> worked = new CompletableFuture<>();
    ConcurrentLinkedQueue<List<Integer>> groups = new ConcurrentLinkedQueue<>();
    var queue =
        Source.<Integer>queue(16)
            .via(new EventGroups<>(100))
            .mapAsync(
                1,
                group -> {
                  groups.add(group);
                  return worked.thenApply(done -> group);
                })
            .toMat(Sink.ignore(), Keep.left())
            .run(system);
    queue.offer(1);
    await().until(() -> groups.size() == 1);
    IntStream.rangeClosed(2, 9).forEach(queue::offer);
    worked.complete(null);

    await().until(() -> groups.stream().mapToInt(List::size).sum() == 9);
    queue.complete();
    assertThat(groups.stream().flatMap(List::stream)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
  }
}
