package io.twinloop.entities;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;

/** The way to every entity, wherever in the cluster it lives. */
public final class Entities {

  private final ClusterSharding sharding;
  private final Duration timeout;

  /**
   * @param timeout an entity that has not answered by then is taken for away: the stage fails with
   *     {@link java.util.concurrent.TimeoutException}
   */
  public Entities(ClusterSharding sharding, Duration timeout) {
    this.sharding = sharding;
    this.timeout = timeout;
  }

  /**
   * Sends a command and waits for its reply.
   *
   * <p>What Pekko's ask returns hands every callback to another thread, by starting one where the
   * common pool is small; the stage returned here is a plain one and calls back where it stands.
   */
  public <C, R> CompletionStage<R> ask(
      EntityTypeKey<C> key, String id, Function<ActorRef<R>, C> command) {
    CompletableFuture<R> answer = new CompletableFuture<>();
    sharding
        .entityRefFor(key, id)
        .<R>ask(command::apply, timeout)
        .whenCompleteAsync(
            (reply, failure) -> {
              if (failure == null) {
                answer.complete(reply);
              } else {
                answer.completeExceptionally(failure);
              }
            },
            Runnable::run);
    return answer;
  }
}
