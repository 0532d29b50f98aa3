package io.twinloop.benchmarks;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Requests that come at a steady rate, whether the ones before were answered or not, as from many
 * callers who know nothing of each other.
 *
 * <p>A request's time runs from when it was due: one that found no idle connection has waited.
 */
final class PacedLoad {

  private static final int REFUSED = 503;
  private static final int LONGEST_WAIT_MILLIS = 1;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /**
   * What became of the requests that were due while it counted.
   *
   * @param served milliseconds of each answer with 2xx
   * @param refused milliseconds of each answer with 503
   * @param servedPerSecond answers with 2xx that came while it counted
   * @param refusedPerSecond answers with 503 that came while it counted
   * @param unsentPerSecond requests that were due while it counted and left out
   */
  record Outcome(
      List<Double> served,
      List<Double> refused,
      double servedPerSecond,
      double refusedPerSecond,
      double unsentPerSecond) {}

  private final Supplier<byte[]> requests;
  private final double nanosBetween;
  private final Selector selector;
  private final List<HttpConnection> connections = new ArrayList<>();
  private final Deque<HttpConnection> idle = new ArrayDeque<>();
  private final List<Double> served = new ArrayList<>();
  private final List<Double> refused = new ArrayList<>();
  private long countedFrom;
  private long countedTo;
  private long servedInTime;
  private long refusedInTime;
  private long unsent;
  private @Nullable IOException failure;

  private PacedLoad(int port, int most, double perSecond, Supplier<byte[]> requests)
      throws IOException {
    if (!(perSecond > 0)) {
      throw new IllegalArgumentException("A load of " + perSecond + " requests a second is none");
    }
    this.requests = requests;
    this.nanosBetween = 1e9 / perSecond;
    this.selector = Selector.open();
    for (int i = 0; i < most; i++) {
      HttpConnection connection = HttpConnection.open(port);
      connections.add(connection);
      idle.add(connection);
      connection.channel().register(selector, SelectionKey.OP_READ, new Pending(connection));
    }
  }

  /** A connection, and when its request was due. */
  private static final class Pending {
    private final HttpConnection connection;
    private long due;

    Pending(HttpConnection connection) {
      this.connection = connection;
    }
  }

  /**
   * Sends requests on this thread, and comes back when the last is answered.
   *
   * @param connections at most so many requests are under way
   * @param latest a request that can't go out so long after it was due is left out: all connections
   *     wait for answers, or this process gets no CPU. Else the times would be those of a queue in
   *     here, which grows with the length of the load. Where it is long, a time tells also of the
   *     wait for a connection.
   * @param warmUp so long before it counts
   * @throws IOException when anything but 2xx or 503 is answered
   */
  static Outcome run(
      int port,
      int connections,
      double perSecond,
      Supplier<byte[]> requests,
      Duration latest,
      Duration warmUp,
      Duration measured)
      throws IOException {
    PacedLoad load = new PacedLoad(port, connections, perSecond, requests);
    try {
      load.run(latest.toNanos(), warmUp.toNanos(), measured.toNanos());
      double seconds = measured.toNanos() / 1e9;
      return new Outcome(
          load.served,
          load.refused,
          load.servedInTime / seconds,
          load.refusedInTime / seconds,
          load.unsent / seconds);
    } finally {
      load.connections.forEach(HttpConnection::close);
      load.selector.close();
    }
  }

  private void run(long latest, long warmUp, long measured) throws IOException {
    useEachConnection();
    long start = System.nanoTime();
    countedFrom = start + warmUp;
    countedTo = countedFrom + measured;
    for (long number = 0; start + (long) (number * nanosBetween) < countedTo; number++) {
      long due = start + (long) (number * nanosBetween);
      while (System.nanoTime() < due || (idle.isEmpty() && System.nanoTime() - due < latest)) {
        receive();
      }
      if (idle.isEmpty() || System.nanoTime() - due > latest) {
        unsent += due >= countedFrom ? 1 : 0;
      } else {
        send(due);
      }
    }
    receiveAll();
  }

  /** What it takes to open them isn't part of what is measured. */
  private void useEachConnection() throws IOException {
    countedFrom = Long.MAX_VALUE;
    while (!idle.isEmpty()) {
      send(System.nanoTime());
    }
    receiveAll();
  }

  private void receiveAll() throws IOException {
    long patience = System.nanoTime() + PATIENCE_NANOS;
    while (idle.size() < connections.size()) {
      if (System.nanoTime() > patience) {
        throw new IOException("requests were not answered");
      }
      receive();
    }
  }

  private void send(long due) throws IOException {
    HttpConnection connection = idle.pop();
    ((Pending) connection.channel().keyFor(selector).attachment()).due = due;
    connection.send(requests.get());
  }

  private void receive() throws IOException {
    selector.select(this::ready, LONGEST_WAIT_MILLIS);
    if (failure != null) {
      throw failure;
    }
  }

  private void ready(SelectionKey key) {
    Pending pending = (Pending) key.attachment();
    try {
      if (pending.connection.receive()) {
        count(pending);
        idle.add(pending.connection);
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  private void count(Pending pending) throws IOException {
    int status = pending.connection.status();
    if (status / 100 != 2 && status != REFUSED) {
      throw new IOException("answered " + pending.connection.text());
    }
    long now = System.nanoTime();
    if (pending.due >= countedFrom) {
      (status == REFUSED ? refused : served).add((now - pending.due) / 1e6);
    }
    if (now >= countedFrom && now < countedTo) {
      servedInTime += status == REFUSED ? 0 : 1;
      refusedInTime += status == REFUSED ? 1 : 0;
    }
  }
}
