package io.twinloop.embedded;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Kafka's own broker, with its controller (KRaft combined mode), inside this JVM, on loopback only.
 *
 * <p>One node, so every internal topic has one replica; topics are made by whoever needs them,
 * never by accident. Threads, buffers and index files are those of a small machine. A {@code kill
 * -9} of the JVM loses nothing the broker acknowledged (the pages are the operating system's); a
 * power cut may lose the last second, as there is no second broker.
 */
public final class KafkaServer implements AutoCloseable {
  private static final int NODE_ID = 1;
  private static final String META = "meta.properties";

  /** Metadata log, offsets topic and their indexes take about 10 MB before the first record. */
  private static final long BYTES_FOR_A_START = 64L << 20;

  private static final int PORT_ATTEMPTS = 5;

  /**
   * Everything Kafka logs below warnings is about itself, not about us; and its controller warns at
   * each start that it starts.
   */
  private static final Map<String, Level> QUIET =
      Map.of(
          "kafka", Level.WARN,
          "org.apache.kafka", Level.WARN,
          "state.change.logger", Level.WARN,
          "org.apache.kafka.controller.QuorumController", Level.ERROR);

  private final Path dataFolder;
  private final int wantedPort;
  private final @Nullable SecuredListener secured;

  /** Where clients are told to come; 0 for the port it listens on. */
  private final int advertisedPort;

  private int port;
  private int securedPort;
  private @Nullable KafkaRaftServer running;

  private KafkaServer(
      Path dataFolder, int wantedPort, @Nullable SecuredListener secured, int advertisedPort) {
    this.dataFolder = dataFolder;
    this.wantedPort = wantedPort;
    this.secured = secured;
    this.advertisedPort = advertisedPort;
  }

  /**
   * A second door beside the plain one, on a free port.
   *
   * @param protocol SSL, SASL_PLAINTEXT or SASL_SSL
   * @param settings of this listener alone, by Kafka's names, such as {@code ssl.keystore.key}
   */
  public record SecuredListener(String protocol, Map<String, String> settings) {
    public SecuredListener {
      settings = Map.copyOf(settings);
    }
  }

  /**
   * Starts the broker and returns when it takes connections.
   *
   * @param dataFolder its data; made and formatted when missing or empty
   * @param port 1–65535, or 0 for a free one
   * @throws CannotStartException with one sentence when port, folder or disk forbid it
   */
  public static KafkaServer start(Path dataFolder, int port) {
    return start(new KafkaServer(dataFolder.toAbsolutePath().normalize(), port, null, 0));
  }

  /** The same with a second, secured door. */
  public static KafkaServer start(Path dataFolder, int port, SecuredListener secured) {
    return start(new KafkaServer(dataFolder.toAbsolutePath().normalize(), port, secured, 0));
  }

  /**
   * The same behind something that takes connections on another port of this machine and hands them
   * on.
   */
  public static KafkaServer start(Path dataFolder, int port, int advertisedPort) {
    return start(
        new KafkaServer(dataFolder.toAbsolutePath().normalize(), port, null, advertisedPort));
  }

  private static KafkaServer start(KafkaServer server) {
    server.start();
    return server;
  }

  /**
   * What happens when a broker of this JVM meets something it can't survive, such as a full disk.
   * Kafka's own answer is to halt the JVM on the spot.
   *
   * @param lastWords told one sentence, from Kafka's thread, which does not go on afterwards
   */
  public static void onFatalError(Consumer<String> lastWords) {
    Exit.Procedure giveUp =
        (status, message) -> {
          lastWords.accept(
              message == null
                  ? "Kafka gave up; its log says why."
                  : "Kafka gave up: %s.".formatted(message));
          LockSupport.park(Thread.currentThread());
        };
    Exit.setHaltProcedure(giveUp);
    Exit.setExitProcedure(giveUp);
  }

  /** Starts again after {@link #stop()}, on the same port. Harmless when it runs. */
  public synchronized void start() {
    if (running != null) {
      return;
    }
    beQuiet();
    try {
      formatWhenNew();
      DiskSpace.require(dataFolder, BYTES_FOR_A_START);
    } catch (IOException e) {
      throw new CannotStartException(
          "The Kafka data folder %s can't be used: %s.".formatted(dataFolder, Sentences.reason(e)),
          e);
    }
    if (port == 0) {
      port = wantedPort;
    }
    if (port == 0) {
      startOnFreePort();
    } else {
      Ports.requireFree(port, "Kafka");
      running = launch(port);
    }
  }

  /** Stops the broker, with everything written. Harmless when it does not run. */
  public synchronized void stop() {
    if (running != null) {
      running.shutdown();
      running.awaitShutdown();
      running = null;
    }
  }

  @Override
  public void close() {
    stop();
  }

  public synchronized boolean isRunning() {
    return running != null;
  }

  public synchronized int port() {
    return port;
  }

  /** The address for {@code bootstrap.servers}: {@code host:port}. */
  public String bootstrap() {
    return Ports.LOOPBACK + ":" + port();
  }

  /** The address of the secured listener. */
  public synchronized String securedBootstrap() {
    return Ports.LOOPBACK + ":" + securedPort;
  }

  private void startOnFreePort() {
    for (int attempt = 1; running == null; attempt++) {
      int candidate = Ports.findFree();
      try {
        running = launch(candidate);
        port = candidate;
      } catch (CannotStartException e) {
        if (attempt == PORT_ATTEMPTS || Ports.isFree(candidate)) {
          throw e;
        }
      }
    }
  }

  private KafkaRaftServer launch(int candidate) {
    KafkaRaftServer server;
    try {
      server = new KafkaRaftServer(KafkaConfig.fromProps(settings(candidate), false), Time.SYSTEM);
    } catch (RuntimeException e) {
      throw cannotStart(e);
    }
    try {
      server.startup();
      return server;
    } catch (RuntimeException e) {
      server.shutdown();
      throw cannotStart(e);
    }
  }

  private CannotStartException cannotStart(RuntimeException e) {
    return new CannotStartException(
        "Kafka does not start on %s: %s".formatted(dataFolder, Sentences.reason(e)), e);
  }

  private void formatWhenNew() throws IOException {
    Folders.requireOurs(dataFolder, "Kafka");
    if (Files.isDirectory(dataFolder) && !Folders.isEmpty(dataFolder)) {
      if (!Files.isRegularFile(dataFolder.resolve(META))) {
        throw new CannotStartException(
            "%s is not empty and holds no complete Kafka data (%s is missing): restore it from a backup, or choose another folder."
                .formatted(dataFolder, META));
      }
      return;
    }
    Path temporary = dataFolder.resolveSibling(dataFolder.getFileName() + ".initialising");
    Folders.deleteRecursively(temporary);
    Folders.createPrivate(temporary);
    try {
      format(temporary);
      Files.deleteIfExists(dataFolder);
      Files.move(temporary, dataFolder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Folders.deleteRecursively(temporary);
    }
  }

  private static void format(Path folder) throws IOException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try {
      new Formatter()
          .setPrintStream(new PrintStream(said, true, StandardCharsets.UTF_8))
          .setNodeId(NODE_ID)
          .setClusterId(Uuid.randomUuid().toString())
          .setReleaseVersion(MetadataVersion.latestProduction())
          .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
          .setControllerListenerName("CONTROLLER")
          .setDirectories(List.of(folder.toString()))
          .setMetadataLogDirectory(folder.toString())
          .run();
    } catch (Exception e) {
      throw new IOException(
          "formatting failed: %s %s"
              .formatted(Sentences.reason(e), said.toString(StandardCharsets.UTF_8)),
          e);
    }
  }

  /** The broker's settings; each of ours has its reason, the rest is Kafka's default. */
  private Properties settings(int brokerPort) {
    int controllerPort = Ports.findFree();
    Properties settings = new Properties();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", Integer.toString(NODE_ID));
    // The voter is named here, not in the stored metadata, so its port may change with each start.
    settings.put("controller.quorum.voters", NODE_ID + "@" + Ports.LOOPBACK + ":" + controllerPort);
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
    settings.put("inter.broker.listener.name", "PLAINTEXT");
    String broker = "PLAINTEXT://" + Ports.LOOPBACK + ":" + brokerPort;
    settings.put("listeners", broker + ",CONTROLLER://" + Ports.LOOPBACK + ":" + controllerPort);
    settings.put(
        "advertised.listeners",
        advertisedPort == 0 ? broker : "PLAINTEXT://" + Ports.LOOPBACK + ":" + advertisedPort);
    if (secured != null) {
      addSecured(secured, settings);
    }
    settings.put("log.dirs", dataFolder.toString());

    settings.put("auto.create.topics.enable", "false");
    settings.put("group.initial.rebalance.delay.ms", "0");

    // One node: one replica of everything, one partition of what is internal.
    settings.put("default.replication.factor", "1");
    settings.put("min.insync.replicas", "1");
    settings.put("offsets.topic.replication.factor", "1");
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("transaction.state.log.replication.factor", "1");
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("share.coordinator.state.topic.replication.factor", "1");
    settings.put("share.coordinator.state.topic.min.isr", "1");
    settings.put("share.coordinator.state.topic.num.partitions", "1");

    // Small: an active segment reserves two index files of this size (10 MB by default), the
    // cleaner its buffer (128 MB by default).
    settings.put("log.index.size.max.bytes", Integer.toString(1 << 20));
    settings.put("log.segment.bytes", Integer.toString(64 << 20));
    settings.put("log.cleaner.dedupe.buffer.size", Integer.toString(4 << 20));
    settings.put("log.cleaner.threads", "1");
    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "2");
    settings.put("background.threads", "2");
    settings.put("group.coordinator.threads", "1");
    settings.put("share.coordinator.threads", "1");
    settings.put("num.recovery.threads.per.data.dir", "1");

    // No replica to recover from after a power cut, so write to disk each second.
    settings.put("log.flush.interval.ms", "1000");
    settings.put("log.flush.scheduler.interval.ms", "1000");

    // After a kill -9 the controller takes the dead broker for alive for one session timeout (9 s
    // by
    // default) and lets the new one wait.
    settings.put("broker.session.timeout.ms", "2000");
    settings.put("broker.heartbeat.interval.ms", "500");

    // An idle broker writes nothing.
    settings.put("metadata.max.idle.interval.ms", "0");
    return settings;
  }

  private void addSecured(SecuredListener listener, Properties settings) {
    if (securedPort == 0) {
      securedPort = Ports.findFree();
    }
    String address = ",SECURED://" + securedBootstrap();
    settings.merge("listeners", address, KafkaServer::joined);
    settings.merge("advertised.listeners", address, KafkaServer::joined);
    settings.merge(
        "listener.security.protocol.map", ",SECURED:" + listener.protocol(), KafkaServer::joined);
    listener
        .settings()
        .forEach((name, value) -> settings.put("listener.name.secured." + name, value));
  }

  private static Object joined(Object there, Object more) {
    return there.toString() + more;
  }

  private static void beQuiet() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      QUIET.forEach(
          (name, level) -> {
            Logger logger = context.getLogger(name);
            // A level the node's own configuration gave stays.
            if (logger.getLevel() == null) {
              logger.setLevel(level);
            }
          });
    }
  }
}
