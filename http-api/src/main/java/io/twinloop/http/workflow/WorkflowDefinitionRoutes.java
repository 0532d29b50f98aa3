package io.twinloop.http.workflow;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.Problem.Place;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.workflow.WorkflowQueries;
import io.twinloop.projections.workflow.WorkflowQueries.DefinitionRow;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Workflow definitions: registered once per version, read back. */
public final class WorkflowDefinitionRoutes {

  private static final long LARGEST_DEFINITION = 256 * 1024;

  private final Workflows workflows;
  private final WorkflowQueries queries;

  public WorkflowDefinitionRoutes(Workflows workflows, WorkflowQueries queries) {
    this.workflows = workflows;
    this.queries = queries;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/workflow-definitions", Permission.DEFINITION_READ, this::list),
        Endpoint.post("/api/v1/workflow-definitions", Permission.DEFINITION_WRITE, this::register)
            .withMaxBody(LARGEST_DEFINITION),
        Endpoint.get(
            "/api/v1/workflow-definitions/{namespace}/{name}",
            Permission.DEFINITION_READ,
            this::newest),
        Endpoint.get(
            "/api/v1/workflow-definitions/{namespace}/{name}/{version}",
            Permission.DEFINITION_READ,
            this::version));
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    String[] after = call.cursor().orElse("  ").split(" ", 3);
    if (after.length != 3) {
      throw Cursors.foreign();
    }
    return map(
        queries.definitions(after[0], after[1], after[2], limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                row -> row.namespace() + " " + row.name() + " " + row.version(),
                WorkflowDefinitionRoutes::describe));
  }

  private static ObjectNode describe(DefinitionRow row) {
    return named(row.namespace(), row.name(), row.version())
        .put("createdAt", row.createdAt().toString());
  }

  private CompletionStage<HttpResponse> register(Call call) {
    call.requireContentType(
        "application/yaml", "application/x-yaml", "text/yaml", "application/json");
    return flatMap(
        call.text(),
        source -> {
          Parsed parsed = WorkflowModel.parse(source);
          if (parsed instanceof Parsed.Invalid invalid) {
            List<Place> places =
                invalid.problems().stream()
                    .map(problem -> new Place(problem.pointer(), problem.detail()))
                    .toList();
            throw Problems.of(
                    Refusals.REFUSED,
                    "The definition is refused: " + places.get(0).detail(),
                    places)
                .refuse();
          }
          WorkflowModel model = ((Parsed.Valid) parsed).model();
          Cause cause =
              new Cause(call.caller().correlationId(), call.commandId(), call.caller().actor());
          return map(
              workflows.register(model.namespace(), model.name(), model.version(), source, cause),
              reply -> registered(model, reply));
        });
  }

  private static HttpResponse registered(WorkflowModel model, WorkflowDefinition.Reply reply) {
    if (reply instanceof WorkflowDefinition.Rejected rejected) {
      return Answers.refused(rejected.code(), rejected.sentence());
    }
    WorkflowDefinition.Accepted accepted = (WorkflowDefinition.Accepted) reply;
    ObjectNode json = named(model.namespace(), model.name(), model.version());
    String id = WorkflowDefinition.idOf(model.namespace(), model.name());
    return Answers.withPosition(
        Answers.created(
            "/api/v1/workflow-definitions/%s/%s/%s"
                .formatted(model.namespace(), model.name(), model.version()),
            json),
        ReadPosition.of(WorkflowDefinition.KEY.name() + "|" + id, accepted.seqNr()));
  }

  private CompletionStage<HttpResponse> newest(Call call) {
    return find(call, null);
  }

  private CompletionStage<HttpResponse> version(Call call) {
    return find(call, call.id("version"));
  }

  private CompletionStage<HttpResponse> find(Call call, String version) {
    String namespace = call.id("namespace");
    String name = call.id("name");
    return map(
        workflows.definition(namespace, name, version),
        reply -> {
          if (reply instanceof WorkflowDefinition.Rejected rejected) {
            return Answers.refused(rejected.code(), rejected.sentence());
          }
          WorkflowDefinition.Found found = (WorkflowDefinition.Found) reply;
          ObjectNode json = named(namespace, name, found.version());
          json.put("source", found.source());
          if (WorkflowModel.parse(found.source()) instanceof Parsed.Valid valid) {
            json.set("definition", valid.model().document());
          }
          return Answers.ok(json);
        });
  }

  private static ObjectNode named(String namespace, String name, String version) {
    return Json.object().put("namespace", namespace).put("name", name).put("version", version);
  }
}
