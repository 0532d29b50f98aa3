package io.twinloop.projections.idempotency;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import javax.sql.DataSource;

/**
 * Idempotency keys in PostgreSQL, table {@code idempotency_key}; every call is one statement, or
 * two when the key is taken.
 *
 * <p>A failing database fails the returned stage with the {@link SQLException} as cause.
 */
public final class JdbcIdempotencyKeys implements IdempotencyKeys {

  // The row is taken over when it has expired, or when its execution let the lease run out and the
  // repeat doesn't contradict the body the first one announced. Served by the primary key.
  private static final String CLAIM =
      """
      INSERT INTO idempotency_key AS k (caller, route, key, owner, fingerprint, lease_until, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (caller, route, key) DO UPDATE
        SET owner = EXCLUDED.owner, fingerprint = EXCLUDED.fingerprint, lease_until = EXCLUDED.lease_until,
            expires_at = EXCLUDED.expires_at, status = NULL, headers = NULL, body = NULL
        WHERE k.expires_at <= ?
          OR (k.status IS NULL AND k.lease_until <= ?
              AND coalesce(k.fingerprint = EXCLUDED.fingerprint, true))
      RETURNING owner
      """;

  private static final String FIND =
      """
      SELECT fingerprint, lease_until, status, headers, body FROM idempotency_key
      WHERE caller = ? AND route = ? AND key = ?
      """;

  private static final String RENEW =
      """
      UPDATE idempotency_key SET lease_until = ?
      WHERE caller = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
      """;

  private static final String KEEP =
      """
      UPDATE idempotency_key SET fingerprint = ?, status = ?, headers = ?, body = ?, expires_at = ?
      WHERE caller = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
      """;

  private static final String RELEASE =
      """
      DELETE FROM idempotency_key
      WHERE caller = ? AND route = ? AND key = ? AND owner = ? AND status IS NULL
      """;

  // In portions, so that no deletion is a long transaction. Served by idempotency_key_expires_at.
  private static final String DELETE_EXPIRED =
      """
      DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_key WHERE expires_at <= ? LIMIT 1000 FOR UPDATE SKIP LOCKED))
      """;

  private final DataSource database;
  private final Executor blocking;
  private final InstantSource clock;
  private final Duration retention;
  private final Duration lease;

  /**
   * @param blocking runs the calls of the database; its size bounds how many run at a time
   * @param retention how long an answer is kept
   * @param lease how long an execution may take without {@link #renew}
   */
  public JdbcIdempotencyKeys(
      DataSource database,
      Executor blocking,
      InstantSource clock,
      Duration retention,
      Duration lease) {
    this.database = Objects.requireNonNull(database);
    this.blocking = Objects.requireNonNull(blocking);
    this.clock = Objects.requireNonNull(clock);
    this.retention = Objects.requireNonNull(retention);
    this.lease = Objects.requireNonNull(lease);
  }

  @Override
  public CompletionStage<Claim> claim(Key key, Optional<String> fingerprint) {
    return call(connection -> claim(connection, key, fingerprint.orElse(null)));
  }

  @Override
  public CompletionStage<Boolean> renew(Key key, UUID owner) {
    return call(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(RENEW)) {
            statement.setTimestamp(1, Timestamp.from(clock.instant().plus(lease)));
            bind(statement, 2, key);
            statement.setObject(5, owner);
            return statement.executeUpdate() == 1;
          }
        });
  }

  @Override
  public CompletionStage<Boolean> keep(Key key, UUID owner, String fingerprint, Answer answer) {
    return call(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(KEEP)) {
            statement.setString(1, fingerprint);
            statement.setInt(2, answer.status());
            statement.setArray(3, connection.createArrayOf("text", answer.headers().toArray()));
            statement.setBytes(4, answer.bytes());
            statement.setTimestamp(5, Timestamp.from(clock.instant().plus(retention)));
            bind(statement, 6, key);
            statement.setObject(9, owner);
            return statement.executeUpdate() == 1;
          }
        });
  }

  @Override
  public CompletionStage<Boolean> release(Key key, UUID owner) {
    return call(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(RELEASE)) {
            bind(statement, 1, key);
            statement.setObject(4, owner);
            return statement.executeUpdate() == 1;
          }
        });
  }

  @Override
  public CompletionStage<Integer> deleteExpired() {
    return call(
        connection -> {
          Timestamp now = Timestamp.from(clock.instant());
          int deleted = 0;
          try (PreparedStatement statement = connection.prepareStatement(DELETE_EXPIRED)) {
            int portion;
            do {
              statement.setTimestamp(1, now);
              portion = statement.executeUpdate();
              deleted += portion;
            } while (portion > 0);
          }
          return deleted;
        });
  }

  private Claim claim(Connection connection, Key key, String fingerprint) throws SQLException {
    // The row seen as taken may be released before it is read: then the key is free again.
    while (true) {
      Instant now = clock.instant();
      UUID owner = UUID.randomUUID();
      try (PreparedStatement statement = connection.prepareStatement(CLAIM)) {
        bind(statement, 1, key);
        statement.setObject(4, owner);
        statement.setString(5, fingerprint);
        statement.setTimestamp(6, Timestamp.from(now.plus(lease)));
        statement.setTimestamp(7, Timestamp.from(now.plus(retention)));
        statement.setTimestamp(8, Timestamp.from(now));
        statement.setTimestamp(9, Timestamp.from(now));
        try (ResultSet claimed = statement.executeQuery()) {
          if (claimed.next()) {
            return new Claim.Execute(owner);
          }
        }
      }
      try (PreparedStatement statement = connection.prepareStatement(FIND)) {
        bind(statement, 1, key);
        try (ResultSet row = statement.executeQuery()) {
          if (row.next()) {
            return found(row, fingerprint, now);
          }
        }
      }
    }
  }

  private static Claim found(ResultSet row, String fingerprint, Instant now) throws SQLException {
    String first = row.getString("fingerprint");
    if (first != null && fingerprint != null && !first.equals(fingerprint)) {
      return new Claim.OtherBody();
    }
    int status = row.getInt("status");
    if (row.wasNull()) {
      Duration left = Duration.between(now, row.getTimestamp("lease_until").toInstant());
      return new Claim.InProgress(left.isNegative() ? Duration.ZERO : left);
    }
    Array headers = row.getArray("headers");
    return new Claim.Repeat(
        first, new Answer(status, List.of((String[]) headers.getArray()), row.getBytes("body")));
  }

  private static void bind(PreparedStatement statement, int first, Key key) throws SQLException {
    statement.setString(first, key.caller());
    statement.setString(first + 1, key.route());
    statement.setString(first + 2, key.key());
  }

  private <T> CompletionStage<T> call(Sql<T> sql) {
    try {
      return CompletableFuture.supplyAsync(() -> run(sql), blocking);
    } catch (RejectedExecutionException tooMuchWaits) {
      return CompletableFuture.failedStage(tooMuchWaits);
    }
  }

  private <T> T run(Sql<T> sql) {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(true);
      return sql.run(connection);
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  private interface Sql<T> {
    T run(Connection connection) throws SQLException;
  }
}
