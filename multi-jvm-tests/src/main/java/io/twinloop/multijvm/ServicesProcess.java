package io.twinloop.multijvm;

import io.twinloop.embedded.PostgreSqlServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL and Kafka outside of every node, each in processes of its own, so that one can be
 * stopped, killed or paused while the other goes on. Both keep their ports and their data.
 */
public final class ServicesProcess implements AutoCloseable {
  private final PostgreSqlServer server;
  private final Kafka kafka;

  private ServicesProcess(
      Path folder, Path postgresFolder, int kafkaPort, int advertisedKafkaPort) {
    ClusterProcess.makeFolder(folder);
    server = PostgreSqlServer.start(postgresFolder, 0, folder.resolve("postgres.log"));
    kafka = new Kafka(folder.resolve("kafka"), kafkaPort, advertisedKafkaPort);
    try {
      kafka.start();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Starts both and returns when they answer.
   *
   * @param folder for their data and logs; made when missing
   */
  public static ServicesProcess start(Path folder) {
    int port = ClusterProcess.freePort();
    return startBehind(folder, folder.resolve("postgres"), port, port);
  }

  /**
   * The same with Kafka behind a proxy: it listens on one port and tells its clients to come to
   * another.
   *
   * @param postgresFolder where PostgreSQL's data goes
   */
  static ServicesProcess startBehind(
      Path folder, Path postgresFolder, int kafkaPort, int advertisedKafkaPort) {
    return new ServicesProcess(folder, postgresFolder, kafkaPort, advertisedKafkaPort);
  }

  public String postgresUrl() {
    return server.url();
  }

  /** The same address by another port, that of a proxy. */
  public String postgresUrl(int port) {
    return server.url().replace(":" + server.port() + "/", ":" + port + "/");
  }

  public int postgresPort() {
    return server.port();
  }

  public String kafkaBootstrap() {
    return "127.0.0.1:" + kafka.advertisedPort;
  }

  /** PostgreSQL as one who disturbs it sees it. */
  public Service postgres() {
    return new Postgres(server);
  }

  /** Kafka as one who disturbs it sees it. */
  public Service kafka() {
    return kafka;
  }

  @Override
  public void close() {
    kafka.close();
    server.close();
  }

  private record Postgres(PostgreSqlServer server) implements Service {
    @Override
    public void start() {
      server.start();
    }

    @Override
    public void stop() {
      server.stop();
    }

    @Override
    public void kill() {
      server.kill();
    }

    @Override
    public void pause() {
      server.pause();
    }

    @Override
    public void resume() {
      server.resume();
    }

    @Override
    public boolean isRunning() {
      return server.isRunning();
    }
  }

  /** A JVM with nothing but the broker. */
  private static final class Kafka implements Service, AutoCloseable {
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);

    private final Path data;
    private final Path output;
    private final int port;
    private final int advertisedPort;
    private @Nullable JvmProcess process;

    Kafka(Path data, int port, int advertisedPort) {
      this.data = data;
      this.port = port;
      this.advertisedPort = advertisedPort;
      this.output = data.resolveSibling("kafka.log");
    }

    @Override
    public void start() {
      if (isRunning()) {
        return;
      }
      long before = readyLines();
      JvmProcess started =
          JvmProcess.start(
              new JvmProcess.Command(
                  BrokerMain.class.getName(),
                  List.of(
                      data.toString(), Integer.toString(port), Integer.toString(advertisedPort)),
                  List.of("-Xmx256m", JvmProcess.SHORT_LIVED),
                  Map.of(),
                  output));
      process = started;
      started.await("ready", START_PATIENCE, () -> readyLines() > before);
    }

    @Override
    public void stop() {
      if (process != null && isRunning()) {
        process.resume();
        process.terminate(STOP_PATIENCE);
      }
    }

    @Override
    public void kill() {
      if (process != null) {
        process.kill9();
      }
    }

    @Override
    public void pause() {
      if (process != null) {
        process.pause();
      }
    }

    @Override
    public void resume() {
      if (process != null) {
        process.resume();
      }
    }

    @Override
    public boolean isRunning() {
      return process != null && process.isAlive();
    }

    @Override
    public void close() {
      if (process != null) {
        process.close();
      }
    }

    private long readyLines() {
      try {
        return Files.exists(output)
            ? Files.readString(output).lines().filter(line -> line.equals(BrokerMain.READY)).count()
            : 0;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
