package io.twinloop.embedded;

import io.twinloop.embedded.EmbeddedServers.Wanted;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * PostgreSQL and Kafka as a process of their own, for tests and for those who want services and
 * nodes apart.
 *
 * <p>Arguments: {@code --data DIR [--postgres-port N] [--kafka-port N]}. A server runs when its
 * port is given, both when none is; 0 stands for the port of last time or a free one. One line
 * tells when they answer: {@code ready postgres=postgresql://… kafka=127.0.0.1:…}. Ends on SIGTERM
 * or SIGINT.
 */
public final class ServicesMain {
  private ServicesMain() {}

  public static void main(String[] words) throws InterruptedException {
    try {
      Options options = Options.parse(words, Set.of("--data", "--postgres-port", "--kafka-port"));
      if (!options.rest().isEmpty()) {
        throw new CannotStartException(
            "'%s' is no option of this program.".formatted(options.rest().get(0)));
      }
      run(options);
    } catch (CannotStartException e) {
      System.err.println("Can't start: " + e.getMessage());
      System.exit(1);
    }
    // The shutdown hook ends the process.
    new CountDownLatch(1).await();
  }

  private static void run(Options options) {
    KafkaServer.onFatalError(ServicesMain::exitSaying);
    Wanted wanted = wanted(options);
    DataFolder folder = DataFolder.open(options.path("--data"));
    EmbeddedServers servers = new EmbeddedServers(folder, wanted, ServicesMain::ignore);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> stop(servers, folder), "twinloop-services-stop"));
    servers.awaitReady();
    StringBuilder line = new StringBuilder("ready");
    servers.postgres().ifPresent(server -> line.append(" postgres=").append(server.url()));
    servers.kafka().ifPresent(server -> line.append(" kafka=").append(server.bootstrap()));
    System.out.println(line);
  }

  private static Wanted wanted(Options options) {
    Optional<Integer> postgres = options.port("--postgres-port");
    Optional<Integer> kafka = options.port("--kafka-port");
    return postgres.isEmpty() && kafka.isEmpty()
        ? Wanted.both()
        : new Wanted(postgres.orElse(null), kafka.orElse(null));
  }

  private static void stop(EmbeddedServers servers, DataFolder folder) {
    servers.close();
    try {
      folder.close();
    } catch (IOException e) {
      System.err.println("Could not clean up: " + Sentences.reason(e));
    }
  }

  private static void exitSaying(String sentence) {
    System.err.println(sentence);
    new Thread(() -> System.exit(1), "twinloop-services-exit").start();
  }

  /** The one line at the end says it all. */
  private static void ignore(String progress) {}
}
