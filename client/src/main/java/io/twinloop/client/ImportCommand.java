package io.twinloop.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code import FILE}: uploads an organisation and says what became of it. */
final class ImportCommand {

  /** The options that the route takes as query parameters. */
  private static final List<String> QUERY = List.of("kind", "separator", "charset");

  private ImportCommand() {}

  static int run(Arguments arguments, PrintStream out, PrintStream err)
      throws IOException, InterruptedException {
    arguments.know("--port", "--url", "--kind", "--separator", "--charset");
    Path file = InputFiles.existing(arguments.words("FILE").get(0));
    boolean table = isTable(file);
    if (table && arguments.option("--kind").isEmpty()) {
      throw new MisuseException(
          "A table needs --kind: a type of node, a relation, node or relation.");
    }
    TwinloopClient client = new TwinloopClient(TwinloopClient.address(arguments));
    long start = System.nanoTime();
    JsonNode summary =
        client.upload(
            "/api/v1/twin/import" + query(arguments),
            table ? "text/csv" : "application/x-ndjson",
            file,
            InputFiles.isGzip(file));
    double seconds = Math.max(1e-3, Duration.ofNanos(System.nanoTime() - start).toMillis() / 1e3);
    print(summary, seconds, out);
    return summary.path("rejected").longValue() == 0 ? 0 : 1;
  }

  private static boolean isTable(Path file) {
    String name = file.getFileName().toString();
    String plain = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    return plain.endsWith(".csv") || plain.endsWith(".tsv");
  }

  private static String query(Arguments arguments) {
    List<String> parts = new ArrayList<>();
    for (String name : QUERY) {
      arguments
          .option("--" + name)
          .ifPresent(
              value -> parts.add(name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8)));
    }
    return parts.isEmpty() ? "" : "?" + String.join("&", parts);
  }

  private static void print(JsonNode summary, double seconds, PrintStream out) {
    long accepted = summary.path("accepted").longValue();
    long unchanged = summary.path("unchanged").longValue();
    long rejected = summary.path("rejected").longValue();
    out.printf(
        "%,d accepted, %,d unchanged, %,d rejected in %.1f s (%,.0f a second)%n",
        accepted, unchanged, rejected, seconds, (accepted + unchanged + rejected) / seconds);
    JsonNode report = summary.path("report");
    for (String of : List.of("nodes", "relations")) {
      JsonNode count = report.path(of);
      out.printf(
          "  %-10s %,d accepted, %,d unchanged, %,d rejected%n",
          of,
          count.path("accepted").longValue(),
          count.path("unchanged").longValue(),
          count.path("rejected").longValue());
    }
    report
        .path("dirt")
        .properties()
        .forEach(
            fault -> out.printf("  %-16s %,d%n", fault.getKey(), fault.getValue().longValue()));
    for (JsonNode error : summary.path("errors")) {
      out.printf(
          "line %d: %s: %s%n",
          error.path("line").longValue(),
          error.path("code").textValue(),
          error.path("detail").textValue());
    }
  }
}
