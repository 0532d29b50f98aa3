package io.twinloop.entities.workflow;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.ChildWorkflow;
import io.twinloop.domain.workflow.Problem;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Starts runs: finds the definition, then begins an instance of it. */
public final class Workflows {

  /** The namespace of the definitions that come with the product. */
  public static final String BUILT_IN = "twinloop";

  private final Entities entities;

  public Workflows(Entities entities) {
    this.entities = entities;
  }

  /**
   * What is to be started.
   *
   * @param version absent for the one registered last
   * @param id of the run; a second start with the same id changes nothing
   * @param entityId of the entity it is started for
   */
  public record Order(
      String namespace,
      String name,
      @Nullable String version,
      String id,
      JsonNode input,
      @Nullable String entityId,
      @Nullable String entityType,
      String correlationId) {}

  /** Starts a run; the reply is {@code Accepted} or {@code Rejected}. */
  public CompletionStage<WorkflowInstance.Reply> start(Order order, Cause cause) {
    return definition(order.namespace(), order.name(), order.version())
        .thenCompose(
            reply -> {
              if (reply instanceof WorkflowDefinition.Rejected rejected) {
                return CompletableFuture.completedStage(
                    new WorkflowInstance.Rejected(rejected.code(), rejected.sentence()));
              }
              return start(order, (WorkflowDefinition.Found) reply, cause);
            });
  }

  /**
   * What is wrong with an order's input by the schema of its definition; empty also where there is
   * no such definition, which the start says.
   */
  public CompletionStage<List<Problem>> problemsOfInput(Order order) {
    return definition(order.namespace(), order.name(), order.version())
        .thenApply(
            reply ->
                reply instanceof WorkflowDefinition.Found found
                    ? WorkflowModels.of(found.source()).problemsOfInput(order.input())
                    : List.of());
  }

  /** Starts a run another one asks for, in the same loop. */
  public CompletionStage<WorkflowInstance.Reply> start(ChildWorkflow child) {
    Order order =
        new Order(
            child.namespace(),
            child.name(),
            child.version(),
            child.id(),
            child.input(),
            child.entityId(),
            child.entityType(),
            child.correlationId());
    return start(order, new Cause(child.correlationId(), child.id(), "workflow"));
  }

  private CompletionStage<WorkflowInstance.Reply> start(
      Order order, WorkflowDefinition.Found definition, Cause cause) {
    return entities.ask(
        WorkflowInstance.KEY,
        order.id(),
        replyTo ->
            new WorkflowInstance.Start(
                order.namespace(),
                order.name(),
                definition.version(),
                definition.source(),
                order.input(),
                order.entityId(),
                order.entityType(),
                order.correlationId(),
                cause,
                replyTo));
  }

  /** Lets a run go on by another version of its definition. */
  public CompletionStage<WorkflowInstance.Reply> migrate(
      String id, String version, @Nullable Long expectedRevision, Cause cause) {
    return entities
        .<WorkflowInstance.Command, WorkflowInstance.Reply>ask(
            WorkflowInstance.KEY, id, WorkflowInstance.Get::new)
        .thenCompose(
            reply ->
                reply instanceof WorkflowInstance.Current current
                    ? definition(current.run().namespace(), current.run().name(), version)
                        .thenCompose(found -> migrate(id, found, expectedRevision, cause))
                    : CompletableFuture.completedStage(reply));
  }

  private CompletionStage<WorkflowInstance.Reply> migrate(
      String id,
      WorkflowDefinition.Reply definition,
      @Nullable Long expectedRevision,
      Cause cause) {
    if (definition instanceof WorkflowDefinition.Rejected rejected) {
      return CompletableFuture.completedStage(
          new WorkflowInstance.Rejected(Refusals.REFUSED, rejected.sentence()));
    }
    WorkflowDefinition.Found found = (WorkflowDefinition.Found) definition;
    return entities.ask(
        WorkflowInstance.KEY,
        id,
        replyTo ->
            new WorkflowInstance.Migrate(
                found.version(), found.source(), expectedRevision, cause, replyTo));
  }

  /** A version of a definition, or the one registered last. */
  public CompletionStage<WorkflowDefinition.Reply> definition(
      String namespace, String name, @Nullable String version) {
    return entities.ask(
        WorkflowDefinition.KEY,
        WorkflowDefinition.idOf(namespace, name),
        replyTo -> new WorkflowDefinition.Get(version, replyTo));
  }

  /** Registers a source that was found valid. */
  public CompletionStage<WorkflowDefinition.Reply> register(
      String namespace, String name, String version, String source, Cause cause) {
    return entities.ask(
        WorkflowDefinition.KEY,
        WorkflowDefinition.idOf(namespace, name),
        replyTo -> new WorkflowDefinition.Register(version, source, cause, replyTo));
  }
}
