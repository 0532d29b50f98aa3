package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs and live events on a real node: the figures, and who is told of what how often. */
class ProcessesTest {

  @TempDir static Path folder;

  private static ServicesProcess services;
  private static NodeProcess node;
  private static Twin twin;

  @BeforeAll
  static void startANode() {
    services = ServicesProcess.start(folder.resolve("services"));
    node = NodeProcess.named("a", folder).using(services).start();
    twin = new Twin(node::url);
  }

  @AfterAll
  static void stopIt() {
    if (node != null) {
      node.close();
    }
    if (services != null) {
      services.close();
    }
  }

  private static void process(String id, String properties) {
    Twin.Answer answer =
        twin.put(
            "/api/v1/twin/nodes/" + id,
            "{\"type\": \"Process\", \"label\": \"%s\", \"properties\": %s}"
                .formatted(id, properties));
    assertThat(answer.isOk()).as("%s", answer).isTrue();
  }

  private static JsonNode log(String process, String query, String type, byte[] body) {
    Twin.Answer answer = twin.post("/api/v1/processes/" + process + "/log" + query, type, body);
    assertThat(answer.isOk()).as("%s", answer).isTrue();
    return answer.body();
  }

  private static JsonNode get(String process, String what) {
    Twin.Answer answer = twin.get("/api/v1/processes/" + process + "/" + what);
    assertThat(answer.isOk()).as("%s", answer).isTrue();
    return answer.body();
  }

  /** Cases of some days each, ended now; the waits grow from A to B. */
  private static byte[] csv(int cases, Function<Integer, Double> days) {
    Instant now = Instant.now();
    StringBuilder csv = new StringBuilder("case,activity,timestamp,resource\n");
    for (int i = 0; i < cases; i++) {
      Instant begun = now.minus(Duration.ofSeconds(Math.round(days.apply(i) * 86_400) + i));
      csv.append("%d,A,%s,ada%n%d,B,%s,bob%n".formatted(i, begun, i, now.minusSeconds(i)));
    }
    return csv.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** How often the outside was told of each case of a process. */
  private static Map<String, Long> toldOf(String process) {
    return twin.all("/api/v1/events?type=dto.process.sla_breach&entityId=" + process).stream()
        .filter(event -> event.at("/data").has("case_id")) // the process itself may be late too
        .collect(
            Collectors.groupingBy(
                event -> event.at("/data/case_id").asText(), Collectors.counting()));
  }

  @Test
  void shouldTellOfEachLateCaseOnceWhicheverCameFirst() {
    byte[] log = csv(60, i -> i < 20 ? 12.0 : 3.0);
    process("before", "{\"sla_days\": 5}");
    process("after", "{}");
    for (String process : List.of("before", "after")) {
      log(process, "?mode=live", "text/csv", log);
    }
    assertThat(toldOf("after")).isEmpty();
    process("after", "{\"sla_days\": 5}");

    for (String process : List.of("before", "after")) {
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(toldOf(process)).hasSize(20));
      log(process, "?mode=live", "text/csv", log);
      process(process, "{\"sla_days\": 4}");
      await()
          .during(Duration.ofSeconds(2))
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> assertThat(toldOf(process).values()).hasSize(20).containsOnly(1L));
      assertThat(get(process, "statistics").at("/sla/breachedCases").asInt()).isEqualTo(20);
      assertThat(twin.all("/api/v1/processes/" + process + "/cases?breached=true")).hasSize(20);
    }
  }

  @Test
  void shouldTellOfAnOpenCaseWhenItsTimeIsUp() {
    process("open", "{\"sla_days\": 5}");
    Instant begun = Instant.now().minus(Duration.ofDays(5)).plusSeconds(3);

    twin.post(
        "/api/v1/processes/open/events",
        "application/x-ndjson",
        "{\"case\": \"7\", \"activity\": \"A\", \"timestamp\": \"%s\"}"
            .formatted(begun)
            .getBytes(StandardCharsets.UTF_8));

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(toldOf("open")).isEqualTo(Map.of("7", 1L)));
  }

  @Test
  void shouldAverageTheLastCasesAndTellOfTheBottleneckOnce() {
    process("flow", "{}");
    log("flow", "?mode=live", "text/csv", csv(40, i -> 2 + i % 5 * 0.5));
    log("flow", "?mode=live", "text/csv", csv(60, i -> 2 + i % 5 * 0.5));

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              assertThat(
                      twin.get("/api/v1/twin/nodes/flow")
                          .body()
                          .at("/properties/avg_duration_days")
                          .asDouble())
                  .isEqualTo(3.0);
              assertThat(twin.samples("process.flow.avg_duration_days")).isNotEmpty();
              assertThat(
                      twin.all(
                          "/api/v1/events?type=dto.process.bottleneck_identified&entityId=flow"))
                  .hasSize(1);
            });
    JsonNode first = get("flow", "bottlenecks").at("/items/0");
    assertThat(first.path("kind").asText()).isEqualTo("hand-over");
  }

  /** A wait of always the same length is served by nobody. */
  @Test
  void shouldCallNoFixedDelayABottleneck() {
    process("timed", "{}");
    log("timed", "?mode=live", "text/csv", csv(60, i -> 3.0));

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> assertThat(twin.samples("process.timed.avg_duration_days")).isNotEmpty());
    assertThat(get("timed", "bottlenecks").at("/items/0/kind").asText()).isEqualTo("fixed-delay");
    assertThat(twin.all("/api/v1/events?type=dto.process.bottleneck_identified&entityId=timed"))
        .isEmpty();
  }

  @Test
  void shouldComeToTheFiguresOfRealLogs() throws IOException {
    Path data =
        root().resolve(System.getProperty("twinloop.shared", "../shared")).resolve("data/process");
    Path receipt = data.resolve("08_receipt.xes.gz");
    Path declarations = data.resolve("DomesticDeclarations.xes.gz");
    assumeTrue(
        Files.exists(receipt) && Files.exists(declarations),
        () -> "SKIPPED: the real logs are not there, " + receipt + " and " + declarations);

    JsonNode taken = log("receipt", "", "application/xml", Files.readAllBytes(receipt));
    JsonNode csv =
        log(
            "receipt-csv",
            "?case=case:concept:name&activity=concept:name&timestamp=time:timestamp"
                + "&resource=org:resource",
            "text/csv",
            Files.readAllBytes(data.resolve("receipt.csv")));
    log("domestic", "", "application/xml", Files.readAllBytes(declarations));

    assertThat(taken.path("accepted").asInt()).isEqualTo(8_577);
    assertThat(taken.path("cases").asInt()).isEqualTo(1_434);
    assertThat(csv.path("accepted").asInt()).isEqualTo(8_577);
    JsonNode one = get("receipt", "statistics");
    JsonNode other = get("receipt-csv", "statistics");
    assertThat(one.path("pairs")).isEqualTo(other.path("pairs"));
    JsonNode domestic = get("domestic", "statistics");
    assertThat(domestic.path("cases").asInt()).isEqualTo(10_357);
    assertThat(domestic.path("events").asInt()).isEqualTo(55_628);
    assertThat(domestic.path("variants").asInt()).isEqualTo(90);
    assertThat(domestic.path("medianDurationDays").asDouble()).isBetween(7.305, 7.315);
    assertThat(domestic.at("/pairs/0/count").asInt()).isEqualTo(9_912);
    assertThat(domestic.at("/pairs/1/count").asInt()).isEqualTo(9_911);
    JsonNode first = get("domestic", "bottlenecks").at("/items/0");
    assertThat(first.path("from").asText()).isEqualTo("Request Payment");
    assertThat(first.path("to").asText()).isEqualTo("Payment Handled");
    JsonNode again = log("domestic", "", "application/xml", Files.readAllBytes(declarations));
    assertThat(again.path("accepted").asInt()).isZero();
    assertThat(again.path("unchanged").asInt()).isEqualTo(55_628);
  }

  /** The repository's root, from wherever the tests run. */
  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("README.md")) && Files.exists(here.resolve("twinloop"))
        ? here
        : here.getParent();
  }
}
