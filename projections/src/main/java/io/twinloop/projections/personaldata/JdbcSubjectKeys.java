package io.twinloop.projections.personaldata;

import io.twinloop.domain.personaldata.MasterKey;
import io.twinloop.domain.personaldata.SubjectKey;
import io.twinloop.projections.Database;
import io.twinloop.projections.Sql;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The keys in PostgreSQL, wrapped by the site's master key, table {@code subject_key}; all that one
 * call needs are read with one statement and made with one more.
 */
public final class JdbcSubjectKeys implements SubjectKeys {

  /** Primary key. */
  private static final String FIND =
      "SELECT subject, wrapped, master FROM subject_key WHERE subject = ANY(?)";

  /**
   * Primary key. Of two nodes that make one at the same time the first does, the other finds it.
   */
  private static final String MAKE =
      """
      INSERT INTO subject_key (subject, wrapped, master, created_at)
      SELECT subject, wrapped, ?, ? FROM unnest(?, ?) AS t (subject, wrapped)
      ON CONFLICT (subject) DO NOTHING
      """;

  /** Primary key. The row stays, so that nobody makes a key for that subject again. */
  private static final String ERASE =
      """
      UPDATE subject_key SET wrapped = NULL, master = NULL, erased_at = ?
      WHERE subject = ? AND erased_at IS NULL
      """;

  /** Primary key. */
  private static final String ERASE_UNSEALED =
      """
      INSERT INTO subject_key (subject, created_at, erased_at) VALUES (?, ?, ?)
      ON CONFLICT (subject) DO NOTHING
      """;

  /** Primary key. */
  private static final String ERASED = "SELECT erased_at FROM subject_key WHERE subject = ?";

  /** Index subject_key_by_master. */
  private static final String WRAPPED_OTHERWISE =
      """
      SELECT subject, wrapped, master FROM subject_key
      WHERE wrapped IS NOT NULL AND master <> ? ORDER BY subject LIMIT ? FOR UPDATE
      """;

  /** Primary key. */
  private static final String REWRAP =
      """
      UPDATE subject_key k SET wrapped = t.wrapped, master = ?
      FROM unnest(?, ?) AS t (subject, wrapped)
      WHERE k.subject = t.subject AND k.wrapped IS NOT NULL
      """;

  private static final int REWRAPPED_AT_ONCE = 1_000;
  private static final int KEYS_HELD = 20_000;

  private final Database database;
  private final MasterKey master;
  private final List<MasterKey> others;
  private final Clock clock;
  private final KeyCache cache;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param master wraps new keys
   * @param others that keys may be wrapped by still, or by another node already
   * @param cacheTime so long after another node erased a subject this one may still open its values
   */
  public JdbcSubjectKeys(
      Database database,
      MasterKey master,
      List<MasterKey> others,
      Clock clock,
      Duration cacheTime) {
    this.database = database;
    this.master = master;
    this.others = List.copyOf(others);
    this.clock = clock;
    this.cache = new KeyCache(KEYS_HELD, cacheTime);
  }

  @Override
  public CompletionStage<Map<String, Optional<SubjectKey>>> forSealing(Set<String> subjects) {
    return find(subjects, true);
  }

  @Override
  public CompletionStage<Map<String, Optional<SubjectKey>>> forOpening(Set<String> subjects) {
    return find(subjects, false);
  }

  private CompletionStage<Map<String, Optional<SubjectKey>>> find(
      Set<String> subjects, boolean make) {
    Map<String, Optional<SubjectKey>> found = cache.of(subjects);
    if (found.size() == subjects.size()) {
      return CompletableFuture.completedStage(found);
    }
    // In order: two that make keys for the same subjects wait for each other, never in a circle.
    Set<String> missing = new TreeSet<>(subjects);
    missing.removeAll(found.keySet());
    long askedAt = System.nanoTime();
    return database
        .inTransaction(
            connection -> {
              Map<String, Optional<SubjectKey>> read = read(connection, missing);
              if (make && read.size() < missing.size()) {
                Set<String> newcomers = new TreeSet<>(missing);
                newcomers.removeAll(read.keySet());
                make(connection, newcomers);
                read.putAll(read(connection, newcomers));
              }
              return read;
            })
        .thenApplyAsync(
            read -> {
              cache.keep(read, askedAt);
              found.putAll(read);
              return found;
            },
            Runnable::run);
  }

  @SuppressWarnings("ArrayRecordComponent") // only carried
  private record Row(String subject, byte @Nullable [] wrapped, @Nullable String master) {
    static Row of(ResultSet row) throws SQLException {
      return new Row(row.getString("subject"), row.getBytes("wrapped"), row.getString("master"));
    }
  }

  private Map<String, Optional<SubjectKey>> read(Connection connection, Set<String> subjects)
      throws SQLException {
    Map<String, Optional<SubjectKey>> keys = new HashMap<>();
    for (Row row :
        Sql.list(connection, FIND, Row::of, Sql.texts(connection, List.copyOf(subjects)))) {
      keys.put(row.subject(), unwrapped(row).map(key -> new SubjectKey(row.subject(), key)));
    }
    return keys;
  }

  private Optional<byte[]> unwrapped(Row row) {
    if (row.wrapped() == null) {
      return Optional.empty();
    }
    MasterKey wrapper =
        master.id().equals(row.master())
            ? master
            : others.stream()
                .filter(other -> other.id().equals(row.master()))
                .findFirst()
                .orElseThrow(() -> new UnknownMasterKeyException(row.master(), master.id()));
    return Optional.of(wrapper.unwrap(row.subject(), row.wrapped()));
  }

  private void make(Connection connection, Set<String> subjects) throws SQLException {
    List<byte[]> wrapped = new ArrayList<>(subjects.size());
    for (String subject : subjects) {
      wrapped.add(wrap(subject, bytes(SubjectKey.BYTES)));
    }
    Sql.update(
        connection,
        MAKE,
        master.id(),
        clock.instant(),
        Sql.texts(connection, List.copyOf(subjects)),
        Sql.bytes(connection, wrapped));
  }

  private byte[] wrap(String subject, byte[] key) {
    return master.wrap(subject, key, bytes(MasterKey.NONCE_BYTES));
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  @Override
  public CompletionStage<Optional<Instant>> erase(String subject, boolean known) {
    Instant now = clock.instant();
    return database
        .inTransaction(
            connection -> {
              int erased = Sql.update(connection, ERASE, now, subject);
              if (erased == 0 && known) {
                Sql.update(connection, ERASE_UNSEALED, subject, now, now);
              }
              return Sql.one(connection, ERASED, row -> Sql.instant(row, "erased_at"), subject);
            })
        .thenApplyAsync(
            erasedAt -> {
              erasedAt.ifPresent(at -> cache.erased(subject));
              return erasedAt;
            },
            Runnable::run);
  }

  /**
   * Wraps some of the keys anew that are wrapped by another master key than this node's; answers
   * how many, none when all are wrapped by this.
   *
   * <p>The stage fails with {@link UnknownMasterKeyException} when one is wrapped by a master key
   * that nobody gave.
   */
  public CompletionStage<Integer> rewrap() {
    return database.inTransaction(
        connection -> {
          List<Row> rows =
              Sql.list(connection, WRAPPED_OTHERWISE, Row::of, master.id(), REWRAPPED_AT_ONCE);
          List<byte[]> wrapped = new ArrayList<>(rows.size());
          for (Row row : rows) {
            wrapped.add(wrap(row.subject(), unwrapped(row).orElseThrow()));
          }
          return rows.isEmpty()
              ? 0
              : Sql.update(
                  connection,
                  REWRAP,
                  master.id(),
                  Sql.texts(connection, rows.stream().map(Row::subject).toList()),
                  Sql.bytes(connection, wrapped));
        });
  }

  /** Keys are wrapped by a master key that this node was not given. */
  public static final class UnknownMasterKeyException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    UnknownMasterKeyException(@Nullable String wrappedBy, String given) {
      super(
          "Personal data in this database is sealed under the master key '%s', but '%s' was given: set TWINLOOP_PERSONAL_DATA_KEY or TWINLOOP_PERSONAL_DATA_KEY_FILE to the one it was stored with, or name that as TWINLOOP_PERSONAL_DATA_OTHER_KEYS."
              .formatted(wrappedBy, given));
    }
  }
}
