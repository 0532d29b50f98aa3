package io.twinloop.projections;

import com.typesafe.config.Config;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** The connections to the read models: one pool for projections, one for queries and effects. */
public final class ReadModels implements AutoCloseable {

  private final HikariDataSource forProjections;
  private final HikariDataSource forQueries;
  private final ExecutorService threads;
  private final Database database;

  private ReadModels(
      HikariDataSource forProjections, HikariDataSource forQueries, ExecutorService threads) {
    this.forProjections = forProjections;
    this.forQueries = forQueries;
    this.threads = threads;
    this.database = new Database(forQueries, threads);
  }

  /**
   * Opens the pools; connects when first asked.
   *
   * @param url of PostgreSQL, {@code postgresql://user:password@host:port/database}
   */
  public static ReadModels open(String url, Config config) {
    Config settings = config.getConfig("twinloop.read-models");
    Duration timeout = settings.getDuration("connection-timeout");
    int queries = settings.getInt("connections");
    AtomicInteger number = new AtomicInteger();
    return new ReadModels(
        pool("projections", url, settings.getInt("projection-connections"), timeout),
        pool("queries", url, queries, timeout),
        Executors.newFixedThreadPool(
            queries,
            work -> {
              Thread thread = new Thread(work, "read-models-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            }));
  }

  private static HikariDataSource pool(String name, String url, int size, Duration timeout) {
    URI uri = URI.create(url);
    String[] login = uri.getUserInfo() == null ? new String[0] : uri.getUserInfo().split(":", 2);
    HikariConfig config = new HikariConfig();
    config.setPoolName("twinloop-" + name);
    config.setJdbcUrl(
        "jdbc:postgresql://%s:%d%s"
            .formatted(uri.getHost(), uri.getPort() < 0 ? 5432 : uri.getPort(), uri.getPath()));
    if (login.length > 0) {
      config.setUsername(login[0]);
    }
    if (login.length > 1) {
      config.setPassword(login[1]);
    }
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(Math.min(2, size));
    config.setConnectionTimeout(timeout.toMillis());
    config.setValidationTimeout(Math.min(2_000, timeout.toMillis()));
    config.setInitializationFailTimeout(-1);
    config.addDataSourceProperty("socketTimeout", "60");
    config.addDataSourceProperty("connectTimeout", "3");
    config.addDataSourceProperty("tcpKeepAlive", "true");
    config.addDataSourceProperty("ApplicationName", "twinloop-" + name);
    return new HikariDataSource(config);
  }

  public DataSource forProjections() {
    return forProjections;
  }

  public Database database() {
    return database;
  }

  @Override
  public void close() {
    threads.shutdown();
    forQueries.close();
    forProjections.close();
  }
}
