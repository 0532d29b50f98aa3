package io.twinloop.embedded;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The nodes of a cluster on this machine: started one after the other, started again when one ends
 * by itself, and restarted in turns.
 *
 * <p>Two clusters can't form: a node founds one only where none is ready and none is founding one;
 * every other node is told the ready ones, and never itself.
 */
final class NodeGroup {
  private static final Duration READY_PATIENCE = Duration.ofMinutes(3);

  /** The pause before a node that ended is started again; doubled while it ends soon. */
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(500);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** How a node ends that isn't a member any more. */
  private static final int START_AGAIN = 75;

  /** On a machine with all cores in use a node may stand still for longer than the others wait. */
  private static final int MOST_STARTS = 3;

  /** A node that lived so long is not in trouble. */
  private static final Duration LONG_LIFE = Duration.ofMinutes(1);

  private final List<NodeChild> nodes;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Consumer<String> progress;
  private final Map<NodeChild, Life> lives = new HashMap<>();
  private final Map<NodeChild, Boolean> toldBack = new HashMap<>();
  private Optional<NodeChild> founder = Optional.empty();
  private volatile boolean stopping;

  /** When a node was started, and how long it pauses after its end. */
  private record Life(long began, Duration pause, long notBefore) {}

  NodeGroup(
      List<NodeChild> nodes,
      List<String> command,
      Map<String, String> environment,
      Consumer<String> progress) {
    this.nodes = List.copyOf(nodes);
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
    this.progress = progress;
  }

  List<NodeChild> nodes() {
    return nodes;
  }

  /**
   * Starts the first node, then the others, and returns when all are ready.
   *
   * @throws CannotStartException when one of them can't
   */
  void startAll() {
    launch(nodes.get(0));
    awaitStarted(nodes.get(0));
    nodes.stream().skip(1).forEach(this::launch);
    nodes.stream().skip(1).forEach(this::awaitStarted);
  }

  private void awaitStarted(NodeChild node) {
    boolean ready = node.awaitReady(READY_PATIENCE);
    for (int starts = 1; !ready && wasRemoved(node) && starts < MOST_STARTS; starts++) {
      progress.accept(
          "node %d was removed by the others while it started; it is started again."
              .formatted(node.number()));
      launch(node);
      ready = node.awaitReady(READY_PATIENCE);
    }
    if (!ready) {
      String said = node.complaint();
      throw new CannotStartException(
          said == null
              ? "Node %d is not ready; its log is %s.".formatted(node.number(), node.log())
              : "Node %d says: %s".formatted(node.number(), said));
    }
    progress.accept(
        "node %d is ready: %s (process %d)".formatted(node.number(), node.url(), node.pid()));
  }

  private static boolean wasRemoved(NodeChild node) {
    return !node.isAlive() && node.exitCode() == START_AGAIN;
  }

  /** Starts again what ended by itself; to be called all the time. */
  synchronized void watch() {
    for (NodeChild node : nodes) {
      Life life = lives.get(node);
      if (node.isAlive() || life == null) {
        continue;
      }
      if (life.notBefore() == 0) {
        ended(node, life);
      } else if (System.nanoTime() - life.notBefore() >= 0) {
        launch(node);
      }
    }
    for (NodeChild node : nodes) {
      tellWhenReadyAgain(node);
    }
  }

  private void ended(NodeChild node, Life life) {
    boolean lived = System.nanoTime() - life.began() > LONG_LIFE.toNanos();
    Duration pause = lived ? SHORTEST_PAUSE : life.pause();
    progress.accept(
        "node %d ended with code %d; it is started again."
            .formatted(node.number(), node.exitCode()));
    toldBack.put(node, false);
    Duration doubled = pause.multipliedBy(2);
    lives.put(
        node,
        new Life(
            life.began(),
            doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE,
            System.nanoTime() + pause.toNanos()));
  }

  private void tellWhenReadyAgain(NodeChild node) {
    if (Boolean.FALSE.equals(toldBack.get(node)) && node.isReady()) {
      toldBack.put(node, true);
      progress.accept("node %d is back (process %d).".formatted(node.number(), node.pid()));
    }
  }

  /**
   * Restarts one node after the other: it leaves, comes again and is ready before the next one
   * goes.
   *
   * @throws CannotStartException when one does not come again; the others go on
   */
  synchronized void restart() {
    for (NodeChild node : nodes) {
      progress.accept("node %d leaves …".formatted(node.number()));
      long began = System.nanoTime();
      node.leave();
      if (!node.awaitEnd()) {
        progress.accept("node %d did not leave in order.".formatted(node.number()));
      }
      launch(node);
      awaitStarted(node);
      progress.accept(
          "node %d was away for %d s."
              .formatted(node.number(), TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began)));
    }
  }

  /** All leave, and none is started any more; returns when none runs. */
  void stop() {
    stopping = true;
    nodes.forEach(NodeChild::leave);
    for (NodeChild node : nodes) {
      if (!node.awaitEnd()) {
        progress.accept("node %d had to be killed.".formatted(node.number()));
      }
    }
  }

  private synchronized void launch(NodeChild node) {
    if (stopping) {
      return;
    }
    List<NodeChild> ready =
        nodes.stream().filter(other -> other != node && other.isReady()).toList();
    List<NodeChild> seeds = ready;
    if (ready.isEmpty()) {
      founder =
          founder.filter(other -> other != node && other.isAlive()).or(() -> Optional.of(node));
      seeds = List.of(founder.get());
    }
    Life before = lives.get(node);
    node.start(command, environment, seeds);
    lives.put(
        node, new Life(System.nanoTime(), before == null ? SHORTEST_PAUSE : before.pause(), 0));
  }
}
