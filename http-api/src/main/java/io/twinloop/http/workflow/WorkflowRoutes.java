package io.twinloop.http.workflow;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.workflow.Reruns;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.Workflows;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Problem;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.workflow.WorkflowQueries;
import io.twinloop.projections.workflow.WorkflowQueries.RunFilter;
import io.twinloop.projections.workflow.WorkflowQueries.StepRow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.pattern.Patterns;
import org.jspecify.annotations.Nullable;

/** Runs of workflows: started, watched, and taken in hand when they stand still. */
public final class WorkflowRoutes {

  private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(25);
  private static final Duration SETTLE = Duration.ofSeconds(10);
  private static final int ALL_STEPS = 100_000;
  private static final long LARGEST_INPUT = 256 * 1024;

  /** What the list of steps shows; the history shows everything. */
  private static final Set<String> SHOWN = Set.of("started", "completed", "faulted");

  private final Entities entities;
  private final Workflows workflows;
  private final Reruns reruns;
  private final PersonalData personalData;
  private final WorkflowQueries queries;
  private final ReadModelProgress progress;

  public WorkflowRoutes(
      Entities entities,
      Workflows workflows,
      Reruns reruns,
      WorkflowQueries queries,
      ReadModelProgress progress,
      PersonalData personalData) {
    this.personalData = personalData;
    this.entities = entities;
    this.workflows = workflows;
    this.reruns = reruns;
    this.queries = queries;
    this.progress = progress;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/workflows", Permission.WORKFLOW_READ, this::list).withinReach(),
        Endpoint.post("/api/v1/workflows", Permission.WORKFLOW_START, this::start)
            .withMaxBody(LARGEST_INPUT),
        Endpoint.get("/api/v1/workflows/{id}", Permission.WORKFLOW_READ, this::get).withinReach(),
        Endpoint.get("/api/v1/workflows/{id}/history", Permission.WORKFLOW_READ, this::history)
            .withinReach(),
        Endpoint.post("/api/v1/workflows/{id}/suspend", Permission.WORKFLOW_OPERATE, this::suspend),
        Endpoint.post("/api/v1/workflows/{id}/resume", Permission.WORKFLOW_OPERATE, this::resume),
        Endpoint.post("/api/v1/workflows/{id}/cancel", Permission.WORKFLOW_OPERATE, this::cancel),
        Endpoint.post("/api/v1/workflows/{id}/retry", Permission.WORKFLOW_OPERATE, this::retry),
        Endpoint.post("/api/v1/workflows/{id}/rerun", Permission.WORKFLOW_OPERATE, this::rerun),
        Endpoint.post("/api/v1/workflows/{id}/migrate", Permission.WORKFLOW_OPERATE, this::migrate),
        Endpoint.get("/api/v1/incidents", Permission.WORKFLOW_READ, this::incidents).withinReach());
  }

  private record Definition(String namespace, String name, Optional<String> version) {}

  private record Request(
      Definition definition,
      Optional<JsonNode> input,
      Optional<String> id,
      Optional<String> correlationId) {}

  private CompletionStage<HttpResponse> start(Call call) {
    Optional<Duration> wait = call.duration("wait");
    wait.ifPresent(time -> call.allow(longestOf(time).plus(SETTLE)));
    return flatMap(
        call.json(),
        body -> {
          Request request = JsonFields.read(body, WorkflowRoutes::request);
          String id = request.id().orElse(call.commandId());
          return flatMap(
              begin(call, id, request),
              reply -> {
                if (reply instanceof WorkflowInstance.Rejected rejected) {
                  return CompletableFuture.completedStage(refused(rejected));
                }
                WorkflowInstance.Accepted accepted = (WorkflowInstance.Accepted) reply;
                return wait.isPresent()
                    ? whenEnded(call, id, System.nanoTime() + longestOf(wait.get()).toNanos())
                    : CompletableFuture.completedStage(started(id, accepted));
              });
        });
  }

  /** What is personal is looked at in clear, before it is sealed. */
  private CompletionStage<WorkflowInstance.Reply> begin(Call call, String id, Request request) {
    JsonNode input = request.input().orElseGet(Json::object);
    Workflows.Order order = order(call, id, request, input);
    if (!personalData.isPersonal(input, null)) {
      return workflows.start(order, causeOf(call));
    }
    return flatMap(
        workflows.problemsOfInput(order),
        problems ->
            problems.isEmpty()
                ? flatMap(
                    personalData.sealData(input, null),
                    ready -> workflows.start(order(call, id, request, ready), causeOf(call)))
                : CompletableFuture.completedStage(unfit(problems)));
  }

  private static WorkflowInstance.Reply unfit(List<io.twinloop.domain.workflow.Problem> problems) {
    return new WorkflowInstance.Rejected(
        Refusals.REFUSED,
        "The workflow's input is not as its schema says.",
        problems.stream()
            .map(
                problem ->
                    new io.twinloop.domain.workflow.Problem(
                        "/input" + problem.pointer(), problem.detail()))
            .toList());
  }

  private static Workflows.Order order(Call call, String id, Request request, JsonNode input) {
    return new Workflows.Order(
        request.definition().namespace(),
        request.definition().name(),
        request.definition().version().orElse(null),
        id,
        input,
        null,
        null,
        request.correlationId().orElse(call.caller().correlationId()));
  }

  private static Request request(JsonFields fields) {
    return new Request(
        fields.object(
            "definition",
            definition ->
                new Definition(
                    definition.id("namespace"),
                    definition.id("name"),
                    definition.optionalId("version"))),
        fields.optionalJson("input"),
        fields.optionalId("id"),
        fields.optionalId("correlationId"));
  }

  private static Duration longestOf(Duration asked) {
    return asked.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : asked;
  }

  private static HttpResponse started(String id, WorkflowInstance.Accepted accepted) {
    return Answers.withPosition(
        Answers.created(
            "/api/v1/workflows/" + id,
            Json.object().put("id", id).put("status", accepted.status().name())),
        position(id, accepted.seqNr()));
  }

  /** The run once it has ended, or as it is when the time is over. */
  private CompletionStage<HttpResponse> whenEnded(Call call, String id, long deadline) {
    return flatMap(
        current(id),
        reply -> {
          boolean over = System.nanoTime() >= deadline;
          if (reply instanceof WorkflowInstance.Current current
              && !current.status().isEnd()
              && !over) {
            return flatMap(
                Patterns.after(
                    LOOK_AGAIN,
                    call.system().classicSystem(),
                    () -> CompletableFuture.completedStage(id)),
                again -> whenEnded(call, id, deadline));
          }
          return flatMap(
              describe(id, reply),
              answer ->
                  CompletableFuture.completedStage(
                      answer.status().isSuccess() ? answer.withStatus(201) : answer));
        });
  }

  private CompletionStage<HttpResponse> get(Call call) {
    String id = call.id("id");
    return flatMap(current(id), reply -> describe(id, seen(call, id, reply)));
  }

  private CompletionStage<WorkflowInstance.Reply> current(String id) {
    return entities.ask(WorkflowInstance.KEY, id, WorkflowInstance.Get::new);
  }

  private CompletionStage<HttpResponse> describe(String id, WorkflowInstance.Reply reply) {
    if (reply instanceof WorkflowInstance.Rejected rejected) {
      return CompletableFuture.completedStage(refused(rejected));
    }
    WorkflowInstance.Current current = (WorkflowInstance.Current) reply;
    Map<String, Long> wanted = position(id, current.seqNr()).sequenceNrs();
    return flatMap(
        progress.await(wanted, SETTLE),
        ready ->
            map(
                queries.steps(id, 0, ALL_STEPS),
                steps ->
                    Answers.withRevision(
                        Answers.ok(describe(id, current, steps)), current.seqNr())));
  }

  private static ObjectNode describe(
      String id, WorkflowInstance.Current current, List<StepRow> steps) {
    ObjectNode json = Json.object();
    json.put("id", id);
    json.put("status", current.status().name());
    json.put("definition", current.run().definition());
    json.put("entityId", current.run().entityId());
    json.put("correlationId", current.run().correlationId());
    json.put("startedAt", current.run().startedAt().toString());
    json.set("input", current.input());
    json.set("output", current.output());
    json.set("error", current.error() == null ? null : Json.tree(current.error()));
    ArrayNode list = json.putArray("steps");
    steps.stream()
        .filter(step -> SHOWN.contains(step.event()))
        .forEach(
            step ->
                list.addObject()
                    .put("name", step.name())
                    .put("event", step.event())
                    .put("at", step.at().toString()));
    return json;
  }

  private CompletionStage<HttpResponse> history(Call call) {
    String id = call.id("id");
    int limit = call.limit();
    long after = call.cursor().map(Cursors::number).orElse(0L);
    return flatMap(
        current(id),
        there ->
            seen(call, id, there) instanceof WorkflowInstance.Rejected rejected
                ? CompletableFuture.completedStage(refused(rejected))
                : map(
                    queries.steps(id, after, limit + 1),
                    page ->
                        Answers.page(
                            page, limit, step -> Long.toString(step.seqNr()), Json::tree)));
  }

  /** A run of something outside the caller's scope isn't there. */
  private static WorkflowInstance.Reply seen(Call call, String id, WorkflowInstance.Reply reply) {
    boolean outside =
        reply instanceof WorkflowInstance.Current current
            && !call.scope().hasEntity(current.run().entityId());
    return outside
        ? new WorkflowInstance.Rejected(
            Refusals.NOT_FOUND, "There is no workflow '" + id + "'.", List.of())
        : reply;
  }

  private CompletionStage<HttpResponse> list(Call call) {
    return list(call, call.query("status").orElse(null));
  }

  /** Runs that faulted and wait for somebody to retry or cancel them. */
  private CompletionStage<HttpResponse> incidents(Call call) {
    return list(call, WorkflowInstance.Status.FAULTED.name());
  }

  private CompletionStage<HttpResponse> list(Call call, @Nullable String status) {
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    RunFilter filter =
        new RunFilter(
            status,
            call.query("definition").orElse(null),
            call.query("entityId").orElse(null),
            call.query("correlationId").orElse(null));
    return map(
        queries.within(call.scope()).runs(filter, after.time(), after.id(), limit + 1),
        page ->
            Answers.page(page, limit, run -> Cursors.of(run.startedAt(), run.id()), Json::tree));
  }

  private CompletionStage<HttpResponse> suspend(Call call) {
    return change(call, WorkflowInstance.Suspend::new);
  }

  private CompletionStage<HttpResponse> resume(Call call) {
    return change(call, WorkflowInstance.Resume::new);
  }

  private CompletionStage<HttpResponse> retry(Call call) {
    return change(call, WorkflowInstance.Retry::new);
  }

  private CompletionStage<HttpResponse> cancel(Call call) {
    return flatMap(
        call.optionalJson(),
        body -> {
          String reason =
              body.map(
                      json ->
                          JsonFields.read(
                              json, fields -> fields.optionalString("reason").orElse("")))
                  .orElse("");
          return change(
              call,
              (revision, cause, replyTo) ->
                  new WorkflowInstance.Cancel(reason, revision, cause, replyTo));
        });
  }

  private CompletionStage<HttpResponse> rerun(Call call) {
    String id = call.id("id");
    return flatMap(
        call.json(),
        body -> {
          String from = JsonFields.read(body, fields -> fields.string("from"));
          return map(
              reruns.rerun(id, from, expectedRevision(call), causeOf(call)),
              reply -> answer(id, reply));
        });
  }

  private CompletionStage<HttpResponse> migrate(Call call) {
    String id = call.id("id");
    return flatMap(
        call.json(),
        body -> {
          String version = JsonFields.read(body, fields -> fields.id("version"));
          return map(
              workflows.migrate(id, version, expectedRevision(call), causeOf(call)),
              reply -> answer(id, reply));
        });
  }

  /** Makes a command that changes a run. */
  private interface Change {
    WorkflowInstance.Command of(
        @Nullable Long expectedRevision, Cause cause, ActorRef<WorkflowInstance.Reply> replyTo);
  }

  private CompletionStage<HttpResponse> change(Call call, Change command) {
    String id = call.id("id");
    Long expected = expectedRevision(call);
    return map(
        entities.<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
            WorkflowInstance.KEY, id, replyTo -> command.of(expected, causeOf(call), replyTo)),
        reply -> answer(id, reply));
  }

  /** A change of a run, accepted or refused. */
  static HttpResponse answer(String id, WorkflowInstance.Reply reply) {
    if (reply instanceof WorkflowInstance.Rejected rejected) {
      return refused(rejected);
    }
    WorkflowInstance.Accepted accepted = (WorkflowInstance.Accepted) reply;
    return Answers.withPosition(
        Answers.withRevision(
            Answers.ok(Json.object().put("id", id).put("status", accepted.status().name())),
            accepted.seqNr()),
        position(id, accepted.seqNr()));
  }

  static HttpResponse refused(WorkflowInstance.Rejected rejected) {
    return Answers.problem(
        Problems.of(
            rejected.code(),
            rejected.sentence(),
            rejected.problems().stream()
                .map(problem -> new Problem.Place(problem.pointer(), problem.detail()))
                .toList()));
  }

  static Cause causeOf(Call call) {
    return new Cause(call.caller().correlationId(), call.commandId(), call.caller().actor());
  }

  static @Nullable Long expectedRevision(Call call) {
    return call.ifMatch().isPresent() ? Long.valueOf(call.ifMatch().getAsLong()) : null;
  }

  private static ReadPosition position(String id, long seqNr) {
    return ReadPosition.of(WorkflowInstance.KEY.name() + "|" + id, seqNr);
  }
}
