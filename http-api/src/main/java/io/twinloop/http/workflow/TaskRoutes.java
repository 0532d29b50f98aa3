package io.twinloop.http.workflow;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.NodeType;
import io.twinloop.domain.organization.PersonalFields;
import io.twinloop.domain.workflow.HumanTask;
import io.twinloop.domain.workflow.Problem;
import io.twinloop.domain.workflow.TaskAction;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.projections.personaldata.PersonalData;
import io.twinloop.projections.workflow.WorkflowQueries;
import io.twinloop.projections.workflow.WorkflowQueries.TaskFilter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Human tasks: found, taken, handed on, done. Whoever the request's actor is acts. */
public final class TaskRoutes {

  /** Whoever it may be, to see whether anything personal is said at all. */
  private static final String SOMEBODY = "somebody";

  private final Entities entities;
  private final WorkflowQueries queries;
  private final PersonalData personalData;

  public TaskRoutes(Entities entities, WorkflowQueries queries, PersonalData personalData) {
    this.entities = entities;
    this.queries = queries;
    this.personalData = personalData;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/tasks", Permission.TASK_READ, this::list).withinReach(),
        Endpoint.get("/api/v1/tasks/{id}", Permission.TASK_READ, this::get).withinReach(),
        Endpoint.post("/api/v1/tasks/{id}/claim", Permission.TASK_WORK, this::claim).withinReach(),
        Endpoint.post("/api/v1/tasks/{id}/release", Permission.TASK_WORK, this::release)
            .withinReach(),
        Endpoint.post("/api/v1/tasks/{id}/delegate", Permission.TASK_WORK, this::delegate)
            .withinReach(),
        Endpoint.post("/api/v1/tasks/{id}/complete", Permission.TASK_WORK, this::complete)
            .withinReach(),
        Endpoint.post("/api/v1/tasks/{id}/reject", Permission.TASK_WORK, this::reject)
            .withinReach());
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    TaskFilter filter =
        new TaskFilter(
            call.query("state").orElse(null),
            call.query("assignee").orElse(null),
            call.query("candidateFor").map(TaskRoutes::candidate).orElse(null));
    return map(
        queries.within(call.scope()).tasks(filter, after.time(), after.id(), limit + 1),
        page ->
            Answers.page(page, limit, task -> Cursors.of(task.createdAt(), task.id()), Json::tree));
  }

  /** A bare name is a user's. */
  private static String candidate(String text) {
    return text.indexOf(':') < 0 ? "user:" + text : text;
  }

  private CompletionStage<HttpResponse> get(Call call) {
    String id = call.id("id");
    return map(
        queries.within(call.scope()).taskAtRevision(id),
        found ->
            found
                .map(now -> Answers.withRevision(Answers.ok(now.task()), now.revision()))
                .orElseGet(() -> Answers.problem(unknown(id).problem())));
  }

  private CompletionStage<HttpResponse> claim(Call call) {
    return handle(call, new TaskAction.Claim());
  }

  private CompletionStage<HttpResponse> release(Call call) {
    return handle(call, new TaskAction.Release());
  }

  private CompletionStage<HttpResponse> delegate(Call call) {
    return flatMap(
        call.json(),
        body ->
            handle(
                call,
                new TaskAction.Delegate(
                    JsonFields.read(body, fields -> fields.string("to", 200)))));
  }

  /** The body is what the form asks for, bare or under {@code output}. */
  private CompletionStage<HttpResponse> complete(Call call) {
    return flatMap(
        call.optionalJson(),
        body -> {
          JsonNode output = body.map(TaskRoutes::outputIn).orElseGet(Json::object);
          return personalData.isPersonal(output, SOMEBODY)
              ? flatMap(mayWorkOn(call, call.id("id")), may -> completePersonally(call, output))
              : handle(call, new TaskAction.Complete(output));
        });
  }

  /** What is personal is looked at in clear, before it is sealed. */
  private CompletionStage<HttpResponse> completePersonally(Call call, JsonNode output) {
    String taskId = call.id("id");
    return flatMap(
        queries.task(taskId),
        found -> {
          List<Problem> problems =
              found
                  .map(task -> HumanTask.problems(task.request().get("form"), output))
                  .orElse(List.of());
          return problems.isEmpty()
              ? flatMap(
                  ready(taskId, output), ready -> handle(call, new TaskAction.Complete(ready)))
              : CompletableFuture.completedStage(
                  WorkflowRoutes.refused(
                      new WorkflowInstance.Rejected(
                          Refusals.REFUSED, TaskAction.unfit(taskId), problems)));
        });
  }

  /** Sealed as said of whom the run is about, where it names nobody itself. */
  private CompletionStage<JsonNode> ready(String taskId, JsonNode output) {
    return flatMap(
        subjectOf(taskId),
        about ->
            about.isPresent()
                ? personalData.sealOf(about.get(), output)
                : personalData.sealData(output, null));
  }

  /** The person a task's run was started for. */
  private CompletionStage<Optional<String>> subjectOf(String taskId) {
    String workflowId = WorkflowInstance.workflowOf(taskId).orElseThrow(() -> unknown(taskId));
    return map(
        entities.<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
            WorkflowInstance.KEY, workflowId, WorkflowInstance.Get::new),
        reply ->
            reply instanceof WorkflowInstance.Current current
                    && NodeType.PERSON.wireName().equals(current.run().entityType())
                ? Optional.ofNullable(current.run().entityId()).filter(PersonalFields::isName)
                : Optional.empty());
  }

  private static JsonNode outputIn(JsonNode body) {
    boolean wrapped = body.size() == 1 && body.path("output").isObject();
    return wrapped ? body.get("output") : body;
  }

  private CompletionStage<HttpResponse> reject(Call call) {
    return flatMap(
        call.optionalJson(),
        body -> {
          String reason =
              body.map(
                      json ->
                          JsonFields.read(
                              json, fields -> fields.optionalString("reason").orElse("")))
                  .orElse("");
          return handle(call, new TaskAction.Reject(reason));
        });
  }

  private CompletionStage<HttpResponse> handle(Call call, TaskAction action) {
    String taskId = call.id("id");
    Optional<String> workflowId = WorkflowInstance.workflowOf(taskId);
    if (workflowId.isEmpty()) {
      throw unknown(taskId);
    }
    Long expected = WorkflowRoutes.expectedRevision(call);
    Cause cause = WorkflowRoutes.causeOf(call);
    return flatMap(
        mayWorkOn(call, taskId),
        may ->
            map(
                entities.<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
                    WorkflowInstance.KEY,
                    workflowId.get(),
                    replyTo ->
                        new WorkflowInstance.HandleTask(taskId, action, expected, cause, replyTo)),
                reply -> WorkflowRoutes.answer(workflowId.get(), reply)));
  }

  /** Fails where the task is outside the caller's scope; else the read model isn't asked. */
  private CompletionStage<Boolean> mayWorkOn(Call call, String taskId) {
    if (call.scope().isEverything()) {
      return CompletableFuture.completedStage(true);
    }
    return map(
        queries.within(call.scope()).task(taskId),
        found -> {
          call.mayChange(found.isPresent(), "Task '" + taskId + "'");
          return true;
        });
  }

  private static ProblemException unknown(String taskId) {
    return Problems.of(Refusals.NOT_FOUND, "There is no task '" + taskId + "'.").refuse();
  }
}
