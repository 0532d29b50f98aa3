package io.twinloop.embedded;

import io.twinloop.embedded.EmbeddedServers.Wanted;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A node with PostgreSQL and Kafka inside: what {@code ./twinloop up} runs on one machine.
 *
 * <p>Arguments: {@code --data DIR CLASS [ARGUMENT…]}. It takes hold of the data folder, starts the
 * servers, tells the node where they are by the system properties {@value #POSTGRES_URL} and
 * {@value #KAFKA_BOOTSTRAP}, and calls {@code public static AutoCloseable start(String[])} of the
 * class, which returns when the node is ready and whose result stops it. Before anything is started
 * it calls the class's {@code check(String[])}, if it has one, which throws what speaks against it.
 * A class without {@code start} is a task: its {@code main} is called, and everything stops when
 * that returns. A server whose environment variable (TWINLOOP_POSTGRES_URL,
 * TWINLOOP_KAFKA_BOOTSTRAP, or the same with _FILE) is set is not started; nor is Kafka where
 * TWINLOOP_EVENT_BUS_TYPE names another bus.
 *
 * <p>The end has an order, so there is one shutdown hook: the node, Kafka, PostgreSQL, the folder.
 * A PostgreSQL that ends by itself is started again.
 */
public final class EmbeddedMain {
  static final String POSTGRES_URL = "twinloop.postgres.url";
  static final String KAFKA_BOOTSTRAP = "twinloop.kafka.bootstrap";

  /**
   * Longer than the node's coordinated shutdown takes; a node that hangs must not keep the rest.
   */
  private static final Duration NODE_PATIENCE = Duration.ofSeconds(60);

  private static final Duration WATCH = Duration.ofSeconds(1);

  private final DataFolder folder;
  private final EmbeddedServers servers;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile @Nullable AutoCloseable node;

  private EmbeddedMain(Path data) {
    folder = DataFolder.open(data);
    servers =
        new EmbeddedServers(
            folder,
            new Wanted(
                isSet("TWINLOOP_POSTGRES_URL") ? null : 0,
                isSet("TWINLOOP_KAFKA_BOOTSTRAP") || !isKafkaTheBus() ? null : 0),
            EmbeddedMain::say);
  }

  public static void main(String[] words) {
    try {
      Options options = Options.parse(words, Set.of("--data"));
      if (options.rest().isEmpty()) {
        throw new CannotStartException("The class of the node is missing after --data DIR.");
      }
      KafkaServer.onFatalError(EmbeddedMain::exitSaying);
      Class<?> wanted = Class.forName(options.rest().get(0));
      String[] arguments = options.rest().subList(1, options.rest().size()).toArray(String[]::new);
      if (has(wanted, "check")) {
        call(wanted, "check", arguments);
      }
      EmbeddedMain program = new EmbeddedMain(options.path("--data"));
      Runtime.getRuntime().addShutdownHook(new Thread(program::stop, "twinloop-stop"));
      program.run(wanted, arguments);
    } catch (CannotStartException e) {
      refuse(e.getMessage());
      System.exit(1);
    } catch (Exception e) {
      refuse(Sentences.reason(e) + ".");
      e.printStackTrace();
      System.exit(1);
    }
  }

  private void run(Class<?> program, String[] arguments) throws Exception {
    say(isKafkaTheBus() ? "starting PostgreSQL and Kafka …" : "starting PostgreSQL …");
    servers.awaitReady();
    servers.postgres().ifPresent(server -> System.setProperty(POSTGRES_URL, server.url()));
    servers.kafka().ifPresent(server -> System.setProperty(KAFKA_BOOTSTRAP, server.bootstrap()));
    if (has(program, "start")) {
      say("starting the node …");
      node = startNode(program, arguments);
      while (!stopping.await(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
        servers.postgres().ifPresent(EmbeddedMain::startAgainWhenEnded);
      }
    } else {
      call(program, "main", arguments);
      System.exit(0);
    }
  }

  /** A node has {@code start}, and {@code check} where it can tell beforehand that it won't. */
  private static boolean has(Class<?> program, String method) {
    return Arrays.stream(program.getMethods()).anyMatch(each -> each.getName().equals(method));
  }

  private static AutoCloseable startNode(Class<?> program, String[] arguments) throws Exception {
    if (call(program, "start", arguments) instanceof AutoCloseable started) {
      return started;
    }
    throw new IllegalStateException(program + ".start returned nothing that can be closed");
  }

  private static @Nullable Object call(Class<?> program, String method, String[] arguments)
      throws Exception {
    try {
      return program.getMethod(method, String[].class).invoke(null, (Object) arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  static void startAgainWhenEnded(PostgreSqlServer server) {
    try {
      if (server.startAgainWhenEnded(
          () -> say("PostgreSQL ended by itself; starting it again …"))) {
        say("PostgreSQL is back.");
      }
    } catch (CannotStartException e) {
      say("PostgreSQL does not come back, trying again: " + e.getMessage());
    }
  }

  private void stop() {
    say("stopping …");
    stopping.countDown();
    stopNode();
    servers.close();
    try {
      folder.close();
    } catch (IOException e) {
      say("could not clean up %s: %s.".formatted(folder.root(), Sentences.reason(e)));
    }
    say("stopped.");
  }

  private void stopNode() {
    AutoCloseable started = node;
    if (started == null) {
      return;
    }
    Thread closing =
        new Thread(
            () -> {
              try {
                started.close();
              } catch (Exception e) {
                say("the node had trouble stopping: " + Sentences.reason(e) + ".");
                e.printStackTrace();
              }
            },
            "twinloop-stop-node");
    closing.setDaemon(true);
    closing.start();
    try {
      closing.join(NODE_PATIENCE.toMillis());
      if (closing.isAlive()) {
        say(
            "the node did not stop within %d s; going on without it."
                .formatted(NODE_PATIENCE.toSeconds()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static void exitSaying(String sentence) {
    say(sentence);
    // The thread that brings the news is Kafka's own, which the stop would wait for.
    new Thread(() -> System.exit(1), "twinloop-exit").start();
  }

  static boolean isKafkaTheBus() {
    String type = System.getenv("TWINLOOP_EVENT_BUS_TYPE");
    return type == null || type.isBlank() || type.equals("kafka");
  }

  static boolean isSet(String variable) {
    return hasValue(variable) || hasValue(variable + "_FILE");
  }

  private static boolean hasValue(String variable) {
    String value = System.getenv(variable);
    return value != null && !value.isBlank();
  }

  static void refuse(String sentence) {
    System.out.println("Twinloop can't start: " + sentence);
  }

  /** The launcher shows lines that begin with the product's name; everything else is log. */
  static void say(String progress) {
    System.out.println("Twinloop: " + progress);
  }
}
