package io.twinloop.projections;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.embedded.PostgreSqlServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.pekko.persistence.query.typed.EventEnvelope;

/**
 * PostgreSQL for tests: one server for all test classes of the JVM, on which each takes read models
 * of its own, or a server of one's own to stop and kill.
 */
public final class TestPostgres implements AutoCloseable {

  private static final AtomicInteger DATABASES = new AtomicInteger();

  /** Tests that take the server away need not wait for it long; the others may meet a busy one. */
  private static final String SOON = "500 ms";

  private static final String PATIENTLY = "20 s";

  private final Path folder;
  private final PostgreSqlServer server;
  private final Config config;

  private TestPostgres(String connectionTimeout) {
    config =
        ConfigFactory.parseString(
                """
                twinloop.read-models { connections = 8, projection-connections = 4 }
                twinloop.read-models.connection-timeout = %s
                """
                    .formatted(connectionTimeout))
            .withFallback(ConfigFactory.defaultReference());
    try {
      folder = Files.createTempDirectory("twinloop-projections-test");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server = PostgreSqlServer.start(folder.resolve("postgres"), 0);
  }

  /** A server that nobody else uses; to be closed. */
  public static TestPostgres ownServer() {
    return new TestPostgres(SOON);
  }

  private static final class Shared {
    static final TestPostgres SERVER = new TestPostgres(PATIENTLY);

    static {
      Runtime.getRuntime().addShutdownHook(new Thread(Shared::end));
    }

    /** Without saving anything, since nobody will read it. */
    private static void end() {
      SERVER.server().kill();
      SERVER.close();
    }
  }

  /** The read models of a new, migrated database on the shared server; to be closed. */
  public static ReadModels readModels() {
    return Shared.SERVER.newReadModels();
  }

  /** The same of a database that has no tables. */
  public static ReadModels emptyReadModels() {
    return Shared.SERVER.newEmptyReadModels();
  }

  public PostgreSqlServer server() {
    return server;
  }

  /** The read models of a new, migrated database; to be closed. */
  public ReadModels newReadModels() {
    ReadModels readModels = newEmptyReadModels();
    try {
      ReadModelSchema.migrate(readModels.forQueries());
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return readModels;
  }

  private ReadModels newEmptyReadModels() {
    String name = "test" + DATABASES.incrementAndGet();
    try (ReadModels first = open(server.jdbcUrl())) {
      execute(first.forQueries(), "CREATE DATABASE " + name);
    }
    return open(server.jdbcUrl().replaceFirst("/" + server.database() + "\\b", "/" + name));
  }

  private ReadModels open(String jdbcUrl) {
    return ReadModels.open(jdbcUrl, server.user(), server.password(), config);
  }

  /** Empties every table of the read models; the audit can't be emptied. */
  public static void empty(ReadModels readModels) {
    String tables =
        String.join(
            ", ",
            rows(
                readModels,
                """
                SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'read_model_schema_history'
                  AND tablename NOT LIKE 'audit%'
                """));
    execute(readModels.forQueries(), "TRUNCATE " + tables);
  }

  /** Lets a read model take a group of events, and commits. */
  public static <E> void project(
      ReadModels readModels, ReadModel<E> model, List<EventEnvelope<E>> group) {
    project(readModels, model, group, true);
  }

  /** Lets a read model take a group of events; without commit, the group will come again. */
  public static <E> void project(
      ReadModels readModels, ReadModel<E> model, List<EventEnvelope<E>> group, boolean commit) {
    ProjectionSession session = new ProjectionSession(readModels.forProjections());
    try {
      try {
        model.process(session, group);
        if (commit) {
          session.commit();
        } else {
          session.rollback();
        }
      } finally {
        session.close();
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  public static void execute(DataSource dataSource, String... statements) {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Rows of a query, their columns as text joined by a bar. */
  public static List<String> rows(ReadModels readModels, String query) {
    try (Connection connection = readModels.forQueries().getConnection();
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

  /** What a stage comes to; it must not take longer than ten seconds. */
  public static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().orTimeout(10, SECONDS).join();
  }

  @Override
  public void close() {
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
