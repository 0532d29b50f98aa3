package io.twinloop.client.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A company founded from a seed is the same each time, sound, and tells nothing of a person. */
class CompanyTest {

  private static final LocalDate TODAY = LocalDate.of(2026, 3, 31);

  /** Every sector is among them. */
  private static final List<Company> COMPANIES =
      LongStream.of(1, 2, 3, 4, 7, 8, -5, Long.MAX_VALUE)
          .mapToObj(seed -> CompanyBuilder.build(seed, TODAY))
          .toList();

  private static final Map<String, Set<String>> ENDS =
      Map.ofEntries(
          Map.entry("BELONGS_TO", Set.of("Person OrganizationUnit")),
          Map.entry("REPORTS_TO", Set.of("Person Person")),
          Map.entry("MANAGES", Set.of("Person OrganizationUnit")),
          Map.entry("HAS_ROLE", Set.of("Person Role")),
          Map.entry(
              "PART_OF",
              Set.of("OrganizationUnit OrganizationUnit", "OrganizationUnit Organization")),
          Map.entry("OWNS_PROCESS", Set.of("OrganizationUnit Process")),
          Map.entry("EXECUTES_PROCESS", Set.of("Person Process")),
          Map.entry("DEPENDS_ON", Set.of("Process Process")),
          Map.entry("MEASURED_BY", Set.of("OrganizationUnit KPI")),
          Map.entry("USES_SYSTEM", Set.of("Process ITSystem")),
          Map.entry("SUPPLIED_BY", Set.of("Process Vendor")));

  @Test
  void shouldFoundTheSameCompanyFromTheSameSeed() {
    for (Company company : COMPANIES) {
      assertThat(CompanyBuilder.build(company.seed(), TODAY)).isEqualTo(company);
    }
  }

  @Test
  void shouldFoundAnotherCompanyFromAnotherSeed() {
    assertThat(COMPANIES).extracting(Company::key).doesNotHaveDuplicates();
    assertThat(COMPANIES).extracting(Company::people).doesNotHaveDuplicates();
    assertThat(COMPANIES)
        .extracting(Company::sector)
        .contains("online shop", "machine maker", "insurer", "energy utility");
  }

  @Test
  void shouldBeOfMiddleSizeWithThreeLevelsOfUnits() {
    for (Company company : COMPANIES) {
      assertThat(company.people()).as(company.name()).hasSizeBetween(80, 400);
      assertThat(company.units().stream().map(Company.Unit::kind).collect(Collectors.toSet()))
          .containsExactlyInAnyOrder("division", "department", "team");
      assertThat(company.processes()).hasSize(6);
      assertThat(company.kpis()).hasSize(8);
      assertThat(company.soleHolders()).hasSizeGreaterThan(3);
    }
  }

  @Test
  void shouldGiveEachThingAnIdOfItsOwn() {
    for (Company company : COMPANIES) {
      List<String> ids =
          CompanyImport.lines(company).stream()
              .filter(line -> line.has("node"))
              .map(line -> line.at("/node/id").asText())
              .toList();
      assertThat(ids)
          .as(company.name())
          .doesNotHaveDuplicates()
          .allMatch(id -> id.matches("[A-Za-z0-9._:~-]{1,128}"));
      assertThat(CompanyImport.kpis(company).keySet()).doesNotContainAnyElementsOf(ids);
    }
  }

  @Test
  void shouldRelateWhatThereIsAndWhatBelongsTogether() {
    for (Company company : COMPANIES) {
      Map<String, String> types = new HashMap<>();
      CompanyImport.kpis(company).keySet().forEach(id -> types.put(id, "KPI"));
      Set<String> told = new HashSet<>();
      for (JsonNode line : CompanyImport.lines(company)) {
        JsonNode node = line.path("node");
        if (!node.isMissingNode()) {
          types.put(node.get("id").asText(), node.get("type").asText());
          continue;
        }
        JsonNode relation = line.get("relation");
        String kind = relation.get("relation").asText();
        String source = relation.get("source").asText();
        String target = relation.get("target").asText();
        assertThat(ENDS.get(kind))
            .as("%s %s %s", source, kind, target)
            .contains(types.get(source) + " " + types.get(target));
        assertThat(told.add(source + kind + target)).as("told once").isTrue();
      }
    }
  }

  @Test
  void shouldLeadEveryUnitAndReportUpwardsToOnePerson() {
    for (Company company : COMPANIES) {
      for (Company.Unit unit : company.units()) {
        assertThat(company.managerOf(unit.id())).as(unit.label()).isPresent();
      }
      assertThat(company.people().stream().filter(each -> each.reportsTo() == null)).hasSize(1);
    }
  }

  @Test
  void shouldSayOfAPersonNothingButWhatTheTwinKeeps() {
    Set<String> kept =
        Set.of("employee_id", "anonymized_name", "seniority", "fte", "join_date", "skills");
    for (Company company : COMPANIES) {
      for (JsonNode line : CompanyImport.lines(company)) {
        JsonNode node = line.path("node");
        if (node.path("type").asText().equals("Person")) {
          Set<String> properties = new HashSet<>();
          node.get("properties").fieldNames().forEachRemaining(properties::add);
          assertThat(kept).containsAll(properties);
          assertThat(node.toString()).doesNotContain("@");
          assertThat(CompanyBuilder.aliases(company.seed()))
              .contains(node.at("/properties/anonymized_name").asText());
        }
      }
    }
  }

  @Test
  void shouldRaiseNoConcernByWhatItIs() {
    for (Company company : COMPANIES) {
      assertThat(company.vendors()).allMatch(each -> each.score() >= each.threshold());
      assertThat(company.obligations())
          .allMatch(each -> each.deadline().isAfter(TODAY.plusDays(30)));
      for (JsonNode line : CompanyImport.lines(company)) {
        JsonNode unit = line.at("/node/properties");
        if (unit.has("headcount_min")) {
          assertThat(unit.get("headcount").asInt())
              .isGreaterThanOrEqualTo(unit.get("headcount_min").asInt());
        }
      }
    }
  }
}
