package io.twinloop.embedded;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs ({@code initdb}, {@code pg_ctl}), taken from the jar of this platform.
 *
 * <p>They are unpacked once per release into a cache folder of the user: the system property {@code
 * twinloop.embedded.cache}, else {@code $XDG_CACHE_HOME/twinloop}, else {@code
 * $HOME/.cache/twinloop}. Unpacking goes to a temporary folder that is renamed when complete, so a
 * crash leaves no half release and two processes don't disturb each other.
 *
 * <p>PostgreSQL refuses to run as root. For root the programs therefore run in a user namespace of
 * their own ({@code unshare --user}), in which they are nobody, while the files stay root's.
 */
final class PostgreSqlBinaries {
  private static final boolean MAC =
      System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac");

  private final Path home;

  private PostgreSqlBinaries(Path home) {
    this.home = home;
  }

  /** The release on the class path, e.g. {@code 18.6.0}. */
  static String version() {
    Properties properties = new Properties();
    try (InputStream in = PostgreSqlBinaries.class.getResourceAsStream("postgresql.properties")) {
      if (in == null) {
        throw new IllegalStateException("postgresql.properties is missing from the embedded jar");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }

  /** The major release, which must be the one a data folder was made with, e.g. {@code 18}. */
  static String majorVersion() {
    String version = version();
    return version.substring(0, version.indexOf('.'));
  }

  static PostgreSqlBinaries unpacked() {
    String name = archiveName();
    Path home = cacheFolder().resolve("postgresql-" + version() + "-" + platform());
    if (!Files.isDirectory(home)) {
      try {
        unpack(name, home);
      } catch (IOException e) {
        throw new CannotStartException(
            "PostgreSQL's programs can't be unpacked into %s: %s."
                .formatted(home, Sentences.reason(e)),
            e);
      }
    }
    return new PostgreSqlBinaries(home);
  }

  /**
   * Runs one of the programs to its end.
   *
   * @return what it printed and its exit code
   */
  Outcome run(Duration atMost, String program, String... arguments) {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("unshare", "--user"));
    }
    command.add(home.resolve("bin").resolve(program).toString());
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(home.toFile());
    clean(builder.environment());
    try {
      Path output = Files.createTempFile("twinloop-" + program, ".out");
      try {
        // A file, not a pipe: the postmaster started by pg_ctl would inherit a pipe and never close
        // it.
        Process process = builder.redirectOutput(output.toFile()).start();
        process.getOutputStream().close();
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new CannotStartException(
              "PostgreSQL's %s did not end within %d s.".formatted(program, atMost.toSeconds()));
        }
        return new Outcome(process.exitValue(), Files.readString(output).strip());
      } finally {
        Files.deleteIfExists(output);
      }
    } catch (IOException e) {
      throw new CannotStartException(
          "PostgreSQL's %s can't be run: %s%s."
              .formatted(
                  program,
                  Sentences.reason(e),
                  isRoot()
                      ? " (as root it needs the program 'unshare' of util-linux; or start as an ordinary user)"
                      : ""),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted in " + program, e);
    }
  }

  record Outcome(int exitCode, String output) {
    boolean failed() {
      return exitCode != 0;
    }
  }

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** Settings of the person's own PostgreSQL, and a foreign language, must not reach ours. */
  private static void clean(Map<String, String> environment) {
    environment.keySet().removeIf(key -> key.startsWith("PG") || key.startsWith("LC_"));
    environment.put("LC_ALL", "C");
    environment.remove("LANGUAGE");
  }

  private static Path cacheFolder() {
    String chosen = System.getProperty("twinloop.embedded.cache");
    if (chosen != null) {
      return Path.of(chosen).toAbsolutePath();
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    if (xdg != null && !xdg.isBlank()) {
      return Path.of(xdg, "twinloop").toAbsolutePath();
    }
    String home = System.getenv("HOME");
    return Path.of(
            home != null && !home.isBlank() ? home : System.getProperty("user.home"),
            ".cache",
            "twinloop")
        .toAbsolutePath();
  }

  private static String platform() {
    String arch = System.getProperty("os.arch");
    String architecture =
        switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> arch;
        };
    return (MAC ? "darwin-" : "linux-") + architecture;
  }

  private static String archiveName() {
    String name = "/postgres-" + platform() + ".txz";
    if (PostgreSqlBinaries.class.getResource(name) == null) {
      throw new CannotStartException(
          "No PostgreSQL for %s is on the class path: set TWINLOOP_POSTGRES_URL to a PostgreSQL %s of your own."
              .formatted(platform(), majorVersion()));
    }
    return name;
  }

  private static void unpack(String archive, Path home) throws IOException {
    Path parent = home.getParent();
    Files.createDirectories(parent);
    Path temporary = Files.createTempDirectory(parent, "unpacking-");
    try {
      try (InputStream resource = PostgreSqlBinaries.class.getResourceAsStream(archive);
          TarArchiveInputStream tar =
              new TarArchiveInputStream(
                  new XZInputStream(new BufferedInputStream(resource)),
                  StandardCharsets.UTF_8.name())) {
        for (TarArchiveEntry entry = tar.getNextEntry();
            entry != null;
            entry = tar.getNextEntry()) {
          unpack(tar, entry, temporary);
        }
      }
      Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(temporary, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Folders.deleteRecursively(temporary);
      if (!Files.isDirectory(home)) {
        throw e;
      }
    }
  }

  private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path root)
      throws IOException {
    Path target = root.resolve(entry.getName()).normalize();
    if (!target.startsWith(root)) {
      throw new IOException("the archive names a file outside its folder: " + entry.getName());
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Files.createDirectories(target.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      Files.createLink(target, root.resolve(entry.getLinkName()).normalize());
    } else {
      Files.copy(tar, target);
      if ((entry.getMode() & 0100) != 0) {
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
  }
}
