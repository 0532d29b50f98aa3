package io.twinloop.client.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.client.demo.Company.Person;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts the steps of loops into plain words, with the names people use instead of ids. */
final class Narrator {

  private static final Map<String, String> PHASES =
      Map.of("sense", "sensed", "decide", "decided", "act", "acted", "measure", "measured");

  private final Company company;
  private final Pattern ids;
  private final Map<String, String> titles = new HashMap<>();
  private final Map<String, String> newcomers = new HashMap<>();

  Narrator(Company company) {
    this.company = company;
    ids = Pattern.compile(Pattern.quote(company.key()) + "(?:\\.[A-Za-z0-9-]+)?");
  }

  /** What was done by people and machines, in one word: sensed, decided, acted or measured. */
  String phase(JsonNode step) {
    return PHASES.getOrDefault(step.path("phase").asText(), step.path("phase").asText());
  }

  /** A sentence about a step; empty where the steps around it say as much. */
  Optional<String> tell(JsonNode loop, JsonNode step) {
    JsonNode detail = step.path("detail");
    return switch (step.path("what").asText()) {
      case "anomaly opened" -> Optional.of(anomaly(loop, detail));
      case "anomaly worsened" ->
          Optional.of(
              "%s is worse, %s: %s"
                  .formatted(
                      about(loop), number(detail.path("value")), detail.path("severity").asText()));
      case "back in band" ->
          Optional.of(
              "%s is back at %s (usual %s)"
                  .formatted(
                      about(loop),
                      number(detail.path("value")),
                      number(detail.path("baselineMean"))));
      case "measured" -> Optional.of(measurement(detail));
      case "workflow started" ->
          Optional.of("workflow %s answers".formatted(nameOf(detail.path("definition").asText())));
      case "notified" -> Optional.of(notification(detail.path("notification")));
      case "task opened" -> {
        titles.put(detail.path("taskId").asText(), inWords(detail.path("title").asText()));
        yield Optional.empty();
      }
      case "task completed" -> Optional.of(completion(detail));
      case "workflow faulted" ->
          Optional.of(
              "workflow %s failed: %s"
                  .formatted(
                      nameOf(detail.path("definition").asText()),
                      inWords(detail.path("error").path("detail").asText("no reason given"))));
      case "workflow completed", "event emitted", "task assigned" -> Optional.empty();
      default -> Optional.of(inWords(step.path("what").asText()) + " of " + about(loop));
    };
  }

  private String anomaly(JsonNode loop, JsonNode detail) {
    double value = detail.path("value").asDouble();
    double usual = detail.path("baselineMean").asDouble();
    return "%s %s to %s (usual %s): %s"
        .formatted(
            withOwner(loop.path("entityId").asText()),
            value < usual ? "fell" : "rose",
            number(detail.path("value")),
            number(detail.path("baselineMean")),
            detail.path("severity").asText());
  }

  private String withOwner(String kpiId) {
    return company.kpis().stream()
        .filter(each -> each.id().equals(kpiId))
        .findFirst()
        .map(kpi -> kpi.label() + " of " + company.unit(kpi.ownerId()).label())
        .orElse(inWords(kpiId));
  }

  private String measurement(JsonNode detail) {
    return "%s measured: %s"
        .formatted(inWords(detail.path("kpiId").asText()), number(detail.path("value")));
  }

  private String notification(JsonNode sent) {
    StringBuilder to = new StringBuilder();
    for (JsonNode each : sent.path("to")) {
      to.append(to.isEmpty() ? "" : ", ").append(audience(each.asText()));
    }
    return "told %s: %s".formatted(to, inWords(sent.path("subject").asText()));
  }

  private String audience(String to) {
    String[] parts = to.split(":", 2);
    if (parts.length == 1) {
      return inWords(to);
    }
    return switch (parts[0]) {
      case "managerOf" ->
          company
              .managerOf(parts[1])
              .map(this::called)
              .orElse("whoever leads " + inWords(parts[1]));
      case "user" -> company.person(parts[1]).map(this::called).orElse(inWords(parts[1]));
      default -> inWords(parts[1]);
    };
  }

  private String completion(JsonNode detail) {
    String who = detail.path("by").asText();
    String title = titles.getOrDefault(detail.path("taskId").asText(), "a task");
    String sentence =
        "%s completed «%s»".formatted(company.person(who).map(this::called).orElse(who), title);
    String resolution = detail.path("output").path("resolution").asText("");
    return resolution.isEmpty() ? sentence : sentence + ": " + resolution;
  }

  /** How somebody is spoken of: pseudonym and role. */
  String called(Person person) {
    return "%s (%s)".formatted(person.alias(), company.role(person.roleId()).title());
  }

  /** How somebody who joins is called from now on. */
  void meet(String employeeId, String alias) {
    newcomers.put(employeeId, alias);
  }

  /** What a loop is about. */
  String about(JsonNode loop) {
    return inWords(loop.path("entityId").asText(""));
  }

  /** A text with the company's names instead of its ids. */
  String inWords(String text) {
    Matcher found = ids.matcher(text);
    return found.replaceAll(
        match -> {
          String id = match.group();
          return Matcher.quoteReplacement(
              company.labelOf(id).orElse(newcomers.getOrDefault(id, id)));
        });
  }

  /** {@code twinloop/sla-escalation-workflow@1.0.0} is just its name for people. */
  private static String nameOf(String definition) {
    List<String> parts = List.of(definition.split("[/:@]", -1));
    return parts.size() > 1 ? parts.get(1) : definition;
  }

  /** As many digits as one reads at a glance. */
  static String number(JsonNode value) {
    double number = value.asDouble();
    String format = Math.abs(number) >= 100 ? "%.0f" : Math.abs(number) >= 10 ? "%.1f" : "%.2f";
    String text = String.format(Locale.ROOT, format, number);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }
}
