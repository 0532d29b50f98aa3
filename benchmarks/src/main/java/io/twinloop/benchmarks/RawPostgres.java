package io.twinloop.benchmarks;

import io.twinloop.persistence.r2dbc.PostgresSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;

/** What PostgreSQL does by itself, on plain JDBC: what the product's figures are compared with. */
final class RawPostgres {

  private static final int CONNECTIONS = 32;
  private static final int ROWS_PER_STATEMENT = 128;
  private static final int ROWS_PER_FETCH = 1_000;
  private static final byte[] PAYLOAD = "x".repeat(160).getBytes(StandardCharsets.UTF_8);

  private static final String INSERT_EVENT =
      """
      INSERT INTO event_journal (slice, entity_type, persistence_id, seq_nr, db_timestamp, event_ser_id,
        event_ser_manifest, event_payload, writer) VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP, ?, ?, ?, ?)
      """;

  private static final String MAKE_SAMPLES =
      """
      CREATE TABLE IF NOT EXISTS raw_sample (kpi_id text NOT NULL, at timestamptz NOT NULL,
        value double precision NOT NULL, source text NOT NULL, PRIMARY KEY (kpi_id, at, source))
      """;

  private static final String COPY_SAMPLES = "COPY raw_sample FROM STDIN";

  private static final String READ_EVENTS =
      """
      SELECT persistence_id, seq_nr, db_timestamp, event_ser_id, event_ser_manifest, event_payload
      FROM event_journal WHERE entity_type = ? ORDER BY db_xid, ordinal
      """;

  private static final String READ_ENTITY =
      """
      SELECT seq_nr, event_ser_id, event_ser_manifest, event_payload FROM event_journal
      WHERE persistence_id = ? ORDER BY seq_nr
      """;

  private final PostgresSettings settings;

  RawPostgres(PostgresSettings settings) {
    this.settings = settings;
  }

  /** Takes away what earlier rounds left, so that all rounds find the same. */
  void empty() throws SQLException {
    try (Connection connection = connect("");
        Statement statement = connection.createStatement()) {
      statement.execute("TRUNCATE event_journal");
      statement.execute(MAKE_SAMPLES);
      statement.execute("TRUNCATE raw_sample");
      statement.execute("CHECKPOINT");
    }
  }

  /** One row a transaction, on {@value #CONNECTIONS} connections. */
  Load.Generator singleRows(Load load) {
    return onThreads(
        CONNECTIONS,
        number -> {
          try (Connection connection = connect("");
              PreparedStatement insert = connection.prepareStatement(INSERT_EVENT)) {
            for (long seqNr = 1; load.goesOn(); seqNr++) {
              bind(insert, "single-" + number, seqNr);
              insert.executeUpdate();
              load.done();
            }
          } catch (SQLException e) {
            load.failed(e);
          }
        });
  }

  /** {@value #ROWS_PER_STATEMENT} rows a transaction, on one connection. */
  Load.Generator manyRows(Load load) {
    return onThreads(
        1,
        number -> {
          try (Connection connection = connect("?reWriteBatchedInserts=true");
              PreparedStatement insert = connection.prepareStatement(INSERT_EVENT)) {
            long seqNr = 0;
            while (load.goesOn()) {
              for (int i = 0; i < ROWS_PER_STATEMENT; i++) {
                bind(insert, "many-" + number, ++seqNr);
                insert.addBatch();
              }
              insert.executeBatch();
              load.done(ROWS_PER_STATEMENT);
            }
          } catch (SQLException e) {
            load.failed(e);
          }
        });
  }

  /** Copies samples into a table with a primary key; answers samples per second. */
  double copy(Samples samples) throws SQLException, IOException {
    byte[] rows = samples.copyRows();
    try (Connection connection = connect("")) {
      long from = System.nanoTime();
      long copied =
          connection
              .unwrap(PGConnection.class)
              .getCopyAPI()
              .copyIn(COPY_SAMPLES, new ByteArrayInputStream(rows));
      return copied * 1e9 / (System.nanoTime() - from);
    }
  }

  /** Reads the events of an entity type in the order of readers; answers rows per second. */
  double readEvents(String entityType) throws SQLException {
    try (Connection connection = connect("")) {
      connection.setAutoCommit(false); // else the driver fetches all at once
      try (PreparedStatement select = connection.prepareStatement(READ_EVENTS)) {
        select.setFetchSize(ROWS_PER_FETCH);
        select.setString(1, entityType);
        long from = System.nanoTime();
        long rows = 0;
        try (ResultSet events = select.executeQuery()) {
          while (events.next()) {
            rows += events.getBytes("event_payload").length > 0 ? 1 : 0;
          }
        }
        return rows * 1e9 / (System.nanoTime() - from);
      }
    }
  }

  /** Reads all events of each entity; answers the milliseconds each took. */
  List<Double> readEntities(List<String> persistenceIds) throws SQLException {
    List<Double> millis = new ArrayList<>();
    try (Connection connection = connect("");
        PreparedStatement select = connection.prepareStatement(READ_ENTITY)) {
      for (String persistenceId : persistenceIds) {
        long from = System.nanoTime();
        select.setString(1, persistenceId);
        try (ResultSet events = select.executeQuery()) {
          while (events.next()) {
            if (events.getBytes("event_payload").length == 0) {
              throw new IllegalStateException("an event of " + persistenceId + " is empty");
            }
          }
        }
        millis.add((System.nanoTime() - from) / 1e6);
      }
    }
    return millis;
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = connect("");
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The numbers a query answers, a row each. */
  List<Long> numbers(String query) throws SQLException {
    List<Long> numbers = new ArrayList<>();
    try (Connection connection = connect("");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        numbers.add(rows.getLong(1));
      }
    }
    return numbers;
  }

  long number(String query) throws SQLException {
    try (Connection connection = connect("");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  /**
   * Prepares to ask for a number again and again: a connection each time costs more than it tells.
   */
  Question question(String query) throws SQLException {
    return new Question(connect(""), query);
  }

  /** A number that is asked for again and again. */
  static final class Question implements AutoCloseable {
    private final Connection connection;
    private final PreparedStatement statement;

    private Question(Connection connection, String query) throws SQLException {
      this.connection = connection;
      this.statement = connection.prepareStatement(query);
    }

    long ask() throws SQLException {
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  String version() throws SQLException {
    try (Connection connection = connect("")) {
      return connection.getMetaData().getDatabaseProductVersion();
    }
  }

  Connection connect(String options) throws SQLException {
    String url = settings.jdbcUrl();
    String more = url.contains("?") ? options.replace('?', '&') : options;
    return DriverManager.getConnection(url + more, settings.user(), settings.password());
  }

  private static void bind(PreparedStatement insert, String name, long seqNr) throws SQLException {
    insert.setInt(1, Math.floorMod(name.hashCode(), 1024));
    insert.setString(2, "Raw");
    insert.setString(3, "Raw|" + name);
    insert.setLong(4, seqNr);
    insert.setInt(5, 1);
    insert.setString(6, "raw");
    insert.setBytes(7, PAYLOAD);
    insert.setString(8, "raw-writer");
  }

  /** Work of one of several threads, by its number. */
  private interface Work {
    void run(int number);
  }

  private static Load.Generator onThreads(int count, Work work) {
    ExecutorService threads = Executors.newFixedThreadPool(count);
    for (int i = 0; i < count; i++) {
      int number = i;
      threads.execute(() -> work.run(number));
    }
    threads.shutdown();
    return () -> {
      if (!threads.awaitTermination(Load.longestEndSeconds(), TimeUnit.SECONDS)) {
        threads.shutdownNow();
        throw new IllegalStateException("The connections to PostgreSQL did not end.");
      }
    };
  }
}
