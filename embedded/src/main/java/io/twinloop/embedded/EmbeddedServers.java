package io.twinloop.embedded;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL and Kafka of one data folder, started side by side and stopped one after the other:
 * Kafka, then PostgreSQL.
 */
public final class EmbeddedServers implements AutoCloseable {
  /**
   * Which servers to run, and where.
   *
   * @param postgresPort a port, 0 for the one of last time or a free one, null for no PostgreSQL
   * @param kafkaPort the same for Kafka
   */
  public record Wanted(@Nullable Integer postgresPort, @Nullable Integer kafkaPort) {
    public static Wanted both() {
      return new Wanted(0, 0);
    }
  }

  private final DataFolder folder;
  private final CompletableFuture<@Nullable PostgreSqlServer> postgres;
  private final CompletableFuture<@Nullable KafkaServer> kafka;

  /**
   * Begins to start them; {@link #awaitReady()} returns when both answer.
   *
   * @param progress told one line per server that became ready
   */
  public EmbeddedServers(DataFolder folder, Wanted wanted, Consumer<String> progress) {
    this.folder = folder;
    ExecutorService starters = Executors.newFixedThreadPool(2);
    this.postgres =
        CompletableFuture.supplyAsync(
            () -> startPostgres(wanted.postgresPort(), progress), starters);
    this.kafka =
        CompletableFuture.supplyAsync(() -> startKafka(wanted.kafkaPort(), progress), starters);
    starters.shutdown();
  }

  /**
   * Returns when all that were wanted answer.
   *
   * @throws CannotStartException when one of them can't; the other one is up until {@link #close()}
   */
  public void awaitReady() {
    try {
      CompletableFuture.allOf(postgres, kafka).join();
      PostgreSqlServer database = postgres.join();
      KafkaServer broker = kafka.join();
      folder.remember(
          database == null ? null : database.port(), broker == null ? null : broker.port());
      folder.announce(
          database == null ? null : database.address(), broker == null ? null : broker.bootstrap());
    } catch (CompletionException e) {
      if (e.getCause() instanceof CannotStartException sentence) {
        throw sentence;
      }
      throw e;
    } catch (IOException e) {
      throw new CannotStartException(
          "The data folder %s can't be written: %s.".formatted(folder.root(), Sentences.reason(e)),
          e);
    }
  }

  /** PostgreSQL, when it was wanted; call after {@link #awaitReady()}. */
  public Optional<PostgreSqlServer> postgres() {
    return Optional.ofNullable(postgres.join());
  }

  /** Kafka, when it was wanted; call after {@link #awaitReady()}. */
  public Optional<KafkaServer> kafka() {
    return Optional.ofNullable(kafka.join());
  }

  /** Stops what runs, also in the middle of a start or after one of the two failed. */
  @Override
  public void close() {
    closeWhenStarted(kafka);
    closeWhenStarted(postgres);
  }

  private static <S extends AutoCloseable> void closeWhenStarted(
      CompletableFuture<@Nullable S> start) {
    S server = start.exceptionally(failedAndToldAlready -> null).join();
    if (server != null) {
      try {
        server.close();
      } catch (Exception e) {
        throw new IllegalStateException("A server does not stop: " + Sentences.reason(e), e);
      }
    }
  }

  private @Nullable PostgreSqlServer startPostgres(
      @Nullable Integer port, Consumer<String> progress) {
    if (port == null) {
      return null;
    }
    return timed(
        "PostgreSQL " + PostgreSqlBinaries.version(),
        progress,
        () -> {
          // A left-over of a killed process still sits on the port we want again.
          PostgreSqlServer.stopLeftOver(folder.postgres());
          return PostgreSqlServer.start(
              folder.postgres(), chosen(port, "postgres"), folder.logs().resolve("postgres.log"));
        });
  }

  private @Nullable KafkaServer startKafka(@Nullable Integer port, Consumer<String> progress) {
    if (port == null) {
      return null;
    }
    return timed("Kafka", progress, () -> KafkaServer.start(folder.kafka(), chosen(port, "kafka")));
  }

  private int chosen(int wanted, String server) {
    try {
      return wanted == 0 ? folder.rememberedPort(server) : wanted;
    } catch (IOException e) {
      throw new CannotStartException(
          "The data folder %s can't be read: %s.".formatted(folder.root(), Sentences.reason(e)), e);
    }
  }

  private static <S> S timed(String name, Consumer<String> progress, Supplier<S> start) {
    long begin = System.nanoTime();
    S server = start.get();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    progress.accept(
        String.format(Locale.ROOT, "%s is ready (%.1f s)", name, took.toMillis() / 1000.0));
    return server;
  }
}
