package io.twinloop.projections.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import io.twinloop.projections.identity.Scope;
import io.twinloop.serialization.Json;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Questions about workflows: definitions, runs, tasks, incidents. */
public final class WorkflowQueries {

  /** Primary key. */
  private static final String DEFINITIONS =
      """
      SELECT namespace, name, version, source, created_at FROM workflow_definition
      WHERE (namespace, name, version) > (?, ?, ?)
      ORDER BY namespace, name, version LIMIT ?
      """;

  private static final String RUN_COLUMNS =
      """
      SELECT id, definition, status, entity_id, correlation_id, started_at, ended_at, error
      FROM workflow
      """;

  /** Index by time, or by status, entity or correlation where the question is narrower. */
  private static final String RUNS =
      RUN_COLUMNS
          + """
          WHERE (started_at, id) > (?, ?)
            AND (?::text IS NULL OR status = ?)
            AND (?::text IS NULL OR starts_with(definition, ? || '/') OR definition = ?)
            AND (?::text IS NULL OR entity_id = ?)
            AND (?::text IS NULL OR correlation_id = ?)
            AND (?::text[] IS NULL OR entity_id = ANY(?))
          ORDER BY started_at, id LIMIT ?
          """;

  /** Index by time, read backwards. */
  private static final String RECORDED =
      RUN_COLUMNS
          + """
          WHERE (starts_with(definition, ? || '/') OR definition = ?)
            AND (?::timestamptz IS NULL OR started_at >= ?)
            AND (?::timestamptz IS NULL OR started_at <= ?)
          ORDER BY started_at DESC, id DESC LIMIT ?
          """;

  /** Primary key. */
  private static final String STEPS =
      """
      SELECT seq_nr, at, name, event, detail FROM workflow_step
      WHERE workflow_id = ? AND seq_nr > ? ORDER BY seq_nr LIMIT ?
      """;

  private static final String TASK_COLUMNS =
      """
      SELECT id, workflow_id, correlation_id, title, state, assignee, candidates, priority,
        created_at, due_at, ended_at, request, output
      FROM task
      """;

  /** Of what happens to somebody or something in the scope, or in the hands of somebody in it. */
  private static final String IN_SCOPE =
      """
      AND (?::text[] IS NULL OR assignee = ANY(?)
        OR EXISTS (SELECT FROM workflow w WHERE w.id = task.workflow_id AND w.entity_id = ANY(?)))
      """;

  /** Index by time, or by state, assignee or candidates where the question is narrower. */
  private static final String TASKS =
      TASK_COLUMNS
          + """
          WHERE (created_at, id) > (?, ?)
            AND (?::text IS NULL OR state = ?)
            AND (?::text IS NULL OR assignee = ?)
            AND (?::text[] IS NULL OR candidates && ?::text[] OR candidates = '{}')
          """
          + IN_SCOPE
          + "ORDER BY created_at, id LIMIT ?";

  /**
   * As what a person may claim tasks, as the twin knows it now: member of units, holder of roles,
   * manager of units and of who reports. Indexes org_relation_now_by_source and by_target.
   */
  private static final String CANDIDACIES =
      """
      SELECT CASE relation WHEN 'BELONGS_TO' THEN 'unit:' WHEN 'HAS_ROLE' THEN 'role:'
        ELSE 'managerOf:' END || target_id AS word
      FROM org_relation
      WHERE source_id = ? AND relation IN ('BELONGS_TO', 'HAS_ROLE', 'MANAGES')
        AND valid_until IS NULL
      UNION
      SELECT 'managerOf:' || source_id FROM org_relation
      WHERE target_id = ? AND relation = 'REPORTS_TO' AND valid_until IS NULL
      """;

  private static final String USER = "user:";

  /** Primary key. */
  private static final String TASK = TASK_COLUMNS + "WHERE id = ?\n" + IN_SCOPE;

  /** Primary key; what the read model knows of a run is written with it. */
  private static final String REVISION =
      "SELECT seq_nr FROM read_model_progress WHERE persistence_id = ?";

  private final Database database;
  private final Scope scope;

  public WorkflowQueries(Database database) {
    this(database, Scope.EVERYTHING);
  }

  private WorkflowQueries(Database database, Scope scope) {
    this.database = database;
    this.scope = scope;
  }

  /** The same questions, which see nothing outside. */
  public WorkflowQueries within(Scope narrower) {
    return new WorkflowQueries(database, narrower);
  }

  /** A version of a definition. */
  public record DefinitionRow(
      String namespace, String name, String version, String source, Instant createdAt) {}

  /** A run. */
  public record RunRow(
      String id,
      String definition,
      String status,
      @Nullable String entityId,
      String correlationId,
      Instant startedAt,
      @Nullable Instant endedAt,
      @Nullable JsonNode error) {}

  /** What a run did, in order of {@code seqNr}. */
  public record StepRow(long seqNr, Instant at, String name, String event, JsonNode detail) {}

  /** A task; its state is open, claimed, completed, rejected or cancelled. */
  public record TaskRow(
      String id,
      String workflowId,
      String correlationId,
      String title,
      String state,
      @Nullable String assignee,
      List<String> candidates,
      @Nullable String priority,
      Instant createdAt,
      @Nullable Instant dueAt,
      @Nullable Instant endedAt,
      JsonNode request,
      @Nullable JsonNode output) {}

  /** A task and the revision of its run, at which the task is so. */
  public record TaskAtRevision(TaskRow task, long revision) {}

  /** Which runs are asked for; what is absent does not matter. */
  public record RunFilter(
      @Nullable String status,
      @Nullable String definition,
      @Nullable String entityId,
      @Nullable String correlationId) {}

  /**
   * Which tasks are asked for; a candidate is user:…, role:…, unit:… or managerOf:…. A user stands
   * for all that the twin knows him to be.
   */
  public record TaskFilter(
      @Nullable String state, @Nullable String assignee, @Nullable String candidate) {}

  /** Definitions in order, after the one named. */
  public CompletionStage<List<DefinitionRow>> definitions(
      String afterNamespace, String afterName, String afterVersion, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                DEFINITIONS,
                row ->
                    new DefinitionRow(
                        row.getString("namespace"),
                        row.getString("name"),
                        row.getString("version"),
                        row.getString("source"),
                        Sql.instant(row, "created_at")),
                afterNamespace,
                afterName,
                afterVersion,
                limit));
  }

  /** Runs in order of their start, after the one named. */
  public CompletionStage<List<RunRow>> runs(
      RunFilter filter, Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                RUNS,
                WorkflowQueries::run,
                afterTime,
                afterId,
                filter.status(),
                filter.status(),
                filter.definition(),
                filter.definition(),
                filter.definition(),
                filter.entityId(),
                filter.entityId(),
                filter.correlationId(),
                filter.correlationId(),
                scope.entityIds(connection),
                scope.entityIds(connection),
                limit));
  }

  /** What a run did after the step numbered. */
  public CompletionStage<List<StepRow>> steps(String workflowId, long after, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                STEPS,
                row ->
                    new StepRow(
                        row.getLong("seq_nr"),
                        Sql.instant(row, "at"),
                        row.getString("name"),
                        row.getString("event"),
                        Json.tree(row.getString("detail"))),
                workflowId,
                after,
                limit));
  }

  /** Tasks in order of their opening, after the one named. */
  public CompletionStage<List<TaskRow>> tasks(
      TaskFilter filter, Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection -> {
          Array candidates = candidates(connection, filter.candidate());
          return Sql.list(
              connection,
              TASKS,
              WorkflowQueries::task,
              afterTime,
              afterId,
              filter.state(),
              filter.state(),
              filter.assignee(),
              filter.assignee(),
              candidates,
              candidates,
              scope.entityIds(connection),
              scope.nodeIds(connection),
              scope.entityIds(connection),
              limit);
        });
  }

  private static @Nullable Array candidates(Connection connection, @Nullable String candidate)
      throws SQLException {
    if (candidate == null) {
      return null;
    }
    List<String> words = new ArrayList<>(List.of(candidate));
    if (candidate.startsWith(USER)) {
      String person = candidate.substring(USER.length());
      words.addAll(Sql.list(connection, CANDIDACIES, row -> row.getString("word"), person, person));
    }
    return Sql.texts(connection, words);
  }

  /** The task with this id. */
  public CompletionStage<Optional<TaskRow>> task(String id) {
    return database.inTransaction(connection -> one(connection, id));
  }

  private Optional<TaskRow> one(Connection connection, String id) throws SQLException {
    return Sql.one(
        connection,
        TASK,
        WorkflowQueries::task,
        id,
        scope.entityIds(connection),
        scope.nodeIds(connection),
        scope.entityIds(connection));
  }

  /**
   * The task with this id, and the revision of its run. The revision is read first: should the run
   * move in between it is too low, and what is done by it refused.
   */
  public CompletionStage<Optional<TaskAtRevision>> taskAtRevision(String id) {
    String workflowId = WorkflowInstance.workflowOf(id).orElse("");
    return database.inTransaction(
        connection -> {
          long revision =
              Sql.one(
                      connection,
                      REVISION,
                      row -> row.getLong("seq_nr"),
                      WorkflowInstance.KEY.name() + "|" + workflowId)
                  .orElse(0L);
          return one(connection, id).map(task -> new TaskAtRevision(task, revision));
        });
  }

  /**
   * The last runs of a definition, the newest first.
   *
   * @param definition {@code namespace/name} or {@code namespace/name/version}
   * @param from not started before; absent for no such bound, like {@code to}
   */
  public CompletionStage<List<RunRow>> recorded(
      String definition, @Nullable Instant from, @Nullable Instant to, int limit) {
    return database.inTransaction(
        connection ->
            Sql.list(
                connection,
                RECORDED,
                WorkflowQueries::run,
                definition,
                definition,
                from,
                from,
                to,
                to,
                limit));
  }

  private static RunRow run(ResultSet row) throws SQLException {
    String error = row.getString("error");
    return new RunRow(
        row.getString("id"),
        row.getString("definition"),
        row.getString("status"),
        row.getString("entity_id"),
        row.getString("correlation_id"),
        Sql.instant(row, "started_at"),
        Sql.instant(row, "ended_at"),
        error == null ? null : Json.tree(error));
  }

  private static TaskRow task(ResultSet row) throws SQLException {
    String output = row.getString("output");
    return new TaskRow(
        row.getString("id"),
        row.getString("workflow_id"),
        row.getString("correlation_id"),
        row.getString("title"),
        row.getString("state"),
        row.getString("assignee"),
        Arrays.asList((String[]) row.getArray("candidates").getArray()),
        row.getString("priority"),
        Sql.instant(row, "created_at"),
        Sql.instant(row, "due_at"),
        Sql.instant(row, "ended_at"),
        Json.tree(row.getString("request")),
        output == null ? null : Json.tree(output));
  }
}
