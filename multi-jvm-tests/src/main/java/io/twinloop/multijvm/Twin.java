package io.twinloop.multijvm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A running Twinloop as one who uses it over HTTP sees it. */
public final class Twin {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** For an import, which is answered at its end. */
  private static final Duration LONG_PATIENCE = Duration.ofMinutes(3);

  private final Supplier<URI> base;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  /**
   * @param base where it answers; asked for each request, since a node may move
   */
  public Twin(Supplier<URI> base) {
    this.base = base;
  }

  /** A sample to be sent. */
  public record Point(Instant timestamp, double value) {}

  /** What was answered. */
  public record Answer(int status, JsonNode body) {
    public boolean isOk() {
      return status / 100 == 2;
    }
  }

  /** Defines a KPI with the default detector. */
  public void defineKpi(String id) {
    ObjectNode definition = JSON.createObjectNode().put("name", id).put("unit", "1");
    expect(send("PUT", "/api/v1/kpis/" + id, "application/json", definition.toString()));
  }

  /** Creates a node, or replaces its content; the answer's correlation id is the one given. */
  public void putNode(String id, String type, String label, ObjectNode properties, String loop) {
    ObjectNode body = JSON.createObjectNode().put("type", type).put("label", label);
    body.set("properties", properties);
    expect(change("PUT", "/api/v1/twin/nodes/" + id, body, loop));
  }

  /** Changes properties of a node. */
  public void patchNode(String id, ObjectNode properties, String loop) {
    ObjectNode body = JSON.createObjectNode();
    body.set("properties", properties);
    expect(change("PATCH", "/api/v1/twin/nodes/" + id, body, loop));
  }

  public void relate(String sourceId, String relation, String targetId, String loop) {
    String path = "/api/v1/twin/nodes/" + sourceId + "/relations/" + relation + "/" + targetId;
    expect(change("PUT", path, JSON.createObjectNode(), loop));
  }

  /** A node as it is, with its relations. */
  public JsonNode node(String id) {
    return expect(get("/api/v1/twin/nodes/" + id));
  }

  /** Sends a change in the loop with this correlation id. */
  public Answer change(String method, String path, JsonNode body, String loop) {
    return send(
        HttpRequest.newBuilder(base.get().resolve(path))
            .timeout(PATIENCE)
            .header(
                "Content-Type",
                method.equals("PATCH") ? "application/merge-patch+json" : "application/json")
            .header("X-Correlation-Id", loop)
            .method(method, HttpRequest.BodyPublishers.ofString(body.toString()))
            .build());
  }

  /** Registers the source of a workflow definition. */
  public Answer registerDefinition(String yaml) {
    return send("POST", "/api/v1/workflow-definitions", "application/yaml", yaml);
  }

  /** Sends live samples of one KPI in one request; fails when nobody answers. */
  public Answer takeSamples(String kpiId, String source, List<Point> points) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode samples = body.putArray("samples");
    for (Point point : points) {
      samples
          .addObject()
          .put("timestamp", point.timestamp().toString())
          .put("value", point.value())
          .put("source", source);
    }
    return send(
        "POST",
        "/api/v1/kpis/" + kpiId + "/samples?mode=live",
        "application/json",
        body.toString());
  }

  /** Sends lines of live samples of many KPIs. */
  public Answer takeLines(String lines) {
    return send("POST", "/api/v1/kpi-samples?mode=live", "application/x-ndjson", lines);
  }

  /** Every stored sample of a KPI, in order of time. */
  public List<JsonNode> samples(String kpiId) {
    return all("/api/v1/kpis/" + kpiId + "/samples");
  }

  /** Every episode of a KPI. */
  public List<JsonNode> episodes(String kpiId) {
    return all("/api/v1/kpis/" + kpiId + "/anomalies");
  }

  public List<JsonNode> workflows() {
    return all("/api/v1/workflows");
  }

  public List<JsonNode> openTasks() {
    return all("/api/v1/tasks?state=open");
  }

  public List<JsonNode> events() {
    return all("/api/v1/events");
  }

  public List<JsonNode> loops() {
    return all("/api/v1/loops");
  }

  public List<JsonNode> deadLetters() {
    return all("/api/v1/dead-letters");
  }

  public JsonNode loop(String correlationId) {
    return expect(get("/api/v1/loops/" + correlationId));
  }

  /** Completes a task with what its form asks for. */
  public Answer completeTask(String taskId, ObjectNode output) {
    return send(
        "POST", "/api/v1/tasks/" + taskId + "/complete", "application/json", output.toString());
  }

  /** Asks for a change; the body is JSON, empty for none. */
  public Answer change(String method, String path, String body) {
    return send(method, path, "application/json", body);
  }

  /** A new empty object. */
  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /** All pages of a list. */
  public List<JsonNode> all(String path) {
    List<JsonNode> items = new ArrayList<>();
    String cursor = "";
    do {
      String page = path + (path.contains("?") ? "&" : "?") + "limit=1000";
      JsonNode body = expect(get(cursor.isEmpty() ? page : page + "&cursor=" + encode(cursor)));
      body.get("items").forEach(items::add);
      cursor = body.path("nextCursor").asText("");
      if (cursor.equals("null")) {
        cursor = "";
      }
    } while (!cursor.isEmpty());
    return items;
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  public Answer get(String path) {
    return send(HttpRequest.newBuilder(base.get().resolve(path)).timeout(PATIENCE).GET().build());
  }

  public Answer put(String path, String json) {
    return send("PUT", path, "application/json", json);
  }

  /** Sends bytes of a type, as a log is sent. */
  public Answer post(String path, String type, byte[] body) {
    return send(
        HttpRequest.newBuilder(base.get().resolve(path))
            .timeout(LONG_PATIENCE)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build());
  }

  private Answer send(String method, String path, String type, String body) {
    return send(
        HttpRequest.newBuilder(base.get().resolve(path))
            .timeout(PATIENCE)
            .header("Content-Type", type)
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  /**
   * Sends a request.
   *
   * @throws UncheckedIOException when nobody answers: what was asked may or may not have happened
   */
  private Answer send(HttpRequest request) {
    try {
      HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
      JsonNode body = response.body().length == 0 ? object() : JSON.readTree(response.body());
      return new Answer(response.statusCode(), body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for an answer", e);
    }
  }

  private static JsonNode expect(Answer answer) {
    if (!answer.isOk()) {
      throw new IllegalStateException("answered " + answer.status() + ": " + answer.body());
    }
    return answer.body();
  }
}
