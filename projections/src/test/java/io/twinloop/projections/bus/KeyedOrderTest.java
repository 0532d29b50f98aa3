package io.twinloop.projections.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeyedOrderTest {

  private final KeyedOrder order = new KeyedOrder();
  private final List<String> begun = new ArrayList<>();

  @Test
  void shouldBeginTheNextOfAKeyWhenTheOneBeforeIsDone() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    begin("a", "a1", first);
    begin("a", "a2", CompletableFuture.completedFuture(null));
    assertThat(begun).containsExactly("a1");

    first.complete(null);

    assertThat(begun).containsExactly("a1", "a2");
  }

  @Test
  void shouldNotHoldBackOtherKeys() {
    begin("a", "a1", new CompletableFuture<>());
    CompletionStage<Void> other = begin("b", "b1", CompletableFuture.completedFuture(null));
    begin(null, "no key", CompletableFuture.completedFuture(null));

    assertThat(begun).containsExactly("a1", "b1", "no key");
    assertThat(other.toCompletableFuture()).isCompleted();
  }

  @Test
  void shouldGoOnAfterAFailure() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    CompletionStage<Void> failed = begin("a", "a1", first);
    CompletionStage<Void> second = begin("a", "a2", CompletableFuture.completedFuture(null));

    first.completeExceptionally(new IllegalStateException("no"));

    assertThat(failed.toCompletableFuture()).isCompletedExceptionally();
    assertThat(second.toCompletableFuture()).isCompleted();
    assertThat(begun).containsExactly("a1", "a2");
  }

  @Test
  void shouldGoOnAfterWorkThatThrows() {
    CompletionStage<Void> thrown =
        order.next(
            "a",
            () -> {
              throw new IllegalStateException("no");
            });
    CompletionStage<Void> second = begin("a", "a2", CompletableFuture.completedFuture(null));

    assertThat(thrown.toCompletableFuture()).isCompletedExceptionally();
    assertThat(second.toCompletableFuture()).isCompleted();
  }

  @Test
  void shouldKeepTheOrderOfALongQueue() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    begin("a", "0", first);
    IntStream.range(1, 100_000)
        .forEach(n -> begin("a", "" + n, CompletableFuture.completedFuture(null)));

    first.complete(null);

    assertThat(begun)
        .containsExactlyElementsOf(
            IntStream.range(0, 100_000).mapToObj(Integer::toString).toList());
  }

  private CompletionStage<Void> begin(String key, String name, CompletableFuture<Void> work) {
    return order.next(
        key,
        () -> {
          begun.add(name);
          return work;
        });
  }
}
