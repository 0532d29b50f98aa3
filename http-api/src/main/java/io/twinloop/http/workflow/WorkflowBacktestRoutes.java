package io.twinloop.http.workflow;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.workflow.Account;
import io.twinloop.domain.workflow.EmittedEvent;
import io.twinloop.entities.workflow.Rehearsals;
import io.twinloop.entities.workflow.Rehearsals.Played;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.projections.workflow.WorkflowQueries;
import io.twinloop.projections.workflow.WorkflowQueries.RunRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Backtests of workflow definitions: what one would have done with the runs that were. */
public final class WorkflowBacktestRoutes {

  private static final int MOST_RUNS = 500;
  private static final int RUNS = 50;
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private final Workflows workflows;
  private final WorkflowQueries queries;
  private final Rehearsals rehearsals;

  public WorkflowBacktestRoutes(
      Workflows workflows, WorkflowQueries queries, Rehearsals rehearsals) {
    this.workflows = workflows;
    this.queries = queries;
    this.rehearsals = rehearsals;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post(
            "/api/v1/workflow-definitions/{namespace}/{name}/{version}/backtests",
            Permission.DEFINITION_BACKTEST,
            this::backtest));
  }

  /** Which recorded runs are played: of this definition, started within these bounds. */
  private record Request(
      Optional<String> definition, Optional<Instant> from, Optional<Instant> to, int limit) {}

  private CompletionStage<HttpResponse> backtest(Call call) {
    String namespace = call.id("namespace");
    String name = call.id("name");
    String version = call.id("version");
    call.allow(LONGEST);
    return flatMap(
        call.optionalJson(),
        body -> {
          Request request = JsonFields.read(body.orElseGet(Json::object), this::request);
          return flatMap(
              workflows.definition(namespace, name, version),
              reply ->
                  reply instanceof WorkflowDefinition.Found found
                      ? play(request, namespace + "/" + name, found.source())
                      : refused((WorkflowDefinition.Rejected) reply));
        });
  }

  private Request request(JsonFields fields) {
    return new Request(
        fields.optionalObject("definition", WorkflowBacktestRoutes::definition),
        fields.optionalInstant("from"),
        fields.optionalInstant("to"),
        (int) fields.optionalInteger("limit", 1, MOST_RUNS).orElse(RUNS));
  }

  private static String definition(JsonFields fields) {
    String name = fields.id("namespace") + "/" + fields.id("name");
    return fields.optionalId("version").map(version -> name + "/" + version).orElse(name);
  }

  private static CompletionStage<HttpResponse> refused(WorkflowDefinition.Rejected rejected) {
    return CompletableFuture.completedStage(Answers.refused(rejected.code(), rejected.sentence()));
  }

  private CompletionStage<HttpResponse> play(Request request, String itself, String source) {
    return flatMap(
        queries.recorded(
            request.definition().orElse(itself),
            request.from().orElse(null),
            request.to().orElse(null),
            request.limit()),
        runs ->
            map(
                rehearsals.play(source, runs.stream().map(RunRow::id).toList()),
                played -> {
                  ObjectNode json = Json.object();
                  ArrayNode list = json.putArray("runs");
                  var recorded = runs.stream().collect(Collectors.toMap(RunRow::id, row -> row));
                  played.forEach(each -> list.add(describe(each, recorded.get(each.workflowId()))));
                  json.set("summary", summary(played));
                  return Answers.ok(json);
                }));
  }

  private static ObjectNode describe(Played played, RunRow run) {
    Account would = played.outcome().would();
    ObjectNode json = Json.object();
    json.put("workflowId", played.workflowId());
    json.put("definition", run.definition());
    json.put("startedAt", run.startedAt().toString());
    json.put("was", run.status());
    json.put("would", would.ends().name());
    ArrayNode steps = json.putArray("steps");
    would.steps().forEach(line -> steps.add(Json.tree(line)));
    json.set("unrecorded", Json.tree(played.outcome().unrecorded()));
    json.set("tasks", Json.tree(would.tasks()));
    json.set("calls", Json.tree(would.calls()));
    json.set("notifications", Json.tree(would.notifications()));
    ArrayNode events = json.putArray("events");
    would.events().stream().map(WorkflowBacktestRoutes::describe).forEach(events::add);
    json.set("output", would.output());
    json.set("error", would.error() == null ? null : Json.tree(would.error()));
    json.put("differs", !played.outcome().differences().isEmpty());
    json.set("differences", Json.tree(played.outcome().differences()));
    return json;
  }

  private static JsonNode describe(EmittedEvent event) {
    return Json.object()
        .put("type", event.type())
        .put("subject", event.subject())
        .set("data", event.data());
  }

  private static ObjectNode summary(List<Played> played) {
    ObjectNode json = Json.object();
    json.put("runs", played.size());
    for (Account.Ends ends : Account.Ends.values()) {
      json.put(
          ends.name().toLowerCase(Locale.ROOT),
          played.stream().filter(each -> each.outcome().would().ends() == ends).count());
    }
    json.put(
        "differing",
        played.stream().filter(each -> !each.outcome().differences().isEmpty()).count());
    json.put(
        "unrecorded",
        played.stream().filter(each -> !each.outcome().unrecorded().isEmpty()).count());
    return json;
  }
}
