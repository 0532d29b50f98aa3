package io.twinloop.entities.kpi;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REVISION_MISMATCH;
import static io.twinloop.entities.Refusals.WRONG_STATE;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Severity;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.Snapshots;
import io.twinloop.entities.kpi.Kpi.Accepted;
import io.twinloop.entities.kpi.Kpi.AnomalyClosed;
import io.twinloop.entities.kpi.Kpi.AnomalyOpened;
import io.twinloop.entities.kpi.Kpi.AnomalyWorsened;
import io.twinloop.entities.kpi.Kpi.Breached;
import io.twinloop.entities.kpi.Kpi.Command;
import io.twinloop.entities.kpi.Kpi.Current;
import io.twinloop.entities.kpi.Kpi.Define;
import io.twinloop.entities.kpi.Kpi.Defined;
import io.twinloop.entities.kpi.Kpi.Event;
import io.twinloop.entities.kpi.Kpi.Get;
import io.twinloop.entities.kpi.Kpi.Rejected;
import io.twinloop.entities.kpi.Kpi.Reply;
import io.twinloop.entities.kpi.Kpi.Retire;
import io.twinloop.entities.kpi.Kpi.Retired;
import io.twinloop.entities.kpi.Kpi.RetiredKpi;
import io.twinloop.entities.kpi.Kpi.SamplesTaken;
import io.twinloop.entities.kpi.Kpi.State;
import io.twinloop.entities.kpi.Kpi.Take;
import io.twinloop.entities.kpi.Kpi.Taken;
import io.twinloop.entities.kpi.Kpi.Tracking;
import io.twinloop.entities.kpi.Kpi.Undefined;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.typed.PersistenceId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KpiTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final KpiDefinition DEFINITION = definition("Time to invoice");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final Cause NO_LOOP = new Cause(null, "request-1", "ada");

  private static ActorTestKit system;

  private MovableClock clock;
  private EntityBench<Command, Event, State, Reply> kpi;

  @BeforeAll
  static void start() {
    system = EntityBench.newSystem();
  }

  @AfterAll
  static void stop() {
    system.shutdownTestKit();
  }

  @BeforeEach
  void placeOnTheBench() {
    clock = new MovableClock(NOON);
    kpi =
        new EntityBench<>(
            system.system(), PersistenceId.of("Kpi", "invoice"), Kpi.create("invoice", clock));
  }

  // Every command in every state

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Undefined.class, List.of(),
                  Tracking.class, List.of(define(DEFINITION), quiet()),
                  Breached.class, List.of(define(DEFINITION), quiet(), take(10, 13)),
                  RetiredKpi.class, List.of(define(DEFINITION), quiet(), KpiTest::retire)))
          .row(
              Undefined.class,
              "Define",
              define(DEFINITION),
              "Accepted",
              List.of(Defined.class),
              Tracking.class)
          .row(Undefined.class, "Take", take(10, 13), "Rejected(not-found)")
          .row(Undefined.class, "Retire", KpiTest::retire, "Rejected(not-found)")
          .row(Undefined.class, "Get", Get::new, "Rejected(not-found)")
          .row(
              Tracking.class,
              "Define anew",
              define(definition("Other")),
              "Accepted",
              List.of(Defined.class),
              Tracking.class)
          .row(Tracking.class, "Define the same", define(DEFINITION), "Accepted")
          .row(
              Tracking.class,
              "Take in band",
              take(10, 10),
              "Taken",
              List.of(SamplesTaken.class),
              Tracking.class)
          .row(
              Tracking.class,
              "Take out of band",
              take(10, 13),
              "Taken",
              List.of(SamplesTaken.class, AnomalyOpened.class),
              Breached.class)
          .row(
              Tracking.class,
              "Take out of band and back",
              take(10, 13, 10),
              "Taken",
              List.of(SamplesTaken.class, AnomalyOpened.class, AnomalyClosed.class),
              Tracking.class)
          .row(Tracking.class, "Take what is known", take(9, 77), "Taken")
          .row(
              Tracking.class,
              "Retire",
              KpiTest::retire,
              "Accepted",
              List.of(Retired.class),
              RetiredKpi.class)
          .row(Tracking.class, "Get", Get::new, "Current")
          .row(
              Breached.class,
              "Define anew",
              define(definition("Other")),
              "Accepted",
              List.of(Defined.class),
              Breached.class)
          .row(
              Breached.class,
              "Take out of band still",
              take(11, 13.5),
              "Taken",
              List.of(SamplesTaken.class),
              Breached.class)
          .row(
              Breached.class,
              "Take worse",
              take(11, 50),
              "Taken",
              List.of(SamplesTaken.class, AnomalyWorsened.class),
              Breached.class)
          .row(
              Breached.class,
              "Take back in band",
              take(11, 10),
              "Taken",
              List.of(SamplesTaken.class, AnomalyClosed.class),
              Tracking.class)
          .row(
              Breached.class,
              "Retire",
              KpiTest::retire,
              "Accepted",
              List.of(Retired.class),
              RetiredKpi.class)
          .row(Breached.class, "Get", Get::new, "Current")
          .row(RetiredKpi.class, "Define", define(DEFINITION), "Rejected(wrong-state)")
          .row(RetiredKpi.class, "Take", take(10, 13), "Rejected(wrong-state)")
          .row(RetiredKpi.class, "Retire again", KpiTest::retire, "Accepted")
          .row(RetiredKpi.class, "Get", Get::new, "Current");

  static Stream<Row<Command, Reply>> rows() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(kpi::run);
    assertThat(kpi.state()).isInstanceOf(row.state());

    var result = kpi.run(row.command());

    String answer =
        result.reply() instanceof Rejected rejected
            ? "Rejected(" + rejected.code() + ")"
            : result.reply().getClass().getSimpleName();
    assertThat(answer).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(kpi.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  // Definitions

  @Test
  void shouldCountTheRevisionsOfItsDefinition() {
    assertThat(kpi.ask(Accepted.class, define(DEFINITION))).isEqualTo(new Accepted(1, 1, true));
    assertThat(kpi.ask(Accepted.class, define(DEFINITION))).isEqualTo(new Accepted(1, 1, false));
    assertThat(kpi.ask(Accepted.class, define(definition("Other"))))
        .isEqualTo(new Accepted(2, 2, false));
  }

  @Test
  void shouldRefuseAnOutdatedRevisionQuotingBoth() {
    Rejected early = kpi.ask(Rejected.class, to -> new Define(DEFINITION, 3L, CAUSE, to));
    kpi.run(to -> new Define(DEFINITION, 0L, CAUSE, to));
    Rejected late = kpi.ask(Rejected.class, to -> new Retire(0L, CAUSE, to));

    assertThat(early.code()).isEqualTo(REVISION_MISMATCH);
    assertThat(early.sentence()).contains("'invoice'", "revision 3", "it is at 0");
    assertThat(late.code()).isEqualTo(REVISION_MISMATCH);
    assertThat(late.sentence()).contains("revision 0", "it is at 1");
  }

  @Test
  void shouldSayWhichKpiIsMissingOrRetired() {
    Rejected missing = kpi.ask(Rejected.class, Get::new);
    kpi.run(define(DEFINITION));
    kpi.run(KpiTest::retire);
    Rejected retired = kpi.ask(Rejected.class, take(0, 1));

    assertThat(missing.code()).isEqualTo(NOT_FOUND);
    assertThat(missing.sentence()).contains("'invoice'");
    assertThat(retired.code()).isEqualTo(WRONG_STATE);
    assertThat(retired.sentence()).contains("'invoice'", "retired");
  }

  @Test
  void shouldShowItselfAsItIs() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());
    kpi.run(take(10, 13));

    Current current = kpi.ask(Current.class, Get::new);

    assertThat(current.definition()).isEqualTo(DEFINITION);
    assertThat(current.revision()).isEqualTo(1);
    assertThat(current.retired()).isFalse();
    assertThat(current.latest().value()).isEqualTo(13);
    assertThat(current.episode().severity()).isEqualTo(Severity.HIGH);
    kpi.run(KpiTest::retire);
    assertThat(kpi.ask(Current.class, Get::new).retired()).isTrue();
  }

  // Sequence numbers

  @Test
  void shouldAnswerWithTheSequenceNumberOfItsLastEvent() {
    assertThat(kpi.ask(Accepted.class, define(DEFINITION)).seqNr()).isEqualTo(stored());
    assertThat(kpi.ask(Taken.class, quiet()).seqNr()).isEqualTo(stored());
    Taken threeEvents = kpi.ask(Taken.class, take(10, 13, 10));
    assertThat(threeEvents.seqNr()).isEqualTo(stored()).isEqualTo(5);
    assertThat(kpi.ask(Taken.class, take(10, 13, 10)).seqNr())
        .as("nothing new")
        .isEqualTo(stored());
    kpi.recovered();
    assertThat(kpi.ask(Taken.class, take(12, 10)).seqNr()).as("after recovery").isEqualTo(stored());
    assertThat(kpi.ask(Accepted.class, KpiTest::retire).seqNr()).isEqualTo(stored());
  }

  private long stored() {
    return kpi.stored().size();
  }

  // Repetition

  @Test
  void shouldTakeARepeatedDeliveryOnce() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());
    List<Measurement> unstamped = List.of(new Measurement(null, 10, "erp", 1));
    Taken first =
        kpi.ask(Taken.class, to -> new Take(unstamped, Mode.AUTO, "delivery-1", CAUSE, to));
    State after = kpi.state();
    clock.advance(Duration.ofMinutes(1));

    var again = kpi.run(to -> new Take(unstamped, Mode.AUTO, "delivery-1", CAUSE, to));

    assertThat(again.reply()).isEqualTo(first);
    assertThat(again.events()).isEmpty();
    assertThat(again.state()).isEqualTo(after);
  }

  @Test
  void shouldTakeARepeatedDeliveryOnceAfterRecovery() {
    kpi.run(define(DEFINITION));
    kpi.run(to -> new Take(measured(0, 9), Mode.AUTO, "delivery-1", CAUSE, to));
    kpi.recovered();

    assertThat(kpi.run(to -> new Take(measured(5, 9), Mode.AUTO, "delivery-1", CAUSE, to)).events())
        .isEmpty();
  }

  @Test
  void shouldTakeTwoDeliveriesWithoutIdForTwo() {
    kpi.run(define(DEFINITION));
    List<Measurement> unstamped = List.of(new Measurement(null, 10, "erp", 1));

    kpi.run(to -> new Take(unstamped, Mode.AUTO, null, CAUSE, to));
    Taken second = kpi.ask(Taken.class, to -> new Take(unstamped, Mode.AUTO, null, CAUSE, to));

    assertThat(second.accepted()).isEqualTo(1);
  }

  @Test
  void shouldCountWhatWasKnownAlready() {
    kpi.run(define(DEFINITION));
    kpi.run(take(0, 9, 11));

    Taken taken = kpi.ask(Taken.class, take(1, 500, 9));

    assertThat(taken).isEqualTo(new Taken(3, 1, 1, null));
  }

  // Episodes and their loops

  @Test
  void shouldGiveADeliverysLoopToTheFirstEpisodeItOpens() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());

    List<Episode> opened = opened(kpi.run(take(10, 60, 10, 500)).events());

    assertThat(opened).hasSize(2);
    assertThat(opened.get(0).correlationId()).isEqualTo("loop-1");
    assertThat(opened.get(1).correlationId()).isEqualTo(opened.get(1).id());
    assertThat(opened.get(0).id()).isNotEqualTo(opened.get(1).id());
  }

  @Test
  void shouldBeginALoopOfItsOwnWhereNoneIsGiven() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());

    List<Episode> opened =
        opened(kpi.run(to -> new Take(measured(10, 60), Mode.AUTO, null, NO_LOOP, to)).events());

    assertThat(opened)
        .singleElement()
        .satisfies(episode -> assertThat(episode.correlationId()).isEqualTo(episode.id()));
  }

  @Test
  void shouldKeepTheLoopOfAnEpisodeUntilItCloses() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());
    Episode opened = kpi.ask(Taken.class, take(10, 13)).anomaly();
    Cause other = new Cause("loop-2", "request-2", "bob");

    AnomalyClosed closed =
        (AnomalyClosed)
            kpi.run(to -> new Take(measured(11, 10), Mode.AUTO, null, other, to)).events().get(1);

    assertThat(closed.episode()).isEqualTo(opened.closed(minute(11), 10));
    assertThat(closed.cause()).isEqualTo(other);
  }

  @Test
  void shouldAnswerTheEpisodeThatIsOpenOrWasOpenedByTheDelivery() {
    kpi.run(define(DEFINITION));
    assertThat(kpi.ask(Taken.class, quiet()).anomaly()).isNull();

    Episode open = kpi.ask(Taken.class, take(10, 13)).anomaly();
    assertThat(open.isOpen()).isTrue();
    assertThat(kpi.ask(Taken.class, take(11, 13.5)).anomaly()).as("still open").isEqualTo(open);
    assertThat(kpi.ask(Taken.class, take(12, 10)).anomaly()).as("back").isNull();

    Episode openedAndOver = kpi.ask(Taken.class, take(13, 60, 10)).anomaly();
    assertThat(openedAndOver.closedAt()).isEqualTo(minute(14));
  }

  @Test
  void shouldTellAPastEpisodeWithoutLosingTheOpenOne() {
    kpi.run(define(DEFINITION));
    kpi.run(quiet());
    kpi.run(take(13, 10));
    Episode open = kpi.ask(Taken.class, take(15, 400)).anomaly();

    var late = kpi.run(take(12, 30));

    assertThat(late.events())
        .extracting(Object::getClass)
        .isEqualTo(List.of(SamplesTaken.class, AnomalyOpened.class, AnomalyClosed.class));
    assertThat(opened(late.events()).get(0).openedAt()).isEqualTo(minute(12));
    assertThat(late.stateOfType(Breached.class).episode()).isEqualTo(open);
    assertThat(kpi.recovered()).isEqualTo(late.state());
    assertThat(kpi.run(take(16, 10)).state()).isInstanceOf(Tracking.class);
  }

  @Test
  void shouldGiveNoTwoEpisodesTheSameId() {
    kpi.run(define(DEFINITION));
    Random random = new Random(1);
    List<Integer> minutes = new ArrayList<>(IntStream.range(0, 150).boxed().toList());
    for (int i = 0; i + 10 <= minutes.size(); i += 10) {
      Collections.shuffle(minutes.subList(i, i + 10), random);
    }
    List<String> ids = new ArrayList<>();
    for (int minute : minutes) {
      double value = random.nextInt(8) == 0 ? random.nextInt(500) : 10 + random.nextGaussian();
      opened(kpi.run(take(minute, value)).events()).forEach(episode -> ids.add(episode.id()));
    }

    assertThat(ids).hasSizeGreaterThan(3).doesNotHaveDuplicates();
  }

  // Live or history

  @Test
  void shouldTellRecentAnomaliesOnlyUnlessTheModeSaysOtherwise() {
    assertThat(livenessOf(Mode.AUTO, Duration.ofHours(24))).isTrue();
    assertThat(livenessOf(Mode.AUTO, Duration.ofHours(24).plusNanos(1_000))).isFalse();
    assertThat(livenessOf(Mode.LIVE, Duration.ofDays(400))).isTrue();
    assertThat(livenessOf(Mode.HISTORY, Duration.ZERO)).isFalse();
  }

  /** Whether an anomaly of this age is told. */
  private boolean livenessOf(Mode mode, Duration age) {
    placeOnTheBench();
    kpi.run(define(DEFINITION));
    kpi.run(quiet());
    clock.moveTo(minute(10).plus(age));
    return opened(kpi.run(to -> new Take(measured(10, 60), mode, null, CAUSE, to)).events())
        .get(0)
        .live();
  }

  // Time

  @Test
  void shouldStampMeasurementsWithItsOwnClock() {
    kpi.run(define(DEFINITION));
    clock.moveTo(NOON.plusSeconds(5));

    kpi.run(
        to -> new Take(List.of(new Measurement(null, 10, "erp", 1)), Mode.AUTO, null, CAUSE, to));

    assertThat(kpi.ask(Current.class, Get::new).latest().timestamp())
        .isEqualTo(NOON.plusSeconds(5));
  }

  @Test
  void shouldStayAnswerableAfterTheLatestTimeASenderMayName() {
    kpi.run(define(DEFINITION));
    Measurement distant =
        new Measurement(Instant.parse("2198-12-31T23:59:59.999999Z"), 10, "erp", 1);
    Measurement unstamped = new Measurement(null, 10, "erp", 1);

    Taken taken =
        kpi.ask(
            Taken.class, to -> new Take(List.of(distant, unstamped), Mode.AUTO, null, CAUSE, to));

    assertThat(taken.accepted()).isEqualTo(2);
  }

  // Recovery

  @Test
  void shouldRecoverTheSameStateFromItsSnapshot() {
    kpi.run(define(DEFINITION));
    int samples = 0;
    while (samples < 99 || !Snapshots.isDue("invoice", stored())) {
      final int minute = samples++;
      kpi.run(
          to ->
              new Take(
                  measured(minute, 10 + 2 * (minute % 2)), Mode.AUTO, "d" + minute, CAUSE, to));
    }
    State before = kpi.state();

    assertThat(kpi.recoveredFromSnapshotAlone()).isEqualTo(before);
    assertThat(kpi.ask(Taken.class, take(samples, 60)).anomaly()).isNotNull();
  }

  @Test
  void shouldRecoverTheSameStateFromItsJournal() {
    kpi.run(define(DEFINITION));
    Random random = new Random(1);
    for (int i = 0; i < 80; i++) {
      kpi.run(take(random.nextInt(60), random.nextInt(6) == 0 ? 60 : 10 + random.nextGaussian()));
    }

    assertThat(kpi.recovered()).isEqualTo(kpi.state());
  }

  private static List<Episode> opened(List<Event> events) {
    return events.stream()
        .filter(AnomalyOpened.class::isInstance)
        .map(event -> ((AnomalyOpened) event).episode())
        .toList();
  }

  private static KpiDefinition definition(String name) {
    return new KpiDefinition(
        name, "days", null, null, null, null, null, null, null, DetectorSpec.DEFAULT);
  }

  private static Function<ActorRef<Reply>, Command> define(KpiDefinition definition) {
    return to -> new Define(definition, null, CAUSE, to);
  }

  private static Command retire(ActorRef<Reply> replyTo) {
    return new Retire(null, CAUSE, replyTo);
  }

  /** Ten samples, one a minute, with mean 10 and deviation 1. */
  private static Function<ActorRef<Reply>, Command> quiet() {
    return take(0, 9, 11, 9, 11, 9, 11, 9, 11, 9, 11);
  }

  /** Samples from this minute on, one a minute. */
  private static Function<ActorRef<Reply>, Command> take(int fromMinute, double... values) {
    return to -> new Take(measured(fromMinute, values), Mode.AUTO, null, CAUSE, to);
  }

  private static List<Measurement> measured(int fromMinute, double... values) {
    List<Measurement> measurements = new ArrayList<>();
    DoubleStream.of(values)
        .forEach(
            value ->
                measurements.add(
                    new Measurement(minute(fromMinute + measurements.size()), value, "erp", 1)));
    return measurements;
  }

  private static Instant minute(int minute) {
    return NOON.plus(Duration.ofMinutes(minute));
  }
}
