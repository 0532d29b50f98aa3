package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditEntry;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Keeps who did, or was refused, what.
 *
 * <p>Whoever is about to change something takes a place first: where none is free, nothing is
 * changed. What was done then always finds its place.
 */
public interface AuditTrail {

  /** Keeps nothing. */
  AuditTrail NONE =
      () ->
          CompletableFuture.completedStage(
              new Place() {
                @Override
                public CompletionStage<Void> record(AuditEntry entry) {
                  return CompletableFuture.completedStage(null);
                }

                @Override
                public void release() {
                  // There is nothing to give back.
                }
              });

  /**
   * Takes a place for one entry, waiting a while when none is free; then fails with {@link
   * FullException}.
   */
  CompletionStage<Place> reserve();

  /** A place for one entry: recorded or released, once. */
  interface Place {

    /** Completes when the entry is durable. */
    CompletionStage<Void> record(AuditEntry entry);

    /** Gives it back unused. */
    void release();
  }

  /** Too many entries wait to be written. */
  final class FullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FullException() {
      super("Too many audit entries wait to be written", null, false, false);
    }
  }
}
