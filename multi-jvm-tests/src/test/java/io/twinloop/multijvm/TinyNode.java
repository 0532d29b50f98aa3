package io.twinloop.multijvm;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Stands in for a node where only the harness is tried: ready while PostgreSQL answers. */
public final class TinyNode {
  private TinyNode() {}

  public static void main(String[] arguments) throws Exception {
    if (System.getenv("TINY_NODE_FAILS") != null) {
      System.out.println("this node was told to fail");
      System.exit(7);
    }
    int port = Integer.parseInt(arguments[1]);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext(
        "/health/ready",
        exchange -> {
          exchange.sendResponseHeaders(postgresAnswers() ? 200 : 503, -1);
          exchange.close();
        });
    server.start();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> System.out.println("left in order"), "leave"));
    System.out.println("Twinloop is ready: http://127.0.0.1:" + port);
  }

  private static boolean postgresAnswers() {
    String given = System.getenv("TWINLOOP_POSTGRES_URL");
    if (given == null) {
      return true;
    }
    URI url = URI.create(given);
    String[] login = url.getUserInfo().split(":", 2);
    String jdbc =
        "jdbc:postgresql://%s:%d%s?connectTimeout=1&socketTimeout=1"
            .formatted(url.getHost(), url.getPort(), url.getPath());
    try (Connection connection = DriverManager.getConnection(jdbc, login[0], login[1]);
        Statement statement = connection.createStatement()) {
      return statement.execute("SELECT 1");
    } catch (SQLException away) {
      return false;
    }
  }
}
