package io.twinloop.persistence.r2dbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pekko.actor.ActorSystem;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Compares group commit with single-row INSERTs on the same PostgreSQL in the same run: events of
 * 160 bytes, 256 in flight over 1,000 persistence ids against 32 connections. Prints both rates and
 * their ratio, three rounds.
 */
public final class JournalThroughput {

  private static final int SECONDS = 5;
  private static final int IN_FLIGHT = 256;
  private static final int ENTITIES = 1_000;
  private static final int CONNECTIONS = 32;
  private static final String TEXT = "x".repeat(160);

  private JournalThroughput() {}

  public static void main(String[] arguments) throws Exception {
    try (TestPostgres postgres = TestPostgres.ownServer()) {
      for (int round = 1; round <= 3; round++) {
        PostgresSettings settings = postgres.newDatabase();
        double single = singleRowInserts(settings);
        double grouped = groupCommit(settings);
        System.out.printf(
            "round %d: group commit %,.0f events/s, single-row INSERT %,.0f events/s, ratio %.2f%n",
            round, grouped, single, grouped / single);
      }
    }
  }

  private static double groupCommit(PostgresSettings settings) throws InterruptedException {
    ActorSystem system = TestPostgres.system(settings);
    PostgresPersistence extension = PostgresPersistence.get(system);
    GroupCommit groupCommit = extension.groupCommit();
    AtomicLong stored = new AtomicLong();
    AtomicInteger turn = new AtomicInteger();
    long[] seqNrs = new long[ENTITIES];
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    CountDownLatch done = new CountDownLatch(IN_FLIGHT);
    for (int i = 0; i < IN_FLIGHT; i++) {
      writeOn(groupCommit, turn, seqNrs, stored, end, done);
    }
    done.await();
    System.out.printf(
        "  %.0f rows a flush, %.2f ms a flush%n",
        (double) extension.metrics().rows() / extension.metrics().flushes(),
        extension.metrics().flushTime().toNanos() / 1e6 / extension.metrics().flushes());
    TestPostgres.stop(system);
    return stored.get() / (double) SECONDS;
  }

  private static void writeOn(
      GroupCommit groupCommit,
      AtomicInteger turn,
      long[] seqNrs,
      AtomicLong stored,
      long end,
      CountDownLatch done) {
    int entity = Math.floorMod(turn.getAndIncrement(), ENTITIES);
    String name = "g" + entity;
    EventRow event;
    synchronized (seqNrs) {
      event = TestEvents.event(name, ++seqNrs[entity], TEXT);
    }
    Mono.fromFuture(groupCommit.write(event.persistenceId(), List.of(event)))
        .publishOn(Schedulers.parallel())
        .doOnSuccess(
            nothing -> {
              stored.incrementAndGet();
              if (System.nanoTime() < end) {
                writeOn(groupCommit, turn, seqNrs, stored, end, done);
              } else {
                done.countDown();
              }
            })
        .subscribe();
  }

  private static double singleRowInserts(PostgresSettings settings) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS);
    AtomicLong stored = new AtomicLong();
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      connections.add(TestPostgres.connect(settings));
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    for (int i = 0; i < CONNECTIONS; i++) {
      Connection connection = connections.get(i);
      String name = "s" + i;
      threads.execute(() -> insertUntil(connection, name, end, stored));
    }
    threads.shutdown();
    if (!threads.awaitTermination(SECONDS * 4L, TimeUnit.SECONDS)) {
      throw new AssertionError("The single-row INSERTs didn't end.");
    }
    for (Connection connection : connections) {
      connection.close();
    }
    return stored.get() / (double) SECONDS;
  }

  private static void insertUntil(Connection connection, String name, long end, AtomicLong stored) {
    String sql =
        """
        INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp, event_ser_id,
          event_ser_manifest, event_payload, writer) VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP, ?, ?, ?, ?)
        """;
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      for (long seqNr = 1; System.nanoTime() < end; seqNr++) {
        EventRow event = TestEvents.event(name, seqNr, TEXT);
        insert.setInt(1, event.slice());
        insert.setString(2, event.entityType());
        insert.setString(3, event.persistenceId());
        insert.setLong(4, seqNr);
        insert.setInt(5, event.event().serializerId());
        insert.setString(6, event.event().manifest());
        insert.setBytes(7, event.event().bytes());
        insert.setString(8, event.writer());
        insert.executeUpdate();
        stored.incrementAndGet();
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
