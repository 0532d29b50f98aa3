package io.twinloop.persistence.r2dbc;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.embedded.PostgreSqlServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.testkit.javadsl.TestKit;

/**
 * PostgreSQL for tests: one server for all test classes of the JVM, on which each takes a database
 * of its own, or a server of one's own to stop and kill.
 */
final class TestPostgres implements AutoCloseable {

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private final Path folder;
  private final PostgreSqlServer server;

  private TestPostgres() throws IOException {
    folder = Files.createTempDirectory("twinloop-journal-test");
    server = PostgreSqlServer.start(folder.resolve("postgres"), 0);
  }

  /** A server that nobody else uses; to be closed. */
  static TestPostgres ownServer() {
    try {
      return new TestPostgres();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Shared {
    static final TestPostgres SERVER = ownServer();

    static {
      Runtime.getRuntime().addShutdownHook(new Thread(SERVER::close));
    }
  }

  /** A new, migrated database on the shared server. */
  static PostgresSettings database() {
    return Shared.SERVER.newDatabase();
  }

  PostgreSqlServer server() {
    return server;
  }

  /** A new database with the journal's tables. */
  PostgresSettings newDatabase() {
    PostgresSettings settings = newEmptyDatabase();
    Schema.migrate(settings);
    return settings;
  }

  PostgresSettings newEmptyDatabase() {
    String name = "test" + DATABASES.incrementAndGet();
    execute(settings(server.database()), "CREATE DATABASE " + name);
    return settings(name);
  }

  private PostgresSettings settings(String database) {
    return new PostgresSettings(
        server.host(),
        server.port(),
        database,
        server.user(),
        server.password(),
        PostgresTls.NONE,
        Duration.ofSeconds(2),
        1);
  }

  /** Configuration of an actor system that persists to the database; further lines of HOCON win. */
  static Config config(PostgresSettings settings, String... lines) {
    Config postgres =
        ConfigFactory.parseMap(
                Map.of(
                    "host", settings.host(),
                    "port", settings.port(),
                    "database", settings.database(),
                    "user", settings.user(),
                    "password", settings.password()))
            .atPath(PostgresSettings.PATH);
    return ConfigFactory.parseString(String.join("\n", lines))
        .withFallback(postgres)
        .withFallback(
            ConfigFactory.parseString(
                """
                pekko.persistence.journal.plugin = "twinloop.persistence.journal"
                pekko.persistence.snapshot-store.plugin = "twinloop.persistence.snapshot"
                pekko.persistence.publish-plugin-commands = on
                pekko.loggers = ["org.apache.pekko.event.slf4j.Slf4jLogger"]
                pekko.logging-filter = "org.apache.pekko.event.slf4j.Slf4jLoggingFilter"
                pekko.loglevel = ERROR
                pekko.actor.default-dispatcher.fork-join-executor { parallelism-min = 2, parallelism-max = 2 }
                """))
        .withFallback(ConfigFactory.load())
        .resolve();
  }

  static ActorSystem system(PostgresSettings settings, String... lines) {
    return ActorSystem.create("test", config(settings, lines));
  }

  static void stop(ActorSystem system) {
    TestKit.shutdownActorSystem(system);
  }

  static Connection connect(PostgresSettings settings) throws SQLException {
    return DriverManager.getConnection(settings.jdbcUrl(), settings.user(), settings.password());
  }

  static void execute(PostgresSettings settings, String... statements) {
    try (Connection connection = connect(settings);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Rows of a query, their columns as text joined by a bar. */
  static List<String> rows(PostgresSettings settings, String query) {
    try (Connection connection = connect(settings);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          columns.add(String.valueOf(result.getString(i)));
        }
        rows.add(String.join("|", columns));
      }
      return rows;
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  static String value(PostgresSettings settings, String query) {
    return rows(settings, query).get(0);
  }

  @Override
  public void close() {
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
