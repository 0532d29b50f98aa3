package io.twinloop.entities.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.workflow.ChildWorkflow;
import io.twinloop.domain.workflow.Execution;
import io.twinloop.domain.workflow.HttpCalls;
import io.twinloop.domain.workflow.Pending;
import io.twinloop.domain.workflow.Signal;
import io.twinloop.domain.workflow.TaskRef;
import io.twinloop.domain.workflow.WorkflowError;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * What runs of workflows reach beyond themselves.
 *
 * @param http calls to other systems
 * @param kpi the current value of a KPI by its id, {@code {value, timestamp}}; fails when there is
 *     none
 * @param workflow starts another workflow; a second start of the same id changes nothing
 */
public record Outside(
    HttpCalls http,
    Function<String, CompletionStage<JsonNode>> kpi,
    Function<ChildWorkflow, CompletionStage<WorkflowInstance.Reply>> workflow) {

  /** Whether a waiting step is one that {@link #ask} gets an answer for. */
  static boolean isAsked(Execution.Waiting waiting) {
    return waiting.pending() instanceof Pending.Http
        || waiting.pending() instanceof Pending.Kpi
        || waiting.pending() instanceof Pending.Child;
  }

  /** The answer a step waits for. Never fails: no answer is a {@link Signal.CallFailed}. */
  CompletionStage<Signal> ask(String workflowId, Execution.Waiting waiting) {
    TaskRef ref = waiting.ref();
    try {
      return answer(workflowId, waiting).exceptionally(failure -> failed(ref, failure));
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(failed(ref, e));
    }
  }

  private CompletionStage<Signal> answer(String workflowId, Execution.Waiting waiting) {
    TaskRef ref = waiting.ref();
    if (waiting.pending() instanceof Pending.Http called) {
      return http.execute(called.call(), ref.idempotencyKey(workflowId))
          .thenApply(answer -> Signal.of(ref, answer));
    }
    if (waiting.pending() instanceof Pending.Child child) {
      return workflow.apply(child.workflow()).thenApply(reply -> started(ref, child, reply));
    }
    String kpiId = ((Pending.Kpi) waiting.pending()).kpiId();
    return kpi.apply(kpiId).thenApply(value -> new Signal.CallAnswered(ref, value));
  }

  private static Signal started(TaskRef ref, Pending.Child child, WorkflowInstance.Reply reply) {
    return reply instanceof WorkflowInstance.Rejected rejected
        ? new Signal.CallFailed(
            ref, WorkflowError.communication(404, "Not started", rejected.sentence()))
        : new Signal.CallAnswered(ref, TextNode.valueOf(child.workflow().id()));
  }

  private static Signal failed(TaskRef ref, Throwable failure) {
    Throwable reason =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return new Signal.CallFailed(
        ref, WorkflowError.communication(503, "No answer", String.valueOf(reason.getMessage())));
  }
}
