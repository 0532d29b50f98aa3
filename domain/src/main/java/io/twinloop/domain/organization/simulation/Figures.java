package io.twinloop.domain.organization.simulation;

import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PERSON;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.NodeType.ROLE;
import static io.twinloop.domain.organization.NodeType.VENDOR;
import static io.twinloop.domain.organization.RelationType.BELONGS_TO;
import static io.twinloop.domain.organization.RelationType.HAS_ROLE;
import static io.twinloop.domain.organization.RelationType.MANAGES;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.domain.organization.RelationType.REPORTS_TO;
import static io.twinloop.domain.organization.RelationType.SUPPLIED_BY;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.twinloop.domain.process.SlaBreach;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An organisation in figures. What the twin does not know is left out.
 *
 * <p>A unit speaks of itself, without the units below it. Its {@code fte} and {@code cost} are
 * those of staff who do not stand in the twin as persons, so the persons' come on top. A person
 * counts once, and not at all where BELONGS_TO says {@code counted: false}.
 *
 * @param headcount people: of each unit its own {@code headcount}, or the number of those who
 *     belong to it where that is larger
 * @param fte full-time equivalents, 1 where a person says none; to two decimals
 * @param cost a year, in the currency of the properties; absent where nobody and no unit has one
 * @param budget the units' own, EUR; absent where no unit has one
 * @param vendorCost EUR a year: the contracts of vendors that supply a process; absent where no
 *     such vendor has a value
 * @param units how many there are
 * @param depth levels of units one above the other, 0 without units
 * @param spanOfControl absent where nobody has anybody to lead
 * @param vacancies roles that nobody has
 * @param unitsUnderMinimum units with fewer people than their {@code headcount_min}
 * @param unitsWithoutManager units that nobody manages
 * @param processesOverSla processes that take longer on average than their service level allows
 * @param processesWithoutOwner processes that no unit owns
 * @param processesWithoutVendor processes that need a vendor and have none any more
 * @param manualProcesses processes that are done by hand
 * @param touchedUnits the units that changes name or take people from, where they are there, in
 *     order of id
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Figures(
    long headcount,
    double fte,
    @Nullable Double cost,
    @Nullable Double budget,
    @Nullable Double vendorCost,
    int units,
    int depth,
    @Nullable SpanOfControl spanOfControl,
    int vacancies,
    int unitsUnderMinimum,
    int unitsWithoutManager,
    int processesOverSla,
    int processesWithoutOwner,
    int processesWithoutVendor,
    int manualProcesses,
    List<UnitFigures> touchedUnits) {

  public Figures {
    touchedUnits = List.copyOf(touchedUnits);
  }

  /**
   * How many people a manager leads directly: those who report to him and, of those who report to
   * nobody by name, the members of a unit he manages and the managers of the units below; where a
   * unit has no manager, that of the nearest above it counts.
   *
   * @param managers who leads somebody
   * @param mean to two decimals
   */
  public record SpanOfControl(int managers, double mean, int max) {}

  /**
   * One unit.
   *
   * @param people who belong to it
   * @param headcountMin under which it must not fall; absent where it has none
   * @param budget EUR; absent where it has none
   * @param partOfIds the units or organisations it is part of
   * @param managerIds the people who manage it
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record UnitFigures(
      String id,
      String label,
      long headcount,
      double fte,
      int people,
      @Nullable Long headcountMin,
      @Nullable Double budget,
      List<String> partOfIds,
      List<String> managerIds) {

    public UnitFigures {
      partOfIds = List.copyOf(partOfIds);
      managerIds = List.copyOf(managerIds);
    }
  }

  /**
   * The figures of a picture.
   *
   * @param touched the nodes that changes name or take people from
   * @param supplied the processes that need a vendor
   */
  static Figures of(Picture picture, Set<String> touched, Set<String> supplied) {
    List<String> units = picture.idsOf(ORGANIZATION_UNIT);
    List<String> processes = picture.idsOf(PROCESS);
    Staff staff = staff(picture, units);
    return new Figures(
        staff.headcount(),
        twoDecimals(staff.fte()),
        staff.cost() == null ? null : Double.valueOf(twoDecimals(staff.cost())),
        sum(picture, units, "budget"),
        sum(
            picture,
            picture.idsOf(VENDOR).stream()
                .filter(vendor -> !picture.sources(SUPPLIED_BY, vendor).isEmpty())
                .toList(),
            "annual_value_eur"),
        units.size(),
        depth(picture, units),
        span(picture),
        count(picture.idsOf(ROLE), role -> picture.sources(HAS_ROLE, role).isEmpty()),
        count(units, unit -> isUnderMinimum(picture, unit)),
        count(units, unit -> picture.sources(MANAGES, unit).isEmpty()),
        count(processes, process -> isOverSla(picture, process)),
        count(processes, process -> picture.sources(OWNS_PROCESS, process).isEmpty()),
        count(
            processes,
            process ->
                supplied.contains(process) && picture.targets(SUPPLIED_BY, process).isEmpty()),
        count(processes, process -> "manual".equals(picture.text(process, "automation_level"))),
        new TreeSet<>(touched)
            .stream()
                .filter(id -> picture.typeOf(id) == ORGANIZATION_UNIT)
                .map(id -> unit(picture, id))
                .toList());
  }

  /** The processes that a vendor supplies. */
  static Set<String> supplied(Picture picture) {
    Set<String> supplied = new HashSet<>();
    for (String process : picture.idsOf(PROCESS)) {
      if (!picture.targets(SUPPLIED_BY, process).isEmpty()) {
        supplied.add(process);
      }
    }
    return supplied;
  }

  private interface Condition {
    boolean holds(String id);
  }

  private static int count(List<String> ids, Condition condition) {
    int count = 0;
    for (String id : ids) {
      if (condition.holds(id)) {
        count++;
      }
    }
    return count;
  }

  /** How many people a unit has. */
  static long headcountOf(Picture picture, String unitId) {
    return staff(picture, List.of(unitId)).headcount();
  }

  /** Who works in units, and what for. */
  private record Staff(long headcount, double fte, @Nullable Double cost) {}

  private static Staff staff(Picture picture, List<String> units) {
    Set<String> counted = new HashSet<>();
    long headcount = 0;
    double fte = 0;
    Double cost = sum(picture, units, "cost");
    for (String unit : units) {
      int here = 0;
      for (String person : picture.sources(BELONGS_TO, unit)) {
        if (picture.counts(person, unit) && counted.add(person)) {
          here++;
          fte += orElse(picture.number(person, "fte"), 1);
          cost = plus(cost, picture.number(person, "cost"));
        }
      }
      headcount += Math.max(here, Math.round(orElse(picture.number(unit, "headcount"), 0)));
      fte += orElse(picture.number(unit, "fte"), 0);
    }
    return new Staff(headcount, fte, cost);
  }

  private static double orElse(@Nullable Double value, double other) {
    return value == null ? other : value;
  }

  private static @Nullable Double plus(@Nullable Double sum, @Nullable Double value) {
    if (value == null) {
      return sum;
    }
    return sum == null ? value : Double.valueOf(sum + value);
  }

  private static UnitFigures unit(Picture picture, String id) {
    Double minimum = picture.number(id, "headcount_min");
    Staff staff = staff(picture, List.of(id));
    return new UnitFigures(
        id,
        picture.node(id).orElseThrow().label(),
        staff.headcount(),
        twoDecimals(staff.fte()),
        picture.sources(BELONGS_TO, id).size(),
        minimum == null ? null : Long.valueOf(Math.round(minimum)),
        picture.number(id, "budget"),
        List.copyOf(picture.targets(PART_OF, id)),
        List.copyOf(picture.sources(MANAGES, id)));
  }

  private static @Nullable Double sum(Picture picture, List<String> ids, String property) {
    Double sum = null;
    for (String id : ids) {
      sum = plus(sum, picture.number(id, property));
    }
    return sum;
  }

  private static boolean isUnderMinimum(Picture picture, String unit) {
    Double minimum = picture.number(unit, "headcount_min");
    return minimum != null && headcountOf(picture, unit) < minimum;
  }

  private static boolean isOverSla(Picture picture, String process) {
    Double actual = picture.number(process, "avg_duration_days");
    Double sla = picture.number(process, "sla_days");
    return actual != null && sla != null && SlaBreach.is(actual, sla);
  }

  /** Level by level from the units that are part of no other; a circle has no level. */
  private static int depth(Picture picture, List<String> units) {
    Set<String> seen = new HashSet<>();
    Deque<String> level = new ArrayDeque<>();
    for (String unit : units) {
      if (unitsAbove(picture, unit).isEmpty() && seen.add(unit)) {
        level.add(unit);
      }
    }
    int depth = 0;
    while (!level.isEmpty()) {
      depth++;
      Deque<String> next = new ArrayDeque<>();
      for (String unit : level) {
        for (String below : picture.sources(PART_OF, unit)) {
          if (seen.add(below)) {
            next.add(below);
          }
        }
      }
      level = next;
    }
    return depth;
  }

  private static List<String> unitsAbove(Picture picture, String unit) {
    return picture.targets(PART_OF, unit).stream()
        .filter(above -> picture.typeOf(above) == ORGANIZATION_UNIT)
        .toList();
  }

  private static @Nullable SpanOfControl span(Picture picture) {
    Map<String, Integer> led = new HashMap<>();
    for (String person : picture.idsOf(PERSON)) {
      leadersOf(picture, person).forEach(leader -> led.merge(leader, 1, Integer::sum));
    }
    if (led.isEmpty()) {
      return null;
    }
    Collection<Integer> spans = led.values();
    int people = spans.stream().mapToInt(Integer::intValue).sum();
    return new SpanOfControl(
        spans.size(),
        twoDecimals((double) people / spans.size()),
        spans.stream().mapToInt(Integer::intValue).max().orElseThrow());
  }

  private static Set<String> leadersOf(Picture picture, String person) {
    Set<String> named = picture.targets(REPORTS_TO, person);
    if (!named.isEmpty()) {
      return named;
    }
    Set<String> leaders = new HashSet<>();
    for (String unit : picture.targets(BELONGS_TO, person)) {
      leaders.addAll(nearestManagers(picture, person, unit));
    }
    return leaders;
  }

  /** Of the unit, or of the first above it that somebody else manages. */
  private static Set<String> nearestManagers(Picture picture, String person, String unit) {
    Set<String> seen = new HashSet<>(Set.of(unit));
    List<String> level = List.of(unit);
    while (!level.isEmpty()) {
      Set<String> managers = new HashSet<>();
      Set<String> above = new TreeSet<>();
      for (String id : level) {
        if (!picture.sources(MANAGES, id).contains(person)) {
          managers.addAll(picture.sources(MANAGES, id));
        }
        above.addAll(unitsAbove(picture, id));
      }
      if (!managers.isEmpty()) {
        return managers;
      }
      level = above.stream().filter(seen::add).toList();
    }
    return Set.of();
  }

  private static double twoDecimals(double value) {
    return Math.rint(value * 100) / 100;
  }
}
