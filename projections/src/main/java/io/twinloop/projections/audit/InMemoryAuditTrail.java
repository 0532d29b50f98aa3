package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The audit of one process, gone with it: replaces the database where there is none. */
public final class InMemoryAuditTrail implements AuditTrail {

  private final List<AuditEntry> entries = new ArrayList<>();

  @Override
  public CompletionStage<Place> reserve() {
    return CompletableFuture.completedStage(new OnePlace());
  }

  /** All that was recorded, in order. */
  public synchronized List<AuditEntry> entries() {
    return List.copyOf(entries);
  }

  private synchronized void keep(AuditEntry entry) {
    entries.add(entry);
  }

  private final class OnePlace implements Place {
    @Override
    public CompletionStage<Void> record(AuditEntry entry) {
      keep(entry);
      return CompletableFuture.completedStage(null);
    }

    @Override
    public void release() {
      // There is always room.
    }
  }
}
