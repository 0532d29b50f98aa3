package io.twinloop.embedded;

import java.sql.SQLException;

/** Stands in for the node: uses both servers when it starts and once more when it stops. */
public final class TinyNode {
  private TinyNode() {}

  public static void check(String[] arguments) {
    if (arguments.length > 0 && arguments[0].equals("refuse")) {
      throw new IllegalArgumentException("it is told to do what can't be.");
    }
  }

  public static AutoCloseable start(String[] arguments) throws Exception {
    if (arguments.length > 0 && arguments[0].equals("fail")) {
      throw new IllegalStateException("the node has no wish to start");
    }
    String postgres = System.getProperty(EmbeddedMain.POSTGRES_URL);
    String kafka = System.getProperty(EmbeddedMain.KAFKA_BOOTSTRAP);
    Sql.at(postgres).execute("CREATE TABLE IF NOT EXISTS life (what text)");
    live(postgres, kafka, "started " + String.join(" ", arguments));
    System.out.println("Twinloop is ready: " + postgres + " " + kafka);
    return () -> live(postgres, kafka, "stopped");
  }

  private static void live(String postgres, String kafka, String what) throws Exception {
    record(postgres, what);
    Records.write(kafka, "life", what);
    System.out.println("node " + what);
  }

  private static void record(String postgres, String what) throws SQLException {
    Sql.at(postgres).execute("INSERT INTO life VALUES ('" + what + "')");
  }
}
