package io.twinloop.cluster;

import io.twinloop.domain.workflow.BuiltInWorkflows;
import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.Workflows;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Registers the definitions that come with the product; a site replaces one by a newer version. */
final class BuiltInRegistration {

  private static final Cause AT_START = new Cause(null, "node-start", "twinloop");

  private final Workflows workflows;

  BuiltInRegistration(Workflows workflows) {
    this.workflows = workflows;
  }

  /** Registers every definition this release brings and the cluster does not have yet. */
  CompletionStage<Void> register() {
    return CompletableFuture.allOf(
        BuiltInWorkflows.names().stream()
            .map(name -> registerWhenNew(name, BuiltInWorkflows.source(name)))
            .toArray(CompletableFuture<?>[]::new));
  }

  // Reading a definition costs more than asking for it, and at most starts nothing is new.
  private CompletableFuture<Void> registerWhenNew(String name, String source) {
    return workflows
        .definition(BuiltInWorkflows.NAMESPACE, name, null)
        .thenComposeAsync(
            latest ->
                latest instanceof WorkflowDefinition.Found found && found.source().equals(source)
                    ? CompletableFuture.completedStage(null)
                    : register(source))
        .toCompletableFuture();
  }

  private CompletionStage<Void> register(String source) {
    WorkflowModel model = modelOf(source);
    return workflows
        .register(model.namespace(), model.name(), model.version(), source, AT_START)
        .thenAccept(
            reply -> {
              if (reply instanceof WorkflowDefinition.Rejected rejected) {
                throw new IllegalStateException(rejected.sentence());
              }
            });
  }

  private static WorkflowModel modelOf(String source) {
    Parsed parsed = WorkflowModel.parse(source);
    if (parsed instanceof Parsed.Valid valid) {
      return valid.model();
    }
    throw new IllegalStateException("A built-in definition is refused: " + parsed);
  }
}
