package io.twinloop.persistence.r2dbc;

import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.persistence.AtomicWrite;
import scala.concurrent.Future;

/**
 * A journal with a mistake, for a test of the checker: it says that events are stored, and stores
 * them half a second later. Who kills its node in between has lost them.
 */
final class HastyJournal extends PostgresJournal {

  private static final long LATER_MILLIS = 500;

  private final ScheduledExecutorService later =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "hasty-journal");
            thread.setDaemon(true);
            return thread;
          });

  @Override
  public Future<Iterable<Optional<Exception>>> doAsyncWriteMessages(
      Iterable<AtomicWrite> messages) {
    var unused =
        later.schedule(
            () -> super.doAsyncWriteMessages(messages), LATER_MILLIS, TimeUnit.MILLISECONDS);
    return Future.successful(
        java.util.stream.StreamSupport.stream(messages.spliterator(), false)
            .map(message -> Optional.<Exception>empty())
            .toList());
  }
}
