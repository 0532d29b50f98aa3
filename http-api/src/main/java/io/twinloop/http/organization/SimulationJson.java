package io.twinloop.http.organization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.organization.simulation.Change;
import io.twinloop.domain.organization.simulation.Outcome;
import io.twinloop.domain.organization.simulation.WhatIf;
import io.twinloop.entities.organization.Simulation;
import io.twinloop.http.Inputs;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Simulations in JSON, as requests bring them and answers show them. */
final class SimulationJson {

  private static final int LONGEST_NAME = 200;
  private static final int MOST_IDS = 10_000;
  private static final int MOST_PARTS = 100;
  private static final long MOST_PEOPLE = 10_000_000;

  private static final Map<String, String> AUTOMATION_LEVELS =
      same("manual", "semi-auto", "full-auto");

  /** How each type of change is read. */
  private static final Map<String, Function<JsonFields, Change>> CHANGES = changes();

  /** Every field a change of any type has. */
  private static final List<String> FIELDS =
      List.of(
          "unitId",
          "toId",
          "unitIds",
          "intoId",
          "parts",
          "personIds",
          "headcount",
          "processId",
          "slaDays",
          "automationLevel",
          "vendorId");

  private SimulationJson() {}

  /** What a request asks. */
  record Question(String name, @Nullable Instant at, List<Change> changes) {}

  static Question question(JsonNode json) {
    return JsonFields.read(
        json,
        fields -> {
          List<Change> changes =
              fields.objects("changes", WhatIf.MOST_CHANGES, SimulationJson::change);
          if (changes.isEmpty()) {
            required(fields, "changes", "Expected at least one change.");
          }
          return new Question(
              fields.string("name", LONGEST_NAME),
              fields.optionalInstant("at").orElse(null),
              changes);
        });
  }

  private static @Nullable Change change(JsonFields fields) {
    Optional<Function<JsonFields, Change>> reader = fields.optionalOneOf("type", CHANGES);
    if (reader.isPresent()) {
      return reader.get().apply(fields);
    }
    required(fields, "type", "The field type is missing.");
    // Which fields it may have is not known without its type.
    FIELDS.forEach(fields::has);
    return null;
  }

  private static Map<String, Function<JsonFields, Change>> changes() {
    Map<String, Function<JsonFields, Change>> readers = new LinkedHashMap<>();
    readers.put("moveUnit", fields -> new Change.MoveUnit(fields.id("unitId"), fields.id("toId")));
    readers.put(
        "mergeUnits", fields -> new Change.MergeUnits(ids(fields, "unitIds"), fields.id("intoId")));
    readers.put("splitUnit", fields -> new Change.SplitUnit(fields.id("unitId"), parts(fields)));
    readers.put(
        "closeUnit",
        fields ->
            new Change.CloseUnit(fields.id("unitId"), fields.optionalId("toId").orElse(null)));
    readers.put(
        "movePeople", fields -> new Change.MovePeople(ids(fields, "personIds"), fields.id("toId")));
    readers.put(
        "changeHeadcount",
        fields ->
            new Change.ChangeHeadcount(
                fields.id("unitId"), fields.integer("headcount", 0, MOST_PEOPLE)));
    readers.put(
        "changeSla",
        fields -> new Change.ChangeSla(fields.id("processId"), fields.number("slaDays")));
    readers.put(
        "changeAutomation",
        fields ->
            new Change.ChangeAutomation(
                fields.id("processId"), fields.oneOf("automationLevel", AUTOMATION_LEVELS)));
    readers.put("dropVendor", fields -> new Change.DropVendor(fields.id("vendorId")));
    return readers;
  }

  private static List<Change.Part> parts(JsonFields fields) {
    List<Change.Part> parts = fields.objects("parts", MOST_PARTS, SimulationJson::part);
    if (parts.isEmpty()) {
      required(fields, "parts", "Expected at least one part.");
    }
    return parts;
  }

  private static Change.Part part(JsonFields fields) {
    OptionalLong headcount = fields.optionalInteger("headcount", 0, MOST_PEOPLE);
    OptionalDouble budget = fields.optionalNumber("budget");
    return new Change.Part(
        fields.id("id"),
        fields.string("label"),
        optionalIds(fields, "personIds"),
        optionalIds(fields, "processIds"),
        optionalIds(fields, "unitIds"),
        headcount.isPresent() ? Long.valueOf(headcount.getAsLong()) : null,
        budget.isPresent() ? Double.valueOf(budget.getAsDouble()) : null);
  }

  private static List<String> ids(JsonFields fields, String name) {
    List<String> ids = optionalIds(fields, name);
    if (ids.isEmpty()) {
      required(fields, name, "Expected at least one id.");
    }
    return ids;
  }

  private static List<String> optionalIds(JsonFields fields, String name) {
    List<String> ids = fields.strings(name, MOST_IDS);
    ids.stream()
        .filter(id -> !Inputs.isId(id))
        .forEach(
            id ->
                fields.refuse(
                    name, "Expected ids, of which %s is none.".formatted(Inputs.quoted(id))));
    return ids;
  }

  /** Refuses a list that is absent or empty; one that is something else is refused already. */
  private static void required(JsonFields fields, String name, String detail) {
    if (fields.optionalJson(name).map(value -> value.isArray() && value.isEmpty()).orElse(true)) {
      fields.refuse(name, detail);
    }
  }

  private static Map<String, String> same(String... texts) {
    Map<String, String> same = new LinkedHashMap<>();
    for (String text : texts) {
      same.put(text, text);
    }
    return same;
  }

  static ObjectNode requested(String id, Simulation.Plan plan) {
    return Json.object().put("id", id).put("name", plan.name()).put("at", plan.asOf().toString());
  }

  static ObjectNode describe(String id, Simulation.Current current) {
    ObjectNode json = requested(id, current.plan());
    json.put("state", stateOf(current));
    json.put("requestedAt", current.requestedAt().toString());
    if (current.endedAt() != null) {
      json.put("endedAt", current.endedAt().toString());
    }
    json.put("correlationId", current.correlationId());
    ArrayNode changes = json.putArray("changes");
    current.plan().changes().forEach(change -> changes.add(Json.tree(change)));
    Outcome outcome = current.outcome();
    if (outcome != null) {
      if (outcome.organizationId() != null) {
        json.put("organizationId", outcome.organizationId());
      }
      json.set("before", Json.tree(outcome.before()));
      json.set("after", Json.tree(outcome.after()));
      json.set("blastRadius", Json.tree(outcome.blastRadius()));
    }
    if (!current.problems().isEmpty()) {
      json.set("problems", Json.tree(current.problems()));
    }
    return json;
  }

  private static String stateOf(Simulation.Current current) {
    if (current.endedAt() == null) {
      return "requested";
    }
    return current.outcome() == null ? "failed" : "finished";
  }
}
