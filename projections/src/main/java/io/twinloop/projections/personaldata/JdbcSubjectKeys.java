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
import java.util.Objects;
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
      UPDATE subject_key SET wrapped = NULL, master = NULL, erased_at = coalesce(erased_at, ?)
      WHERE subject = ? RETURNING erased_at
      """;

  /** Primary key. A key that is just being made is waited for, and thrown away. */
  private static final String ERASE_KNOWN =
      """
      INSERT INTO subject_key AS k (subject, created_at, erased_at) VALUES (?, ?, ?)
      ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, master = NULL,
        erased_at = coalesce(k.erased_at, EXCLUDED.erased_at)
      RETURNING erased_at
      """;

  /** Index subject_key_by_master, its ends. */
  private static final String ANY_WRAPPED_OTHERWISE =
      """
      SELECT EXISTS (SELECT FROM subject_key WHERE wrapped IS NOT NULL AND master < ?)
        OR EXISTS (SELECT FROM subject_key WHERE wrapped IS NOT NULL AND master > ?) AS found
      """;

  /** Primary key, once through all of it, page by page. */
  private static final String WRAPPED_OTHERWISE =
      """
      SELECT subject, wrapped, master FROM subject_key
      WHERE subject > ? AND wrapped IS NOT NULL AND master <> ?
      ORDER BY subject LIMIT ? FOR UPDATE
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
            connection ->
                known
                    ? Sql.one(connection, ERASE_KNOWN, JdbcSubjectKeys::erasedAt, subject, now, now)
                    : Sql.one(connection, ERASE, JdbcSubjectKeys::erasedAt, now, subject))
        .thenApplyAsync(
            erasedAt -> {
              erasedAt.ifPresent(at -> cache.erased(subject));
              return erasedAt;
            },
            Runnable::run);
  }

  private static Instant erasedAt(ResultSet row) throws SQLException {
    return Objects.requireNonNull(Sql.instant(row, "erased_at"));
  }

  /**
   * Wraps the keys anew that are wrapped by another master key than this node's, in many short
   * transactions; answers how many.
   *
   * <p>The stage fails with {@link UnknownMasterKeyException} when one is wrapped by a master key
   * that nobody gave.
   */
  public CompletionStage<Integer> rewrap() {
    return database
        .inTransaction(
            connection ->
                Sql.one(
                        connection,
                        ANY_WRAPPED_OTHERWISE,
                        row -> row.getBoolean("found"),
                        master.id(),
                        master.id())
                    .orElseThrow())
        .thenComposeAsync(
            any -> any ? rewrap("", 0) : CompletableFuture.completedStage(0), Runnable::run);
  }

  private CompletionStage<Integer> rewrap(String after, int before) {
    return database
        .inTransaction(connection -> rewrapSome(connection, after))
        .thenComposeAsync(
            subjects ->
                subjects.size() < REWRAPPED_AT_ONCE
                    ? CompletableFuture.completedStage(before + subjects.size())
                    : rewrap(subjects.get(subjects.size() - 1), before + subjects.size()),
            Runnable::run);
  }

  private List<String> rewrapSome(Connection connection, String after) throws SQLException {
    List<Row> rows =
        Sql.list(connection, WRAPPED_OTHERWISE, Row::of, after, master.id(), REWRAPPED_AT_ONCE);
    List<String> subjects = rows.stream().map(Row::subject).toList();
    List<byte[]> wrapped = new ArrayList<>(rows.size());
    for (Row row : rows) {
      wrapped.add(wrap(row.subject(), unwrapped(row).orElseThrow()));
    }
    Sql.update(
        connection,
        REWRAP,
        master.id(),
        Sql.texts(connection, subjects),
        Sql.bytes(connection, wrapped));
    return subjects;
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
