package io.twinloop.projections;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.sql.DataSource;

/** The read models' database: blocking work on threads of its own, one transaction each. */
public final class Database {

  private final DataSource dataSource;
  private final Executor executor;

  /**
   * @param executor with as many threads as the source has connections
   */
  public Database(DataSource dataSource, Executor executor) {
    this.dataSource = dataSource;
    this.executor = executor;
  }

  /** Work on a connection. */
  @FunctionalInterface
  public interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  /**
   * Does the work in one transaction; fails with {@link DatabaseException} when it is not done, and
   * with {@link RejectedExecutionException} when too much waits already.
   */
  public <T> CompletionStage<T> inTransaction(Work<T> work) {
    try {
      return CompletableFuture.supplyAsync(() -> transact(work), executor);
    } catch (RejectedExecutionException tooMuch) {
      return CompletableFuture.failedStage(tooMuch);
    }
  }

  private <T> T transact(Work<T> work) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException e) {
        connection.rollback();
        throw e;
      }
    } catch (SQLException e) {
      throw new CompletionException(new DatabaseException(e));
    }
  }

  /** The database did not do what was asked. */
  public static final class DatabaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DatabaseException(SQLException cause) {
      super(cause.getMessage(), cause);
    }

    /**
     * Whether the database is away, rather than refusing the statement. SQLSTATE class 08 or 57.
     */
    public boolean isConnectionLost() {
      return Database.isConnectionLost(getCause());
    }
  }

  /** Whether a failure says that the database is away; SQLSTATE class 08 or 57. */
  static boolean isConnectionLost(Throwable failure) {
    if (failure instanceof DatabaseException wrapped) {
      return wrapped.isConnectionLost();
    }
    if (failure instanceof SQLTransientConnectionException) {
      return true;
    }
    String state = failure instanceof SQLException refused ? refused.getSQLState() : null;
    return state != null && (state.startsWith("08") || state.startsWith("57"));
  }
}
