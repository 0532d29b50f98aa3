package io.twinloop.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One node of a cluster on this machine: a JVM whose output goes to {@code logs/node-N.log}, ready
 * when it says so there.
 */
final class NodeChild {
  private static final String READY = "Twinloop is ready: ";
  private static final Duration POLL = Duration.ofMillis(100);

  /** Longer than a node takes to leave in order. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);

  private final int number;
  private final int port;
  private final int remotePort;
  private final Path log;
  private @Nullable Process process;
  private boolean ready;

  /**
   * @param number of the node, from 1
   * @param port where it answers
   * @param remotePort where the other nodes reach it
   * @param log its output of the present life; that of the one before stands beside it
   */
  NodeChild(int number, int port, int remotePort, Path log) {
    this.number = number;
    this.port = port;
    this.remotePort = remotePort;
    this.log = log;
  }

  int number() {
    return number;
  }

  int port() {
    return port;
  }

  Path log() {
    return log;
  }

  String clusterAddress() {
    return "pekko://twinloop@127.0.0.1:" + remotePort;
  }

  /**
   * Starts it and returns at once.
   *
   * @param command the JVM with its options and the main class
   * @param seeds the nodes it joins, itself where it is to found the cluster
   */
  void start(List<String> command, Map<String, String> environment, List<NodeChild> seeds) {
    List<String> words = new ArrayList<>(command);
    words.addAll(List.of("--port", Integer.toString(port)));
    try {
      if (Files.exists(log)) {
        Files.move(
            log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
      }
      ProcessBuilder builder =
          new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().putAll(environment);
      builder.environment().put("TWINLOOP_REMOTE_PORT", Integer.toString(remotePort));
      builder
          .environment()
          .put(
              "TWINLOOP_SEEDS",
              String.join(",", seeds.stream().map(NodeChild::clusterAddress).toList()));
      ready = false;
      process = builder.start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new CannotStartException(
          "Node %d can't be started: %s.".formatted(number, Sentences.reason(e)), e);
    }
  }

  boolean isAlive() {
    Process running = process;
    return running != null && running.isAlive();
  }

  /** Whether it has said that it is ready, and runs. */
  boolean isReady() {
    if (isAlive() && !ready) {
      ready = lastWord(READY) != null;
    }
    return isAlive() && ready;
  }

  /** Where it answers, as it said itself. */
  String url() {
    String said = lastWord(READY);
    return said == null ? "http://127.0.0.1:" + port : said.substring(READY.length());
  }

  /** The process; 0 when none was started. */
  long pid() {
    Process running = process;
    return running == null ? 0 : running.pid();
  }

  /** How it ended; 0 where it never ran. */
  int exitCode() {
    Process ended = process;
    return ended == null ? 0 : ended.exitValue();
  }

  /** Why it could not start, in its own words; null when it said nothing of that. */
  @Nullable String complaint() {
    return lastWord("Twinloop can't start");
  }

  /** Waits until it is ready; false when it ends before, or takes longer. */
  boolean awaitReady(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!isReady()) {
      if (!isAlive() || System.nanoTime() > deadline) {
        return false;
      }
      Signals.pause(POLL);
    }
    return true;
  }

  /** Asks it to leave (SIGTERM). */
  void leave() {
    Process running = process;
    if (running != null) {
      running.destroy();
    }
  }

  /** Waits for its end, and makes one when that takes too long; false when it had to. */
  boolean awaitEnd() {
    Process running = process;
    if (running == null) {
      return true;
    }
    try {
      if (running.waitFor(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        return true;
      }
      running.destroyForcibly().waitFor();
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      running.destroyForcibly();
      return false;
    }
  }

  private @Nullable String lastWord(String beginning) {
    try {
      return Files.exists(log)
          ? Files.readString(log)
              .lines()
              .filter(line -> line.startsWith(beginning))
              .reduce((earlier, last) -> last)
              .orElse(null)
          : null;
    } catch (IOException beingMoved) {
      return null;
    }
  }
}
