package io.twinloop.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * PostgreSQL's main process as found by the file {@code postmaster.pid} of its data folder.
 *
 * <p>It is no child of this JVM and outlives a {@code kill -9} of it, so the file is the one thing
 * that leads to it. A file left behind by a crash may name a process number that something else has
 * taken since; such a process is never touched.
 */
record Postmaster(ProcessHandle process) {
  /** What PostgreSQL writes into line 8 of the file once it answers. */
  private static final String READY = "ready";

  private static final int STATUS_LINE = 7;

  /** The PostgreSQL that runs on this folder now, whoever started it. */
  static Optional<Postmaster> runningOn(Path dataFolder) {
    List<String> lines = pidFile(dataFolder);
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    long pid;
    try {
      pid = Long.parseLong(lines.get(0).strip());
    } catch (NumberFormatException halfWritten) {
      return Optional.empty();
    }
    return ProcessHandle.of(pid)
        .filter(Signals::isAlive)
        .filter(process -> isPostgresOn(dataFolder, process))
        .map(Postmaster::new);
  }

  /** True once the server on this folder takes connections. */
  static boolean isReady(Path dataFolder) {
    List<String> lines = pidFile(dataFolder);
    return lines.size() > STATUS_LINE && lines.get(STATUS_LINE).strip().equals(READY);
  }

  /** Asks for a fast shutdown (clients are cut off, everything is written), then insists. */
  void stop(Duration patience) {
    List<ProcessHandle> all = withChildren();
    resume();
    Signals.send("INT", process);
    if (Signals.awaitEnd(List.of(process), patience)) {
      return;
    }
    Signals.send("QUIT", process);
    if (Signals.awaitEnd(List.of(process), Duration.ofSeconds(5))) {
      return;
    }
    kill(all);
  }

  /** Ends it without warning, as a crash does; returns when the last of its processes is gone. */
  void kill() {
    kill(withChildren());
  }

  /** Stops the clock for it and all its processes; connections stay open and nothing answers. */
  void pause() {
    Signals.send("STOP", process);
    Signals.send("STOP", withChildren());
  }

  void resume() {
    List<ProcessHandle> all = withChildren();
    Collections.reverse(all);
    Signals.send("CONT", all);
  }

  private void kill(List<ProcessHandle> all) {
    Signals.send("KILL", process);
    // Its children notice by themselves, unless they were paused.
    Signals.send("CONT", all);
    if (!Signals.awaitEnd(all, Duration.ofSeconds(2))) {
      Signals.send("KILL", all);
      if (!Signals.awaitEnd(all, Duration.ofSeconds(10))) {
        throw new IllegalStateException("PostgreSQL " + process.pid() + " survives SIGKILL");
      }
    }
  }

  private List<ProcessHandle> withChildren() {
    List<ProcessHandle> all = new ArrayList<>();
    all.add(process);
    process.descendants().forEach(all::add);
    return all;
  }

  private static boolean isPostgresOn(Path dataFolder, ProcessHandle process) {
    ProcessHandle.Info info = process.info();
    boolean postgres = info.command().map(c -> c.endsWith("/postgres")).orElse(false);
    boolean here =
        info.arguments()
            .map(arguments -> Arrays.asList(arguments).contains(dataFolder.toString()))
            .orElse(true);
    return postgres && here;
  }

  private static List<String> pidFile(Path dataFolder) {
    if (!Files.isDirectory(dataFolder)) {
      return List.of();
    }
    try {
      return Files.readAllLines(dataFolder.resolve("postmaster.pid"));
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException e) {
      throw new CannotStartException(
          "PostgreSQL's %s can't be read: %s."
              .formatted(dataFolder.resolve("postmaster.pid"), Sentences.reason(e)),
          e);
    }
  }
}
