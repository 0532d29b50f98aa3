package io.twinloop.persistence.r2dbc;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the one connection on which events are written: opens it when first needed, opens a new one
 * after it was lost, with growing pauses while that fails.
 *
 * <p>During a pause {@link #get} fails at once with the last error, so that writes don't hang while
 * PostgreSQL is away.
 */
final class WriteConnection {

  private final ConnectionFactory connections;
  private final PersistenceSettings settings;
  private final DatabaseHealth health;
  private final LongSupplier nanoTime;

  private @Nullable CompletableFuture<Connection> current;
  private @Nullable Throwable lastFailure;
  private Duration pause;
  private long pauseEnds;
  private boolean closed;

  WriteConnection(
      ConnectionFactory connections,
      PersistenceSettings settings,
      DatabaseHealth health,
      LongSupplier nanoTime) {
    this.connections = connections;
    this.settings = settings;
    this.health = health;
    this.nanoTime = nanoTime;
    this.pause = settings.journal().reconnectMin();
  }

  /** The open connection, or the one being opened; fails with UNAVAILABLE. */
  CompletableFuture<Connection> get() {
    CompletableFuture<Connection> opening;
    synchronized (this) {
      if (current != null) {
        return current;
      }
      if (closed) {
        return CompletableFuture.failedFuture(
            unavailable(new IllegalStateException("the journal is closed")));
      }
      if (lastFailure != null && nanoTime.getAsLong() - pauseEnds < 0) {
        return CompletableFuture.failedFuture(unavailable(lastFailure));
      }
      opening = new CompletableFuture<>();
      current = opening;
    }
    open().subscribe(connection -> opened(opening, connection), error -> failed(opening, error));
    return opening;
  }

  /** Gives up a connection whose state is unknown; the next {@link #get} opens another. */
  void discard(Connection connection) {
    synchronized (this) {
      if (current != null && current.getNow(null) == connection) {
        current = null;
      }
    }
    closeForGood(connection);
  }

  void close() {
    CompletableFuture<Connection> open;
    synchronized (this) {
      closed = true;
      open = current;
      current = null;
    }
    Connection connection = open == null ? null : open.getNow(null);
    if (connection != null) {
      closeForGood(connection);
    }
  }

  private Mono<? extends Connection> open() {
    Duration timeout = settings.postgres().connectTimeout();
    return Mono.from(connections.create())
        .flatMap(
            connection ->
                refuseRestoredJournal(connection)
                    .thenReturn(connection)
                    .doOnError(error -> closeForGood(connection))
                    .doOnCancel(() -> closeForGood(connection)))
        .timeout(timeout);
  }

  private static Mono<Void> refuseRestoredJournal(Connection connection) {
    return Flux.from(connection.createStatement(RestoreCheck.NEWEST_AND_ENDED_XID).execute())
        .flatMap(
            result ->
                result.map(
                    (row, metadata) -> {
                      RestoreCheck.verify(
                          String.valueOf(row.get("newest_xid", String.class)),
                          String.valueOf(row.get("above_ended_xid", String.class)));
                      return true;
                    }))
        .then();
  }

  private void opened(CompletableFuture<Connection> opening, Connection connection) {
    boolean wanted;
    synchronized (this) {
      wanted = !closed;
      lastFailure = null;
      pause = settings.journal().reconnectMin();
    }
    if (wanted) {
      health.answered();
      opening.complete(connection);
    } else {
      closeForGood(connection);
      opening.completeExceptionally(
          unavailable(new IllegalStateException("the journal is closed")));
    }
  }

  private void failed(CompletableFuture<Connection> opening, Throwable error) {
    synchronized (this) {
      current = null;
      lastFailure = error;
      pauseEnds = nanoTime.getAsLong() + pause.toNanos();
      Duration longest = settings.journal().reconnectMax();
      Duration doubled = pause.multipliedBy(2);
      pause = doubled.compareTo(longest) < 0 ? doubled : longest;
    }
    health.failed(error);
    opening.completeExceptionally(unavailable(error));
  }

  private JournalException unavailable(Throwable cause) {
    return new JournalException(
        JournalException.Reason.UNAVAILABLE,
        "Nothing was stored, as %s can't be written to: %s"
            .formatted(settings.postgres(), cause.getMessage()),
        cause);
  }

  private static void closeForGood(Connection connection) {
    Mono.from(connection.close()).onErrorComplete().subscribe();
  }
}
