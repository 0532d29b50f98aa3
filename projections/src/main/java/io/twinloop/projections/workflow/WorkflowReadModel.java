package io.twinloop.projections.workflow;

import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.workflow.Deadline;
import io.twinloop.domain.workflow.Frame;
import io.twinloop.domain.workflow.HumanTask;
import io.twinloop.domain.workflow.Notification;
import io.twinloop.domain.workflow.Step;
import io.twinloop.domain.workflow.TaskRef;
import io.twinloop.domain.workflow.Timer;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.entities.EntityIds;
import io.twinloop.entities.workflow.Run;
import io.twinloop.entities.workflow.WorkflowInstance;
import io.twinloop.entities.workflow.WorkflowInstance.Status;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.Sql;
import io.twinloop.projections.Timers;
import io.twinloop.projections.bus.EventLog;
import io.twinloop.projections.loop.LoopChange;
import io.twinloop.projections.loop.LoopWriter;
import io.twinloop.projections.outbound.JdbcOutbox;
import io.twinloop.serialization.IntegrationEvent;
import io.twinloop.serialization.Json;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.jspecify.annotations.Nullable;

/** Runs of workflows: where they stand, what they did, their tasks, timers and notifications. */
public final class WorkflowReadModel extends ReadModel<WorkflowInstance.Event> {

  /** A request that is not answered by then is asked again, by waking its run. */
  static final Duration WAKE_AFTER = Duration.ofSeconds(5);

  /** The type of entity that timers are set for. */
  private static final String RUNS = WorkflowInstance.KEY.name();

  /** Timers with this prefix wake a run instead of firing in it. */
  public static final String WAKE = "wake:";

  /** Primary key. */
  private static final String START =
      """
      INSERT INTO workflow (id, definition, status, entity_id, correlation_id, started_at, input, seq_nr)
      VALUES (?, ?, ?, ?, ?, ?, ?::json, ?)
      """;

  /** Primary key. */
  private static final String MOVE = "UPDATE workflow SET status = ?, seq_nr = ? WHERE id = ?";

  /** Primary key. */
  private static final String MIGRATE =
      "UPDATE workflow SET definition = ?, seq_nr = ? WHERE id = ?";

  /** Primary keys; a request that is out has a timer that wakes its run. */
  private static final String RESUME =
      """
      UPDATE workflow SET seq_nr = ?, status = CASE
        WHEN EXISTS (
          SELECT 1 FROM timer
          WHERE entity_type = ? AND entity_id = ? AND starts_with(timer_id, ?)) THEN ?
        ELSE ? END
      WHERE id = ?
      """;

  /** Primary key. */
  private static final String END =
      """
      UPDATE workflow SET status = ?, ended_at = ?, output = ?::json, error = ?::json, seq_nr = ?
      WHERE id = ?
      """;

  /** Primary key. */
  private static final String STEP =
      """
      INSERT INTO workflow_step (workflow_id, seq_nr, at, name, event, detail)
      VALUES (?, ?, ?, ?, ?, ?::json)
      """;

  /** Primary key. */
  private static final String OPEN_TASK =
      """
      INSERT INTO task (id, workflow_id, correlation_id, title, state, assignee, candidates, priority,
        created_at, due_at, ref, request)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::json)
      """;

  /** Primary key. */
  private static final String ASSIGN_TASK = "UPDATE task SET state = ?, assignee = ? WHERE id = ?";

  /** Index task_by_workflow; a run has few open tasks. */
  private static final String END_TASKS =
      """
      UPDATE task SET state = ?, ended_at = ? WHERE workflow_id = ? AND state IN ('open', 'claimed')
      """;

  /** The same: the task of a step, or those of the steps inside it. */
  private static final String END_TASKS_IN =
      """
      UPDATE task SET state = ?, ended_at = ?, output = ?::json
      WHERE workflow_id = ? AND state IN ('open', 'claimed')
        AND (ref = ? OR starts_with(ref, ? || '/'))
      """;

  @Override
  protected void write(Connection connection, List<EventEnvelope<WorkflowInstance.Event>> envelopes)
      throws SQLException {
    List<@Nullable Object[]> steps = new ArrayList<>();
    List<IntegrationEvent> sent = new ArrayList<>();
    List<LoopChange> changes = new ArrayList<>();
    for (EventEnvelope<WorkflowInstance.Event> envelope : envelopes) {
      write(connection, entityId(envelope), envelope);
      steps.add(stepRow(envelope));
      sent.addAll(WorkflowEvents.of(envelope));
      changes.addAll(WorkflowLoopChanges.of(envelope));
    }
    Sql.updateAll(connection, STEP, steps);
    EventLog.record(connection, sent);
    LoopWriter.write(connection, changes);
  }

  private static Object[] stepRow(EventEnvelope<WorkflowInstance.Event> envelope) {
    WorkflowInstance.Event event = envelope.event();
    return new Object[] {
      entityId(envelope),
      envelope.sequenceNr(),
      event.at(),
      WorkflowSteps.name(event),
      WorkflowSteps.event(event),
      WorkflowSteps.detail(event).toString()
    };
  }

  private static void write(
      Connection connection, String id, EventEnvelope<WorkflowInstance.Event> envelope)
      throws SQLException {
    WorkflowInstance.Event event = envelope.event();
    long seqNr = envelope.sequenceNr();
    if (event instanceof WorkflowInstance.Started started) {
      start(connection, id, started, seqNr);
    }
    if (event instanceof WorkflowInstance.Stepped stepped) {
      step(connection, id, stepped, seqNr);
    } else if (event instanceof WorkflowInstance.TaskAssigned assigned) {
      Sql.update(connection, ASSIGN_TASK, "claimed", assigned.assignee(), assigned.taskId());
    } else if (event instanceof WorkflowInstance.TaskReleased released) {
      Sql.update(connection, ASSIGN_TASK, "open", null, released.taskId());
    } else if (event instanceof WorkflowInstance.RunSuspended) {
      Sql.update(connection, MOVE, Status.SUSPENDED.name(), seqNr, id);
    } else if (event instanceof WorkflowInstance.RunResumed) {
      Sql.update(
          connection,
          RESUME,
          seqNr,
          RUNS,
          id,
          WAKE,
          Status.RUNNING.name(),
          Status.WAITING.name(),
          id);
    } else if (event instanceof WorkflowInstance.RunMigrated migrated) {
      Sql.update(connection, MIGRATE, migrated.run().definition(), seqNr, id);
    } else if (event instanceof WorkflowInstance.RunCancelled) {
      end(connection, id, Status.CANCELLED, event.at(), null, null, seqNr);
    }
  }

  private static void start(
      Connection connection, String id, WorkflowInstance.Started started, long seqNr)
      throws SQLException {
    Run run = started.run();
    Sql.update(
        connection,
        START,
        id,
        run.definition(),
        Status.RUNNING.name(),
        run.entityId(),
        run.correlationId(),
        run.startedAt(),
        started.input().toString(),
        seqNr);
  }

  private static void step(
      Connection connection, String id, WorkflowInstance.Stepped stepped, long seqNr)
      throws SQLException {
    Step step = stepped.step();
    Instant at = stepped.at();
    if (step instanceof Step.Started begun) {
      setDeadline(connection, id, begun.deadline());
    } else if (step instanceof Step.TaskStarted begun) {
      setDeadline(connection, id, begun.deadline());
      Sql.update(connection, MOVE, Status.RUNNING.name(), seqNr, id);
    } else if (step instanceof Step.WaitStarted waiting) {
      setTimer(connection, id, waiting.timer());
      Sql.update(connection, MOVE, Status.WAITING.name(), seqNr, id);
    } else if (step instanceof Step.TaskRetryScheduled scheduled) {
      setTimer(connection, id, scheduled.timer());
      Sql.update(connection, MOVE, Status.WAITING.name(), seqNr, id);
    } else if (step instanceof Step.CallRequested called) {
      setTimer(connection, id, wake(called.ref(), at));
    } else if (step instanceof Step.KpiReadRequested read) {
      setTimer(connection, id, wake(read.ref(), at));
    } else if (step instanceof Step.WorkflowRequested child) {
      setTimer(connection, id, wake(child.ref(), at));
    } else if (step instanceof Step.HumanTaskRequested asked) {
      openTask(connection, id, stepped, asked);
      Sql.update(connection, MOVE, Status.WAITING.name(), seqNr, id);
    } else if (step instanceof Step.NotificationRequested notified) {
      tell(connection, id, stepped, notified);
    } else if (step instanceof Step.TaskCompleted done) {
      settle(connection, id, done.ref(), "completed", at, text(done.output()));
    } else if (step instanceof Step.TaskFaulted failed) {
      boolean rejected = failed.error().type().equals(WorkflowError.TASK_REJECTED);
      settle(connection, id, failed.ref(), rejected ? "rejected" : "cancelled", at, null);
    } else if (step instanceof Step.Completed completed) {
      end(connection, id, Status.COMPLETED, at, text(completed.output()), null, seqNr);
    } else if (step instanceof Step.Faulted faulted) {
      end(connection, id, Status.FAULTED, at, null, text(Json.object(faulted.error())), seqNr);
    } else if (step instanceof Step.Retried retried) {
      Sql.update(connection, END, Status.RUNNING.name(), null, null, null, seqNr, id);
      for (Deadline deadline : retried.deadlines().values()) {
        setDeadline(connection, id, deadline);
      }
    } else if (step instanceof Step.Rewound rewound) {
      Sql.update(connection, END, Status.RUNNING.name(), null, null, null, seqNr, id);
      leave(connection, id, at);
      for (Frame frame : rewound.frames()) {
        setDeadline(connection, id, frame.deadline());
      }
    }
  }

  /** A step is over, and with it what it waited for. */
  private static void settle(
      Connection connection,
      String id,
      TaskRef ref,
      String state,
      Instant at,
      @Nullable String output)
      throws SQLException {
    Timers.drop(connection, RUNS, id, WAKE + ref.id());
    Sql.update(connection, END_TASKS_IN, state, at, output, id, ref.id(), ref.id());
  }

  private static void end(
      Connection connection,
      String id,
      Status status,
      Instant at,
      @Nullable String output,
      @Nullable String error,
      long seqNr)
      throws SQLException {
    Sql.update(connection, END, status.name(), at, output, error, seqNr, id);
    leave(connection, id, at);
  }

  /** Nothing it waited for is waited for any more. */
  private static void leave(Connection connection, String id, Instant at) throws SQLException {
    Sql.update(connection, END_TASKS, "cancelled", at, id);
    Timers.dropAll(connection, RUNS, id);
  }

  private static void openTask(
      Connection connection,
      String id,
      WorkflowInstance.Stepped stepped,
      Step.HumanTaskRequested asked)
      throws SQLException {
    HumanTask task = asked.task();
    Sql.update(
        connection,
        OPEN_TASK,
        stepped.taskId(),
        id,
        stepped.run().correlationId(),
        task.title(),
        task.assignee() == null ? "open" : "claimed",
        task.assignee(),
        Sql.texts(connection, candidates(task.candidates())),
        task.priority().name().toLowerCase(Locale.ROOT),
        stepped.at(),
        task.dueAt(),
        asked.ref().id(),
        Json.text(task));
  }

  /** One message for each recipient: each is sent, and may fail, by itself. */
  private static void tell(
      Connection connection,
      String id,
      WorkflowInstance.Stepped stepped,
      Step.NotificationRequested notified)
      throws SQLException {
    Notification notification = notified.notification();
    List<@Nullable String> recipients = new ArrayList<>(notification.to());
    if (recipients.isEmpty()) {
      recipients.add(null);
    }
    for (int i = 0; i < recipients.size(); i++) {
      JdbcOutbox.put(
          connection,
          new OutboundMessage(
              EntityIds.derived(notified.idempotencyKey(), Integer.toString(i)),
              notification.channel(),
              recipients.get(i),
              notification.subject(),
              notification.message(),
              stepped.run().correlationId(),
              id,
              stepped.at()));
    }
  }

  /** Who may claim a task, as words to look for: user:…, role:…, unit:…, managerOf:…. */
  private static List<String> candidates(HumanTask.Candidates candidates) {
    List<String> words = new ArrayList<>();
    candidates.users().forEach(user -> words.add("user:" + user));
    if (candidates.role() != null) {
      words.add("role:" + candidates.role());
    }
    if (candidates.unit() != null) {
      words.add("unit:" + candidates.unit());
    }
    if (candidates.managerOf() != null) {
      words.add("managerOf:" + candidates.managerOf());
    }
    return words;
  }

  private static Timer wake(TaskRef ref, Instant at) {
    return new Timer(WAKE + ref.id(), at.plus(WAKE_AFTER));
  }

  private static void setDeadline(Connection connection, String id, @Nullable Deadline deadline)
      throws SQLException {
    setTimer(connection, id, deadline == null ? null : deadline.timer());
  }

  private static void setTimer(Connection connection, String id, @Nullable Timer timer)
      throws SQLException {
    if (timer != null) {
      Timers.set(connection, RUNS, id, timer.id(), timer.dueAt());
    }
  }

  private static @Nullable String text(@Nullable Object json) {
    return json == null ? null : json.toString();
  }
}
