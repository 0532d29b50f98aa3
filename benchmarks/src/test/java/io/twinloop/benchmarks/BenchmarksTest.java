package io.twinloop.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A run measures every row; how fast is for people to judge. */
class BenchmarksTest {

  private static final List<String> ROWS =
      List.of(
          "insert",
          "insert-many",
          "journal",
          "commands-inside",
          "commands-http",
          "get-fixed",
          "get-entity",
          "copy",
          "samples-ndjson",
          "samples-visible",
          "samples-batch",
          "read-entity-p50",
          "recover-p50",
          "recover-snapshot-p50",
          "read-entity-p99",
          "recover-p99",
          "recover-snapshot-p99",
          "read-events",
          "projection",
          "lag-half-p50",
          "lag-half-p99",
          "lag-full-p50",
          "lag-full-p99",
          "heap-idle",
          "heap-passivated",
          "kafka-p50",
          "loop-p50",
          "kafka-p99",
          "loop-p99",
          "door-open",
          "door-guarded");

  private static final List<String> COMMAND_ROWS =
      List.of(
          "commands",
          "cpu-node",
          "cpu-postgres",
          "cpu-load",
          "half-p50",
          "half-p99",
          "overload",
          "overload-p99",
          "refused",
          "refused-p99",
          "after-p99");

  @TempDir Path folder;

  @Test
  void shouldFillEveryRowOfTheReport() throws Exception {
    List<String> news = new ArrayList<>();

    Report report = Benchmarks.run(Plan.SHORTEST, folder, news::add);

    Path file = folder.resolve("report.json");
    report.writeTo(file);
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.get("rows")).extracting(row -> row.get("id").asText()).isEqualTo(ROWS);
    for (JsonNode row : json.get("rows")) {
      assertThat(row.get("median").asDouble()).as("%s", row).isFinite().isPositive();
      assertThat(row.get("values")).as("%s", row).hasSize(Plan.SHORTEST.rounds());
      if (row.has("beside")) {
        assertThat(ROWS).as("%s", row).contains(row.get("beside").asText());
        assertThat(row.get("ratio").asDouble()).as("%s", row).isFinite().isPositive();
      }
    }
    assertThat(report.table()).contains(ROWS);
    assertThat(news).anyMatch(line -> line.contains("Round 1 of 1"));
  }

  /**
   * Offers twice what a node can do, so it has a machine to itself: {@code -Dtwinloop.overload}.
   */
  @Test
  @EnabledIfSystemProperty(named = "twinloop.overload", matches = ".*")
  void shouldMeasureTheWayOfACommandWithAndWithoutTheRest() throws Exception {
    Report report = Benchmarks.runCommands(Plan.SHORTEST, folder, line -> {});

    assertThat(report.rows())
        .extracting(Row::id)
        .containsAll(
            Stream.of("all", "write")
                .flatMap(kind -> COMMAND_ROWS.stream().map(row -> kind + "-" + row))
                .toList());
    assertThat(report.rows())
        .allSatisfy(row -> assertThat(row.median()).as(row.id()).isFinite().isNotNegative());
  }

  @Test
  void shouldTakeTheMiddleOfTheRatiosOfEachRound() {
    Row beside = new Row("raw", "raw", "1/s", List.of(10.0, 20.0, 40.0), null);
    Row row = new Row("ours", "ours", "1/s", List.of(5.0, 40.0, 40.0), beside);

    assertThat(row.median()).isEqualTo(40);
    assertThat(row.ratio()).isEqualTo(1);
    assertThat(Row.median(new double[] {3, 1, 2, 10})).isEqualTo(2.5);
    assertThat(Row.quantile(List.of(4.0, 1.0, 3.0, 2.0), 0.5)).isEqualTo(2);
    assertThat(Row.quantile(List.of(4.0, 1.0, 3.0, 2.0), 0.99)).isEqualTo(4);
  }
}
