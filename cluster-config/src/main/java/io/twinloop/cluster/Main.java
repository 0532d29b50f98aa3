package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.HttpServer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Starts a node and keeps it running until it is told to stop. */
public final class Main {

  /** The exit code of a node that the cluster has gone on without: it is to be started again. */
  static final int START_AGAIN = 75;

  /** Of a node that is lost anyway: its actor system has ended before. */
  private static final long LONGEST_END_MILLIS = 3_000;

  private Main() {}

  /** Runs a node until SIGTERM or Ctrl-C; exits with 1 and one sentence when it can't start. */
  public static void main(String[] arguments) {
    try {
      AutoCloseable node = start(arguments);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "node-stop"));
    } catch (Exception e) {
      // An exception in main would leave the other threads, and so the process, running.
      System.err.println(sentence(e));
      System.exit(1);
    }
  }

  /**
   * Starts a node; returns when it is ready. Whoever calls this closes it. When the cluster has
   * gone on without it, because it was stopped or cut off for too long, the process ends with
   * {@value #START_AGAIN}.
   *
   * @param arguments {@code --port N} takes the place of {@code twinloop.http.port}
   */
  public static AutoCloseable start(String[] arguments) throws Exception {
    Config config = configure(arguments);
    Node node = Node.start(config, Main::startAgain);
    System.out.println("Twinloop is ready: " + node.url());
    return node;
  }

  /**
   * Refuses settings no node can run with, before the servers it needs are started.
   *
   * @param arguments as for {@link #start}
   */
  public static void check(String[] arguments) {
    SettingsCheck.read(configure(arguments));
  }

  private static Config configure(String[] arguments) {
    Config given = ConfigFactory.empty();
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--port") && i + 1 < arguments.length) {
        given =
            ConfigFactory.parseString("twinloop.http.port = " + arguments[++i]).withFallback(given);
      } else {
        throw new CannotStart("Unknown argument '" + arguments[i] + "'; known is --port N.");
      }
    }
    return Configuration.load(given);
  }

  private static void startAgain() {
    System.out.println(
        "Twinloop: the cluster has gone on without this node, which ends to be started again.");
    new Thread(() -> System.exit(START_AGAIN), "node-exit").start();
    Thread last =
        new Thread(
            () -> {
              LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LONGEST_END_MILLIS));
              Runtime.getRuntime().halt(START_AGAIN);
            },
            "node-halt");
    last.setDaemon(true);
    last.start();
  }

  private static void close(AutoCloseable node) {
    try {
      node.close();
    } catch (Exception e) {
      System.err.println("The node did not stop in order: " + e);
    }
  }

  private static String sentence(Exception failure) {
    if (failure instanceof CannotStart
        || failure instanceof HttpServer.CannotListen
        || failure instanceof IllegalArgumentException) {
      return "Twinloop can't start: " + failure.getMessage();
    }
    if (failure instanceof ConfigException) {
      return "Twinloop can't start, the configuration is wrong: " + failure.getMessage();
    }
    return "Twinloop can't start: " + failure;
  }
}
