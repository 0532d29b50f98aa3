package io.twinloop.client.demo;

import static io.twinloop.client.demo.Names.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What the twin says about its nodes, in plain words: concerns, and changes that followed. */
final class TwinWords {

  /** What a reader sees change; the rest is for programs. */
  private static final Set<String> SHOWN =
      Set.of(
          "headcount",
          "avg_duration_days",
          "sla_compliance",
          "automation_level",
          "budget",
          "budget_remaining",
          "contract_expiry",
          "score");

  private final Names names;

  TwinWords(Names names) {
    this.names = names;
  }

  /** A concern that was raised. */
  String concern(JsonNode detail) {
    String node = names.inWords(detail.path("nodeId").asText());
    return switch (detail.path("type").asText()) {
      case "sla-exceeded" ->
          "%s takes %s days, agreed are %s"
              .formatted(node, number(detail.path("actualDays")), number(detail.path("slaDays")));
      case "understaffed" ->
          "%s has %s people and needs %s"
              .formatted(node, number(detail.path("headcount")), number(detail.path("minimum")));
      case "role-vacant" -> "nobody holds the role of %s any more".formatted(node);
      case "vendor-at-risk" ->
          "%s is at %s of 100, under its threshold of %s"
              .formatted(node, number(detail.path("score")), number(detail.path("threshold")));
      case "budget-overrun" ->
          "%s will have spent %s EUR by the end of the year, its budget is %s"
              .formatted(
                  node, number(detail.path("forecastEur")), number(detail.path("budgetEur")));
      case "deadline-near" ->
          "%s is due in %s days".formatted(node, number(detail.path("daysLeft")));
      default -> "%s: %s".formatted(node, detail.path("type").asText("a concern"));
    };
  }

  /** A concern that is over. */
  String settled(JsonNode detail) {
    String node = names.inWords(detail.path("nodeId").asText());
    JsonNode value = detail.path("value");
    return switch (detail.path("type").asText()) {
      case "sla-exceeded" -> "%s takes %s days again".formatted(node, number(value));
      case "understaffed" -> "%s has %s people again".formatted(node, number(value));
      case "role-vacant" -> "somebody holds the role of %s again".formatted(node);
      case "vendor-at-risk" -> "%s is at %s of 100 again".formatted(node, number(value));
      case "budget-overrun" ->
          "%s will have spent %s EUR, which its budget allows".formatted(node, number(value));
      case "deadline-near" -> "%s is fulfilled, or due later".formatted(node);
      default -> "%s: %s is over".formatted(node, detail.path("type").asText("a concern"));
    };
  }

  /** A change of the twin that automation brought about; empty where only notes changed. */
  Optional<String> updated(JsonNode detail) {
    String node = names.inWords(detail.path("nodeId").asText());
    return switch (detail.path("change").asText()) {
      case "created" -> Optional.of("the twin knows %s".formatted(node));
      case "related" -> Optional.of("%s now %s".formatted(node, relation(detail)));
      case "relation ended" -> Optional.of("%s no longer %s".formatted(node, relation(detail)));
      case "changed" ->
          Optional.of(changes(detail.path("properties")))
              .filter(changes -> !changes.isEmpty())
              .map(changes -> "%s: %s".formatted(node, changes));
      default -> Optional.of("%s: %s".formatted(node, detail.path("change").asText()));
    };
  }

  /** {@code BELONGS_TO} reads as "belongs to". */
  private String relation(JsonNode detail) {
    String verb = detail.path("relation").asText().toLowerCase(Locale.ROOT).replace('_', ' ');
    return verb + " " + names.inWords(detail.path("targetId").asText());
  }

  private String changes(JsonNode properties) {
    List<String> changes = new ArrayList<>();
    properties.properties().stream()
        .filter(each -> SHOWN.contains(each.getKey()))
        .forEach(
            each ->
                changes.add(
                    "%s %s → %s"
                        .formatted(
                            each.getKey().replace('_', ' '),
                            value(each.getValue().path("before")),
                            value(each.getValue().path("after")))));
    return String.join(", ", changes);
  }

  private String value(JsonNode value) {
    if (value.isMissingNode()) {
      return "–";
    }
    return value.isNumber() ? number(value) : names.inWords(value.asText(value.toString()));
  }
}
