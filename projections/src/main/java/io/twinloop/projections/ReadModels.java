package io.twinloop.projections;

import com.typesafe.config.Config;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/**
 * The connections to the read models: one pool for projections, one for queries and effects, one
 * for the audit, whose end all nodes share.
 */
public final class ReadModels implements AutoCloseable {

  /** The writer and whoever cuts off the oldest part. */
  private static final int AUDIT_CONNECTIONS = 2;

  /** So many queries and effects wait for a connection; one more is refused. */
  private static final int LONGEST_LINE = 4_096;

  // A node that is stopped while it holds the end of the audit gives it back to the others so soon.
  private static final String DO_NOT_IDLE = "SET idle_in_transaction_session_timeout = '2s'";

  // Their commits need not wait for the disk: rows and offset are lost together, and come again
  // from
  // the journal. Whatever is journaled after them makes them durable with itself. And a node that
  // is
  // stopped in the middle of a group does not hold its rows, and the journal's readers, for long.
  private static final String REPEATABLE =
      "SET synchronous_commit = off; SET idle_in_transaction_session_timeout = '5s'";

  private final HikariDataSource forProjections;
  private final HikariDataSource forQueries;
  private final HikariDataSource forAudit;
  private final ExecutorService threads;
  private final Database database;

  private ReadModels(
      HikariDataSource forProjections,
      HikariDataSource forQueries,
      HikariDataSource forAudit,
      ExecutorService threads) {
    this.forProjections = forProjections;
    this.forQueries = forQueries;
    this.forAudit = forAudit;
    this.threads = threads;
    this.database = new Database(forQueries, threads);
  }

  /**
   * Opens the pools; connects when first asked.
   *
   * @param jdbcUrl of PostgreSQL, without user and password
   */
  public static ReadModels open(String jdbcUrl, String user, String password, Config config) {
    Config settings = config.getConfig("twinloop.read-models");
    Duration timeout = settings.getDuration("connection-timeout");
    int queries = settings.getInt("connections");
    Login login = new Login(jdbcUrl, user, password);
    AtomicInteger number = new AtomicInteger();
    return new ReadModels(
        started(
            pool("projections", login, settings.getInt("projection-connections"), timeout),
            REPEATABLE),
        new HikariDataSource(pool("queries", login, queries, timeout)),
        started(pool("audit", login, AUDIT_CONNECTIONS, timeout), DO_NOT_IDLE),
        new ThreadPoolExecutor(
            queries,
            queries,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(LONGEST_LINE),
            work -> {
              Thread thread = new Thread(work, "read-models-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            }));
  }

  private record Login(String jdbcUrl, String user, String password) {}

  private static HikariConfig pool(String name, Login login, int size, Duration timeout) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("twinloop-" + name);
    config.setJdbcUrl(login.jdbcUrl());
    config.setUsername(login.user());
    config.setPassword(login.password());
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(Math.min(2, size));
    config.setConnectionTimeout(timeout.toMillis());
    config.setValidationTimeout(Math.min(2_000, timeout.toMillis()));
    config.setInitializationFailTimeout(-1);
    config.addDataSourceProperty("socketTimeout", "60");
    config.addDataSourceProperty("tcpKeepAlive", "true");
    config.addDataSourceProperty("ApplicationName", "twinloop-" + name);
    return config;
  }

  private static HikariDataSource started(HikariConfig config, String sessionsBeginWith) {
    config.setConnectionInitSql(sessionsBeginWith);
    return new HikariDataSource(config);
  }

  /**
   * Sessions whose commits may be lost with the server, and come again from the journal; nothing
   * else belongs here.
   */
  public DataSource forProjections() {
    return forProjections;
  }

  public DataSource forQueries() {
    return forQueries;
  }

  /** Sessions that end when they idle in a transaction for two seconds. */
  public DataSource forAudit() {
    return forAudit;
  }

  /** Threads for blocking work, as many as connections for queries. */
  public Executor threads() {
    return threads;
  }

  public Database database() {
    return database;
  }

  @Override
  public void close() {
    threads.shutdown();
    forAudit.close();
    forQueries.close();
    forProjections.close();
  }
}
