package io.twinloop.domain.kpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.twinloop.domain.kpi.OrderedSeries.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Taxi rides in New York, half-hourly, July 2014 to January 2015 (Numenta Anomaly Benchmark): the
 * episodes are those of the rule in its plainest form.
 */
class SensingOnRealSeriesTest {

  private static final String SERIES = "data/nab/data/realKnownCause/nyc_taxi.csv";

  @Test
  void shouldFindTheEpisodesOfThePlainRuleInTaxiRides() throws IOException {
    List<Sample> series = taxiRides();
    List<Run> expected = OrderedSeries.runsOf(series);
    Watcher oneByOne = new Watcher();
    series.forEach(oneByOne::take);
    Watcher byThousand = new Watcher();
    for (int from = 0; from < series.size(); from += 1_000) {
      byThousand.take(series.subList(from, Math.min(series.size(), from + 1_000)));
    }

    assertThat(series).hasSize(10_320);
    assertThat(expected).isNotEmpty();
    assertThat(oneByOne.runs()).isEqualTo(expected);
    assertThat(byThousand.runs()).isEqualTo(expected);
  }

  private static List<Sample> taxiRides() throws IOException {
    Path shared = sharedFolder();
    Path file = shared.resolve(SERIES);
    assumeTrue(
        Files.exists(file),
        () -> "skipped: no " + SERIES + " under " + shared + " (set -Dtwinloop.shared)");
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .skip(1)
          .map(line -> line.split(","))
          .map(
              cells ->
                  Sample.of(
                      Instant.parse(cells[0].replace(' ', 'T') + "Z"),
                      Double.parseDouble(cells[1]),
                      "taxi"))
          .toList();
    }
  }

  /** The folder beside the repository; its root is the nearest parent with a {@code .mvn}. */
  private static Path sharedFolder() {
    String named = System.getProperty("twinloop.shared");
    if (named != null) {
      return Path.of(named);
    }
    Path root = Path.of("").toAbsolutePath();
    while (root.getParent() != null && !Files.exists(root.resolve(".mvn"))) {
      root = root.getParent();
    }
    return root.resolveSibling("shared");
  }
}
