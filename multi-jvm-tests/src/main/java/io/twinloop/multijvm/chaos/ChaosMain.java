package io.twinloop.multijvm.chaos;

import io.twinloop.multijvm.ClusterProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * {@code ./twinloop chaos}: faults at random on a cluster of three nodes of its own, then the
 * comparison. Ends with 0 when nothing promised was broken, with 1 when something was, with 2 when
 * it was called wrongly.
 */
public final class ChaosMain {

  private static final int NODES = 3;

  /**
   * What to do.
   *
   * @param minutes how long faults come
   * @param seed of the plan of faults and of what callers ask for
   * @param requestsPerSecond of all callers together
   * @param faults to choose from
   * @param json where the report goes, for machines
   * @param folder for data and logs; absent: a temporary one, removed after a clean run
   */
  record Order(
      double minutes,
      long seed,
      double requestsPerSecond,
      List<Fault> faults,
      Optional<Path> json,
      Optional<Path> folder) {

    /** Reads the words of the command line. */
    static Order of(String[] words) {
      double minutes = 5;
      long seed = new Random().nextInt(1_000_000);
      double rate = 30;
      List<Fault> faults = List.of(Fault.values());
      Optional<Path> json = Optional.empty();
      Optional<Path> folder = Optional.empty();
      for (int i = 0; i < words.length; i += 2) {
        if (i + 1 == words.length) {
          throw new IllegalArgumentException("option '" + words[i] + "' needs a value.");
        }
        String value = words[i + 1];
        switch (words[i]) {
          case "--minutes" -> minutes = number(words[i], value, 600);
          case "--seed" -> seed = whole(words[i], value);
          case "--rate" -> rate = number(words[i], value, 10_000);
          case "--faults" -> faults = faults(value);
          case "--json" -> json = Optional.of(Path.of(value));
          case "--data" -> folder = Optional.of(Path.of(value));
          default ->
              throw new IllegalArgumentException(
                  "unknown option '%s': there are --minutes, --seed, --rate, --faults, --json and --data."
                      .formatted(words[i]));
        }
      }
      return new Order(minutes, seed, rate, faults, json, folder);
    }

    private static double number(String option, String value, double most) {
      try {
        double number = Double.parseDouble(value);
        if (number > 0 && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Said below.
      }
      throw new IllegalArgumentException(
          "%s is '%s', but it is a number above 0, at most %.0f.".formatted(option, value, most));
    }

    private static long whole(String option, String value) {
      try {
        return Long.parseLong(value);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "%s is '%s', but a seed is a whole number.".formatted(option, value), e);
      }
    }

    private static List<Fault> faults(String value) {
      List<Fault> faults = new ArrayList<>();
      for (String name : value.split(",", -1)) {
        try {
          faults.add(Fault.valueOf(name.strip().toUpperCase(Locale.ROOT)));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "there is no fault '%s', but these: %s.".formatted(name, List.of(Fault.values())), e);
        }
      }
      return faults;
    }
  }

  private ChaosMain() {}

  /** Runs it; see {@code ./twinloop help}. */
  public static void main(String[] words) throws IOException {
    Order order;
    try {
      order = Order.of(words);
    } catch (IllegalArgumentException e) {
      System.err.println("twinloop: " + e.getMessage());
      System.exit(2);
      return;
    }
    Path folder =
        order.folder().isPresent()
            ? Files.createDirectories(order.folder().get()).toAbsolutePath()
            : Files.createTempDirectory("twinloop-chaos");
    ChaosReport report = run(order, folder);
    System.out.print(report.text());
    if (order.json().isPresent()) {
      Files.writeString(order.json().get(), report.json().toPrettyString() + "\n");
    }
    boolean clean = report.findings().isEmpty();
    if (!clean) {
      System.out.println("Logs of nodes and servers are in " + folder);
    } else if (order.folder().isEmpty()) {
      remove(folder);
    }
    System.exit(clean ? 0 : 1);
  }

  private static ChaosReport run(Order order, Path folder) {
    say(
        "seed %d, %.1f minutes, %.0f requests/s"
            .formatted(order.seed(), order.minutes(), order.requestsPerSecond()));
    ClusterProcess cluster = ClusterProcess.start(folder, NODES, ChaosRun::prepared);
    // Whoever ends this command ends all it started.
    Thread end = new Thread(cluster::close, "chaos-end");
    Runtime.getRuntime().addShutdownHook(end);
    say("The cluster is whole");
    try (ChaosRun run =
        ChaosRun.start(cluster, order.seed(), order.requestsPerSecond(), ChaosMain::say)) {
      ChaosPlan plan = new ChaosPlan(order.seed(), run.possible(order.faults()), NODES);
      long until = System.nanoTime() + (long) (order.minutes() * 60e9);
      while (System.nanoTime() < until) {
        run.strike(plan.next());
      }
      return run.check();
    } finally {
      Runtime.getRuntime().removeShutdownHook(end);
      cluster.close();
    }
  }

  private static void say(String line) {
    System.out.println(
        LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS) + " " + line);
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
