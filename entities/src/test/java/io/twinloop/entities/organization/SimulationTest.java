package io.twinloop.entities.organization;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static io.twinloop.entities.Refusals.REFUSED;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.simulation.Change;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.organization.Simulation.Accepted;
import io.twinloop.entities.organization.Simulation.Command;
import io.twinloop.entities.organization.Simulation.Current;
import io.twinloop.entities.organization.Simulation.Event;
import io.twinloop.entities.organization.Simulation.Fail;
import io.twinloop.entities.organization.Simulation.Failed;
import io.twinloop.entities.organization.Simulation.Finish;
import io.twinloop.entities.organization.Simulation.Finished;
import io.twinloop.entities.organization.Simulation.Get;
import io.twinloop.entities.organization.Simulation.Plan;
import io.twinloop.entities.organization.Simulation.Rejected;
import io.twinloop.entities.organization.Simulation.Reply;
import io.twinloop.entities.organization.Simulation.Request;
import io.twinloop.entities.organization.Simulation.Requested;
import io.twinloop.entities.organization.Simulation.SimulationFailed;
import io.twinloop.entities.organization.Simulation.SimulationFinished;
import io.twinloop.entities.organization.Simulation.SimulationRequested;
import io.twinloop.entities.organization.Simulation.State;
import io.twinloop.entities.organization.Simulation.Unasked;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
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

class SimulationTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final Outcome OUTCOME = SimulationSamples.outcome();
  private static final List<Problem> PROBLEMS =
      List.of(new Problem("/changes/0/unitId", "there is no node 'moon' then"));

  private static ActorTestKit system;

  private MovableClock clock;
  private EntityBench<Command, Event, State, Reply> simulation;

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
    simulation =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("Simulation", "sim-1"),
            Simulation.create("sim-1", clock));
  }

  // Every command in every state

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Unasked.class, List.of(),
                  Requested.class, List.of(request("Fewer units")),
                  Finished.class, List.of(request("Fewer units"), SimulationTest::finish),
                  Failed.class, List.of(request("Fewer units"), SimulationTest::fail)))
          .row(
              Unasked.class,
              "Request",
              request("Fewer units"),
              "Accepted",
              List.of(SimulationRequested.class),
              Requested.class)
          .row(Unasked.class, "Finish", SimulationTest::finish, "Rejected(not-found)")
          .row(Unasked.class, "Fail", SimulationTest::fail, "Rejected(not-found)")
          .row(Unasked.class, "Get", Get::new, "Rejected(not-found)")
          .row(Requested.class, "Request again", request("Fewer units"), "Accepted")
          .row(Requested.class, "Request another", request("More"), "Rejected(already-exists)")
          .row(
              Requested.class,
              "Finish",
              SimulationTest::finish,
              "Accepted",
              List.of(SimulationFinished.class),
              Finished.class)
          .row(
              Requested.class,
              "Fail",
              SimulationTest::fail,
              "Accepted",
              List.of(SimulationFailed.class),
              Failed.class)
          .row(Requested.class, "Get", Get::new, "Current")
          .row(Finished.class, "Request again", request("Fewer units"), "Accepted")
          .row(Finished.class, "Finish again", SimulationTest::finish, "Accepted")
          .row(Finished.class, "Fail", SimulationTest::fail, "Accepted")
          .row(Finished.class, "Get", Get::new, "Current")
          .row(Failed.class, "Request again", request("Fewer units"), "Accepted")
          .row(Failed.class, "Finish", SimulationTest::finish, "Accepted")
          .row(Failed.class, "Fail again", SimulationTest::fail, "Accepted")
          .row(Failed.class, "Get", Get::new, "Current");

  static Stream<Row<Command, Reply>> lifecycle() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("lifecycle")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(simulation::run);
    assertThat(simulation.state()).isInstanceOf(row.state());

    var result = simulation.run(row.command());

    assertThat(answerOf(result.reply())).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(simulation.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  private static String answerOf(Reply reply) {
    return reply instanceof Rejected rejected
        ? "Rejected(" + rejected.code() + ")"
        : reply.getClass().getSimpleName();
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  // What is asked

  @Test
  void shouldTakeTheOrganisationAsItIsNowWhereNoInstantIsNamed() {
    simulation.run(request("Fewer units"));

    assertThat(simulation.ask(Current.class, Get::new))
        .isEqualTo(
            new Current(
                new Plan("Fewer units", NOON, SimulationSamples.changes()),
                "loop-1",
                NOON,
                null,
                null,
                List.of(),
                1));
  }

  @Test
  void shouldRefuseAnInstantThatHasNotCome() {
    Rejected refused =
        simulation.ask(Rejected.class, request(NOON.plusSeconds(1), SimulationSamples.changes()));
    clock.advance(Duration.ofSeconds(1));
    Accepted accepted =
        simulation.ask(Accepted.class, request(NOON.plusSeconds(1), SimulationSamples.changes()));

    assertThat(refused.code()).isEqualTo(REFUSED);
    assertThat(refused.sentence())
        .isEqualTo(
            "at is 2026-03-01T12:00:01Z, expected no instant after now, 2026-03-01T12:00:00Z.");
    assertThat(accepted.plan().asOf()).isEqualTo(NOON.plusSeconds(1));
  }

  @Test
  void shouldRefuseNoChangesAndTooMany() {
    Change change = new Change.DropVendor("bank");

    Rejected none = simulation.ask(Rejected.class, request(null, List.of()));
    Rejected tooMany =
        simulation.ask(
            Rejected.class, request(null, Collections.nCopies(WhatIf.MOST_CHANGES + 1, change)));

    assertThat(none.sentence()).isEqualTo("There are 0 changes, expected 1 to 100.");
    assertThat(tooMany.sentence()).isEqualTo("There are 101 changes, expected 1 to 100.");
  }

  @Test
  void shouldKeepItsFirstRequestAndSayThatAnotherIsNone() {
    simulation.run(request("Fewer units"));
    clock.advance(Duration.ofSeconds(10));

    Accepted again = simulation.ask(Accepted.class, request("Fewer units"));
    Rejected other = simulation.ask(Rejected.class, request("More units"));

    assertThat(again.plan().asOf()).as("as the first was answered").isEqualTo(NOON);
    assertThat(other.code()).isEqualTo(ALREADY_EXISTS);
    assertThat(other.sentence()).contains("'sim-1'");
  }

  // What comes of it

  @Test
  void shouldKeepTheFirstOutcomeHoweverOftenOneIsTold() {
    simulation.run(request("Fewer units"));
    clock.advance(Duration.ofSeconds(2));
    simulation.run(SimulationTest::finish);
    clock.advance(Duration.ofSeconds(2));
    simulation.run(SimulationTest::fail);
    simulation.run(SimulationTest::finish);

    Current current = simulation.ask(Current.class, Get::new);

    assertThat(current.outcome()).isEqualTo(OUTCOME);
    assertThat(current.problems()).isEmpty();
    assertThat(current.endedAt()).isEqualTo(NOON.plusSeconds(2));
    assertThat(simulation.stored()).hasSize(2);
  }

  @Test
  void shouldSayWhyItFailed() {
    simulation.run(request("Fewer units"));
    simulation.run(SimulationTest::fail);

    Current current = simulation.ask(Current.class, Get::new);

    assertThat(current.problems()).isEqualTo(PROBLEMS);
    assertThat(current.outcome()).isNull();
    assertThat(current.endedAt()).isEqualTo(NOON);
  }

  @Test
  void shouldSayThatItIsNotThere() {
    assertThat(simulation.ask(Rejected.class, Get::new))
        .isEqualTo(new Rejected(NOT_FOUND, "There is no simulation 'sim-1'."));
  }

  private static Function<ActorRef<Reply>, Command> request(String name) {
    return to -> new Request(name, null, SimulationSamples.changes(), CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> request(Instant asOf, List<Change> changes) {
    return to -> new Request("Fewer units", asOf, changes, CAUSE, to);
  }

  private static Command finish(ActorRef<Reply> to) {
    return new Finish(OUTCOME, CAUSE, to);
  }

  private static Command fail(ActorRef<Reply> to) {
    return new Fail(PROBLEMS, CAUSE, to);
  }
}
