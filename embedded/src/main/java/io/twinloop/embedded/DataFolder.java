package io.twinloop.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which one machine's Twinloop keeps everything, held by one process at a time.
 *
 * <pre>
 * layout           the number of this layout
 * postgres/        PostgreSQL's data
 * kafka/           Kafka's data
 * logs/            node.log, postgres.log
 * run/node.lock    held as long as the process lives; a crash releases it
 * run/node.pid     the process that holds it
 * run/node.json    where its servers listen, with PostgreSQL's password: for this user only
 * run/ports        the ports used last, taken again when they are free
 * </pre>
 */
public final class DataFolder implements AutoCloseable {
  private static final String LAYOUT = "1";
  private static final long BYTES_FOR_A_START = 64L << 20;

  private final Path root;
  private final FileChannel lockFile;

  private DataFolder(Path root, FileChannel lockFile) {
    this.root = root;
    this.lockFile = lockFile;
  }

  /**
   * Makes the folder when it is missing and takes hold of it.
   *
   * @throws CannotStartException when another process holds it, when it can't be written, when the
   *     disk is full, or when a newer release made it
   */
  public static DataFolder open(Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    try {
      makeFolders(root);
      FileChannel lockFile = lock(root);
      try {
        requireKnownLayout(root);
        DiskSpace.require(root, BYTES_FOR_A_START);
        Folders.writePrivate(pidFile(root), ProcessHandle.current().pid() + "\n");
        return new DataFolder(root, lockFile);
      } catch (IOException | RuntimeException e) {
        lockFile.close();
        throw e;
      }
    } catch (AccessDeniedException e) {
      throw new CannotStartException(
          "The data folder %s can't be written by user '%s': give it to that user or choose another one with --data."
              .formatted(root, System.getProperty("user.name")),
          e);
    } catch (IOException e) {
      throw new CannotStartException(
          "The data folder %s can't be used: %s.".formatted(root, Sentences.reason(e)), e);
    }
  }

  public Path root() {
    return root;
  }

  public Path postgres() {
    return root.resolve("postgres");
  }

  public Path kafka() {
    return root.resolve("kafka");
  }

  public Path logs() {
    return root.resolve("logs");
  }

  /** The port this server had last time when it is free now, else 0. */
  int rememberedPort(String server) throws IOException {
    int port;
    try {
      port = Integer.parseInt(ports().getProperty(server, "0").strip());
    } catch (NumberFormatException damaged) {
      return 0;
    }
    return port > 0 && port <= 65_535 && Ports.isFree(port) ? port : 0;
  }

  void remember(@Nullable Integer postgresPort, @Nullable Integer kafkaPort) throws IOException {
    Properties ports = ports();
    if (postgresPort != null) {
      ports.setProperty("postgres", postgresPort.toString());
    }
    if (kafkaPort != null) {
      ports.setProperty("kafka", kafkaPort.toString());
    }
    StringBuilder text = new StringBuilder();
    ports.stringPropertyNames().stream()
        .sorted()
        .forEach(
            name -> text.append(name).append('=').append(ports.getProperty(name)).append('\n'));
    Folders.writePrivate(portsFile(), text.toString());
  }

  /** Tells where the servers listen; null for one that is not ours. */
  void announce(@Nullable String postgresUrl, @Nullable String kafkaBootstrap) throws IOException {
    Folders.writePrivate(
        root.resolve("run").resolve("node.json"),
        """
        {"pid": %d, "postgres": %s, "kafka": %s}
        """
            .formatted(ProcessHandle.current().pid(), json(postgresUrl), json(kafkaBootstrap)));
  }

  /** Lets go of the folder; what lies in it stays. */
  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(root.resolve("run").resolve("node.json"));
      Files.deleteIfExists(pidFile(root));
    } finally {
      lockFile.close();
    }
  }

  private static void makeFolders(Path root) throws IOException {
    if (Files.exists(root) && !Files.isDirectory(root)) {
      throw new CannotStartException(
          "%s is a file, but the data needs a folder: choose another one with --data."
              .formatted(root));
    }
    Folders.createPrivate(root);
    Files.createDirectories(root.resolve("run"));
    Files.createDirectories(root.resolve("logs"));
  }

  private static FileChannel lock(Path root) throws IOException {
    FileChannel file =
        FileChannel.open(
            root.resolve("run").resolve("node.lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    if (!tryLock(file)) {
      file.close();
      throw new CannotStartException(
          "The data folder %s is held by another node%s: stop that one, or choose another folder with --data."
              .formatted(root, holder(root)));
    }
    return file;
  }

  private static boolean tryLock(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return false;
    }
  }

  private static String holder(Path root) throws IOException {
    Path file = pidFile(root);
    return Files.isReadable(file) ? " (process " + Files.readString(file).strip() + ")" : "";
  }

  private static void requireKnownLayout(Path root) throws IOException {
    Path stamp = root.resolve("layout");
    if (!Files.exists(stamp)) {
      Folders.writePrivate(stamp, LAYOUT + "\n");
      return;
    }
    String found = Files.readString(stamp).strip();
    if (!found.equals(LAYOUT)) {
      throw new CannotStartException(
          "The data folder %s has layout '%s', but this release knows only layout %s: start the release that made it, or choose another folder with --data."
              .formatted(root, found, LAYOUT));
    }
  }

  private Properties ports() throws IOException {
    Properties ports = new Properties();
    if (Files.exists(portsFile())) {
      try (InputStream in = Files.newInputStream(portsFile())) {
        ports.load(in);
      }
    }
    return ports;
  }

  private Path portsFile() {
    return root.resolve("run").resolve("ports");
  }

  private static Path pidFile(Path root) {
    return root.resolve("run").resolve("node.pid");
  }

  /** The values are URLs of ours: nothing in them needs escaping. */
  private static String json(@Nullable String value) {
    return value == null ? "null" : '"' + value + '"';
  }
}
