package io.twinloop.persistence.r2dbc;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import io.r2dbc.spi.Row;
import io.r2dbc.spi.Statement;
import io.r2dbc.spi.Wrapped;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Runs single auto-committed statements on pooled connections, for everything but writing events.
 *
 * <p>Every call ends within acquire-timeout and statement-timeout. A connection whose statement was
 * given up is closed, not handed to the next: the answer may still be under way.
 */
final class Database {

  /**
   * How much longer than PostgreSQL itself this side waits, so that PostgreSQL's own message is
   * seen if it can.
   */
  static final Duration GRACE = Duration.ofMillis(500);

  private final ConnectionPool pool;
  private final Duration timeout;
  private final int maxSize;

  Database(ConnectionFactory connections, PersistenceSettings.Pool settings) {
    this.timeout = settings.statementTimeout().plus(GRACE);
    this.maxSize = settings.maxSize();
    this.pool =
        new ConnectionPool(
            ConnectionPoolConfiguration.builder(connections)
                .initialSize(0)
                .maxSize(settings.maxSize())
                .maxAcquireTime(settings.acquireTimeout())
                .maxIdleTime(settings.maxIdleTime())
                .maxLifeTime(settings.maxLifeTime())
                .backgroundEvictionInterval(settings.maxIdleTime())
                .acquireRetry(0)
                .build());
  }

  /** Rows of a query; completes on the thread that talks to PostgreSQL. */
  <T> CompletableFuture<List<T>> query(
      String sql, Consumer<Statement> bind, Function<Row, T> read) {
    return onConnection(
            connection ->
                Flux.from(statement(connection, sql, bind).execute())
                    .flatMap(result -> result.map((row, metadata) -> read.apply(row)))
                    .collectList())
        .toFuture();
  }

  /** Number of rows that a statement changed. */
  CompletableFuture<Long> update(String sql, Consumer<Statement> bind) {
    return onConnection(
            connection ->
                Flux.from(statement(connection, sql, bind).execute())
                    .flatMap(result -> result.getRowsUpdated())
                    .reduce(0L, Long::sum))
        .toFuture();
  }

  Mono<Void> close() {
    return pool.disposeLater();
  }

  private <T> Mono<T> onConnection(Function<Connection, Mono<T>> work) {
    return Mono.usingWhen(
        acquire(),
        connection -> work.apply(connection).timeout(timeout),
        Connection::close,
        (connection, error) ->
            error instanceof TimeoutException ? closeForGood(connection) : connection.close(),
        Database::closeForGood);
  }

  /**
   * After PostgreSQL was restarted each idle connection turns out dead once; the next one is tried
   * then.
   */
  private Mono<? extends Connection> acquire() {
    return pool.create()
        .retryWhen(
            Retry.max(maxSize)
                .filter(error -> error instanceof R2dbcNonTransientResourceException)
                .onRetryExhaustedThrow((retry, last) -> last.failure()));
  }

  private static Publisher<Void> closeForGood(Connection pooled) {
    if (pooled instanceof Wrapped<?> wrapped && wrapped.unwrap() instanceof Connection physical) {
      Mono.from(physical.close()).onErrorComplete().subscribe();
    }
    return pooled.close();
  }

  private static Statement statement(Connection connection, String sql, Consumer<Statement> bind) {
    Statement statement = connection.createStatement(sql);
    bind.accept(statement);
    return statement;
  }
}
