package io.twinloop.cluster;

import io.twinloop.persistence.r2dbc.RestoreCheck.RestoredJournalException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits at start for what the node needs. */
final class Patience {

  private static final Logger LOG = LoggerFactory.getLogger(Patience.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Instant deadline;

  Patience(Duration atMost) {
    this.deadline = Instant.now().plus(atMost);
  }

  /** Something that works once a dependency is there. */
  interface Attempt {
    void run() throws Exception;
  }

  /**
   * Tries until it works.
   *
   * @throws CannotStart when it does not in time, or never will
   */
  void await(String dependency, Attempt attempt) throws InterruptedException {
    boolean told = false;
    while (true) {
      try {
        attempt.run();
        return;
      } catch (CannotStart e) {
        throw e;
      } catch (RestoredJournalException e) {
        throw new CannotStart(e.getMessage());
      } catch (Exception e) {
        if (Instant.now().isAfter(deadline)) {
          throw new CannotStart(
              dependency
                  + " does not answer: "
                  + e.getMessage()
                  + ". Start it, or say where it is.");
        }
        if (!told) {
          System.out.println("Waiting for " + dependency + " …");
          LOG.info("Waiting for {}: {}", dependency, e.toString());
          told = true;
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
      }
    }
  }
}
