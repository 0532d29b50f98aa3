package io.twinloop.domain.organization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which nodes may stand in which relation. */
class RelationTypeTest {

  /** The table of the design, line by line. */
  private static final Map<String, Set<String>> ALLOWED =
      Map.ofEntries(
          Map.entry("BELONGS_TO", Set.of("Person→OrganizationUnit")),
          Map.entry("REPORTS_TO", Set.of("Person→Person")),
          Map.entry("MANAGES", Set.of("Person→OrganizationUnit")),
          Map.entry("HAS_ROLE", Set.of("Person→Role")),
          Map.entry(
              "PART_OF",
              Set.of("OrganizationUnit→OrganizationUnit", "OrganizationUnit→Organization")),
          Map.entry("OWNS_PROCESS", Set.of("OrganizationUnit→Process")),
          Map.entry("EXECUTES_PROCESS", Set.of("Person→Process")),
          Map.entry("DEPENDS_ON", Set.of("Process→Process")),
          Map.entry("MEASURED_BY", Set.of("Process→KPI", "OrganizationUnit→KPI")),
          Map.entry("USES_SYSTEM", Set.of("Process→ITSystem")),
          Map.entry("SUPPORTED_BY", Set.of("OrganizationUnit→ITSystem")),
          Map.entry("SUPPLIED_BY", Set.of("Process→Vendor")));

  @Test
  void shouldAllowTheEndsOfTheTableAndNoOthers() {
    Map<String, Set<String>> allowed = new TreeMap<>();
    for (RelationType relation : RelationType.values()) {
      Set<String> ends = new TreeSet<>();
      for (NodeType source : NodeType.values()) {
        for (NodeType target : NodeType.values()) {
          if (relation.refusal("a", source, "b", target).isEmpty()) {
            ends.add(source.wireName() + "→" + target.wireName());
          }
        }
      }
      allowed.put(relation.name(), ends);
    }

    assertThat(allowed).isEqualTo(ALLOWED);
  }

  @Test
  void shouldQuoteBothEndsWhenTheyAreWrong() {
    assertThat(RelationType.PART_OF.refusal("ada", NodeType.PERSON, "crew", NodeType.ROLE))
        .contains(
            "PART_OF goes from OrganizationUnit to OrganizationUnit or OrganizationUnit to"
                + " Organization, but 'ada' is a Person and 'crew' a Role.");
  }

  @Test
  void shouldRefuseARelationOfANodeToItself() {
    assertThat(RelationType.REPORTS_TO.refusal("ada", NodeType.PERSON, "ada", NodeType.PERSON))
        .contains("REPORTS_TO goes from one node to another, but both ends are 'ada'.");
    assertThat(RelationType.MEASURED_BY.refusal("p", NodeType.PROCESS, "p", NodeType.KPI))
        .as("a KPI may have the id of a node")
        .isEmpty();
  }

  @Test
  void shouldRefuseNamesNobodyKnows() {
    assertThatThrownBy(() -> RelationType.of("LIKES"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'LIKES'", "BELONGS_TO", "SUPPLIED_BY");
    assertThatThrownBy(() -> NodeType.of("person"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'person'", "Person", "ITSystem");
  }

  @Test
  void shouldReadItsOwnNames() {
    for (NodeType type : NodeType.values()) {
      assertThat(NodeType.of(type.wireName())).isEqualTo(type);
    }
    for (RelationType type : RelationType.values()) {
      assertThat(RelationType.of(type.name())).isEqualTo(type);
    }
  }

  @Test
  void shouldRefuseARelationSinceAnAbsurdTime() {
    assertThatThrownBy(
            () ->
                new Relation(
                    RelationType.HAS_ROLE,
                    "cook",
                    NodeType.ROLE,
                    NodeProperties.NONE,
                    Instant.parse("1066-10-14T00:00:00Z")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1066-10-14");
  }
}
