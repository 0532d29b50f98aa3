package io.twinloop.entities.process;

import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static io.twinloop.entities.Refusals.WRONG_STATE;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.process.CaseClosing;
import io.twinloop.domain.process.CaseEvent;
import io.twinloop.domain.process.CaseEvent.Phase;
import io.twinloop.domain.process.EventIdentity;
import io.twinloop.domain.process.ServiceLevel;
import io.twinloop.domain.process.ToldEvent;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.process.ProcessCase.Absent;
import io.twinloop.entities.process.ProcessCase.CaseClosed;
import io.twinloop.entities.process.ProcessCase.Closed;
import io.twinloop.entities.process.ProcessCase.Command;
import io.twinloop.entities.process.ProcessCase.Current;
import io.twinloop.entities.process.ProcessCase.Event;
import io.twinloop.entities.process.ProcessCase.EventsTaken;
import io.twinloop.entities.process.ProcessCase.Get;
import io.twinloop.entities.process.ProcessCase.Judge;
import io.twinloop.entities.process.ProcessCase.Judged;
import io.twinloop.entities.process.ProcessCase.Open;
import io.twinloop.entities.process.ProcessCase.Rejected;
import io.twinloop.entities.process.ProcessCase.Reply;
import io.twinloop.entities.process.ProcessCase.ServiceLevelChanged;
import io.twinloop.entities.process.ProcessCase.SlaBreached;
import io.twinloop.entities.process.ProcessCase.State;
import io.twinloop.entities.process.ProcessCase.Take;
import io.twinloop.entities.process.ProcessCase.Taken;
import io.twinloop.entities.process.ProcessCase.Wake;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
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

class ProcessCaseTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause(null, "request-1", "ada");
  private static final ServiceLevel FIVE_DAYS = new ServiceLevel(5.0, "unit-billing");
  private static final CaseClosing WHOLE = new CaseClosing(true, Set.of());
  private static final CaseClosing PART = new CaseClosing(false, Set.of());

  private static ActorTestKit system;

  private MovableClock clock;
  private EntityBench<Command, Event, State, Reply> invoice;

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
    invoice =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("ProcessCase", "case-7"),
            ProcessCase.create("case-7", clock));
  }

  /** Events A, B, C … on these days before or after noon. */
  private static List<CaseEvent> events(CaseClosing closing, double... days) {
    List<ToldEvent> told = new ArrayList<>();
    for (double day : days) {
      Instant at = NOON.plus(Duration.ofSeconds(Math.round(day * 86_400)));
      told.add(new ToldEvent("step on " + day, at, "ada", Phase.COMPLETE, false, null));
    }
    return closing.mark(EventIdentity.identify(told));
  }

  private static Function<ActorRef<Reply>, Command> record(
      List<CaseEvent> events, Mode mode, ServiceLevel level) {
    return to -> new Take("invoices", "case 7", events, mode, level, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> live(double... days) {
    return record(events(PART, days), Mode.LIVE, FIVE_DAYS);
  }

  private static Function<ActorRef<Reply>, Command> whole(double... days) {
    return record(events(WHOLE, days), Mode.LIVE, FIVE_DAYS);
  }

  private static Function<ActorRef<Reply>, Command> judge(ServiceLevel level) {
    return to -> new Judge(level, CAUSE, to);
  }

  private static Command wake(ActorRef<Reply> replyTo) {
    return new Wake(CAUSE, replyTo);
  }

  // Every command in every state

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Absent.class, List.of(),
                  Open.class, List.of(live(-3, -2)),
                  Closed.class, List.of(whole(-3, -2))))
          .row(
              Absent.class,
              "Record a beginning",
              live(-3),
              "Taken",
              List.of(EventsTaken.class),
              Open.class)
          .row(
              Absent.class,
              "Record a beginning that is late already",
              live(-6),
              "Taken",
              List.of(EventsTaken.class, SlaBreached.class),
              Open.class)
          .row(
              Absent.class,
              "Record a whole case",
              whole(-3, -2),
              "Taken",
              List.of(EventsTaken.class, CaseClosed.class),
              Closed.class)
          .row(
              Absent.class,
              "Record a whole case that took too long",
              whole(-9, -2),
              "Taken",
              List.of(EventsTaken.class, CaseClosed.class, SlaBreached.class),
              Closed.class)
          .row(Absent.class, "Judge", judge(FIVE_DAYS), "Rejected(not-found)")
          .row(Absent.class, "Wake", ProcessCaseTest::wake, "Rejected(not-found)")
          .row(Absent.class, "Get", Get::new, "Rejected(not-found)")
          .row(Open.class, "Record more", live(-1), "Taken", List.of(EventsTaken.class), Open.class)
          .row(Open.class, "Record what is known", live(-2, -3), "Taken")
          .row(
              Open.class,
              "Record the end",
              whole(-1),
              "Taken",
              List.of(EventsTaken.class, CaseClosed.class),
              Closed.class)
          .row(
              Open.class,
              "Record that it was the end",
              whole(-3, -2),
              "Taken",
              List.of(EventsTaken.class, CaseClosed.class),
              Closed.class)
          .row(Open.class, "Judge by the same", judge(FIVE_DAYS), "Judged")
          .row(
              Open.class,
              "Judge by less",
              judge(new ServiceLevel(2.0, null)),
              "Judged",
              List.of(ServiceLevelChanged.class, SlaBreached.class),
              Open.class)
          .row(Open.class, "Wake too early", ProcessCaseTest::wake, "Rejected(wrong-state)")
          .row(Open.class, "Get", Get::new, "Current")
          .row(
              Closed.class,
              "Record more",
              live(-1),
              "Taken",
              List.of(EventsTaken.class),
              Open.class)
          .row(
              Closed.class,
              "Record a longer whole case",
              whole(-3, -2, -1),
              "Taken",
              List.of(EventsTaken.class, CaseClosed.class),
              Closed.class)
          .row(
              Closed.class,
              "Record one in between",
              live(-2.5),
              "Taken",
              List.of(EventsTaken.class),
              Closed.class)
          .row(Closed.class, "Record what is known", whole(-3, -2), "Taken")
          .row(Closed.class, "Judge by the same", judge(FIVE_DAYS), "Judged")
          .row(
              Closed.class,
              "Judge by less",
              judge(new ServiceLevel(0.5, null)),
              "Judged",
              List.of(ServiceLevelChanged.class, SlaBreached.class),
              Closed.class)
          .row(Closed.class, "Wake", ProcessCaseTest::wake, "Judged")
          .row(Closed.class, "Get", Get::new, "Current");

  static Stream<Row<Command, Reply>> rows() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(invoice::run);
    assertThat(invoice.state()).isInstanceOf(row.state());

    var result = invoice.run(row.command());

    String answer =
        result.reply() instanceof Rejected rejected
            ? "Rejected(" + rejected.code() + ")"
            : result.reply().getClass().getSimpleName();
    assertThat(answer).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(invoice.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  // Breaches

  @Test
  void shouldBreachOnceHoweverOftenItIsJudged() {
    invoice.run(whole(-9, -2));
    invoice.run(whole(-9, -2, -1));
    invoice.run(judge(new ServiceLevel(1.0, null)));
    invoice.run(judge(new ServiceLevel(4.0, null)));
    invoice.run(ProcessCaseTest::wake);

    assertThat(breaches()).hasSize(1);
    assertThat(breaches().get(0).breach().actualDays()).isEqualTo(7);
    assertThat(breaches().get(0).breach().slaDays()).isEqualTo(5);
    assertThat(breaches().get(0).ownerUnitId()).isEqualTo("unit-billing");
  }

  @Test
  void shouldBeJudgedWhenTheServiceLevelComesAfterTheCase() {
    invoice.run(record(events(WHOLE, -9, -2), Mode.LIVE, ServiceLevel.NONE));
    assertThat(breaches()).isEmpty();

    invoice.run(judge(FIVE_DAYS));

    assertThat(breaches()).hasSize(1);
    assertThat(breaches().get(0).live()).isTrue();
  }

  @Test
  void shouldTellNobodyOfABreachInHistory() {
    invoice.run(record(events(WHOLE, -90, -80), Mode.AUTO, FIVE_DAYS));

    assertThat(breaches()).hasSize(1);
    assertThat(breaches().get(0).live()).isFalse();
  }

  @Test
  void shouldNotGoOnInHistory() {
    invoice.run(record(events(PART, -90, -89), Mode.AUTO, FIVE_DAYS));

    assertThat(breaches()).isEmpty();
    assertThat(((EventsTaken) invoice.stored().get(0)).dueAt()).isNull();
  }

  @Test
  void shouldBreachWhileItIsOpenWhenItsTimeIsUp() {
    invoice.run(live(-3, -2));
    Instant dueAt = ((EventsTaken) invoice.stored().get(0)).dueAt();
    assertThat(dueAt).isEqualTo(NOON.plus(Duration.ofDays(2)).plusMillis(1));

    clock.moveTo(dueAt.minusMillis(1));
    Rejected early = invoice.ask(Rejected.class, ProcessCaseTest::wake);
    clock.moveTo(dueAt);
    Judged due = invoice.ask(Judged.class, ProcessCaseTest::wake);
    invoice.run(ProcessCaseTest::wake);

    assertThat(early.code()).isEqualTo(WRONG_STATE);
    assertThat(due.breached()).isTrue();
    assertThat(breaches()).hasSize(1);
  }

  @Test
  void shouldNotBeWokenOnceItIsOverOrLate() {
    invoice.run(live(-3));
    invoice.run(whole(-2));
    assertThat(((EventsTaken) invoice.stored().get(1)).dueAt()).isNull();
    clock.advance(Duration.ofDays(30));
    invoice.run(ProcessCaseTest::wake);

    assertThat(breaches()).isEmpty();
  }

  private List<SlaBreached> breaches() {
    return invoice.stored().stream()
        .filter(SlaBreached.class::isInstance)
        .map(SlaBreached.class::cast)
        .toList();
  }

  // Limits

  @Test
  void shouldRefuseACaseWithoutEnd() {
    List<CaseEvent> many =
        PART.mark(
            EventIdentity.identify(
                IntStream.range(0, 10_000)
                    .mapToObj(
                        i ->
                            new ToldEvent(
                                "A", NOON.plusSeconds(i), null, Phase.COMPLETE, false, null))
                    .toList()));
    assertThat(invoice.ask(Taken.class, record(many, Mode.LIVE, FIVE_DAYS)).accepted())
        .isEqualTo(10_000);

    Rejected rejected = invoice.ask(Rejected.class, live(3));

    assertThat(rejected.code()).isEqualTo(REFUSED);
    assertThat(rejected.sentence()).contains("'case 7'", "'invoices'", "10001", "10000");
    assertThat(invoice.ask(Taken.class, record(many, Mode.LIVE, FIVE_DAYS)).unchanged())
        .isEqualTo(10_000);
  }

  @Test
  void shouldShowItselfAsItIs() {
    assertThat(invoice.ask(Rejected.class, Get::new).code()).isEqualTo(NOT_FOUND);
    invoice.run(live(-3, -2));

    Current current = invoice.ask(Current.class, Get::new);

    assertThat(current.open()).isTrue();
    assertThat(current.known().caseId()).isEqualTo("case 7");
    assertThat(current.known().track().keys().size()).isEqualTo(2);
    assertThat(current.seqNr()).isEqualTo(1);
  }

  @Test
  void shouldRecoverFromItsSnapshot() {
    for (int day = 0; day < 120; day++) {
      invoice.run(live(day));
    }
    State before = invoice.state();

    assertThat(((Open) before).known().track().keys().size()).isEqualTo(120);
    assertThat(((Open) invoice.recoveredFromSnapshotAlone()).known().track().keys().size())
        .isBetween(99, 120);
  }
}
