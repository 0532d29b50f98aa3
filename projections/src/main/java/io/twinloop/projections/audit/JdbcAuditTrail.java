package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.projections.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The audit in PostgreSQL, tables {@code audit_entry} and {@code audit_head}.
 *
 * <p>One thread writes: what waits goes out together, in one statement that moves the end of the
 * chain, while the next entries gather. Several nodes take turns at that row; one that is stopped
 * in the middle loses its session, see {@code ReadModels}. A batch that failed is tried again until
 * it stands: whether it stood already is seen by its last hash.
 *
 * <p>Where no other node writes, the end is where this one left it: then it isn't read first. Where
 * much is to be written, the thread rests as long as it took to write, so that more goes out at
 * once: a commit costs the same for one entry and for a hundred.
 */
public final class JdbcAuditTrail implements AuditTrail, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcAuditTrail.class);
  private static final int LARGEST_BATCH = 1_000;
  private static final long FIRST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;
  private static final long LONGEST_CLOSE_MILLIS = 10_000;

  /** A batch of so many shows that there is much to write. */
  private static final int MUCH = 8;

  private static final long LONGEST_REST_NANOS = 2_000_000;

  /** Primary key; whoever appends waits here. */
  private static final String LOCK = "SELECT number, at, hash FROM audit_head FOR UPDATE";

  /** Primary key. */
  private static final String HASH_OF = "SELECT hash FROM audit_entry WHERE number = ?";

  private final DataSource database;
  private final InstantSource clock;
  private final AuditPlaces places;
  private final Executor tells;
  private final BlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
  private final Thread writer = new Thread(this::write, "audit-writer");
  private volatile boolean closing;

  /** Where the last batch ended, and whether the one before it ended where this one began. */
  private Optional<Head> left = Optional.empty();

  private boolean alone;

  /** An entry on its way, and who is told when it has arrived. */
  private record Waiting(AuditEntry entry, CompletableFuture<Void> durable) {}

  /**
   * @param database whose sessions end when they idle in a transaction
   * @param tells runs what comes after entries that are durable, for those of a batch at once, and
   *     after a place that had to be waited for
   */
  public JdbcAuditTrail(
      DataSource database, InstantSource clock, AuditSettings settings, Executor tells) {
    this.database = database;
    this.clock = clock;
    this.places = new AuditPlaces(settings.places(), settings.patience(), tells);
    this.tells = tells;
    writer.setDaemon(true);
    writer.start();
  }

  @Override
  public CompletionStage<Place> reserve() {
    return places.take().thenApplyAsync(taken -> new OnePlace(), Runnable::run);
  }

  /** How many entries are being made or wait to be written. */
  public int waiting() {
    return places.taken();
  }

  /** Whether entries are still written, if slowly: without a writer no change is ever answered. */
  public boolean isWriting() {
    return writer.isAlive();
  }

  private final class OnePlace implements Place {
    private boolean used;

    @Override
    public CompletionStage<Void> record(AuditEntry entry) {
      use();
      Waiting waiting = new Waiting(entry, new CompletableFuture<>());
      queue.add(waiting);
      return waiting.durable();
    }

    @Override
    public void release() {
      use();
      places.giveBack();
    }

    private synchronized void use() {
      if (used) {
        throw new IllegalStateException("A place in the audit is used once");
      }
      used = true;
    }
  }

  private void write() {
    List<Waiting> batch = new ArrayList<>(LARGEST_BATCH);
    try {
      while (!closing || !queue.isEmpty()) {
        Waiting first = queue.poll(LONGEST_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(first);
          queue.drainTo(batch, LARGEST_BATCH - 1);
          long began = System.nanoTime();
          append(batch.stream().map(Waiting::entry).toList());
          tell(List.copyOf(batch));
          rest(batch.size(), System.nanoTime() - began);
          batch.clear();
        }
      }
    } catch (InterruptedException stopped) {
      LOG.warn("{} audit entries were not written: the node stops.", batch.size() + queue.size());
    }
  }

  private void rest(int written, long nanos) throws InterruptedException {
    if (written >= MUCH && !closing) {
      TimeUnit.NANOSECONDS.sleep(Math.min(nanos, LONGEST_REST_NANOS));
    }
  }

  private void tell(List<Waiting> written) {
    Runnable telling =
        () ->
            written.forEach(
                waiting -> {
                  places.giveBack();
                  waiting.durable().complete(null);
                });
    try {
      tells.execute(telling);
    } catch (RejectedExecutionException ended) {
      telling.run(); // the node's own threads have ended before this one
    }
  }

  /** Appends a batch; comes back when it stands. */
  private void append(List<AuditEntry> entries) throws InterruptedException {
    Optional<Head> tried = Optional.empty();
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      Attempt attempt = new Attempt(entries, tried);
      try (Connection connection = database.getConnection()) {
        attempt.on(connection);
        left = attempt.end();
        return;
      } catch (SQLException | RuntimeException | Error e) {
        // Also after an error: without its writer a node is of no use.
        left = Optional.empty();
        LOG.warn("{} audit entries wait: {}", entries.size() + queue.size(), e.toString());
        tried = attempt.end().or(() -> attempt.before);
        TimeUnit.MILLISECONDS.sleep(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
      }
    }
  }

  /** One try to append a batch. */
  private final class Attempt {
    private final List<AuditEntry> entries;
    private final Optional<Head> before;
    private Optional<Head> end = Optional.empty();

    /**
     * @param before where the batch ended in the try before, of which it isn't known whether it
     *     stands
     */
    Attempt(List<AuditEntry> entries, Optional<Head> before) {
      this.entries = entries;
      this.before = before;
    }

    /** Where the batch would end, once that is known. */
    Optional<Head> end() {
      return end;
    }

    void on(Connection connection) throws SQLException {
      if (!appendedWhereLeft(connection)) {
        inTransaction(connection);
      }
    }

    private void inTransaction(Connection connection) throws SQLException {
      connection.setAutoCommit(false);
      try {
        appendBehindEnd(connection);
        connection.commit();
      } catch (SQLException | RuntimeException e) {
        connection.rollback();
        throw e;
      }
    }

    /** One statement, which appends all or nothing, needs no transaction around it. */
    private boolean appendedWhereLeft(Connection connection) throws SQLException {
      return alone && before.isEmpty() && left.isPresent() && append(connection, left.get());
    }

    private void appendBehindEnd(Connection connection) throws SQLException {
      Head head = Sql.one(connection, LOCK, AuditRows::head).orElseThrow();
      alone = left.filter(head::equals).isPresent();
      if (before.isPresent() && stands(connection, before.get())) {
        end = before;
      } else if (!append(connection, head)) {
        throw new IllegalStateException("The end of the audit moved while it was held");
      }
    }

    private boolean stands(Connection connection, Head head) throws SQLException {
      return Sql.one(connection, HASH_OF, row -> row.getBytes(1), head.number())
          .filter(hash -> Arrays.equals(hash, head.hash().bytes()))
          .isPresent();
    }

    private boolean append(Connection connection, Head head) throws SQLException {
      Instant now = clock.instant();
      List<AuditLink> links = new ArrayList<>(entries.size());
      Head last = head;
      for (AuditEntry entry : entries) {
        AuditLink link = AuditLink.append(last, now, entry);
        links.add(link);
        last = link.asHead();
      }
      end = Optional.of(last);
      return AuditRows.append(connection, head, links);
    }
  }

  /** Writes what waits, for at most ten seconds, and ends. */
  @Override
  public void close() {
    closing = true;
    try {
      writer.join(LONGEST_CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    writer.interrupt();
  }
}
