package io.twinloop.client.demo;

import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * Runs the demo against a node that is ready: {@code --url URL --seed N [--once]}.
 *
 * <p>Exit codes: 0 when an anomaly, an SLA breach and a vacancy were each answered and closed, 1
 * when one of them was not or the node went away, 2 when the arguments are wrong.
 */
public final class DemoMain {

  private DemoMain() {}

  /** What the command line says. */
  private record Options(URI url, long seed, boolean once) {
    static Options of(String[] words) {
      String url = "http://127.0.0.1:8080";
      String seed = "1";
      boolean once = false;
      for (int i = 0; i < words.length; i++) {
        switch (words[i]) {
          case "--once" -> once = true;
          case "--url" -> url = valueOf(words, i++);
          case "--seed" -> seed = valueOf(words, i++);
          default -> throw new IllegalArgumentException("unknown option '" + words[i] + "'");
        }
      }
      return new Options(URI.create(url), number(seed), once);
    }

    private static String valueOf(String[] words, int option) {
      if (option + 1 == words.length) {
        throw new IllegalArgumentException("option '" + words[option] + "' needs a value");
      }
      return words[option + 1];
    }

    private static long number(String seed) {
      try {
        return Long.parseLong(seed);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "--seed is '" + seed + "', but a seed is a whole number", e);
      }
    }
  }

  public static void main(String[] words) throws InterruptedException {
    Options options;
    try {
      options = Options.of(words);
    } catch (IllegalArgumentException e) {
      System.err.println("demo: " + e.getMessage());
      System.exit(2);
      return;
    }
    Locale.setDefault(Locale.ROOT); // it speaks English, so its numbers do too
    System.exit(run(options) ? 0 : 1);
  }

  private static boolean run(Options options) throws InterruptedException {
    Clock clock = Clock.systemUTC();
    Company company =
        CompanyBuilder.build(options.seed(), LocalDate.now(clock.withZone(ZoneOffset.UTC)));
    try {
      return new Demo(new Twin(options.url()), company, clock, System.out).run(options.once());
    } catch (UncheckedIOException e) {
      System.err.println("demo: " + e.getMessage() + " (" + e.getCause().getMessage() + ")");
    } catch (Twin.RefusedException
        | Twin.AwayException
        | IllegalStateException
        | IllegalArgumentException e) {
      System.err.println("demo: " + e.getMessage());
    }
    return false;
  }
}
