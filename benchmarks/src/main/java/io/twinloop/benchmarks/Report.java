package io.twinloop.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * What a run found, as a table and as JSON.
 *
 * @param plan how much was measured
 * @param startedAt when
 * @param postgres its version
 */
record Report(Plan plan, Instant startedAt, String postgres, List<Row> rows) {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  Report {
    rows = List.copyOf(rows);
  }

  /** A table for people, a line for each row. */
  String table() {
    StringBuilder text = new StringBuilder();
    text.append(
        "%-18s %-54s %14s %-10s %8s  %s%n"
            .formatted("row", "what", "median", "unit", "ratio", "beside"));
    for (Row row : rows) {
      text.append(
          "%-18s %-54s %,14.1f %-10s %8s  %s%n"
              .formatted(
                  row.id(),
                  row.what(),
                  row.median(),
                  row.unit(),
                  row.beside() == null ? "" : "%.2f".formatted(row.ratio()),
                  row.beside() == null ? "" : row.beside().id()));
    }
    text.append(
        "Medians of %d rounds (%s), %d cores, Java %s, PostgreSQL %s on this machine; ratios are medians of each round's ratio.%n"
            .formatted(
                plan.rounds(),
                plan.name(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"),
                postgres));
    return text.toString();
  }

  /** The same for programs, with the value and the ratio of every round. */
  ObjectNode json() {
    ObjectNode json = JSON.createObjectNode();
    json.put("plan", plan.name());
    json.put("rounds", plan.rounds());
    json.put("startedAt", startedAt.toString());
    json.put("cores", Runtime.getRuntime().availableProcessors());
    json.put("java", System.getProperty("java.version"));
    json.put("postgres", postgres);
    ArrayNode list = json.putArray("rows");
    for (Row row : rows) {
      ObjectNode each = list.addObject();
      each.put("id", row.id()).put("what", row.what()).put("unit", row.unit());
      each.put("median", row.median());
      ArrayNode values = each.putArray("values");
      row.values().forEach(values::add);
      if (row.beside() != null) {
        each.put("beside", row.beside().id()).put("ratio", row.ratio());
        ArrayNode ratios = each.putArray("ratios");
        for (double ratio : row.ratios()) {
          ratios.add(ratio);
        }
      }
    }
    return json;
  }

  void writeTo(Path file) throws IOException {
    Files.write(file, JSON.writeValueAsBytes(json()));
  }
}
