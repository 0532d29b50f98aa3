package io.twinloop.projections;

import io.twinloop.projections.ProjectionState.EventKey;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pekko.projection.HandlerRecoveryStrategy;
import org.apache.pekko.projection.ProjectionId;
import org.apache.pekko.projection.StatusObserver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what stops a projection, so that every node can tell and somebody can help. */
final class ProjectionWatch<E> extends StatusObserver<E> {

  private static final Logger LOG = LoggerFactory.getLogger(ProjectionWatch.class);
  private static final int LONGEST_ERROR = 2_000;

  private final ProjectionState state;

  /** Ranges whose rows may tell of a failure, also one that was told before this node started. */
  private final Set<ProjectionId> doubtful = ConcurrentHashMap.newKeySet();

  ProjectionWatch(ProjectionState state) {
    this.state = state;
  }

  /** Makes a range known before it has done anything. */
  void register(ProjectionId id) {
    told(id, state.register(id));
  }

  @Override
  public void started(ProjectionId id) {
    doubtful.add(id);
    told(id, state.started(id));
  }

  @Override
  public void failed(ProjectionId id, Throwable cause) {
    doubtful.add(id);
    String error = String.valueOf(cause.getMessage());
    told(
        id,
        state.failed(
            id, error.substring(0, Math.min(error.length(), LONGEST_ERROR)), eventOf(cause)));
  }

  private static Optional<EventKey> eventOf(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof EventFailedException failed) {
        return Optional.of(failed.event());
      }
    }
    return Optional.empty();
  }

  @Override
  public void offsetProgress(ProjectionId id, E envelope) {
    if (doubtful.remove(id)) {
      told(id, state.wentOn(id));
    }
  }

  @Override
  public void stopped(ProjectionId id) {
    // Nothing stops it: another node has it now, or this one ends.
  }

  @Override
  public void beforeProcess(ProjectionId id, E envelope) {
    // Only what comes of it counts.
  }

  @Override
  public void afterProcess(ProjectionId id, E envelope) {
    // Its offset is not saved yet.
  }

  @Override
  public void error(
      ProjectionId id, E envelope, Throwable cause, HandlerRecoveryStrategy strategy) {
    // The same failure comes to failed.
  }

  private static void told(ProjectionId id, CompletionStage<Integer> written) {
    var unused = // a projection does not wait for it
        written.whenComplete(
            (rows, failure) -> {
              if (failure != null) {
                LOG.warn("How {} does can't be kept: {}", id, failure.getMessage());
              }
            });
  }
}
