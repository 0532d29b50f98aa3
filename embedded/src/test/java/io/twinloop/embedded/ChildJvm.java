package io.twinloop.embedded;

import static org.awaitility.Awaitility.await;

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

/** A program of this module in a JVM of its own, with this test's class path. */
final class ChildJvm implements AutoCloseable {
  private final Process process;
  private final Path output;

  private ChildJvm(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  static ChildJvm start(Path output, Class<?> main, Object... arguments) throws IOException {
    return start(Map.of(), output, main, arguments);
  }

  static ChildJvm start(
      Map<String, String> environment, Path output, Class<?> main, Object... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path")));
    String cache = System.getProperty("twinloop.embedded.cache");
    if (cache != null) {
      command.add("-Dtwinloop.embedded.cache=" + cache);
    }
    command.add(main.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    return new ChildJvm(builder.start(), output);
  }

  /** The first line it printed that contains these words. */
  String awaitLine(String words) {
    return await("'" + words + "' in the output")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> line(words), line -> !line.isEmpty());
  }

  String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void kill9() {
    process.destroyForcibly().onExit().join();
  }

  /** Asks it to end (SIGTERM). */
  int terminate() {
    process.destroy();
    return exitCode();
  }

  int exitCode() {
    try {
      process.onExit().orTimeout(60, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw new AssertionError("Still running after 60 s. It said:\n" + output(), e);
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      terminate();
    }
  }

  private String line(String words) {
    return output().lines().filter(line -> line.contains(words)).findFirst().orElse("");
  }
}
