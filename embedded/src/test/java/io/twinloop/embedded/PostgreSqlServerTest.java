package io.twinloop.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a PostgreSQL of our own keeps through stops, crashes and left-over processes. */
class PostgreSqlServerTest {
  @TempDir Path folder;

  @Test
  void shouldKeepDataOverARestartOnTheSamePort() throws SQLException {
    Path data = folder.resolve("postgres");
    long t = System.nanoTime();
    PostgreSqlServer s = PostgreSqlServer.start(data, 0);
    System.err.println("first " + (System.nanoTime() - t) / 1000000);
    try (s) {
      execute(s, "CREATE TABLE kept (n int)");
      execute(s, "INSERT INTO kept VALUES (42)");
      int port = s.port();
      s.stop();
      assertThat(s.isRunning()).isFalse();
      t = System.nanoTime();
      s.start();
      System.err.println("second " + (System.nanoTime() - t) / 1000000);
      assertThat(s.port()).isEqualTo(port);
      assertThat(number(s, "SELECT n FROM kept")).isEqualTo(42);
      s.kill();
      t = System.nanoTime();
      s.start();
      System.err.println("afterkill " + (System.nanoTime() - t) / 1000000);
      assertThat(number(s, "SELECT n FROM kept")).isEqualTo(42);
    }
  }

  static void execute(PostgreSqlServer server, String sql) throws SQLException {
    try (Connection c =
            DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        Statement s = c.createStatement()) {
      s.execute(sql);
    }
  }

  static int number(PostgreSqlServer server, String sql) throws SQLException {
    try (Connection c =
            DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
        Statement s = c.createStatement();
        ResultSet r = s.executeQuery(sql)) {
      r.next();
      return r.getInt(1);
    }
  }
}
