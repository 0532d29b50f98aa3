package io.twinloop.client.demo;

import static io.twinloop.client.demo.Names.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts the steps of loops into plain words, with the names people use instead of ids. */
final class Narrator {

  private static final Map<String, String> PHASES =
      Map.of("sense", "sensed", "decide", "decided", "act", "acted", "measure", "measured");

  private final Names names;
  private final TwinWords twin;

  /** What each workflow asked last; it asks one thing at a time. */
  private final Map<String, String> titles = new HashMap<>();

  Narrator(Names names) {
    this.names = names;
    twin = new TwinWords(names);
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
      case "anomaly worsened" -> Optional.of(worse(loop, detail));
      case "back in band" -> Optional.of(backInBand(loop, detail));
      case "case over its SLA" -> Optional.of(lateCase(detail));
      case "concern raised", "concern raised again" -> Optional.of(twin.concern(detail));
      case "concern settled" -> Optional.of(twin.settled(detail));
      case "twin updated" -> twin.updated(detail);
      case "bottleneck identified" -> Optional.of(bottleneck(loop, detail));
      case "resolved" -> Optional.of(resolution(loop, detail));
      case "measured" -> measurement(loop, detail);
      case "workflow started" -> Optional.of("workflow %s answers".formatted(definition(detail)));
      case "notified" -> Optional.of(notification(detail.path("notification")));
      case "task opened" -> {
        String title = names.inWords(detail.path("title").asText());
        titles.put(detail.path("workflowId").asText(), title);
        yield Optional.empty();
      }
      case "task completed" -> Optional.of(completion(detail));
      case "workflow faulted" ->
          Optional.of(
              "workflow %s failed: %s"
                  .formatted(
                      definition(detail),
                      names.inWords(
                          detail.path("error").path("detail").asText("no reason given"))));
      case "workflow completed", "event emitted", "task assigned" -> Optional.empty();
      default -> Optional.of(step.path("what").asText() + ": " + about(loop));
    };
  }

  private String anomaly(JsonNode loop, JsonNode detail) {
    double value = detail.path("value").asDouble();
    double usual = detail.path("baselineMean").asDouble();
    return "%s %s to %s (usual %s): %s"
        .formatted(
            names.withOwner(loop.path("entityId").asText()),
            value < usual ? "fell" : "rose",
            number(detail.path("value")),
            number(detail.path("baselineMean")),
            detail.path("severity").asText());
  }

  private String worse(JsonNode loop, JsonNode detail) {
    return "%s is worse, %s: %s"
        .formatted(about(loop), number(detail.path("value")), detail.path("severity").asText());
  }

  private String backInBand(JsonNode loop, JsonNode detail) {
    return "%s is back at %s (usual %s)"
        .formatted(about(loop), number(detail.path("value")), number(detail.path("baselineMean")));
  }

  /** Only of what the loop is about: what workflows measure of themselves is for other readers. */
  private Optional<String> measurement(JsonNode loop, JsonNode detail) {
    return detail.path("kpiId").equals(loop.path("entityId"))
        ? Optional.of("%s is now %s".formatted(about(loop), number(detail.path("value"))))
        : Optional.empty();
  }

  private String lateCase(JsonNode detail) {
    double actual = detail.path("actualDays").asDouble();
    double allowed = detail.path("slaDays").asDouble();
    return "case %s of %s has taken %s days, agreed are %s%s"
        .formatted(
            detail.path("caseId").asText(),
            names.inWords(detail.path("processId").asText()),
            number(detail.path("actualDays")),
            number(detail.path("slaDays")),
            actual > 1.5 * allowed ? ": CRITICAL" : "");
  }

  private String bottleneck(JsonNode loop, JsonNode detail) {
    return "cases of %s wait longest between %s and %s: %.0f %% of all waiting"
        .formatted(
            about(loop),
            detail.path("from").asText(),
            detail.path("to").asText(),
            100 * detail.path("share").asDouble());
  }

  private String resolution(JsonNode loop, JsonNode detail) {
    return "%s was brought back in %s days, agreed are %s"
        .formatted(
            about(loop), number(detail.path("resolutionDays")), number(detail.path("slaDays")));
  }

  private String notification(JsonNode sent) {
    StringBuilder to = new StringBuilder();
    for (JsonNode each : sent.path("to")) {
      to.append(to.isEmpty() ? "" : ", ").append(names.audience(each.asText()));
    }
    return "told %s: %s".formatted(to, names.inWords(sent.path("subject").asText()));
  }

  private String completion(JsonNode detail) {
    String title = titles.getOrDefault(detail.path("workflowId").asText(), "a task");
    String sentence =
        "%s completed «%s»".formatted(names.called(detail.path("by").asText()), title);
    String resolution = detail.path("output").path("resolution").asText("");
    return resolution.isEmpty() ? sentence : sentence + ": " + resolution;
  }

  /** What a loop is about. */
  String about(JsonNode loop) {
    return names.inWords(loop.path("entityId").asText(""));
  }

  /** {@code twinloop/sla-escalation-workflow/1.0.0} is just its name for people. */
  private static String definition(JsonNode detail) {
    String text = detail.path("definition").asText();
    List<String> parts = List.of(text.split("[/:@]", -1));
    return parts.size() > 1 ? parts.get(1) : text;
  }
}
