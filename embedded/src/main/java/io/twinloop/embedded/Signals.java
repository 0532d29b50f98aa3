package io.twinloop.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** Sends POSIX signals to processes that are no children of this one, and waits for their end. */
public final class Signals {
  private static final Duration POLL = Duration.ofMillis(10);

  private Signals() {}

  /**
   * Sends one signal to each of the processes; those already gone are skipped.
   *
   * @param signal name without SIG, e.g. {@code INT}
   */
  public static void send(String signal, Collection<ProcessHandle> targets) {
    for (ProcessHandle target : targets) {
      if (isAlive(target)) {
        run(List.of("kill", "-" + signal, Long.toString(target.pid())));
      }
    }
  }

  /** The same for one process. */
  public static void send(String signal, ProcessHandle target) {
    send(signal, List.of(target));
  }

  /** True when all have ended within the time; a zombie, which nobody has reaped yet, counts. */
  public static boolean awaitEnd(Collection<ProcessHandle> targets, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    while (targets.stream().anyMatch(Signals::isAlive)) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      pause(POLL);
    }
    return true;
  }

  /**
   * Like {@link ProcessHandle#isAlive()}, but false for a zombie: in a container the first process
   * may be one that never reaps, and a dead PostgreSQL would look alive for ever.
   */
  public static boolean isAlive(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    Path stat = Path.of("/proc", Long.toString(process.pid()), "stat");
    if (!Files.exists(stat)) {
      return process.isAlive();
    }
    try {
      String line = Files.readString(stat);
      int state = line.lastIndexOf(')') + 2;
      return line.charAt(state) != 'Z' && line.charAt(state) != 'X';
    } catch (IOException ended) {
      return process.isAlive();
    }
  }

  static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for a process", e);
    }
  }

  private static void run(List<String> command) {
    try {
      new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException("Can't run " + String.join(" ", command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted in " + String.join(" ", command), e);
    }
  }
}
