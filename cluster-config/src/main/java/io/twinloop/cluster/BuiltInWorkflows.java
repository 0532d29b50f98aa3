package io.twinloop.cluster;

import io.twinloop.domain.workflow.Parsed;
import io.twinloop.domain.workflow.WorkflowModel;
import io.twinloop.entities.Cause;
import io.twinloop.entities.workflow.WorkflowDefinition;
import io.twinloop.entities.workflow.Workflows;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The workflow definitions that come with the product; a site replaces one by a newer version. */
final class BuiltInWorkflows {

  static final List<String> NAMES = List.of("kpi-anomaly-response");

  private static final Cause AT_START = new Cause(null, "node-start", "twinloop");

  private final Workflows workflows;

  BuiltInWorkflows(Workflows workflows) {
    this.workflows = workflows;
  }

  /** Registers every definition this release brings and the cluster does not have yet. */
  CompletionStage<Void> register() {
    return CompletableFuture.allOf(
        NAMES.stream()
            .map(name -> register(source(name)).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new));
  }

  private CompletionStage<?> register(String source) {
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

  static WorkflowModel modelOf(String source) {
    Parsed parsed = WorkflowModel.parse(source);
    if (parsed instanceof Parsed.Valid valid) {
      return valid.model();
    }
    throw new IllegalStateException("A built-in definition is refused: " + parsed);
  }

  static String source(String name) {
    String resource = "/io/twinloop/workflows/" + name + ".yaml";
    try (InputStream yaml = WorkflowModel.class.getResourceAsStream(resource)) {
      if (yaml == null) {
        throw new IllegalStateException("There is no " + resource + " on the class path.");
      }
      return new String(yaml.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
