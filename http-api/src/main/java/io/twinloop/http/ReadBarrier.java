package io.twinloop.http;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Holds a query back until the read models have what its caller wrote before. */
@FunctionalInterface
public interface ReadBarrier {

  /** Lets every query through at once: for a router without read models. */
  ReadBarrier OPEN = (position, timeout) -> CompletableFuture.completedStage(true);

  /** True as soon as the position is reached, false when that takes longer than the timeout. */
  CompletionStage<Boolean> await(ReadPosition position, Duration timeout);
}
