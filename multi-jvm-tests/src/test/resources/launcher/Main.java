package io.twinloop.cluster;

import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Stands in for the node's own main where only the launcher is tried. */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    AutoCloseable node = start(arguments);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    node.close();
                  } catch (Exception e) {
                    e.printStackTrace();
                  }
                }));
  }

  public static AutoCloseable start(String[] arguments) throws Exception {
    System.out.println("postgres at " + System.getProperty("twinloop.postgres.url"));
    System.out.println("embedded is there: " + embeddedIsThere());
    if ("yes".equals(System.getenv("FAKE_NODE_FAILS"))) {
      throw new IllegalStateException("the fake node was told to fail");
    }
    String removed = System.getenv("FAKE_NODE_REMOVED");
    if (removed != null && new File(removed).delete()) {
      System.exit(75);
    }
    int port = Integer.parseInt(arguments[1]);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 0);
    server.createContext(
        "/health/ready",
        exchange -> {
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    server.start();
    System.out.println("Twinloop is ready: http://127.0.0.1:" + port);
    return () -> {
      server.stop(0);
      System.out.println("the fake node left in order");
    };
  }

  private static boolean embeddedIsThere() {
    try {
      Class.forName("io.twinloop.embedded.EmbeddedMain");
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
