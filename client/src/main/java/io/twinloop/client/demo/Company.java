package io.twinloop.client.demo;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A sample company: its units, people (by pseudonym, nothing else of a person), roles, processes,
 * vendors, obligations and KPIs. Every id begins with the company's key, so several companies fit
 * into one twin.
 *
 * @param key short for the company and its seed, e.g. {@code cald7}
 * @param name as people say it
 * @param sector its line of business
 */
record Company(
    long seed,
    String key,
    String name,
    String sector,
    List<Unit> units,
    List<Role> roles,
    List<Person> people,
    List<ItSystem> systems,
    List<Vendor> vendors,
    List<Work> processes,
    List<Obligation> obligations,
    List<Measure> kpis) {

  /**
   * @param partOf the unit above; absent for a division, which is part of the company itself
   * @param kind division, department or team
   * @param headcountMin the unit may not have fewer people; absent where nobody set one
   * @param budgetEur for the calendar year, in euro; absent where the unit has none
   */
  record Unit(
      String id,
      String label,
      String kind,
      @Nullable String partOf,
      @Nullable Integer headcountMin,
      @Nullable Long budgetEur,
      String costCenter) {}

  record Role(String id, String title, int level, boolean management) {}

  /**
   * @param alias a pseudonym of an adjective and an animal
   * @param manages the unit this person leads, if any
   */
  record Person(
      String id,
      String alias,
      String unitId,
      String roleId,
      @Nullable String reportsTo,
      @Nullable String manages,
      String seniority,
      double fte,
      LocalDate joined,
      List<String> skills) {}

  record ItSystem(String id, String label) {}

  /**
   * @param score and {@code threshold} from 0 to 100
   */
  record Vendor(
      String id,
      String label,
      double score,
      double threshold,
      LocalDate contractExpiry,
      long annualValueEur) {}

  /**
   * A process.
   *
   * @param casesPerDay how many begin on a working day, on average
   */
  record Work(
      String id,
      String label,
      String ownerId,
      double slaDays,
      double costEur,
      String automation,
      List<String> activities,
      double casesPerDay,
      String systemId,
      String vendorId,
      @Nullable String dependsOn) {

    String lastActivity() {
      return activities.get(activities.size() - 1);
    }
  }

  record Obligation(String id, String title, LocalDate deadline, String responsibleId) {}

  /** A KPI with an hourly value. */
  record Measure(
      String id,
      String label,
      String unit,
      String ownerId,
      double level,
      String polarity,
      List<String> causes) {}

  /** The KPI that takes what a unit spends: each sample is one booked amount in euro. */
  static String spendKpi(String unitId) {
    return "unit." + unitId + ".spend";
  }

  Unit unit(String id) {
    return units.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Role role(String id) {
    return roles.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Work process(String id) {
    return processes.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Measure kpi(String id) {
    return kpis.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Vendor vendor(String id) {
    return vendors.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Obligation obligation(String id) {
    return obligations.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
  }

  Optional<Person> person(String id) {
    return people.stream().filter(each -> each.id().equals(id)).findFirst();
  }

  /** Who leads a unit. */
  Optional<Person> managerOf(String unitId) {
    return people.stream().filter(each -> unitId.equals(each.manages())).findFirst();
  }

  /** The people directly in a unit, its manager among them. */
  List<Person> membersOf(String unitId) {
    return people.stream().filter(each -> each.unitId().equals(unitId)).toList();
  }

  /** The only person with a title, e.g. the chief financial officer. */
  Person holderOf(String title) {
    return people.stream()
        .filter(each -> role(each.roleId()).title().equals(title))
        .findFirst()
        .orElseThrow(() -> new NoSuchElementException("Nobody here is " + title));
  }

  /** People who can be missed least: the only holders of a role, in teams at their minimum. */
  List<Person> soleHolders() {
    Map<String, Long> holders =
        people.stream().collect(Collectors.groupingBy(Person::roleId, Collectors.counting()));
    return people.stream()
        .filter(each -> each.manages() == null && holders.get(each.roleId()) == 1)
        .filter(each -> unit(each.unitId()).headcountMin() != null)
        .toList();
  }

  /** Units with a budget of their own. */
  List<Unit> withBudget() {
    return units.stream().filter(each -> each.budgetEur() != null).toList();
  }

  /** How a thing of this company is called; empty for what is not of it. */
  Optional<String> labelOf(String id) {
    return Stream.<Stream<Map.Entry<String, String>>>of(
            units.stream().map(each -> Map.entry(each.id(), each.label())),
            roles.stream().map(each -> Map.entry(each.id(), each.title())),
            people.stream().map(each -> Map.entry(each.id(), each.alias())),
            systems.stream().map(each -> Map.entry(each.id(), each.label())),
            vendors.stream().map(each -> Map.entry(each.id(), each.label())),
            processes.stream().map(each -> Map.entry(each.id(), each.label())),
            obligations.stream().map(each -> Map.entry(each.id(), each.title())),
            kpis.stream().map(each -> Map.entry(each.id(), each.label())))
        .flatMap(each -> each)
        .filter(each -> each.getKey().equals(id))
        .map(Map.Entry::getValue)
        .findFirst();
  }
}
