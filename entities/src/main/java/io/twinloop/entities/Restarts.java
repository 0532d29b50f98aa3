package io.twinloop.entities;

import java.time.Duration;
import org.apache.pekko.actor.typed.BackoffSupervisorStrategy;
import org.apache.pekko.actor.typed.SupervisorStrategy;

/** How an entity comes back whose event could not be stored. */
public final class Restarts {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final double SPREAD = 0.1;

  private Restarts() {}

  /**
   * After a pause of 0.2 s, doubled each time up to 5 s, and up to a tenth longer, so that when
   * PostgreSQL is back not all entities of a node ask for their events in the same moment.
   */
  public static BackoffSupervisorStrategy withBackoff() {
    return SupervisorStrategy.restartWithBackoff(FIRST_PAUSE, LONGEST_PAUSE, SPREAD);
  }
}
