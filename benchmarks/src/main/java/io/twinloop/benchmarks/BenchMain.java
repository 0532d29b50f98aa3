package io.twinloop.benchmarks;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./twinloop bench [--short] [--door | --commands | --writes | --growth] [--rounds N]
 * [--json FILE]}: measures, prints a table, ends.
 */
public final class BenchMain {

  private static final int LONGEST_STOP_SECONDS = 60;

  private BenchMain() {}

  /** What of it is measured. */
  private interface Part {
    Report run(Plan plan, Path folder, Consumer<String> news) throws Exception;
  }

  /** What the command line asks for. */
  private record Options(Plan plan, Part part, @Nullable Path json) {

    static Options of(String[] arguments) {
      Plan plan = Plan.FULL;
      Part part = Benchmarks::run;
      Path json = null;
      for (int i = 0; i < arguments.length; i++) {
        switch (arguments[i]) {
          case "--short" -> plan = Plan.SHORT;
          case "--door" -> part = Benchmarks::runDoor;
          case "--commands" -> part = Benchmarks::runCommands;
          case "--writes" -> part = Benchmarks::runWrites;
          case "--growth" -> part = Benchmarks::runGrowth;
          case "--rounds" -> plan = plan.withRounds(positive(arguments, ++i));
          case "--json" -> {
            if (++i == arguments.length) {
              throw new IllegalArgumentException("option '--json' needs a file.");
            }
            json = Path.of(arguments[i]);
          }
          default ->
              throw new IllegalArgumentException(
                  "unknown option '"
                      + arguments[i]
                      + "'; known are --short, --door, --commands, --writes, --growth, --rounds N and --json FILE.");
        }
      }
      return new Options(plan, part, json);
    }

    private static int positive(String[] arguments, int at) {
      String number = at < arguments.length ? arguments[at] : "nothing";
      if (!number.matches("[1-9][0-9]{0,2}")) {
        throw new IllegalArgumentException(
            "option '--rounds' needs a number from 1 to 999, not " + number + ".");
      }
      return Integer.parseInt(number);
    }
  }

  public static void main(String[] arguments) {
    System.setProperty("logback.configurationFile", "bench-logback.xml");
    Options options;
    try {
      options = Options.of(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println("twinloop bench: " + e.getMessage());
      System.exit(2);
      return;
    }
    CountDownLatch ended = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> interrupt(main, ended), "bench-stop"));
    int code = 1;
    try {
      run(options);
      code = 0;
    } catch (Exception e) {
      System.err.println("twinloop bench: " + e);
      e.printStackTrace();
    } finally {
      ended.countDown();
    }
    System.exit(code); // whatever threads a library has left
  }

  /** On Ctrl-C the run is left by an exception, so that it stops all it has started. */
  private static void interrupt(Thread main, CountDownLatch ended) {
    main.interrupt();
    try {
      if (!ended.await(LONGEST_STOP_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("twinloop bench: not all that was started has ended.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void run(Options options) throws Exception {
    Path folder = Files.createTempDirectory("twinloop-bench");
    try {
      Report report = options.part().run(options.plan(), folder, System.err::println);
      System.out.print(report.table());
      if (options.json() != null) {
        report.writeTo(options.json());
      }
    } finally {
      delete(folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException failure)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
