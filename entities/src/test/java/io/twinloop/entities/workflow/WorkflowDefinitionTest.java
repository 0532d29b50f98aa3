package io.twinloop.entities.workflow;

import static io.twinloop.entities.Refusals.ALREADY_EXISTS;
import static io.twinloop.entities.Refusals.NOT_FOUND;
import static org.assertj.core.api.Assertions.assertThat;

import io.twinloop.entities.Cause;
import io.twinloop.entities.EntityBench;
import io.twinloop.entities.Lifecycle;
import io.twinloop.entities.Lifecycle.Row;
import io.twinloop.entities.MovableClock;
import io.twinloop.entities.workflow.WorkflowDefinition.Accepted;
import io.twinloop.entities.workflow.WorkflowDefinition.Command;
import io.twinloop.entities.workflow.WorkflowDefinition.Event;
import io.twinloop.entities.workflow.WorkflowDefinition.Found;
import io.twinloop.entities.workflow.WorkflowDefinition.Get;
import io.twinloop.entities.workflow.WorkflowDefinition.Known;
import io.twinloop.entities.workflow.WorkflowDefinition.Register;
import io.twinloop.entities.workflow.WorkflowDefinition.Rejected;
import io.twinloop.entities.workflow.WorkflowDefinition.Reply;
import io.twinloop.entities.workflow.WorkflowDefinition.State;
import io.twinloop.entities.workflow.WorkflowDefinition.Unknown;
import io.twinloop.entities.workflow.WorkflowDefinition.VersionRegistered;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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

class WorkflowDefinitionTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final String ID = WorkflowDefinition.idOf("acme", "approval");

  private static ActorTestKit system;

  private EntityBench<Command, Event, State, Reply> definition;

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
    definition =
        new EntityBench<>(
            system.system(),
            PersistenceId.of("WorkflowDefinition", ID),
            WorkflowDefinition.create(ID, new MovableClock(NOON)));
  }

  // Every command in every state

  private static final Lifecycle<Command, Reply> LIFECYCLE =
      new Lifecycle<Command, Reply>(
              Map.of(
                  Unknown.class, List.of(),
                  Known.class, List.of(register("1.0.0", "do: this"))))
          .row(
              Unknown.class,
              "Register",
              register("1.0.0", "do: this"),
              "Accepted",
              List.of(VersionRegistered.class),
              Known.class)
          .row(Unknown.class, "Get", get(null), "Rejected(not-found)")
          .row(
              Known.class,
              "Register another version",
              register("1.0.1", "do: that"),
              "Accepted",
              List.of(VersionRegistered.class),
              Known.class)
          .row(Known.class, "Register the same", register("1.0.0", "do: this"), "Accepted")
          .row(
              Known.class,
              "Register the version otherwise",
              register("1.0.0", "do: that"),
              "Rejected(already-exists)")
          .row(Known.class, "Get", get("1.0.0"), "Found")
          .row(Known.class, "Get what is missing", get("7.0.0"), "Rejected(not-found)");

  static Stream<Row<Command, Reply>> rows() {
    return LIFECYCLE.rows();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerEachCommandInEachState(Row<Command, Reply> row) {
    LIFECYCLE.wayTo(row.state()).forEach(definition::run);
    assertThat(definition.state()).isInstanceOf(row.state());

    var result = definition.run(row.command());

    String answer =
        result.reply() instanceof Rejected rejected
            ? "Rejected(" + rejected.code() + ")"
            : result.reply().getClass().getSimpleName();
    assertThat(answer).isEqualTo(row.answer());
    assertThat(result.events()).extracting(Object::getClass).isEqualTo(row.events());
    assertThat(result.state()).isInstanceOf(row.then());
    assertThat(definition.recovered()).as("recovered from the journal").isEqualTo(result.state());
  }

  @Test
  void shouldHaveSpokenOfEveryCommandInEveryState() {
    assertThat(LIFECYCLE.neverExercised(State.class, Command.class, Event.class, Reply.class))
        .isEmpty();
  }

  // Versions

  @Test
  void shouldSayWhetherAVersionIsNew() {
    assertThat(definition.ask(Accepted.class, register("1.0.0", "do: this")))
        .isEqualTo(new Accepted("1.0.0", 1, true));
    assertThat(definition.ask(Accepted.class, register("1.0.0", "do: this")))
        .isEqualTo(new Accepted("1.0.0", 1, false));
    assertThat(definition.ask(Accepted.class, register("0.9.0", "do: that")))
        .isEqualTo(new Accepted("0.9.0", 2, true));
  }

  @Test
  void shouldFindTheVersionNamedOrTheOneRegisteredLast() {
    definition.run(register("1.0.0", "do: this"));
    definition.run(register("0.9.0", "do: that"));

    assertThat(definition.ask(Found.class, get("1.0.0"))).isEqualTo(new Found("1.0.0", "do: this"));
    assertThat(definition.ask(Found.class, get(null))).isEqualTo(new Found("0.9.0", "do: that"));
  }

  @Test
  void shouldSayWhichDefinitionOrVersionIsMissingOrTaken() {
    Rejected unknown = definition.ask(Rejected.class, get(null));
    Rejected unknownVersion = definition.ask(Rejected.class, get("2.0.0"));
    definition.run(register("1.0.0", "do: this"));
    Rejected taken = definition.ask(Rejected.class, register("1.0.0", "do: that"));

    assertThat(unknown)
        .isEqualTo(new Rejected(NOT_FOUND, "There is no workflow definition 'acme:approval'."));
    assertThat(unknownVersion.sentence()).contains("'acme:approval'", "2.0.0");
    assertThat(taken.code()).isEqualTo(ALREADY_EXISTS);
    assertThat(taken.sentence()).contains("'acme:approval'", "1.0.0", "new version");
  }

  @Test
  void shouldKeepWhoRegisteredWhenAndWhy() {
    definition.run(register("1.0.0", "do: this"));

    assertThat(definition.stored())
        .containsExactly(new VersionRegistered("1.0.0", "do: this", NOON, CAUSE));
  }

  @Test
  void shouldRecoverFromItsSnapshot() {
    IntStream.rangeClosed(1, 20).forEach(n -> definition.run(register("1.0." + n, "do: " + n)));
    State before = definition.state();

    assertThat(definition.recoveredFromSnapshotAlone()).isEqualTo(before);
    assertThat(before.versions()).hasSize(20);
  }

  private static Function<ActorRef<Reply>, Command> register(String version, String source) {
    return to -> new Register(version, source, CAUSE, to);
  }

  private static Function<ActorRef<Reply>, Command> get(String version) {
    return to -> new Get(version, to);
  }
}
