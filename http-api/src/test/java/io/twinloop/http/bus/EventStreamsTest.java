package io.twinloop.http.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.NullNode;
import io.twinloop.domain.identity.Identity;
import io.twinloop.http.ProblemException;
import io.twinloop.projections.bus.EventQueries.Place;
import io.twinloop.projections.bus.EventQueries.Recorded;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What many event streams of one node cost, and how many there may be. */
class EventStreamsTest {

  private static final ActorTestKit KIT = ActorTestKit.create();
  private static final Place OLD = new Place("7", 1);
  private static final Place NEW = new Place("10", 1);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void shouldLookOnceForAllStreams() {
    List<CompletableFuture<Place>> looks = new CopyOnWriteArrayList<>();
    EventWatch watch =
        new EventWatch(
            () -> {
              CompletableFuture<Place> look = new CompletableFuture<>();
              looks.add(look);
              return look;
            });
    List<CompletableFuture<Place>> waiting =
        Stream.generate(() -> watch.after(OLD, KIT.system()).toCompletableFuture())
            .limit(50)
            .toList();

    await().until(() -> looks.size() == 1);
    looks.get(0).complete(OLD);
    await().until(() -> looks.size() == 2);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    looks.get(1).complete(NEW);

    assertThat(waiting).allMatch(news -> news.join().equals(NEW));
    assertThat(watch.after(OLD, KIT.system()).toCompletableFuture()).isCompletedWithValue(NEW);
    assertThat(looks).as("nobody waits").hasSize(2);
  }

  @Test
  void shouldTellTheStreamsThatALookFailed() {
    CompletionStage<Place> away = CompletableFuture.failedStage(new IllegalStateException("away"));
    EventWatch watch = new EventWatch(() -> away);

    assertThatThrownBy(() -> watch.after(OLD, KIT.system()).toCompletableFuture().join())
        .hasRootCauseMessage("away");
  }

  @Test
  void shouldReadNothingTwiceToFindWhatFewSee() {
    List<Recorded> few = events(3, 4);
    List<Recorded> full = LongStream.range(0, 200).mapToObj(EventStreamsTest::event).toList();

    assertThat(EventRoutes.after(NEW, List.of())).isEqualTo(NEW);
    assertThat(EventRoutes.after(NEW, few)).isEqualTo(NEW);
    assertThat(EventRoutes.after(new Place("7", 3), few)).isEqualTo(new Place("7", 4));
    assertThat(EventRoutes.after(NEW, full)).as("more may follow").isEqualTo(new Place("7", 199));
  }

  @Test
  void shouldOpenSoManyStreamsOfACallerAndNoMore() {
    StreamsByCaller streams = new StreamsByCaller();
    Identity reader = Identity.domain("BNI");
    List<UniqueKillSwitch> open = new ArrayList<>();
    for (int i = 0; i < StreamsByCaller.MOST; i++) {
      open.add(open(streams, reader));
    }

    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> streams.counted(reader, Source.maybe()))
                    .isInstanceOf(ProblemException.class)
                    .hasMessageContaining("'domain:BNI' has 20 event streams open"));
    open(streams, Identity.domain("BNP"));
    open.get(0).shutdown();
    await().ignoreExceptions().until(() -> streams.counted(reader, Source.maybe()) != null);
    open.forEach(UniqueKillSwitch::shutdown);
  }

  @Test
  void shouldNotCountWhereNobodyLogsIn() {
    StreamsByCaller streams = new StreamsByCaller();
    List<UniqueKillSwitch> open =
        Stream.generate(() -> open(streams, Identity.local("ada"))).limit(30).toList();

    assertThat(streams.counted(Identity.local("ada"), Source.maybe())).isNotNull();
    open.forEach(UniqueKillSwitch::shutdown);
  }

  private static UniqueKillSwitch open(StreamsByCaller streams, Identity caller) {
    return streams
        .counted(caller, Source.<String>maybe())
        .viaMat(KillSwitches.single(), Keep.right())
        .to(Sink.ignore())
        .run(KIT.system());
  }

  private static List<Recorded> events(long... ordinals) {
    return LongStream.of(ordinals).mapToObj(EventStreamsTest::event).toList();
  }

  private static Recorded event(long ordinal) {
    return new Recorded(new Place("7", ordinal), "bpa.kpi.updated", NullNode.getInstance());
  }
}
