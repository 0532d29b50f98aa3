package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.client.demo.Company.Person;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How the things and people of a company are called, and its numbers written, for readers. */
final class Names {

  /** How roles that workflows name are spoken of; others by their own name. */
  private static final Map<String, String> ROLES =
      Map.of("it", "IT", "cfo", "the CFO", "hr-manager", "the HR manager");

  private final Company company;
  private final Pattern ids;
  private final Map<String, String> newcomers = new HashMap<>();

  Names(Company company) {
    this.company = company;
    ids = Pattern.compile(Pattern.quote(company.key()) + "(?:\\.[A-Za-z0-9-]+)?");
  }

  /** A text with the company's names instead of its ids. */
  String inWords(String text) {
    Matcher found = ids.matcher(text);
    return found.replaceAll(match -> Matcher.quoteReplacement(nameOf(match.group())));
  }

  private String nameOf(String id) {
    if (id.equals(company.key())) {
      return company.name();
    }
    return company.labelOf(id).orElse(newcomers.getOrDefault(id, id));
  }

  /** How somebody is spoken of: pseudonym and role. */
  String called(Person person) {
    return "%s (%s)".formatted(person.alias(), company.role(person.roleId()).title());
  }

  /** The same of somebody of whom only the id is known. */
  String called(String personId) {
    return company.person(personId).map(this::called).orElse(inWords(personId));
  }

  /** Who is meant by the address of a notification, such as {@code managerOf:UNIT}. */
  String audience(String address) {
    String[] parts = address.split(":", 2);
    if (parts.length == 1) {
      return inWords(address);
    }
    return switch (parts[0]) {
      case "managerOf" ->
          company
              .managerOf(parts[1])
              .map(this::called)
              .orElse("whoever leads " + inWords(parts[1]));
      case "user" -> called(parts[1]);
      default -> ROLES.getOrDefault(parts[1], inWords(parts[1]));
    };
  }

  /** A KPI with the unit that answers for it. */
  String withOwner(String kpiId) {
    return company.kpis().stream()
        .filter(each -> each.id().equals(kpiId))
        .findFirst()
        .map(kpi -> kpi.label() + " of " + company.unit(kpi.ownerId()).label())
        .orElse(inWords(kpiId));
  }

  /** How somebody who joins is called from now on. */
  void meet(String employeeId, String alias) {
    newcomers.put(employeeId, alias);
  }

  /** As many digits as one reads at a glance. */
  static String number(JsonNode value) {
    double number = value.asDouble();
    double size = Math.abs(number);
    String text = (size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f").formatted(number);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }

  static String seconds(double seconds) {
    return (seconds < 10 ? "%.1f s" : "%.0f s").formatted(seconds);
  }
}
