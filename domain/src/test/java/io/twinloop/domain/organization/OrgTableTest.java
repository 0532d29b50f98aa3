package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.organization.ImportLine.NodeLine;
import io.twinloop.domain.organization.ImportLine.Read;
import io.twinloop.domain.organization.ImportLine.Refused;
import io.twinloop.domain.organization.ImportLine.RelationLine;
import io.twinloop.domain.organization.ImportLine.Sound;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Statements of an import, as tables bring them. */
class OrgTableTest {

  @Test
  void shouldReadUnitsWithTheirParents() {
    OrgTable table = table("OrganizationUnit", "id", "Label", "fte", "cost_center", "parent");

    List<Read> reads = table.read(List.of("it", "IT", "3.50", "007", "top"));

    assertThat(reads).hasSize(2);
    NodeLine node = (NodeLine) line(reads.get(0));
    assertThat(node.content().label()).isEqualTo("IT");
    assertThat(node.content().properties().toString())
        .isEqualTo("{\"cost_center\":\"007\",\"fte\":3.5}");
    assertThat(line(reads.get(1)))
        .hasToString("PART_OF from 'it' to 'top'")
        .isInstanceOf(RelationLine.class);
  }

  @Test
  void shouldLeaveOutEmptyCellsAndMissingOnes() {
    OrgTable table = table("OrganizationUnit", "id", "fte", "", "parent");

    assertThat(table.read(List.of("top", " ", "ignored", ""))).hasSize(1);
    NodeLine node = (NodeLine) line(table.read(List.of("top")).get(0));
    assertThat(node.content().properties()).isEqualTo(NodeProperties.NONE);
    assertThat(node.content().label()).isEqualTo("top");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "Process # sla_days # 5 # 5",
        "Process # sla_days # 5,5 # 5.5",
        "Process # automation_level # manual # \"manual\"",
        "Role # is_management # TRUE # true",
        "Role # level # 3 # \"3\"",
        "Person # skills # java|sql # [\"java\",\"sql\"]",
        "Person # employee_id # 0042 # \"0042\"",
        "Person # join_date # 2020-02-29 # \"2020-02-29\"",
        "Person # favourite # 12 # \"12\"",
      })
  void shouldReadAValueAsItsPropertyTakesIt(
      String type, String name, String text, String expected) {
    NodeLine node = (NodeLine) line(table(type, "id", name).read(List.of("x", text)).get(0));

    assertThat(node.content().properties().get(name)).hasToString(expected);
  }

  @Test
  void shouldQuoteAValueThatFitsNoWay() {
    Refused refused =
        (Refused) table("Process", "id", "sla_days").read(List.of("x", "five")).get(0);

    assertThat(refused.code()).isEqualTo(ImportFault.REFUSED);
    assertThat(refused.sentence()).contains("'five'");
  }

  @Test
  void shouldReadRelationsOfOneKindAndOfAny() {
    Read one =
        table("BELONGS_TO", "source", "target", "validFrom", "counted")
            .read(List.of("ada", "it", "2026-01-31", "no"))
            .get(0);
    Read any =
        table("relation", "from", "relation", "to", "validFrom", "counted")
            .read(List.of("ada", "BELONGS_TO", "it", "2026-01-31", "false"))
            .get(0);

    assertThat(one).isEqualTo(any).isInstanceOf(Sound.class);
  }

  @Test
  void shouldReadRelationsInTheirColumnsOfNodes() {
    OrgTable table = table("Person", "id", "BELONGS_TO", "HAS_ROLE");

    assertThat(table.read(List.of("ada", "it | hr", "chief")))
        .extracting(read -> line(read).key())
        .containsExactly("ada", "ada BELONGS_TO it", "ada BELONGS_TO hr", "ada HAS_ROLE chief");
  }

  @Test
  void shouldRefuseARowWithMoreCellsThanColumns() {
    Refused refused = (Refused) table("Role", "id").read(List.of("a", "b")).get(0);

    assertThat(refused.sentence()).contains("2 cells").contains("1 columns");
  }

  @Test
  void shouldRefuseATableWithoutItsColumns() {
    assertThatThrownBy(() -> table("Role", "name")).hasMessageContaining("'id'");
    assertThatThrownBy(() -> table("node", "id")).hasMessageContaining("'type'");
    assertThatThrownBy(() -> table("relation", "source", "target"))
        .hasMessageContaining("'relation'");
    assertThatThrownBy(() -> table("Role", "id", "ID")).hasMessageContaining("twice");
    assertThatThrownBy(() -> OrgTable.Kind.of("Team")).hasMessageContaining("'Team'");
  }

  private static OrgTable table(String kind, String... columns) {
    return new OrgTable(
        OrgTable.Kind.of(kind), List.of(columns), new ImportReader(PersonalFields.NONE));
  }

  private static ImportLine line(Read read) {
    return ((Sound) read).line();
  }
}
