package io.twinloop.domain.organization;

import static io.twinloop.domain.organization.NodeType.COMPLIANCE_OBLIGATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.NodeType.ROLE;
import static io.twinloop.domain.organization.NodeType.VENDOR;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.NodeSensing.Finding;
import io.twinloop.domain.organization.NodeSensing.Raised;
import io.twinloop.domain.organization.NodeSensing.Renewed;
import io.twinloop.domain.organization.NodeSensing.Settled;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What there is to worry about in a node, and what there no longer is. */
class NodeSensingTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  static Stream<Arguments> worries() {
    return Stream.of(
        Arguments.of(
            PROCESS,
            "{'sla_days': 5, 'avg_duration_days': 5}",
            "{'sla_days': 5, 'avg_duration_days': 5.1}",
            new Concern.SlaExceeded(5.1, 5),
            5.0),
        Arguments.of(
            ORGANIZATION_UNIT,
            "{'headcount_min': 5, 'headcount': 5}",
            "{'headcount_min': 5, 'headcount': 4}",
            new Concern.Understaffed(4, 5, null),
            5.0),
        Arguments.of(
            ORGANIZATION_UNIT,
            "{'budget': 100, 'forecast_eur': 100}",
            "{'budget': 100, 'forecast_eur': 125, 'forecast_date': '2026-03-01'}",
            new Concern.BudgetOverrun(125, 100, "2026-03-01"),
            100.0),
        Arguments.of(
            VENDOR,
            "{'threshold': 60, 'score': 60}",
            "{'threshold': 60, 'score': 59.5}",
            new Concern.VendorAtRisk(59.5, 60.0, 60),
            60.0),
        Arguments.of(
            ROLE,
            "{'vacant': false}",
            "{'vacant': true, 'vacant_unit_id': 'billing'}",
            new Concern.RoleVacant("billing"),
            null),
        Arguments.of(
            COMPLIANCE_OBLIGATION,
            "{'deadline': '2026-04-01'}",
            "{'deadline': '2026-03-11T12:00:00Z'}",
            new Concern.DeadlineNear(Instant.parse("2026-03-11T12:00:00Z"), 14, 10),
            null));
  }

  @ParameterizedTest
  @MethodSource("worries")
  void shouldRaiseWhatLeavesItsLimitAndSettleWhatIsBack(
      NodeType type, String good, String bad, Concern concern, Double back) {
    NodeContent fine = content(type, good);
    NodeContent worrying = content(type, bad);
    assertThat(NodeSensing.sense(List.of(), null, fine, NOW)).as("at its limit").isEmpty();

    assertThat(NodeSensing.sense(List.of(), fine, worrying, NOW))
        .containsExactly(new Raised(concern));
    OpenConcern open = open(concern);
    assertThat(NodeSensing.sense(List.of(open), worrying, worrying, NOW)).as("once").isEmpty();
    assertThat(NodeSensing.sense(List.of(open), worrying, fine, NOW))
        .containsExactly(new Settled(open, back));
  }

  @ParameterizedTest
  @MethodSource("worries")
  void shouldRaiseWhatIsWorryingFromTheBeginning(
      NodeType type, String good, String bad, Concern concern, Double back) {
    List<Finding> findings = NodeSensing.sense(List.of(), null, content(type, bad), NOW);

    assertThat(findings)
        .containsExactly(
            new Raised(
                concern instanceof Concern.VendorAtRisk risk
                    ? new Concern.VendorAtRisk(risk.score(), null, risk.threshold())
                    : concern));
  }

  @ParameterizedTest
  @MethodSource("worries")
  void shouldJudgeNothingWithoutALimitOrAValue(
      NodeType type, String good, String bad, Concern concern, Double back) {
    ObjectNode properties = json(bad);
    for (String name :
        List.copyOf(properties.properties()).stream().map(e -> e.getKey()).toList()) {
      if (!name.equals("forecast_date") && !name.equals("vacant_unit_id")) {
        ObjectNode without = properties.deepCopy();
        without.remove(name);
        assertThat(
                NodeSensing.sense(
                    List.of(), null, new NodeContent(type, "A", NodeProperties.of(without)), NOW))
            .as("without %s", name)
            .isEmpty();
      }
    }
  }

  @Test
  void shouldRaiseADeadlineAgainAtEachReminder() {
    NodeContent report = content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-03-15'}");
    OpenConcern open = open(new Concern.DeadlineNear(at("2026-03-15T00:00:00Z"), 14, 14));

    assertThat(sense(open, report, "2026-03-07T23:59:59Z")).isEmpty();
    assertThat(sense(open, report, "2026-03-08T00:00:00Z"))
        .containsExactly(
            new Renewed(open, new Concern.DeadlineNear(at("2026-03-15T00:00:00Z"), 7, 7)));
    assertThat(sense(open, report, "2026-03-17T06:00:00Z"))
        .containsExactly(
            new Renewed(open, new Concern.DeadlineNear(at("2026-03-15T00:00:00Z"), 1, -2)));
  }

  @Test
  void shouldTakeADeadlineMovedToLaterForAnotherOne() {
    OpenConcern open = open(new Concern.DeadlineNear(at("2026-03-05T00:00:00Z"), 7, 4));
    NodeContent moved = content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-03-21'}");
    NodeContent away = content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-06-01'}");
    NodeContent nearer = content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-03-02'}");

    assertThat(sense(open, moved, "2026-03-01T12:00:00Z"))
        .containsExactly(
            new Settled(open, null),
            new Raised(new Concern.DeadlineNear(at("2026-03-21T00:00:00Z"), 30, 20)));
    assertThat(sense(open, away, "2026-03-01T12:00:00Z")).containsExactly(new Settled(open, null));
    assertThat(sense(open, nearer, "2026-03-01T12:00:00Z"))
        .containsExactly(
            new Renewed(open, new Concern.DeadlineNear(at("2026-03-02T00:00:00Z"), 1, 1)));
  }

  @Test
  void shouldCountTheDaysLeftAsPeopleDo() {
    ComplianceDeadline deadline =
        ComplianceDeadline.of(content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-03-31'}"))
            .orElseThrow();

    assertThat(deadline.daysLeft(at("2026-03-01T00:00:00Z"))).isEqualTo(30);
    assertThat(deadline.daysLeft(at("2026-03-01T00:00:01Z"))).isEqualTo(30);
    assertThat(deadline.daysLeft(at("2026-03-30T23:00:00Z"))).isEqualTo(1);
    assertThat(deadline.daysLeft(at("2026-03-31T00:00:00Z"))).isZero();
    assertThat(deadline.daysLeft(at("2026-04-01T00:00:00Z"))).isEqualTo(-1);
    assertThat(deadline.stage(at("2026-02-28T23:59:59Z"))).isEmpty();
    assertThat(deadline.stage(at("2026-03-01T00:00:00Z"))).contains(30);
  }

  @Test
  void shouldRemindOfNothingThatIsFulfilled() {
    assertThat(
            ComplianceDeadline.of(
                content(COMPLIANCE_OBLIGATION, "{'deadline': '2026-03-02', 'fulfilled': true}")))
        .isEmpty();
  }

  @Test
  void shouldCountPeopleOnlyWhereTheyAreCounted() {
    NodeContent unit = content(ORGANIZATION_UNIT, "{'headcount': 1}");

    assertThat(Headcount.changed(unit, -1).orElseThrow().number("headcount")).isZero();
    assertThat(Headcount.changed(unit, -2).orElseThrow().number("headcount")).isZero();
    assertThat(Headcount.changed(content(ORGANIZATION_UNIT, "{'headcount': 0}"), -1)).isEmpty();
    assertThat(Headcount.changed(content(ORGANIZATION_UNIT, "{}"), 1)).isEmpty();
  }

  private static List<Finding> sense(OpenConcern open, NodeContent content, String now) {
    return NodeSensing.sense(List.of(open), content, content, at(now));
  }

  private static OpenConcern open(Concern concern) {
    return new OpenConcern("c1", "loop-1", concern, NOW, true);
  }

  private static Instant at(String instant) {
    return Instant.parse(instant);
  }

  private static NodeContent content(NodeType type, String properties) {
    NodeContent content = new NodeContent(type, "A", NodeProperties.of(json(properties)));
    assertThat(content.problems()).isEmpty();
    return content;
  }

  private static ObjectNode json(String withSingleQuotes) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(withSingleQuotes.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(withSingleQuotes, e);
    }
  }
}
