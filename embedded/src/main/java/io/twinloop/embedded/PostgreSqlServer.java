package io.twinloop.embedded;

import io.twinloop.embedded.PostgreSqlBinaries.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

/**
 * A PostgreSQL of our own on one data folder, listening on loopback only, with fsync and
 * synchronous_commit on: what it acknowledged survives a crash of program and machine.
 *
 * <p>The folder is made at the first start and kept. {@code initdb} works in a folder beside it
 * that is renamed when complete, so a crash in the middle heals by itself. A server left over from
 * a killed JVM on the same folder is stopped first: there are never two.
 *
 * <p>Settings of ours stand in {@code twinloop.conf} of the data folder and are written at each
 * start; an operator's own go into {@code postgresql.conf}, below the line that includes it.
 */
public final class PostgreSqlServer implements AutoCloseable {
  private static final String USER = "twinloop";
  private static final String DATABASE = "twinloop";
  private static final String PASSWORD_FILE = "twinloop.password";

  /** A new data folder takes 40 MB, its write-ahead log 16 MB at once and 80 MB soon. */
  private static final long BYTES_FOR_A_NEW_FOLDER = 200L << 20;

  private static final long BYTES_FOR_A_START = 32L << 20;
  private static final long LOG_LIMIT_BYTES = 10L << 20;
  private static final Duration INITDB_PATIENCE = Duration.ofMinutes(3);

  /** Crash recovery replays at most max_wal_size (512 MB), well below a minute on a slow disk. */
  private static final Duration START_PATIENCE = Duration.ofMinutes(3);

  private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(10);

  private final Path dataFolder;
  private final Path log;
  private final int wantedPort;
  private final PostgreSqlBinaries binaries;
  private int port;
  private String password = "";
  private boolean wanted;

  private PostgreSqlServer(Path dataFolder, int wantedPort, Path log) {
    this.dataFolder = dataFolder;
    this.wantedPort = wantedPort;
    this.log = log;
    this.binaries = PostgreSqlBinaries.unpacked();
  }

  /**
   * Starts PostgreSQL and returns when it answers; its log is {@code postgres.log} in the folder.
   *
   * @param dataFolder its data; made when missing or empty
   * @param port 1–65535, or 0 for a free one
   * @throws CannotStartException with one sentence when port, folder or disk forbid it
   */
  public static PostgreSqlServer start(Path dataFolder, int port) {
    return start(dataFolder, port, dataFolder.resolve("postgres.log"));
  }

  /** The same with a log file of the caller's choice. */
  public static PostgreSqlServer start(Path dataFolder, int port, Path log) {
    PostgreSqlServer server =
        new PostgreSqlServer(dataFolder.toAbsolutePath().normalize(), port, log.toAbsolutePath());
    server.start();
    return server;
  }

  /** Stops a PostgreSQL that an earlier, killed process left running on this folder. */
  static void stopLeftOver(Path dataFolder) {
    Folders.requireOurs(dataFolder, "PostgreSQL");
    Postmaster.runningOn(dataFolder).ifPresent(leftOver -> leftOver.stop(STOP_PATIENCE));
  }

  /** Starts again after {@link #stop()} or {@link #kill()}, on the same port. */
  public synchronized void start() {
    stopLeftOver(dataFolder);
    try {
      initialiseWhenNew();
      password = Files.readString(dataFolder.resolve(PASSWORD_FILE)).strip();
      removeStalePidFile();
      rotateLog();
    } catch (IOException e) {
      throw new CannotStartException(
          "The PostgreSQL data folder %s can't be used: %s."
              .formatted(dataFolder, Sentences.reason(e)),
          e);
    }
    if (port == 0) {
      port = wantedPort;
    }
    if (port == 0) {
      startOnFreePort();
    } else {
      startOn(port);
    }
    createDatabaseWhenMissing();
    wanted = true;
  }

  /**
   * Starts it again when it ended although nobody stopped it.
   *
   * @param notice called before that
   * @return true when it was started again
   */
  synchronized boolean startAgainWhenEnded(Runnable notice) {
    if (!wanted || isRunning()) {
      return false;
    }
    notice.run();
    start();
    return true;
  }

  /** Stops it: clients are cut off, everything is on disk. Harmless when it does not run. */
  public synchronized void stop() {
    wanted = false;
    Postmaster.runningOn(dataFolder).ifPresent(postmaster -> postmaster.stop(STOP_PATIENCE));
  }

  /** Crashes it (SIGKILL) and returns when the last of its processes is gone. */
  public synchronized void kill() {
    Postmaster.runningOn(dataFolder).ifPresent(Postmaster::kill);
  }

  /** Freezes it and all its processes (SIGSTOP): connections stay open, nothing answers. */
  public synchronized void pause() {
    Postmaster.runningOn(dataFolder).ifPresent(Postmaster::pause);
  }

  /** Ends a {@link #pause()}. */
  public synchronized void resume() {
    Postmaster.runningOn(dataFolder).ifPresent(Postmaster::resume);
  }

  public synchronized boolean isRunning() {
    return Postmaster.runningOn(dataFolder).isPresent();
  }

  @Override
  public void close() {
    stop();
  }

  public String host() {
    return Ports.LOOPBACK;
  }

  public synchronized int port() {
    return port;
  }

  public String user() {
    return USER;
  }

  /** Made at random with the folder; letters and digits only. */
  public synchronized String password() {
    return password;
  }

  public String database() {
    return DATABASE;
  }

  /** For pgjdbc; user and password are given beside it. */
  public String jdbcUrl() {
    return "jdbc:postgresql://%s:%d/%s".formatted(host(), port(), database());
  }

  /** Everything in one: {@code postgresql://user:password@host:port/database}. */
  public String url() {
    return "postgresql://%s:%s@%s:%d/%s".formatted(user(), password(), host(), port(), database());
  }

  /** The same without the password, for people. */
  String address() {
    return "postgresql://%s@%s:%d/%s".formatted(user(), host(), port(), database());
  }

  private void initialiseWhenNew() throws IOException {
    if (Files.isDirectory(dataFolder) && !Folders.isEmpty(dataFolder)) {
      requireUsable();
    } else {
      initialise();
    }
  }

  private void requireUsable() throws IOException {
    Path versionFile = dataFolder.resolve("PG_VERSION");
    if (!Files.isRegularFile(versionFile)
        || !Files.isRegularFile(dataFolder.resolve(PASSWORD_FILE))
        || !Files.isRegularFile(dataFolder.resolve("global").resolve("pg_control"))) {
      throw new CannotStartException(
          "%s is not empty and holds no complete PostgreSQL data of Twinloop's: restore it from a backup, or choose another folder."
              .formatted(dataFolder));
    }
    String major = Files.readString(versionFile).strip();
    if (!major.equals(PostgreSqlBinaries.majorVersion())) {
      throw new CannotStartException(
          "The data in %s was written by PostgreSQL %s, but this release brings PostgreSQL %s: dump it with the old release and restore it, or choose another folder."
              .formatted(dataFolder, major, PostgreSqlBinaries.majorVersion()));
    }
    DiskSpace.require(dataFolder, BYTES_FOR_A_START);
  }

  private void initialise() throws IOException {
    Path temporary = dataFolder.resolveSibling(dataFolder.getFileName() + ".initialising");
    Folders.deleteRecursively(temporary);
    Folders.createPrivate(temporary);
    DiskSpace.require(temporary, BYTES_FOR_A_NEW_FOLDER);
    String secret = randomPassword();
    Path passwordFile = dataFolder.resolveSibling(dataFolder.getFileName() + ".password");
    try {
      Folders.writePrivate(passwordFile, secret + "\n");
      Outcome initdb =
          binaries.run(
              INITDB_PATIENCE,
              "initdb",
              "--pgdata=" + temporary,
              "--username=" + USER,
              "--pwfile=" + passwordFile,
              "--auth=scram-sha-256",
              "--encoding=UTF8",
              "--locale-provider=builtin",
              "--locale=C.UTF-8",
              "--no-instructions");
      if (initdb.failed()) {
        throw new CannotStartException(
            "PostgreSQL's data folder %s can't be made: %s"
                .formatted(dataFolder, lastLines(initdb.output())));
      }
      Folders.writePrivate(temporary.resolve(PASSWORD_FILE), secret + "\n");
      Path settings = temporary.resolve("postgresql.conf");
      Files.writeString(
          settings,
          Files.readString(settings)
              + "\n# Written by Twinloop at each start. What stands below this line wins.\n"
              + "include_if_exists = 'twinloop.conf'\n");
      Files.deleteIfExists(dataFolder);
      Files.move(temporary, dataFolder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(passwordFile);
      Folders.deleteRecursively(temporary);
    }
  }

  private void removeStalePidFile() throws IOException {
    if (Postmaster.runningOn(dataFolder).isEmpty()) {
      Files.deleteIfExists(dataFolder.resolve("postmaster.pid"));
    }
  }

  private void rotateLog() throws IOException {
    Path parent = log.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    if (Files.exists(log) && Files.size(log) > LOG_LIMIT_BYTES) {
      Files.move(
          log, log.resolveSibling(log.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void startOnFreePort() {
    int attempts = 5;
    for (int attempt = 1; port == 0; attempt++) {
      int candidate = Ports.findFree();
      try {
        startOn(candidate);
        port = candidate;
      } catch (CannotStartException e) {
        if (attempt == attempts || Ports.isFree(candidate)) {
          throw e;
        }
      }
    }
  }

  private void startOn(int candidate) {
    Ports.requireFree(candidate, "PostgreSQL");
    writeSettings(candidate);
    long deadline = System.nanoTime() + START_PATIENCE.toNanos();
    while (!launch()) {
      // Children of a postmaster that was killed go within a moment of it, and hold its shared
      // memory until then.
      String reason = lastLines(readLog());
      if (!reason.contains("shared memory block") || System.nanoTime() > deadline) {
        throw new CannotStartException(
            "PostgreSQL does not start on %s: %s".formatted(dataFolder, reason));
      }
      Signals.pause(Duration.ofMillis(200));
    }
  }

  /** Starts the process; true when it became ready, false when it ended. */
  private boolean launch() {
    Outcome launched =
        binaries.run(
            Duration.ofSeconds(30),
            "pg_ctl",
            "start",
            "--no-wait",
            "--silent",
            "--pgdata=" + dataFolder,
            "--log=" + log);
    if (launched.failed()) {
      throw new CannotStartException(
          "PostgreSQL does not start on %s: %s"
              .formatted(dataFolder, lastLines(launched.output() + "\n" + readLog())));
    }
    long start = System.nanoTime();
    boolean seen = false;
    while (true) {
      boolean running = Postmaster.runningOn(dataFolder).isPresent();
      if (running && Postmaster.isReady(dataFolder)) {
        return true;
      }
      Duration waited = Duration.ofNanos(System.nanoTime() - start);
      // It writes its pid file some milliseconds after pg_ctl returned.
      if (!running && (seen || waited.compareTo(Duration.ofSeconds(3)) > 0)) {
        return false;
      }
      if (waited.compareTo(START_PATIENCE) > 0) {
        throw new CannotStartException(
            "PostgreSQL on %s is not ready after %d s; its log is %s."
                .formatted(dataFolder, START_PATIENCE.toSeconds(), log));
      }
      seen |= running;
      Signals.pause(POLL);
    }
  }

  private void writeSettings(int candidate) {
    String settings =
        """
        # Written by Twinloop at each start; your own settings go into postgresql.conf, below the include.
        listen_addresses = '%s'
        port = %d
        unix_socket_directories = ''
        fsync = on
        synchronous_commit = on
        max_connections = 100
        max_wal_size = '512MB'
        jit = off
        timezone = 'UTC'
        log_timezone = 'UTC'
        lc_messages = 'C'
        logging_collector = off
        log_checkpoints = off
        log_line_prefix = '%%m [%%p] '
        """
            .formatted(Ports.LOOPBACK, candidate);
    try {
      Folders.writePrivate(dataFolder.resolve("twinloop.conf"), settings);
    } catch (IOException e) {
      throw new CannotStartException(
          "The PostgreSQL data folder %s can't be written: %s."
              .formatted(dataFolder, Sentences.reason(e)),
          e);
    }
  }

  private void createDatabaseWhenMissing() {
    String maintenance = "jdbc:postgresql://%s:%d/postgres".formatted(host(), port);
    try (Connection connection = DriverManager.getConnection(maintenance, USER, password);
        Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "SELECT 1 FROM pg_database WHERE datname = '" + DATABASE + "'")) {
      if (!found.next()) {
        try (Statement create = connection.createStatement()) {
          create.execute("CREATE DATABASE " + DATABASE);
        }
      }
    } catch (SQLException e) {
      stop();
      throw new CannotStartException(
          "PostgreSQL on %s runs but its database can't be opened: %s."
              .formatted(dataFolder, Sentences.reason(e)),
          e);
    }
  }

  private String readLog() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      return "its log " + log + " can't be read: " + Sentences.reason(e);
    }
  }

  private static String lastLines(String text) {
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    return String.join(" | ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
  }

  private static String randomPassword() {
    byte[] bytes = new byte[16];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
