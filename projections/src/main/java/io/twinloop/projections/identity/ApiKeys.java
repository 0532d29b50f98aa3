package io.twinloop.projections.identity;

import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The API keys, table {@code api_key}: never the keys themselves, only hashes of their secrets. */
public final class ApiKeys {

  private static final String COLUMNS =
      "id, name, role, domain, unit, secret_hash, created_at, created_by, expires_at, revoked_at";

  /** Primary key. */
  private static final String CREATE =
      """
      INSERT INTO api_key (id, name, role, domain, unit, secret_hash, created_at, created_by, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO NOTHING
      """;

  /** Primary key. */
  private static final String FIND = "SELECT " + COLUMNS + " FROM api_key WHERE id = ?";

  /** Index api_key_created_at. */
  private static final String LIST =
      "SELECT "
          + COLUMNS
          + " FROM api_key WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?";

  /** Primary key; the first revocation stays. */
  private static final String REVOKE =
      "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?";

  private final Database database;

  public ApiKeys(Database database) {
    this.database = database;
  }

  /**
   * A key as it is kept.
   *
   * @param role of a user; null where the key is a domain's
   * @param domain code of a domain; null where the key is for a role
   * @param unit the unit a department manager's key is limited to
   * @param secretHash SHA-256 of the secret part, hexadecimal
   */
  public record ApiKey(
      String id,
      String name,
      @Nullable String role,
      @Nullable String domain,
      @Nullable String unit,
      String secretHash,
      Instant createdAt,
      String createdBy,
      @Nullable Instant expiresAt,
      @Nullable Instant revokedAt) {

    /** Whether it is good at this instant. */
    public boolean isGood(Instant now) {
      return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
    }

    /** Without the hash: it may stand in a log. */
    @Override
    public String toString() {
      return "ApiKey[" + id + "]";
    }
  }

  /** Keeps a new key; false when there is one with its id, which stays as it is. */
  public CompletionStage<Boolean> create(ApiKey key) {
    return database.inTransaction(
        connection ->
            Sql.update(
                    connection,
                    CREATE,
                    key.id(),
                    key.name(),
                    key.role(),
                    key.domain(),
                    key.unit(),
                    key.secretHash(),
                    key.createdAt(),
                    key.createdBy(),
                    key.expiresAt())
                == 1);
  }

  /** The key with this id, also a revoked one. */
  public CompletionStage<Optional<ApiKey>> find(String id) {
    return database.inTransaction(connection -> Sql.one(connection, FIND, ApiKeys::read, id));
  }

  /** Keys in order of their making, after this place. */
  public CompletionStage<List<ApiKey>> list(Instant afterTime, String afterId, int limit) {
    return database.inTransaction(
        connection -> Sql.list(connection, LIST, ApiKeys::read, afterTime, afterId, limit));
  }

  /** Revokes a key, once and for all; false when there is none with this id. */
  public CompletionStage<Boolean> revoke(String id, Instant at) {
    return database.inTransaction(connection -> Sql.update(connection, REVOKE, at, id) == 1);
  }

  private static ApiKey read(ResultSet row) throws SQLException {
    return new ApiKey(
        row.getString("id"),
        row.getString("name"),
        row.getString("role"),
        row.getString("domain"),
        row.getString("unit"),
        row.getString("secret_hash"),
        Objects.requireNonNull(Sql.instant(row, "created_at")),
        row.getString("created_by"),
        Sql.instant(row, "expires_at"),
        Sql.instant(row, "revoked_at"));
  }
}
