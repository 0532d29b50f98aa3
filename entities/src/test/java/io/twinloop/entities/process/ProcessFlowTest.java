package io.twinloop.entities.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.RecentCases;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.process.ProcessFlow.Averaged;
import io.twinloop.entities.process.ProcessFlow.BottleneckIdentified;
import io.twinloop.entities.process.ProcessFlow.BottleneckLeft;
import io.twinloop.entities.process.ProcessFlow.CasesEnded;
import io.twinloop.entities.process.ProcessFlow.Close;
import io.twinloop.entities.process.ProcessFlow.Command;
import io.twinloop.entities.process.ProcessFlow.Ended;
import io.twinloop.entities.process.ProcessFlow.Event;
import io.twinloop.entities.process.ProcessFlow.Flowing;
import io.twinloop.entities.process.ProcessFlow.Get;
import io.twinloop.entities.process.ProcessFlow.HeldUp;
import io.twinloop.entities.process.ProcessFlow.Lead;
import io.twinloop.entities.process.ProcessFlow.Reply;
import io.twinloop.entities.process.ProcessFlow.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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

class ProcessFlowTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause(null, "request-1", "ada");

  private static ActorTestKit system;

  private EntityBench<Command, Event, State, Reply> flow;

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
    flow =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("ProcessFlow", "invoices"),
            ProcessFlow.create("invoices", new MovableClock(NOON)));
  }

  private static Ended ended(int hour, double days) {
    Instant at = NOON.plus(Duration.ofHours(hour));
    return new Ended(new RecentCases.Closed("c" + hour, at, days), true);
  }

  private static Function<ActorRef<Reply>, Command> close(Ended... cases) {
    return to -> new Close(List.of(cases), CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> lead(String from, String to) {
    Bottleneck bottleneck =
        new Bottleneck(from, to, 40, 20, 90, 1_000, 0.4, Bottleneck.Kind.QUEUE, "40 cases …");
    return replyTo -> new Lead(bottleneck, "unit-billing", CAUSE, replyTo);
  }

  private static Command leadNowhere(ActorRef<Reply> replyTo) {
    return new Lead(null, null, CAUSE, replyTo);
  }

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Flowing.class, List.of(),
                  HeldUp.class, List.of(close(ended(1, 3)), lead("A", "B"))))
          .row(
              Flowing.class,
              "Close",
              close(ended(1, 3)),
              "Current",
              List.of(CasesEnded.class),
              Flowing.class)
          .row(
              Flowing.class,
              "Lead",
              lead("A", "B"),
              "Current",
              List.of(BottleneckIdentified.class),
              HeldUp.class)
          .row(Flowing.class, "Lead nowhere", ProcessFlowTest::leadNowhere, "Current")
          .row(Flowing.class, "Get", Get::new, "Current")
          .row(
              HeldUp.class,
              "Close",
              close(ended(2, 3)),
              "Current",
              List.of(CasesEnded.class),
              HeldUp.class)
          .row(HeldUp.class, "Close again", close(ended(1, 3)), "Current")
          .row(HeldUp.class, "Lead to the same", lead("A", "B"), "Current")
          .row(
              HeldUp.class,
              "Lead elsewhere",
              lead("A", "C"),
              "Current",
              List.of(BottleneckLeft.class, BottleneckIdentified.class),
              HeldUp.class)
          .row(
              HeldUp.class,
              "Lead nowhere",
              ProcessFlowTest::leadNowhere,
              "Current",
              List.of(BottleneckLeft.class),
              Flowing.class)
          .row(HeldUp.class, "Get", Get::new, "Current");

  static Stream<Row<Command, Reply>> rows() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(flow::run);
    assertThat(flow.state()).isInstanceOf(row.state());

    var result = flow.run(row.command());

    assertThat(result.reply().getClass().getSimpleName()).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(flow.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  @Test
  void shouldAverageTheCasesAsTheyEndAndEachOnce() {
    var result = flow.run(close(ended(1, 2), ended(2, 4), ended(1, 2), ended(3, 9)));

    assertThat(((CasesEnded) result.event()).cases())
        .extracting(Averaged::meanDays)
        .containsExactly(2.0, 3.0, 5.0);
    assertThat(flow.run(close(ended(2, 4))).events()).isEmpty();
  }

  @Test
  void shouldBeginALoopEachTimeThePlaceChanges() {
    flow.run(lead("A", "B"));
    flow.run(lead("B", "C"));
    flow.run(lead("A", "B"));

    assertThat(
            flow.stored().stream()
                .filter(BottleneckIdentified.class::isInstance)
                .map(event -> ((BottleneckIdentified) event).correlationId())
                .distinct())
        .hasSize(3);
  }
}
