package io.twinloop.projections.bus;

import io.twinloop.serialization.IntegrationEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** An effect that remembers which events reached it, and does with them what the test says. */
final class ScriptedEffect implements Effect {

  private final List<String> reached = new CopyOnWriteArrayList<>();
  private volatile Function<IntegrationEvent, CompletionStage<Outcome>> script = event -> done();

  static CompletionStage<Outcome> done() {
    return CompletableFuture.completedFuture(new Done());
  }

  static CompletionStage<Outcome> failing(String reason) {
    return CompletableFuture.failedFuture(new IllegalStateException(reason));
  }

  void does(Function<IntegrationEvent, CompletionStage<Outcome>> next) {
    script = next;
  }

  /** Ids of the events in the order they came, one each time they came. */
  List<String> reached() {
    return reached;
  }

  @Override
  public CompletionStage<Outcome> of(IntegrationEvent event) {
    reached.add(event.id());
    return script.apply(event);
  }
}
