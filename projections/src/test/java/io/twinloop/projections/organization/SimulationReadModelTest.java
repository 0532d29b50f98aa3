package io.twinloop.projections.organization;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.Problem;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.domain.organization.simulation.Change;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.domain.organization.simulation.Picture;
import io.twinloop.domain.organization.simulation.Picture.Link;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.entities.organization.Simulation.Plan;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.organization.SimulationQueries.SimulationRow;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.IntegrationEvent.Direction;
import io.twinloop.serialization.IntegrationEvent.Priority;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Simulations as they are listed, told to the outside, and shown in their loops. */
class SimulationReadModelTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final List<Change> CHANGES = List.of(new Change.MoveUnit("sales", "finance"));
  private static final Plan PLAN = new Plan("Fewer units", NOON.minusSeconds(60), CHANGES);

  private static ReadModels readModels;

  private final SimulationReadModel model = new SimulationReadModel();

  @BeforeAll
  static void open() {
    readModels = TestPostgres.readModels();
  }

  @AfterAll
  static void close() {
    readModels.close();
  }

  @BeforeEach
  void empty() {
    TestPostgres.empty(readModels);
  }

  @Test
  void shouldListSimulationsInTheOrderTheyWereRequested() {
    project(journal("b").write(requested(0), finished(1, outcome("acme"))));
    project(journal("a").write(requested(2)));
    project(journal("c").write(requested(1), failed(3)));

    assertThat(list(null)).extracting(SimulationRow::id).containsExactly("b", "c", "a");
    assertThat(list("failed"))
        .containsExactly(
            new SimulationRow(
                "c",
                "Fewer units",
                PLAN.asOf(),
                "failed",
                NOON.plusSeconds(1),
                NOON.plusSeconds(3),
                "loop-1"));
    assertThat(list("requested")).extracting(SimulationRow::id).containsExactly("a");
  }

  @Test
  void shouldSenseAFinishedSimulationOnceHoweverOftenItIsWritten() {
    TestJournal<Simulation.Event> journal = journal("sim-1");
    project(journal.write(requested(0), finished(1, outcome("acme"))));
    project(journal.all());

    LoopQueries.Story story =
        join(new LoopQueries(readModels.database()).find("loop-1")).orElseThrow();
    assertThat(story.loop().eventType()).isEqualTo("dto.org.restructuring_simulated");
    assertThat(story.loop().entityId()).isEqualTo("acme");
    assertThat(story.loop().priority()).isEqualTo("low");
    assertThat(story.loop().sensedAt()).isEqualTo(NOON.plusSeconds(1));
    assertThat(story.steps()).hasSize(1);
    assertThat(story.steps().get(0).what()).isEqualTo("simulated");
    assertThat(story.steps().get(0).detail().path("simulationId").asText()).isEqualTo("sim-1");
    assertThat(TestPostgres.rows(readModels, "SELECT type, subject FROM integration_event"))
        .containsExactly("dto.org.restructuring_simulated|acme");
  }

  @Test
  void shouldSenseNothingWhereASimulationFailed() {
    project(journal("sim-1").write(requested(0), failed(1)));

    assertThat(TestPostgres.rows(readModels, "SELECT correlation_id FROM loop")).isEmpty();
    assertThat(TestPostgres.rows(readModels, "SELECT id FROM integration_event")).isEmpty();
  }

  // What is told to the outside

  @Test
  void shouldTellTheOutcomeAsTheCatalogueNamesIt() {
    EventEnvelope<Simulation.Event> envelope = lastOf(outcome("acme"));

    IntegrationEvent event = SimulationEvents.of(envelope).get(0);

    assertThat(event.source()).isEqualTo("//dto/acme");
    assertThat(event.subject()).isEqualTo("acme");
    assertThat(event.entityType()).isEqualTo("Organization");
    assertThat(event.direction()).isEqualTo(Direction.DTO_TO_BPA);
    assertThat(event.priority()).isEqualTo(Priority.LOW);
    assertThat(event.correlationId()).isEqualTo("loop-1");
    assertThat(event.causationId()).isEqualTo("request-1");
    JsonNode data = event.data();
    List<String> names = new ArrayList<>();
    data.fieldNames().forEachRemaining(names::add);
    assertThat(names)
        .containsExactly(
            "simulation_id", "name", "at", "changes", "before", "after", "blast_radius");
    assertThat(data.path("changes").toString())
        .isEqualTo("[{\"type\":\"moveUnit\",\"unit_id\":\"sales\",\"to_id\":\"finance\"}]");
    assertThat(data.at("/before/units_without_manager").intValue()).isEqualTo(2);
    assertThat(data.at("/after/depth").intValue()).isEqualTo(2);
    assertThat(data.at("/after/touched_units/1/part_of_ids/0").asText()).isEqualTo("finance");
    assertThat(data.at("/blast_radius/by_type/OrganizationUnit").intValue()).isEqualTo(2);
    assertThat(SimulationEvents.of(envelope)).as("the same each time").containsExactly(event);
  }

  @Test
  void shouldNameItselfWhereItIsAboutNoOneOrganisation() {
    IntegrationEvent event = SimulationEvents.of(lastOf(outcome(null))).get(0);

    assertThat(event.subject()).isEqualTo("sim-1");
    assertThat(event.source()).isEqualTo("//dto/sim-1");
  }

  // The language of these tests

  private static EventEnvelope<Simulation.Event> lastOf(Outcome outcome) {
    return journal("sim-1").write(requested(0), finished(1, outcome)).get(1);
  }

  private static TestJournal<Simulation.Event> journal(String id) {
    return new TestJournal<>(Simulation.KEY.name(), id);
  }

  private void project(List<EventEnvelope<Simulation.Event>> group) {
    TestPostgres.project(readModels, model, group);
  }

  private static List<SimulationRow> list(String state) {
    return join(
        new SimulationQueries(readModels.database())
            .simulations(state, NOON.minusSeconds(9), "", 10));
  }

  private static Simulation.Event requested(int seconds) {
    return new Simulation.SimulationRequested(PLAN, NOON.plusSeconds(seconds), CAUSE);
  }

  private static Simulation.Event finished(int seconds, Outcome outcome) {
    return new Simulation.SimulationFinished(PLAN, outcome, NOON.plusSeconds(seconds), CAUSE);
  }

  private static Simulation.Event failed(int seconds) {
    return new Simulation.SimulationFailed(
        PLAN,
        List.of(new Problem("/changes/0/unitId", "there is no node 'sales' then")),
        NOON.plusSeconds(seconds),
        CAUSE);
  }

  /** Of two units, side by side in an organisation or in none. */
  private static Outcome outcome(String organizationId) {
    List<Link> links =
        organizationId == null
            ? List.of()
            : List.of(
                new Link("sales", RelationType.PART_OF, organizationId),
                new Link("finance", RelationType.PART_OF, organizationId));
    Picture picture =
        Picture.of(
            Map.of(
                "acme", node(NodeType.ORGANIZATION),
                "sales", node(NodeType.ORGANIZATION_UNIT),
                "finance", node(NodeType.ORGANIZATION_UNIT)),
            links);
    return ((WhatIf.Compared) WhatIf.simulate(picture, CHANGES)).outcome();
  }

  private static NodeContent node(NodeType type) {
    return new NodeContent(
        type, "A node", NodeProperties.of(JsonNodeFactory.instance.objectNode()));
  }
}
