package io.twinloop.projections.bus;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/**
 * Consumes the topics of integration events. Events of one key are handled one after the other; a
 * key that waits for a retry holds back itself alone. An event is acknowledged when it is done, so
 * that a crash delivers it again and never skips it.
 */
public interface EventConsumer {

  /** How long the oldest event being handled has been on the bus; zero when nothing waits. */
  Duration lag();

  /** Whether the lag is over the limit at which someone has to look. */
  boolean isBehind();

  /** Runs until it is stopped; goes on by itself after every failure. */
  Running start();

  /** A consumer at work. */
  interface Running {

    /** Stops taking events; what is being handled but not acknowledged will be delivered again. */
    CompletionStage<Done> stop();
  }
}
