package io.twinloop.http.process;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Waits until the read models have events, named by the number of each entity's last. */
@FunctionalInterface
public interface ReadModelWait {

  /** False when they have not within {@code atMost}. */
  CompletionStage<Boolean> await(Map<String, Long> sequenceNrs, Duration atMost);
}
