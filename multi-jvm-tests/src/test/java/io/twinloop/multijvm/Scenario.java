package io.twinloop.multijvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The words in which a story of the loop is told: what the twin has, what happens, what is waited
 * for. Events are seen as a plain consumer of Kafka sees them.
 */
final class Scenario implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Twin twin;
  private final Bus bus;

  Scenario(Twin twin, String bootstrap) {
    this.twin = twin;
    this.bus = new Bus(bootstrap);
  }

  // What the twin has

  /** A node of this type, with properties as JSON. */
  Scenario has(String type, String id, String properties) {
    ok(
        twin.change(
            "PUT",
            "/api/v1/twin/nodes/" + id,
            "{\"type\": \"%s\", \"label\": \"%s\", \"properties\": %s}"
                .formatted(type, id, properties)));
    return this;
  }

  Scenario relates(String from, String relation, String to) {
    ok(
        twin.change(
            "PUT", "/api/v1/twin/nodes/%s/relations/%s/%s".formatted(from, relation, to), "{}"));
    return this;
  }

  // What happens

  Scenario changes(String id, String properties) {
    ok(twin.change("PATCH", "/api/v1/twin/nodes/" + id, "{\"properties\": " + properties + "}"));
    return this;
  }

  /** HR tells; answers the workflow that began. */
  String hrTells(String news) {
    return ok(twin.change("POST", "/api/v1/webhooks/hrms", news)).get("workflowId").asText();
  }

  Scenario timePasses(Duration by) {
    ok(twin.change("POST", "/api/v1/clock", "{\"advance\": \"" + by + "\"}"));
    return this;
  }

  Scenario completes(JsonNode task, String answers) {
    ok(twin.change("POST", "/api/v1/tasks/" + task.get("id").asText() + "/complete", answers));
    return this;
  }

  /** An event comes by the twin's door. */
  Scenario comesByHttp(String event) {
    ok(twin.change("POST", "/api/v1/twin/events", event));
    return this;
  }

  /** An event comes by Kafka, from somewhere else. */
  Scenario comesByKafka(String event) {
    bus.tell(read(event));
    return this;
  }

  // What is waited for

  /** The event of this type in this loop; there is only one. */
  JsonNode event(String type, String loop) {
    JsonNode first = bus.await(type + " in loop " + loop, PATIENCE, is(type, loop));
    assertThat(events(type, loop)).hasSize(1);
    return first;
  }

  /** What was seen of this type in this loop so far. */
  List<JsonNode> events(String type, String loop) {
    return bus.all(is(type, loop));
  }

  private static Predicate<JsonNode> is(String type, String loop) {
    return event ->
        event.get("type").asText().equals(type) && event.get("correlationid").asText().equals(loop);
  }

  /** The open loop about this entity. */
  String loopOf(String entityId) {
    return one("/api/v1/loops?state=open&entityId=" + entityId).get("correlationId").asText();
  }

  /** The run of this built-in definition in this loop. */
  JsonNode run(String definition, String loop) {
    return one(
        "/api/v1/workflows?definition=twinloop/%s&correlationId=%s".formatted(definition, loop));
  }

  JsonNode runOf(String workflowId) {
    return ok(twin.get("/api/v1/workflows/" + workflowId));
  }

  /** The open task of this loop whose title begins so. */
  JsonNode task(String title, String loop) {
    return awaited(
        () ->
            twin.openTasks().stream()
                .filter(task -> task.get("correlationId").asText().equals(loop))
                .filter(task -> task.get("title").asText().startsWith(title))
                .toList(),
        "task '" + title + "' in loop " + loop);
  }

  /** What somebody was told in this loop, with this subject. */
  JsonNode told(String subject, String loop) {
    return awaited(
        () ->
            twin.all("/api/v1/outbox").stream()
                .filter(sent -> sent.get("correlationId").asText().equals(loop))
                .filter(sent -> sent.path("subject").asText().equals(subject))
                .toList(),
        "notification '" + subject + "' in loop " + loop);
  }

  /** Waits until a property of a node is so. */
  Scenario property(String id, String name, Object value) {
    JsonNode wanted = JSON.valueToTree(value);
    awaitThat(
        () -> node(id).at("/properties/" + name).equals(wanted),
        name + " of " + id + " is " + wanted);
    return this;
  }

  /** Waits until this node has these relations to these others, and no other of them. */
  Scenario relations(String id, String relation, String... targets) {
    awaitThat(
        () -> held(id, relation).equals(List.of(targets)),
        relation + " of " + id + " to " + List.of(targets));
    return this;
  }

  private List<String> held(String id, String relation) {
    List<String> held = new ArrayList<>();
    node(id)
        .get("relations")
        .forEach(
            each -> {
              if (each.get("relation").asText().equals(relation)) {
                held.add(each.get("targetId").asText());
              }
            });
    return held;
  }

  Scenario closed(String loop) {
    awaitThat(
        () -> twin.loop(loop).get("state").asText().equals("closed"), "loop " + loop + " closed");
    return this;
  }

  /** Every stored value of a KPI, once there are so many. */
  List<Double> values(String kpi, int count) {
    awaitThat(() -> twin.samples(kpi).size() >= count, count + " samples of " + kpi);
    return twin.samples(kpi).stream().map(sample -> sample.get("value").asDouble()).toList();
  }

  private JsonNode node(String id) {
    return ok(twin.get("/api/v1/twin/nodes/" + id));
  }

  private JsonNode one(String path) {
    return awaited(() -> twin.all(path), path);
  }

  private static JsonNode awaited(Supplier<List<JsonNode>> question, String what) {
    awaitThat(() -> question.get().size() == 1, "one " + what);
    return question.get().get(0);
  }

  private static void awaitThat(Supplier<Boolean> condition, String what) {
    await(what).atMost(PATIENCE).until(condition::get);
  }

  private static JsonNode ok(Twin.Answer answer) {
    assertThat(answer.isOk()).as("%s %s", answer.status(), answer.body()).isTrue();
    return answer.body();
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    bus.close();
  }
}
