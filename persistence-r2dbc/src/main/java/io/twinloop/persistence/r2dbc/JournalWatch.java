package io.twinloop.persistence.r2dbc;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Looks on behalf of all readers of this process whether there are events of other nodes: one query
 * for each poll-interval, however many readers wait.
 *
 * <p>It asks for the newest event of each entity type that readers may see. An event becomes
 * visible to them when the horizon passes its transaction, so one that is new to them lies above
 * all that were visible before, and the newest one changes with it.
 *
 * <p>Without an answer it ends all readers of slices: one that asked nothing while PostgreSQL
 * crashed would go on as if its last transactions were still there.
 */
final class JournalWatch {

  private final JournalReads reads;
  private final NewEvents newEvents;
  private final AtomicBoolean looking = new AtomicBoolean();
  private volatile Map<String, JournalOffset> newest = Map.of();

  JournalWatch(JournalReads reads, NewEvents newEvents) {
    this.reads = reads;
    this.newEvents = newEvents;
  }

  /** Looks once, unless the look before is still under way or nobody waits. */
  void look() {
    List<String> entityTypes = newEvents.entityTypes();
    if (entityTypes.isEmpty() || !looking.compareAndSet(false, true)) {
      return;
    }
    var unused = // nobody waits for it
        reads
            .newestOfTypes(entityTypes)
            .whenComplete(
                (seen, failure) -> {
                  if (failure == null) {
                    tell(seen);
                  } else {
                    // With the next answer all readers look once.
                    newest = Map.of();
                    newEvents.lost(failure);
                  }
                  looking.set(false);
                });
  }

  private void tell(Map<String, JournalOffset> seen) {
    Map<String, JournalOffset> before = newest;
    newest = new HashMap<>(seen);
    seen.forEach(
        (type, offset) -> {
          if (!offset.equals(before.get(type))) {
            newEvents.arrived(type);
          }
        });
  }
}
