package io.twinloop.multijvm;

import io.twinloop.embedded.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One JVM whose output goes to a file.
 *
 * <p>{@link #close()} leaves nothing of it running, neither itself nor a process it started.
 */
public final class JvmProcess implements AutoCloseable {
  /** Option of a JVM that ends before the optimising compiler would pay; halves a start's work. */
  public static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1";

  private static final int TAIL_LINES = 60;
  private static final Duration POLL = Duration.ofMillis(20);
  private static final Duration END_PATIENCE = Duration.ofSeconds(30);

  /**
   * What to run.
   *
   * @param mainClass by name, as it may be of a module this one can't see
   * @param classPath where its classes come from
   * @param environment added to this process's own
   * @param output the file standard output and error are appended to
   */
  public record Command(
      String mainClass,
      List<String> arguments,
      List<String> jvmOptions,
      String classPath,
      Map<String, String> environment,
      Path output) {
    /** With the class path of this process. */
    public Command(
        String mainClass,
        List<String> arguments,
        List<String> jvmOptions,
        Map<String, String> environment,
        Path output) {
      this(mainClass, arguments, jvmOptions, ownClassPath(), environment, output);
    }

    public Command {
      arguments = List.copyOf(arguments);
      jvmOptions = List.copyOf(jvmOptions);
      environment = Map.copyOf(environment);
    }
  }

  private final Process process;
  private final Path output;

  private JvmProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  public static JvmProcess start(Command command) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(command.jvmOptions());
    words.addAll(List.of("-cp", command.classPath(), command.mainClass()));
    words.addAll(command.arguments());
    ProcessBuilder builder =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(command.output().toFile()));
    builder.environment().putAll(command.environment());
    try {
      return new JvmProcess(builder.start(), command.output());
    } catch (IOException e) {
      throw new UncheckedIOException("Can't start " + command.mainClass(), e);
    }
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** Ends it without warning (SIGKILL) and returns when it is gone. */
  public void kill9() {
    process.destroyForcibly().onExit().join();
  }

  /**
   * Asks it to end (SIGTERM) and waits.
   *
   * @return its exit code, 143 for a JVM that ended in order
   */
  public int terminate(Duration patience) {
    process.destroy();
    return exitCode(patience);
  }

  /** Asks it to end (SIGTERM), and waits for so long, but doesn't insist. */
  void askToEnd(Duration patience) {
    process.destroy();
    try {
      process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public int exitCode(Duration patience) {
    try {
      process.onExit().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS).join();
    } catch (CompletionException e) {
      throw failure("has not ended within " + patience.toSeconds() + " s");
    }
    return process.exitValue();
  }

  /** Freezes it (SIGSTOP), as a long garbage collection or a suspended machine does. */
  public void pause() {
    Signals.send("STOP", process.toHandle());
  }

  /** Ends a {@link #pause()}. */
  public void resume() {
    Signals.send("CONT", process.toHandle());
  }

  /**
   * Waits until something holds.
   *
   * @throws IllegalStateException with the end of its output when it ends before or takes too long
   */
  public void await(String what, Duration patience, BooleanSupplier holds) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!holds.getAsBoolean()) {
      if (!process.isAlive()) {
        throw failure("ended with code " + process.exitValue() + " before it was " + what);
      }
      if (System.nanoTime() > deadline) {
        throw failure("is not " + what + " after " + patience.toSeconds() + " s");
      }
      try {
        TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Interrupted while waiting for " + what, e);
      }
    }
  }

  /** All it printed so far, of earlier processes with the same file too. */
  public String output() {
    try {
      return Files.exists(output) ? Files.readString(output) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
    tree.add(process.toHandle());
    tree.forEach(ProcessHandle::destroyForcibly);
    if (!Signals.awaitEnd(tree, END_PATIENCE)) {
      throw failure("survives SIGKILL");
    }
    process.onExit().join();
  }

  private IllegalStateException failure(String what) {
    List<String> lines = output().lines().toList();
    return new IllegalStateException(
        "Process %d %s. The end of %s:%n%s"
            .formatted(
                process.pid(),
                what,
                output,
                String.join(
                    "\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()))));
  }

  /** Surefire may start this JVM with a short class path that refers to the real one. */
  static String ownClassPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
