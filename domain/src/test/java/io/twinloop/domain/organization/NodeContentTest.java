package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.twinloop.domain.organization.NodeContent.Refused;
import io.twinloop.domain.organization.NodeContent.Sound;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a node may say of itself, and how that changes. */
class NodeContentTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  // Properties

  @Test
  void shouldCompareByContent() {
    assertThat(properties("{a: 1, b: {c: 2.0, d: 3}}"))
        .isEqualTo(properties("{b: {d: 3, c: 2}, a: 1.0}"))
        .hasSameHashCodeAs(properties("{b: {d: 3, c: 2}, a: 1.0}"));
    assertThat(properties("{a: 1}")).isNotEqualTo(properties("{a: '1'}"));
    assertThat(properties("{a: [1, 2]}")).isNotEqualTo(properties("{a: [2, 1]}"));
  }

  @Test
  void shouldTakeANullPropertyForOneThatIsNotThere() {
    assertThat(properties("{a: null}")).isEqualTo(NodeProperties.NONE);
    assertThat(properties("{a: null}").isEmpty()).isTrue();
    assertThat(properties("{a: {b: null}}").toJson()).as("but only on top").isNotEmpty();
  }

  @Test
  void shouldNotChangeWithTheObjectItWasMadeFrom() {
    ObjectNode object = json("{a: {b: 1}}");
    NodeProperties properties = NodeProperties.of(object);

    ((ObjectNode) object.get("a")).put("b", 2);
    properties.toJson().put("c", 3);

    assertThat(properties).isEqualTo(properties("{a: {b: 1}}"));
  }

  @Test
  void shouldKeepEveryNumberAsItIs() throws Exception {
    for (String number :
        List.of(
            "0.1",
            "1e300",
            "5e-324",
            "9007199254740993",
            "9223372036854775807",
            "123456789012345678901234567890",
            "-0.5")) {
      ObjectNode object = (ObjectNode) JSON.readTree("{\"n\": " + number + "}");

      assertThat(NodeProperties.of(object).get("n")).as(number).isEqualTo(object.get("n"));
    }
  }

  @Test
  void shouldRefuseWhatJsonCannotSay() {
    ObjectNode notANumber = JsonNodeFactory.instance.objectNode().put("n", Double.NaN);
    ObjectNode bytes = JsonNodeFactory.instance.objectNode().put("b", new byte[] {1});

    assertThatThrownBy(() -> NodeProperties.of(notANumber))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("n is NaN");
    assertThatThrownBy(() -> NodeProperties.of(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("b is a BINARY");
  }

  // Known properties

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          OrganizationUnit     | {kind: squad, budget: 1.5, budget_remaining: -3, headcount: 12, headcount_min: 10, cost_center: C1}
          Person               | {employee_id: E1, anonymized_name: P. 17, seniority: senior, fte: 0.8, join_date: '2024-02-29', skills: [sql, law]}
          Role                 | {title: Head, level: SCS1, headcount_max: 1, is_management: true}
          Role                 | {level: 3}
          Process              | {sla_days: 5, avg_duration_days: 8.2, automation_level: semi-auto, cost_per_execution: 12.5, last_automated_at: '2026-03-01T12:00:00Z'}
          Vendor               | {score: 71.5, threshold: 60, contract_expiry: '2027-12-31'}
          ComplianceObligation | {title: Fire drill, deadline: '2026-09-30', responsible_id: ada}
          Organization         | {anything: [goes, {here: 1}]}
          ITSystem             | {}
          Resource             | {fte: not known here}
          """)
  void shouldAcceptWhatIsSound(String type, String properties) {
    assertThat(content(type, properties).problems()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          OrganizationUnit     | {kind: gang}                | kind of a OrganizationUnit is 'gang', expected one of division, department, team, squad
          OrganizationUnit     | {budget: -1}                | budget of a OrganizationUnit is -1, expected a number from 0 to 1000000000000000
          OrganizationUnit     | {budget: '5'}               | budget of a OrganizationUnit is '5', expected a number from 0 to 1000000000000000
          OrganizationUnit     | {headcount: 1.5}            | headcount of a OrganizationUnit is 1.5, expected a whole number from 0 to 10000000
          OrganizationUnit     | {headcount: 99999999999999999999} | headcount of a OrganizationUnit is 99999999999999999999, expected a whole number from 0 to 10000000
          OrganizationUnit     | {cost_center: ' '}          | cost_center of a OrganizationUnit is ' ', expected a text of 1 to 500 characters
          Person               | {fte: 2.01}                 | fte of a Person is 2.01, expected a number from 0 to 2
          Person               | {fte: true}                 | fte of a Person is true, expected a number from 0 to 2
          Person               | {join_date: '2026-02-30'}   | join_date of a Person is '2026-02-30', expected a date from 1900 to 2199 such as 2026-03-31
          Person               | {join_date: '1899-12-31'}   | join_date of a Person is '1899-12-31', expected a date from 1900 to 2199 such as 2026-03-31
          Person               | {skills: [1]}               | skills of a Person is [1], expected a list of texts of 1 to 500 characters
          Role                 | {is_management: 'yes'}      | is_management of a Role is 'yes', expected true or false
          Role                 | {level: 1.5}                | level of a Role is 1.5, expected a text or a whole number
          Process              | {automation_level: full}    | automation_level of a Process is 'full', expected one of manual, semi-auto, full-auto
          Process              | {sla_days: 36501}           | sla_days of a Process is 36501, expected a number from 0 to 36500
          Vendor               | {score: 101}                | score of a Vendor is 101, expected a number from 0 to 100
          ComplianceObligation | {deadline: soon}            | deadline of a ComplianceObligation is 'soon', expected a date or RFC 3339 time from 1900 to 2199
          """)
  void shouldRefuseABadValueOfAKnownProperty(String type, String properties, String detail) {
    NodeContent content = content(type, properties);

    String name = content.properties().toJson().fieldNames().next();
    assertThat(content.problems()).containsExactly(new Problem("/properties/" + name, detail));
  }

  @Test
  void shouldNameEveryProblemWithItsPlace() {
    NodeContent content =
        new NodeContent(NodeType.PERSON, " ", properties("{fte: -1, join_date: 5}"));

    assertThat(content.problems())
        .extracting(Problem::pointer)
        .containsExactlyInAnyOrder("/label", "/properties/fte", "/properties/join_date");
    assertThat(Problem.sentence(content.problems()))
        .contains("label is missing or blank; ", "fte of a Person is -1", "join_date");
  }

  @Test
  void shouldRefuseAKpiAsANodeAndLabelsAndPropertiesTooLong() {
    assertThat(content("KPI", "{}").problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.detail()).contains("'KPI'", "OrganizationUnit"));
    assertThat(new NodeContent(NodeType.ROLE, "x".repeat(201), NodeProperties.NONE).problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.detail()).contains("201"));
    assertThat(content("Role", "{note: " + "x".repeat(40_000) + "}").problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.detail()).contains("40,011", "32,768"));
  }

  @Test
  void shouldCutALongQuote() {
    assertThat(content("Role", "{headcount_max: " + "x".repeat(1_000) + "}").problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.detail()).hasSizeLessThan(200));
  }

  @Test
  void shouldKnowThePropertiesOfRelations() {
    assertThat(KnownProperties.problems(RelationType.DEPENDS_ON, properties("{is_blocking: true}")))
        .isEmpty();
    assertThat(
            KnownProperties.problems(RelationType.DEPENDS_ON, properties("{is_blocking: maybe}")))
        .extracting(Problem::detail)
        .containsExactly("is_blocking of a DEPENDS_ON is 'maybe', expected true or false");
  }

  // Patches

  @Test
  void shouldPatchLabelAndProperties() {
    NodeContent before = content("Process", "{sla_days: 5, owner: {name: x, mail: y}}");

    assertThat(
            before.patched(
                json("{label: New, properties: {sla_days: 6, owner: {mail: null}, more: 1}}")))
        .isEqualTo(
            new Sound(
                new NodeContent(
                    NodeType.PROCESS,
                    "New",
                    properties("{sla_days: 6, owner: {name: x}, more: 1}"))));
    assertThat(before.patched(json("{}"))).isEqualTo(new Sound(before));
    assertThat(before.patched(json("{properties: null}")))
        .isEqualTo(new Sound(content("Process", "{}")));
    assertThat(before.patched(json("{type: Process}"))).isEqualTo(new Sound(before));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {type: Role}                | /type            | type cannot change from 'Process' to 'Role'
          {type: null}                | /type            | type cannot change from 'Process' to nothing
          {type: 5}                   | /type            | type cannot change from 'Process' to 5
          {label: null}               | /label           | label is missing or blank
          {label: 5}                  | /label           | label is 5, expected a text
          {properties: [1]}           | /properties      | properties are [1], expected an object
          {properties: {sla_days: x}} | /properties/sla_days | sla_days of a Process is 'x', expected a number from 0 to 36500
          {colour: red}               | /colour          | 'colour' is no member of a node, expected type, label or properties
          """)
  void shouldRefuseAPatchThatMakesNoNode(String patch, String pointer, String detail) {
    assertThat(content("Process", "{sla_days: 5}").patched(json(patch)))
        .isEqualTo(new Refused(List.of(new Problem(pointer, detail))));
  }

  // Changes

  @Test
  void shouldSayWhatChangedAndLeadThere() throws Exception {
    NodeContent before = content("Process", "{sla_days: 5, gone: 1, same: [1]}");
    NodeContent after =
        new NodeContent(
            NodeType.PROCESS, "New", properties("{sla_days: 6, more: {a: 1}, same: [1]}"));

    NodeChange change = before.changeTo(after);

    assertThat(change.label()).isEqualTo(new NodeChange.LabelChange("A label", "New"));
    assertThat(change.properties()).containsOnlyKeys("sla_days", "gone", "more");
    assertThat(change.properties().get("sla_days").before().intValue()).isEqualTo(5);
    assertThat(change.properties().get("gone").after()).isNull();
    assertThat(change.properties().get("more").before()).isNull();
    assertThat(before.with(change)).isEqualTo(after);
    NodeChange read = JSON.readValue(JSON.writeValueAsBytes(change), NodeChange.class);
    assertThat(read).as("through JSON").isEqualTo(change);
    assertThat(after.changeTo(before).properties().keySet())
        .isEqualTo(change.properties().keySet());
  }

  private static NodeContent content(String type, String properties) {
    return new NodeContent(NodeType.of(type), "A label", properties(properties));
  }

  private static NodeProperties properties(String yaml) {
    return NodeProperties.of(json(yaml));
  }

  private static ObjectNode json(String yaml) {
    try {
      return (ObjectNode) new YAMLMapper().readTree(yaml);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(yaml, e);
    }
  }
}
