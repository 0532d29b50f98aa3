package io.twinloop.http.kpi;

import static io.twinloop.http.OpenApiAnswers.described;
import static io.twinloop.http.TestServer.json;
import static io.twinloop.http.TestServer.problem;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.http.Endpoint;
import io.twinloop.http.EntitySystem;
import io.twinloop.http.TestServer;
import io.twinloop.http.TestServer.Reply;
import io.twinloop.projections.kpi.KpiQueries;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Clock;
import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The routes of KPIs with a real server and the real entities. No read model stands behind them: a
 * request that gets as far as asking it fails with 500.
 */
class KpiRoutesTest {

  private static final String KPI = "/api/v1/kpis/{id}";
  private static final String SAMPLES = "/api/v1/kpis/{id}/samples";
  private static final String LEAST = "{\"name\": \"Orders\", \"unit\": \"1/h\"}";

  private static EntitySystem entities;
  private static TestServer server;

  @BeforeAll
  static void start() {
    entities = new EntitySystem();
    Kpi.init(entities.sharding(), Clock.systemUTC());
    KpiRoutes routes = new KpiRoutes(entities.entities(), new KpiQueries(null), null);
    server = TestServer.with(routes.endpoints().toArray(Endpoint[]::new)).start();
  }

  @AfterAll
  static void stop() {
    server.close();
    entities.close();
  }

  @Test
  void shouldDefineOnceAndTellTheRevisionOfEachChange() {
    Reply created = described("PUT", KPI, put("defined", LEAST));
    Reply same = described("PUT", KPI, put("defined", LEAST));
    Reply changed =
        described(
            "PUT", KPI, put("defined", LEAST.replace("Orders", "Sales"), "If-Match", "\"1\""));
    Reply late = described("PUT", KPI, put("defined", LEAST, "If-Match", "\"1\""));
    Reply second = described("PUT", KPI, put("defined", LEAST, "If-None-Match", "*"));

    assertThat(created.statusCode()).isEqualTo(201);
    assertThat(created.headers().firstValue("Location")).hasValue("/api/v1/kpis/defined");
    assertThat(json(created).at("/detector/window").intValue()).isEqualTo(30);
    assertThat(same.statusCode()).isEqualTo(200);
    assertThat(same.headers().firstValue("ETag")).hasValue("\"1\"");
    assertThat(changed.headers().firstValue("ETag")).hasValue("\"2\"");
    assertThat(problem(late).path("code").textValue()).isEqualTo("revision-mismatch");
    assertThat(late.statusCode()).isEqualTo(412);
    assertThat(second.statusCode()).isEqualTo(412);
    assertThat(json(get("defined")).path("name").textValue()).isEqualTo("Sales");
  }

  @Test
  void shouldShowTheEpisodeThatSamplesOpened() {
    put("breached", LEAST);
    String usual =
        "{\"value\": %d, \"timestamp\": \"2026-01-01T%02d:00:00Z\", \"source\": \"shop\"}";
    StringBuilder samples = new StringBuilder();
    for (int hour = 0; hour < 12; hour++) {
      samples.append(usual.formatted(100 + hour % 3, hour)).append(',');
    }
    String body = "{\"samples\": [" + samples + usual.formatted(10, 12) + "]}";

    Reply taken = described("POST", SAMPLES, server.post(path("breached") + "/samples", body));
    Reply again = described("POST", SAMPLES, server.post(path("breached") + "/samples", body));
    JsonNode now = json(described("GET", KPI, get("breached")));

    assertThat(json(taken).path("accepted").intValue()).isEqualTo(13);
    assertThat(json(taken).at("/anomaly/severity").textValue()).isEqualTo("CRITICAL");
    assertThat(json(taken).at("/anomaly/zScore").doubleValue()).isNegative();
    assertThat(json(again).path("unchanged").intValue()).isEqualTo(13);
    assertThat(now.path("state").textValue()).isEqualTo("breached");
    assertThat(now.at("/latest/value").doubleValue()).isEqualTo(10);
    assertThat(now.at("/anomaly/episodeId")).isEqualTo(json(taken).at("/anomaly/episodeId"));
  }

  @Test
  void shouldRetireForGood() {
    put("retired", LEAST);
    Reply retired = described("DELETE", KPI, delete("retired", "If-Match", "\"1\""));
    Reply again = described("DELETE", KPI, delete("retired"));
    Reply sample =
        described("POST", SAMPLES, server.post(path("retired") + "/samples", "{\"value\": 1}"));
    Reply defined = described("PUT", KPI, put("retired", LEAST));

    assertThat(retired.statusCode()).isEqualTo(204);
    assertThat(again.statusCode()).isEqualTo(204);
    assertThat(problem(sample).path("code").textValue()).isEqualTo("wrong-state");
    assertThat(problem(defined).path("code").textValue()).isEqualTo("wrong-state");
    assertThat(json(get("retired")).path("state").textValue()).isEqualTo("retired");
  }

  @Test
  void shouldRefuseEverythingOfAKpiNobodyDefined() {
    assertThat(described("GET", KPI, get("nobody")).statusCode()).isEqualTo(404);
    assertThat(described("DELETE", KPI, delete("nobody")).statusCode()).isEqualTo(404);
    Reply sample = server.post(path("nobody") + "/samples", "{\"value\": 1}");
    assertThat(described("POST", SAMPLES, sample).statusCode()).isEqualTo(404);
    assertThat(entities.stored(Kpi.KEY, "nobody")).isZero();
  }

  /**
   * A body that is refused, with the place that is named; none where the value as a whole is bad.
   */
  private record Bad(String body, int status, String code, String pointer) {}

  static Stream<Bad> definitions() {
    return Stream.of(
        new Bad("", 400, "body-missing", null),
        new Bad("{", 400, "malformed", ""),
        new Bad("[]", 400, "invalid-fields", ""),
        new Bad("null", 400, "invalid-fields", ""),
        new Bad("{}", 400, "invalid-fields", "/name"),
        new Bad("{\"name\": \"a\"}", 400, "invalid-fields", "/unit"),
        new Bad("{\"name\": \" \", \"unit\": \"b\"}", 400, "invalid-fields", "/name"),
        new Bad("{\"name\": 7, \"unit\": \"b\"}", 400, "invalid-fields", "/name"),
        new Bad(with("target", "NaN"), 400, "malformed", "/target"),
        new Bad(with("target", "-Infinity"), 400, "malformed", "/target"),
        new Bad(with("target", "1e999"), 400, "malformed", "/target"),
        new Bad(with("target", "\"12\""), 400, "invalid-fields", "/target"),
        new Bad(with("criticalThreshold", "true"), 400, "invalid-fields", "/criticalThreshold"),
        new Bad(with("polarity", "\"up\""), 400, "invalid-fields", "/polarity"),
        new Bad(with("ownerNodeId", "\"a b\""), 400, "invalid-fields", "/ownerNodeId"),
        new Bad(with("updateFrequency", "\"often\""), 400, "invalid-fields", "/updateFrequency"),
        new Bad(with("colour", "1"), 400, "invalid-fields", "/colour"),
        new Bad(with("unit", "\"EUR\""), 400, "malformed", "/unit"),
        new Bad(with("formula", "\"\\u0000\""), 400, "malformed", "/formula"),
        new Bad(with("detector", "[]"), 400, "invalid-fields", "/detector"),
        new Bad(with("detector", "{\"window\": 2.5}"), 400, "invalid-fields", "/detector/window"),
        new Bad(with("detector", "{\"high\": \"x\"}"), 400, "invalid-fields", "/detector/high"),
        new Bad(with("detector", "{\"window\": 1}"), 422, "invalid-value", null),
        new Bad(with("detector", "{\"minimum\": 31}"), 422, "invalid-value", null),
        new Bad(with("detector", "{\"high\": 0}"), 422, "invalid-value", null),
        new Bad(with("detector", "{\"critical\": 1}"), 422, "invalid-value", null),
        new Bad(with("detector", "{\"type\": \"magic\"}"), 422, "invalid-value", null),
        new Bad(LEAST.replace("Orders", "x".repeat(201)), 422, "invalid-value", null));
  }

  @ParameterizedTest
  @MethodSource("definitions")
  void shouldRefuseABadDefinitionNamingThePlace(Bad bad) {
    put("kept", LEAST);
    int before = entities.stored(Kpi.KEY, "kept");

    assertRefused(bad, described("PUT", KPI, put("kept", bad.body())));

    assertThat(entities.stored(Kpi.KEY, "kept")).isEqualTo(before);
    assertThat(get("kept").headers().firstValue("ETag")).hasValue("\"1\"");
  }

  static Stream<Bad> samples() {
    return Stream.of(
        new Bad("", 400, "body-missing", null),
        new Bad("{}", 400, "invalid-fields", "/value"),
        new Bad("17", 400, "invalid-fields", ""),
        new Bad("{\"value\": null}", 400, "invalid-fields", "/value"),
        new Bad("{\"value\": NaN}", 400, "malformed", "/value"),
        new Bad("{\"value\": Infinity}", 400, "malformed", "/value"),
        new Bad("{\"value\": 1e400}", 400, "malformed", "/value"),
        new Bad("{\"value\": \"NaN\"}", 400, "invalid-fields", "/value"),
        new Bad("{\"value\": \"17\"}", 400, "invalid-fields", "/value"),
        new Bad("{\"value\": [17]}", 400, "invalid-fields", "/value"),
        new Bad(at("\"yesterday\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("1767225600"), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"2026-02-30T00:00:00Z\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"2026-01-01T00:00:00\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"0001-01-01T00:00:00Z\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"1899-12-31T23:59:59Z\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"2201-01-01T00:00:00Z\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"+999999999-01-01T00:00:00Z\""), 400, "invalid-fields", "/timestamp"),
        new Bad(at("\"2199-01-01T00:00:00Z\""), 422, "invalid-value", null),
        new Bad("{\"value\": 1, \"confidence\": 1.1}", 422, "invalid-value", null),
        new Bad("{\"value\": 1, \"source\": \"\"}", 400, "invalid-fields", "/source"),
        new Bad("{\"value\": 1, \"kpiId\": \"x\"}", 400, "invalid-fields", "/kpiId"),
        new Bad("{\"samples\": {}}", 400, "invalid-fields", "/samples"),
        new Bad(
            "{\"samples\": [{\"value\": 1}, {\"value\": \"2\"}]}",
            400,
            "invalid-fields",
            "/samples/1/value"),
        new Bad("{\"samples\": [{\"value\": 1}], \"value\": 2}", 400, "invalid-fields", "/value"),
        new Bad(
            "{\"samples\": ["
                + String.join(",", Collections.nCopies(10_001, "{\"value\": 1}"))
                + "]}",
            400,
            "invalid-fields",
            "/samples"));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void shouldRefuseABadSampleAndTakeNoneOfItsRequest(Bad bad) {
    put("measured", LEAST);
    int before = entities.stored(Kpi.KEY, "measured");

    assertRefused(
        bad, described("POST", SAMPLES, server.post(path("measured") + "/samples", bad.body())));

    assertThat(entities.stored(Kpi.KEY, "measured")).isEqualTo(before);
    assertThat(json(get("measured")).has("latest")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /api/v1/kpis, ?limit=0, ?limit",
    "GET, /api/v1/kpis, ?limit=1001, ?limit",
    "GET, /api/v1/kpis, ?limit=ten, ?limit",
    "GET, /api/v1/kpis, ?limit=1&limit=2, ?limit",
    "GET, /api/v1/kpis, ?cursor=mine, ?cursor",
    "GET, /api/v1/kpis/{id}/samples, ?from=yesterday, ?from",
    "GET, /api/v1/kpis/{id}/samples, ?to=2300-01-01T00:00:00Z, ?to",
    "GET, /api/v1/kpis/{id}/samples, ?step=-1s, ?step",
    "GET, /api/v1/kpis/{id}/samples, ?step=0s, ?step",
    "GET, /api/v1/kpis/{id}/samples, ?step=999ms, ?step",
    "GET, /api/v1/kpis/{id}/samples, ?step=8785h, ?step",
    "GET, /api/v1/kpis/{id}/samples, ?step=PT9223372036854775807S, ?step",
    "GET, /api/v1/kpis/{id}/anomalies, ?from=1, ?from",
    "POST, /api/v1/kpis/{id}/samples, ?mode=LIVE, ?mode",
  })
  void shouldRefuseABadQueryNamingTheParameter(
      String method, String path, String query, String pointer) {
    String real = path.replace("{id}", "queried") + query;
    Reply reply = method.equals("GET") ? server.get(real) : server.post(real, "{\"value\": 1}");

    JsonNode problem = problem(described(method, path, reply));

    assertThat(problem.at("/errors/0/pointer").textValue()).isEqualTo(pointer);
    assertThat(reply.statusCode()).isIn(400, 422);
  }

  @ParameterizedTest
  @CsvSource({
    "If-Match, 3, 400, malformed, if-match:",
    "If-Match, '\"three\"', 412, revision-mismatch, if-match:",
    "If-Match, '\"2\"', 412, revision-mismatch,",
    "Twinloop-Actor, a b, 400, malformed, twinloop-actor:",
    "X-Correlation-Id, ü, 400, malformed, x-correlation-id:",
  })
  void shouldRefuseAWrongHeader(
      String header, String value, int status, String code, String pointer) {
    put("headed", LEAST);
    Bad bad = new Bad(LEAST, status, code, pointer);
    String text = LEAST.replace("Orders", "Sales");

    assertRefused(bad, described("PUT", KPI, put("headed", text, header, value)));

    assertThat(json(get("headed")).path("name").textValue()).isEqualTo("Orders");
  }

  @Test
  void shouldRefuseABodyOfTenMegabytesAndGoOn() {
    put("flooded", LEAST);
    String flood = "{\"value\": 1, \"source\": \"" + "x".repeat(10 * 1024 * 1024) + "\"}";

    Reply definition = described("PUT", KPI, put("flooded", flood));
    Reply sample = described("POST", SAMPLES, server.post(path("flooded") + "/samples", flood));

    assertThat(problem(definition).path("code").textValue()).isEqualTo("body-too-large");
    assertThat(problem(sample).path("code").textValue()).isEqualTo("body-too-large");
    assertThat(entities.stored(Kpi.KEY, "flooded")).isEqualTo(1);
    assertThat(get("flooded").statusCode()).isEqualTo(200);
  }

  @Test
  void shouldRefuseABodyOfAnotherType() {
    Reply reply =
        server.send(
            server
                .request(path("typed"))
                .PUT(BodyPublishers.ofString(LEAST))
                .header("Content-Type", "text/plain"));

    assertThat(problem(described("PUT", KPI, reply)).path("code").textValue())
        .isEqualTo("unsupported-media-type");
    assertThat(entities.stored(Kpi.KEY, "typed")).isZero();
  }

  @Test
  void shouldTakeTheGoodLinesOfAStreamAndNameTheBadOnes() {
    put("streamed", LEAST);
    String lines =
        """
        {"kpiId": "streamed", "value": 1, "timestamp": "2026-01-01T00:00:00Z"}
        {"kpiId": "streamed", "value": NaN}

        {"kpiId": "nobody-streams", "value": 1}
        {"kpiId": "streamed", "value": "1"}
        {"kpiId": "streamed", "value": 2, "timestamp": "2026-01-01T00:01:00Z"}
        {"kpiId": "streamed", "value": 2, "timestamp": "2026-01-01T00:01:00Z"}
        no JSON
        {"kpiId": "streamed", "value": 3, "timestamp": "9999-01-01T00:00:00Z"}
        """;

    Reply reply =
        server.send(
            server
                .request("/api/v1/kpi-samples?mode=history")
                .POST(BodyPublishers.ofString(lines))
                .header("Content-Type", "application/x-ndjson"));

    JsonNode summary = json(described("POST", "/api/v1/kpi-samples", reply));
    assertThat(summary.path("accepted").intValue()).isEqualTo(2);
    assertThat(summary.path("unchanged").intValue()).isEqualTo(1);
    assertThat(summary.path("rejected").intValue()).isEqualTo(5);
    assertThat(summary.findValuesAsText("line")).containsExactly("2", "4", "5", "8", "9");
    assertThat(summary.findValuesAsText("code"))
        .containsExactly("malformed", "not-found", "invalid-fields", "malformed", "invalid-fields");
    assertThat(json(get("streamed")).at("/latest/value").doubleValue()).isEqualTo(2);
  }

  private static void assertRefused(Bad bad, Reply reply) {
    JsonNode problem = problem(reply);
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(bad.status());
    assertThat(problem.path("code").textValue()).as(reply.body()).isEqualTo(bad.code());
    if (bad.pointer() != null) {
      assertThat(problem.path("errors").findValuesAsText("pointer"))
          .as(reply.body())
          .contains(bad.pointer());
    }
  }

  private static String with(String field, String value) {
    return LEAST.replace("}", ", \"" + field + "\": " + value + "}");
  }

  private static String at(String timestamp) {
    return "{\"value\": 1, \"timestamp\": " + timestamp + "}";
  }

  private static String path(String id) {
    return "/api/v1/kpis/" + id;
  }

  private static Reply get(String id) {
    return server.get(path(id));
  }

  private static Reply put(String id, String body, String... headers) {
    return server.put(path(id), body, headers);
  }

  private static Reply delete(String id, String... headers) {
    return server.delete(path(id), headers);
  }
}
