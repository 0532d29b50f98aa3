package io.twinloop.client.demo;

import io.twinloop.client.demo.Company.ItSystem;
import io.twinloop.client.demo.Company.Measure;
import io.twinloop.client.demo.Company.Obligation;
import io.twinloop.client.demo.Company.Person;
import io.twinloop.client.demo.Company.Role;
import io.twinloop.client.demo.Company.Unit;
import io.twinloop.client.demo.Company.Vendor;
import io.twinloop.client.demo.Company.Work;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Founds a company from a seed: the same seed and day found the same company. */
final class CompanyBuilder {

  private static final List<String> ADJECTIVES =
      List.of(
          "Amber", "Azure", "Bold", "Brisk", "Calm", "Clever", "Copper", "Coral", "Crimson",
          "Eager", "Gentle", "Golden", "Indigo", "Ivory", "Jolly", "Keen", "Lively", "Mellow",
          "Nimble", "Olive", "Patient", "Quick", "Silver", "Steady", "Sunny", "Violet", "Witty");
  private static final List<String> ANIMALS =
      List.of(
          "Badger", "Beaver", "Bison", "Crane", "Curlew", "Dolphin", "Falcon", "Ferret", "Finch",
          "Gecko", "Heron", "Ibis", "Jackdaw", "Lemur", "Lynx", "Marten", "Newt", "Osprey", "Otter",
          "Plover", "Puffin", "Raven", "Robin", "Salmon", "Stork", "Swift", "Tern", "Turtle",
          "Vole", "Wren");
  private static final List<String> SKILLS =
      List.of(
          "negotiation",
          "planning",
          "data analysis",
          "first aid",
          "languages",
          "auditing",
          "training",
          "process design",
          "spreadsheets",
          "safety");
  private static final List<String> SENIORITY = List.of("junior", "mid", "senior");

  private final long seed;
  private final LocalDate today;
  private final Dice dice;
  private final String key;
  private final String name;
  private final Sectors.Common common;
  private final Sectors.Sector sector;
  private final Iterator<String> aliases;
  private final List<Unit> units = new ArrayList<>();
  private final List<Role> roles = new ArrayList<>();
  private final List<Person> people = new ArrayList<>();

  private CompanyBuilder(long seed, LocalDate today, Sectors sectors) {
    this.seed = seed;
    this.today = today;
    dice = Dice.of(seed, "company");
    sector = sectors.sectors().get(Math.floorMod(seed, sectors.sectors().size()));
    String first = dice.oneOf(sectors.names());
    name = first + " " + dice.oneOf(sector.suffixes());
    key = first.substring(0, 4).toLowerCase(Locale.ROOT) + Long.toUnsignedString(seed, 36);
    common = sectors.shared();
    aliases = aliases(seed).iterator();
  }

  static Company build(long seed, LocalDate today) {
    return new CompanyBuilder(seed, today, Sectors.read()).build();
  }

  /** All pseudonyms, in the order in which the company of a seed gives them away. */
  static List<String> aliases(long seed) {
    return Dice.of(seed, "aliases")
        .shuffled(
            ADJECTIVES.stream()
                .flatMap(adjective -> ANIMALS.stream().map(animal -> adjective + " " + animal))
                .toList());
  }

  private Company build() {
    Person director = management();
    Stream.concat(sector.divisions().stream(), common.divisions().stream())
        .forEach(division -> division(division, director));
    List<ItSystem> systems =
        works()
            .map(Sectors.Work::system)
            .distinct()
            .map(each -> new ItSystem(id(each), each))
            .toList();
    List<Vendor> vendors = works().map(Sectors.Work::vendor).distinct().map(this::vendor).toList();
    return new Company(
        seed,
        key,
        name,
        sector.sector(),
        List.copyOf(units),
        List.copyOf(roles),
        List.copyOf(people),
        systems,
        vendors,
        processes(),
        obligations(),
        kpis());
  }

  /** The board, which holds the units together: whoever leads a division reports to its first. */
  private Person management() {
    Unit board = unit("Management", "division", null, null, null);
    Person director = hire(board, role(board, "Managing director", 1, true), null, board.id());
    hire(board, role(board, "Chief financial officer", 2, true), director, null);
    return director;
  }

  private void division(Sectors.Division division, Person director) {
    long budget = dice.between(12, 60) * 50_000L;
    Unit unit = unit(division.label(), "division", null, null, budget);
    Person head = lead(unit, "Head of " + division.label(), 2, director);
    division.departments().forEach(each -> department(each, unit, head));
  }

  private void department(Sectors.Department department, Unit above, Person superior) {
    Unit unit = unit(department.label(), "department", above.id(), null, null);
    Person head = lead(unit, "Head of " + department.label(), 3, superior);
    department.teams().forEach(each -> team(each, unit, head));
  }

  private void team(Sectors.Team team, Unit above, Person superior) {
    int size = dice.between(4, 12);
    Unit unit = unit(team.label(), "team", above.id(), size, null);
    Person head = lead(unit, "Lead of " + team.label(), 4, superior);
    hire(unit, role(unit, team.roles().get(1), 5, false), head, null);
    Role common = role(unit, team.roles().get(0), 5, false);
    for (int i = 2; i < size; i++) {
      hire(unit, common, head, null);
    }
  }

  private Person lead(Unit unit, String title, int level, Person superior) {
    return hire(unit, role(unit, title, level, true), superior, unit.id());
  }

  private Unit unit(
      String label,
      String kind,
      @Nullable String partOf,
      @Nullable Integer headcountMin,
      @Nullable Long budget) {
    String costCenter = "CC-%03d".formatted(100 + units.size());
    Unit unit = new Unit(id(label), label, kind, partOf, headcountMin, budget, costCenter);
    units.add(unit);
    return unit;
  }

  private Role role(Unit unit, String title, int level, boolean management) {
    Role role = new Role(id(unit.label() + " " + title), title, level, management);
    roles.add(role);
    return role;
  }

  private Person hire(Unit unit, Role role, @Nullable Person superior, @Nullable String manages) {
    Person person =
        new Person(
            "%s.p-%04d".formatted(key, 1001 + people.size()),
            aliases.next(),
            unit.id(),
            role.id(),
            superior == null ? null : superior.id(),
            manages,
            role.management() ? "senior" : dice.oneOf(SENIORITY),
            dice.chance(0.85) ? 1.0 : 0.5,
            today.minusDays(dice.between(60, 4_000)),
            dice.shuffled(SKILLS).subList(0, dice.between(1, 3)));
    people.add(person);
    return person;
  }

  private Stream<Sectors.Work> works() {
    return Stream.concat(sector.processes().stream(), common.processes().stream());
  }

  private List<Work> processes() {
    List<Work> processes = new ArrayList<>();
    for (Sectors.Work each : works().toList()) {
      String before = processes.isEmpty() ? null : processes.get(processes.size() - 1).id();
      processes.add(
          new Work(
              id(each.label()),
              each.label(),
              id(each.owner()),
              each.slaDays(),
              each.costEur(),
              each.automation(),
              each.activities(),
              Math.rint(dice.between(0.3, 0.8) * 10) / 10,
              id(each.system()),
              id(each.vendor()),
              dice.chance(0.5) ? before : null));
    }
    return List.copyOf(processes);
  }

  private Vendor vendor(String label) {
    return new Vendor(
        id(label),
        label,
        dice.between(72, 95),
        60,
        today.plusDays(dice.between(120, 700)),
        dice.between(2, 40) * 10_000L);
  }

  private List<Obligation> obligations() {
    List<Person> responsible = people.stream().filter(each -> each.manages() != null).toList();
    return Stream.concat(sector.obligations().stream(), common.obligations().stream())
        .map(
            title ->
                new Obligation(
                    id(title),
                    title,
                    today.plusDays(dice.between(60, 330)),
                    dice.oneOf(responsible).id()))
        .toList();
  }

  private List<Measure> kpis() {
    return Stream.concat(sector.kpis().stream(), common.kpis().stream())
        .map(
            each ->
                new Measure(
                    id(each.label()),
                    each.label(),
                    each.unit(),
                    id(each.owner()),
                    Math.rint(each.level() * dice.between(0.8, 1.25) * 10) / 10,
                    each.polarity(),
                    each.causes()))
        .toList();
  }

  private String id(String label) {
    String slug =
        label.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return key + "." + slug;
  }
}
