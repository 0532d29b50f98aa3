package io.twinloop.multijvm;

import io.twinloop.embedded.PostgreSqlServer;
import io.twinloop.embedded.RedisServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * One real node, healthy when {@code GET /health/ready} answers 200.
 *
 * <pre>{@code
 * try (NodeProcess node = NodeProcess.named("a", folder).using(services).start()) {
 *   node.kill9();
 *   node.start(); // on the same port
 * }
 * }</pre>
 */
public final class NodeProcess implements AutoCloseable {
  /** From JVM start to ready on a busy machine with two cores; alone it takes a few seconds. */
  private static final Duration READY_PATIENCE = Duration.ofMinutes(2);

  /** Of trials, whose personal data is nobody's: 32 times 0. */
  private static final String TRIAL_KEY = Base64.getEncoder().encodeToString(new byte[32]);

  private static final String MAIN = "io.twinloop.cluster.Main";
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);

  /** The archive is written once it has left: some ten seconds of a core. */
  private static final Duration ARCHIVE_PATIENCE = Duration.ofMinutes(3);

  private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(2);

  private final String name;
  private final Path output;
  private final int port = ClusterProcess.freePort();
  private HttpClient http = HttpClient.newBuilder().connectTimeout(ANSWER_PATIENCE).build();
  private String scheme = "http";
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> jvmOptions =
      new ArrayList<>(
          List.of(
              "-Xmx512m",
              JvmProcess.SHORT_LIVED,
              // As the launcher does: a node out of memory ends at once instead of limping on.
              "-XX:+ExitOnOutOfMemoryError",
              "-Djava.util.concurrent.ForkJoinPool.common.parallelism=2"));
  private final Optional<ClassArchive> classes = NodeClasses.archive();
  private String mainClass = MAIN;
  private @Nullable JvmProcess process;

  private NodeProcess(String name, Path folder) {
    this.name = name;
    this.output = folder.resolve("node-" + name + ".log");
  }

  /**
   * A node that does not run yet, on a free port of its own which it keeps.
   *
   * @param name tells nodes apart in messages and file names
   * @param folder where its output goes; exists
   */
  public static NodeProcess named(String name, Path folder) {
    return new NodeProcess(name, folder);
  }

  public NodeProcess using(ServicesProcess services) {
    return with("TWINLOOP_POSTGRES_URL", services.postgresUrl())
        .with("TWINLOOP_KAFKA_BOOTSTRAP", services.kafkaBootstrap())
        .with("TWINLOOP_PERSONAL_DATA_KEY", TRIAL_KEY);
  }

  /** The bus is Redis; there is no Kafka. */
  public NodeProcess using(PostgreSqlServer postgres, RedisServer redis) {
    return with("TWINLOOP_POSTGRES_URL", postgres.url())
        .with("TWINLOOP_EVENT_BUS_TYPE", "redis")
        .with("TWINLOOP_REDIS_URL", redis.url())
        .with("TWINLOOP_PERSONAL_DATA_KEY", TRIAL_KEY);
  }

  /** Adds an environment variable. */
  public NodeProcess with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** The node speaks TLS; it is asked with this context. */
  public NodeProcess overTls(SSLContext client) {
    http = HttpClient.newBuilder().connectTimeout(ANSWER_PATIENCE).sslContext(client).build();
    scheme = "https";
    return this;
  }

  public NodeProcess withJvmOption(String option) {
    jvmOptions.add(option);
    return this;
  }

  /** Runs another class in place of the node's own. */
  public NodeProcess running(Class<?> main) {
    mainClass = main.getName();
    return this;
  }

  /** Starts it, again or for the first time; returns when it is ready. */
  public NodeProcess start() {
    startWithoutWaiting();
    awaitReady(READY_PATIENCE);
    return this;
  }

  public NodeProcess startWithoutWaiting() {
    if (isAlive()) {
      throw new IllegalStateException("Node " + name + " runs already");
    }
    List<String> options = new ArrayList<>(jvmOptions);
    if (mainClass.equals(MAIN)) {
      keepArchive();
      classes.ifPresent(archive -> options.addAll(archive.optionsOf(this, isAlone())));
    }
    process =
        JvmProcess.start(
            new JvmProcess.Command(
                mainClass,
                List.of("--port", Integer.toString(port)),
                options,
                makesArchive() ? NodeClasses.pathOfJars() : NodeClasses.path(),
                environment,
                output));
    return this;
  }

  /**
   * Waits until it is ready.
   *
   * @throws IllegalStateException with the end of its output when it ends before or takes too long
   */
  public void awaitReady(Duration patience) {
    process().await("ready", patience, this::isReady);
  }

  public boolean isReady() {
    return status("/health/ready").filter(status -> status == 200).isPresent();
  }

  /** The HTTP status of a GET; empty when nobody answers within two seconds. */
  public Optional<Integer> status(String path) {
    try {
      HttpRequest request =
          HttpRequest.newBuilder(url().resolve(path)).timeout(ANSWER_PATIENCE).GET().build();
      return Optional.of(http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
    } catch (IOException nobodyAnswers) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while asking node " + name, e);
    }
  }

  public String name() {
    return name;
  }

  public int port() {
    return port;
  }

  /** {@code http://127.0.0.1:port}, or the same with https. */
  public URI url() {
    return URI.create(scheme + "://127.0.0.1:" + port);
  }

  public long pid() {
    return process().pid();
  }

  public boolean isAlive() {
    return process != null && process.isAlive();
  }

  public void kill9() {
    process().kill9();
  }

  /** Asks it to leave (SIGTERM) and waits; returns its exit code, 143 for a leave in order. */
  public int stopGracefully() {
    return process().terminate(makesArchive() ? ARCHIVE_PATIENCE : STOP_PATIENCE);
  }

  /** Freezes it (SIGSTOP). */
  public void pause() {
    process().pause();
  }

  public void resume() {
    process().resume();
  }

  /** Waits for its end and returns its exit code. */
  public int exitCode(Duration patience) {
    return process().exitCode(patience);
  }

  /** All it printed, over all its starts. */
  public String output() {
    return process().output();
  }

  /** Ends it, at once unless the others wait for what it loaded. */
  @Override
  public void close() {
    if (process != null) {
      if (isAlive() && makesArchive()) {
        process.resume();
        process.askToEnd(ARCHIVE_PATIENCE);
      }
      process.close();
      keepArchive();
    }
  }

  /** Of a cluster the others would wait for it. */
  private boolean isAlone() {
    return jvmOptions.stream().noneMatch(option -> option.startsWith("-Dtwinloop.node.seeds"));
  }

  private boolean makesArchive() {
    return classes.filter(archive -> archive.isMadeBy(this)).isPresent();
  }

  private void keepArchive() {
    if (process != null) {
      classes.ifPresent(archive -> archive.keepOf(this, process.exitCode(STOP_PATIENCE)));
    }
  }

  private JvmProcess process() {
    if (process == null) {
      throw new IllegalStateException("Node " + name + " was never started");
    }
    return process;
  }
}
