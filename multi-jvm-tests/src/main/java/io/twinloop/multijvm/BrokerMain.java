package io.twinloop.multijvm;

import io.twinloop.embedded.CannotStartException;
import io.twinloop.embedded.KafkaServer;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * Kafka in a process of its own. Arguments: data folder, port, and the port under which it tells
 * clients to come, which is that of a proxy or its own. Prints {@code ready} when it answers, and
 * ends on SIGTERM.
 */
final class BrokerMain {

  static final String READY = "ready kafka";

  private BrokerMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    KafkaServer.onFatalError(BrokerMain::exitSaying);
    try {
      KafkaServer server =
          KafkaServer.start(
              Path.of(arguments[0]),
              Integer.parseInt(arguments[1]),
              Integer.parseInt(arguments[2]));
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "kafka-stop"));
    } catch (CannotStartException e) {
      System.err.println("Can't start: " + e.getMessage());
      System.exit(1);
    }
    System.out.println(READY);
    // The shutdown hook ends the process.
    new CountDownLatch(1).await();
  }

  private static void exitSaying(String sentence) {
    System.err.println(sentence);
    new Thread(() -> System.exit(1), "kafka-exit").start();
  }
}
