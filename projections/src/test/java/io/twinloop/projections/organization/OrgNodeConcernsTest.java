package io.twinloop.projections.organization;

import static io.twinloop.projections.TestPostgres.join;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.Concern;
import io.twinloop.domain.organization.NodeContent;
import io.twinloop.domain.organization.NodeProperties;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.OpenConcern;
import io.twinloop.domain.organization.Relation;
import io.twinloop.domain.organization.RelationType;
import io.twinloop.entities.Cause;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.ReadModels;
import io.twinloop.projections.TestJournal;
import io.twinloop.projections.TestPostgres;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What nodes worry about: their loops, their reminders, and what the bus is told. */
class OrgNodeConcernsTest {

  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");
  private static final Cause AUTOMATION = new Cause("loop-1", "event-1", "bpa");
  private static final NodeContent PROCESS =
      content(NodeType.PROCESS, Map.of("sla_days", 5, "avg_duration_days", 8.2));
  private static final OpenConcern BREACH =
      new OpenConcern("c1", "loop-1", new Concern.SlaExceeded(8.2, 5), NOON, true);

  private static ReadModels readModels;

  private final TestJournal<OrgNode.Event> approval = new TestJournal<>("OrgNode", "approval");

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

  // Loops

  @Test
  void shouldOpenALoopWithAConcernAndEndItWhenTheValueIsBack() {
    project(approval.write(created(PROCESS), raised(BREACH)));
    LoopQueries.Loop open = loop();
    project(approval.write(new OrgNode.ConcernSettled(BREACH, 1.5, NOON.plusSeconds(9), CAUSE)));

    assertThat(open.eventType()).isEqualTo("dto.process.sla_breach");
    assertThat(open.entityId()).isEqualTo("approval");
    assertThat(open.entityType()).isEqualTo("Process");
    assertThat(open.priority()).isEqualTo("critical");
    assertThat(openEpisodes()).containsExactly("1|0");
    assertThat(loop().effect()).isEqualTo(1.0);
    assertThat(steps()).containsExactly("concern raised", "concern settled");
  }

  @Test
  void shouldCountAConcernThatAnotherNodeTellsWithoutSayingWhatTheLoopIsAbout() {
    OpenConcern quiet =
        new OpenConcern("c2", "loop-1", new Concern.Understaffed(1, 2, "buyer"), NOON, false);
    project(approval.write(created(content(NodeType.ORGANIZATION_UNIT, Map.of())), raised(quiet)));

    assertThat(loop().eventType()).isNull();
    assertThat(openEpisodes()).containsExactly("1|1");
  }

  @Test
  void shouldCountAnEpisodeThatIsRaisedAgainOnce() {
    OpenConcern near =
        new OpenConcern("c3", "loop-1", new Concern.DeadlineNear(NOON, 7, 7), NOON, true);
    project(
        approval.write(
            created(content(NodeType.COMPLIANCE_OBLIGATION, Map.of())),
            raised(near),
            new OrgNode.ConcernRaised(
                near.renewed(new Concern.DeadlineNear(NOON, 1, 1)), true, PROCESS, NOON, CAUSE)));

    assertThat(openEpisodes()).containsExactly("1|1");
    assertThat(steps()).containsExactly("concern raised", "concern raised again");
  }

  @Test
  void shouldEndTheEpisodeOfACaseThatWasResolvedInTime() {
    project(
        approval.write(
            created(PROCESS),
            raised(BREACH),
            new OrgNode.SlaResolved(1.5, 5.0, true, "event-1", NOON, AUTOMATION)));

    assertThat(openEpisodes()).containsExactly("1|0");
    assertThat(steps()).contains("resolved");
  }

  @Test
  void shouldShowWhatAutomationChangedAndNotWhatPeopleDid() {
    NodeContent next = content(NodeType.PROCESS, Map.of("automation_level", "full-auto"));
    project(
        approval.write(
            created(PROCESS),
            new OrgNode.NodeChanged(PROCESS.changeTo(next), NOON, AUTOMATION),
            new OrgNode.NodeChanged(next.changeTo(PROCESS), NOON.plusSeconds(1), CAUSE)));

    assertThat(steps()).containsExactly("twin updated");
  }

  // Reminders

  @Test
  void shouldSetTheRemindersThatAreStillToCome() {
    project(approval.write(created(obligation("2026-03-11"))));

    assertThat(timers())
        .containsExactly(
            "OrgNode|approval|reminder:7|2026-03-04 00:00:00",
            "OrgNode|approval|reminder:1|2026-03-10 00:00:00");
  }

  @Test
  void shouldMoveAndDropRemindersWithTheDeadline() {
    NodeContent soon = obligation("2026-03-11");
    NodeContent later = obligation("2026-05-01");
    NodeContent fulfilled =
        content(
            NodeType.COMPLIANCE_OBLIGATION, Map.of("deadline", "2026-05-01", "fulfilled", true));
    project(
        approval.write(created(soon), new OrgNode.NodeChanged(soon.changeTo(later), NOON, CAUSE)));
    assertThat(timers())
        .containsExactly(
            "OrgNode|approval|reminder:30|2026-04-01 00:00:00",
            "OrgNode|approval|reminder:14|2026-04-17 00:00:00",
            "OrgNode|approval|reminder:7|2026-04-24 00:00:00",
            "OrgNode|approval|reminder:1|2026-04-30 00:00:00");

    project(approval.write(new OrgNode.NodeChanged(later.changeTo(fulfilled), NOON, CAUSE)));
    assertThat(timers()).isEmpty();

    project(approval.write(new OrgNode.NodeChanged(fulfilled.changeTo(later), NOON, CAUSE)));
    project(approval.write(new OrgNode.NodeRetired(List.of(), NOON, CAUSE)));
    assertThat(timers()).isEmpty();
  }

  // The bus

  @Test
  void shouldTellTheOwnerAndLeaveOutWhatIsNotKnown() {
    List<EventEnvelope<OrgNode.Event>> told = approval.write(created(PROCESS), raised(BREACH));
    project(told);
    ObjectNode without = event(told.get(1)).data();
    project(
        new TestJournal<OrgNode.Event>("OrgNode", "accounting")
            .write(
                created(content(NodeType.ORGANIZATION_UNIT, Map.of())),
                new OrgNode.Related(
                    new Relation(
                        RelationType.OWNS_PROCESS,
                        "approval",
                        NodeType.PROCESS,
                        NodeProperties.NONE,
                        NOON),
                    NOON,
                    CAUSE)));

    assertThat(without.has("owner_unit_id")).isFalse();
    assertThat(event(told.get(1)).data())
        .isEqualTo(
            Json.tree(
                """
                {"process_id": "approval", "actual_days": 8.2, "sla_days": 5.0,
                  "delay_days": 3.2, "owner_unit_id": "accounting", "breach_pct": 64.0}
                """));
  }

  /** After a crash the same goes out, whatever the organisation has become meanwhile. */
  @Test
  void shouldSendWhatWasRecordedFirst() {
    List<EventEnvelope<OrgNode.Event>> told = approval.write(created(PROCESS), raised(BREACH));
    IntegrationEvent first = event(told.get(1));
    assertThat(recordOnce(first)).isEqualTo(first);
    ObjectNode other = first.data().deepCopy().put("owner_unit_id", "accounting");

    IntegrationEvent again =
        recordOnce(
            new IntegrationEvent(
                first.id(),
                first.type(),
                first.source(),
                first.subject(),
                first.entityType(),
                first.time(),
                first.direction(),
                first.priority(),
                first.correlationId(),
                first.causationId(),
                first.schemaVersion(),
                null,
                Map.of(),
                other));

    assertThat(again).isEqualTo(first);
  }

  @Test
  void shouldTellNothingOfWhatAnotherNodeTells() {
    OpenConcern quiet =
        new OpenConcern("c2", "loop-1", new Concern.Understaffed(1, 2, "buyer"), NOON, false);

    assertThat(OrgNodeEvents.told(approval.write(raised(quiet)).get(0))).isEmpty();
  }

  // The language of these tests

  private static void project(List<EventEnvelope<OrgNode.Event>> group) {
    TestPostgres.project(readModels, new OrgNodeReadModel(), group);
  }

  private static IntegrationEvent event(EventEnvelope<OrgNode.Event> envelope) {
    return join(
        readModels
            .database()
            .inTransaction(
                connection ->
                    OrgNodeEvents.of(
                        connection, envelope, OrgNodeEvents.told(envelope).orElseThrow())));
  }

  private static IntegrationEvent recordOnce(IntegrationEvent event) {
    return join(
        readModels
            .database()
            .inTransaction(connection -> EventLog.recordOnce(connection, event).event()));
  }

  private static OrgNode.Event created(NodeContent content) {
    return new OrgNode.NodeCreated(content, NOON, CAUSE);
  }

  private static OrgNode.Event raised(OpenConcern concern) {
    return new OrgNode.ConcernRaised(concern, false, PROCESS, NOON, CAUSE);
  }

  private static NodeContent obligation(String deadline) {
    return content(NodeType.COMPLIANCE_OBLIGATION, Map.of("deadline", deadline));
  }

  private static NodeContent content(NodeType type, Map<String, ?> properties) {
    return new NodeContent(type, "A label", NodeProperties.of(Json.object(properties)));
  }

  private static LoopQueries.Loop loop() {
    return join(new LoopQueries(readModels.database()).find("loop-1")).orElseThrow().loop();
  }

  private static List<String> steps() {
    return join(new LoopQueries(readModels.database()).find("loop-1"))
        .orElseThrow()
        .steps()
        .stream()
        .map(LoopQueries.Step::what)
        .toList();
  }

  private static List<String> openEpisodes() {
    return TestPostgres.rows(readModels, "SELECT episodes, open_episodes FROM loop");
  }

  private static List<String> timers() {
    return TestPostgres.rows(
        readModels,
        "SELECT entity_type, entity_id, timer_id, due_at AT TIME ZONE 'UTC' FROM timer"
            + " ORDER BY due_at");
  }
}
