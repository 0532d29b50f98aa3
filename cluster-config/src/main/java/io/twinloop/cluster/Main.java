package io.twinloop.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.HttpServer;

/** Starts a node and keeps it running until it is told to stop. */
public final class Main {

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
   * Starts a node; returns when it is ready. Whoever calls this closes it.
   *
   * @param arguments {@code --port N} takes the place of {@code twinloop.http.port}
   */
  public static AutoCloseable start(String[] arguments) throws Exception {
    Config config = configure(arguments);
    Node node = Node.start(config);
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
