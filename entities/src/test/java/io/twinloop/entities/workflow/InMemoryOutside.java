package io.twinloop.entities.workflow;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.ChildWorkflow;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/** An outside that remembers what it was asked, and answers when the test says so. */
final class InMemoryOutside {

  /** A request that is out. */
  record Call(HttpCall call, String idempotencyKey, CompletableFuture<HttpAnswer> answer) {}

  /** A question for a KPI that is out. */
  record Question(String kpiId, CompletableFuture<JsonNode> answer) {}

  /** A workflow that is to begin. */
  record Child(ChildWorkflow workflow, CompletableFuture<WorkflowInstance.Reply> answer) {}

  private final List<Call> calls = new CopyOnWriteArrayList<>();
  private final List<Question> questions = new CopyOnWriteArrayList<>();

  private final List<Child> children = new CopyOnWriteArrayList<>();

  /** The outside as runs see it. */
  Outside outside() {
    return new Outside(this::execute, this::read, this::start);
  }

  private CompletionStage<HttpAnswer> execute(HttpCall call, String idempotencyKey) {
    Call out = new Call(call, idempotencyKey, new CompletableFuture<>());
    calls.add(out);
    return out.answer();
  }

  private CompletionStage<JsonNode> read(String kpiId) {
    Question out = new Question(kpiId, new CompletableFuture<>());
    questions.add(out);
    return out.answer();
  }

  private CompletionStage<WorkflowInstance.Reply> start(ChildWorkflow workflow) {
    Child out = new Child(workflow, new CompletableFuture<>());
    children.add(out);
    return out.answer();
  }

  /** The workflow asked for with this number, 1 for the first, once it was. */
  Child child(int number) {
    await().until(() -> children.size() >= number);
    return children.get(number - 1);
  }

  /** The call with this number, 1 for the first, once it was made. */
  Call call(int number) {
    await().until(() -> calls.size() >= number);
    return calls.get(number - 1);
  }

  /** The question for a KPI with this number, 1 for the first, once it was put. */
  Question question(int number) {
    await().until(() -> questions.size() >= number);
    return questions.get(number - 1);
  }

  /** The keys of all calls made so far, in order. */
  List<String> keys() {
    return calls.stream().map(Call::idempotencyKey).toList();
  }
}
