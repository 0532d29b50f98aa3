package io.twinloop.http.operations;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.twinloop.domain.identity.AccessRule;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.projections.ProjectionLag;
import io.twinloop.projections.ProjectionState;
import io.twinloop.projections.bus.EventConsumer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** How the node does: alive, ready, behind, measured. */
public final class OperationsRoutes {

  private static final AccessRule ALIVE =
      AccessRule.open("probes and balancers carry no credentials, and it says only what is away");

  private final Availability availability;
  private final ProjectionLag projections;
  private final ProjectionState state;
  private final EventConsumer consumer;
  private final PrometheusMeterRegistry metrics;

  public OperationsRoutes(
      Availability availability,
      ProjectionLag projections,
      ProjectionState state,
      EventConsumer consumer,
      PrometheusMeterRegistry metrics) {
    this.availability = availability;
    this.projections = projections;
    this.state = state;
    this.consumer = consumer;
    this.metrics = metrics;
  }

  /** What answers whatever is away. */
  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/health", ALIVE, call -> alive()),
        Endpoint.get("/health/ready", ALIVE, call -> ready(isKnown(call))),
        Endpoint.get("/metrics", Permission.OPERATIONS_READ, call -> metrics()));
  }

  /** What needs the database. */
  public List<Endpoint> guardedEndpoints() {
    return List.of(
        Endpoint.get("/health/events", Permission.OPERATIONS_READ, call -> events()),
        Endpoint.get("/api/v1/projections", Permission.OPERATIONS_READ, this::projections),
        Endpoint.post("/api/v1/projections/{name}/skip", Permission.OPERATIONS_CHANGE, this::skip));
  }

  CompletionStage<HttpResponse> alive() {
    return CompletableFuture.completedStage(Answers.ok(Json.object().put("status", "up")));
  }

  /** Why something is away names hosts and databases, which is nothing for strangers. */
  private static boolean isKnown(Call call) {
    return call.caller().identity().kind() != Identity.Kind.NOBODY;
  }

  /**
   * @param reasons whether it tells why something is away
   */
  CompletionStage<HttpResponse> ready(boolean reasons) {
    ObjectNode json = Json.object();
    boolean ready = availability.isReady();
    json.put("status", !ready ? "waiting" : availability.isComplete() ? "ready" : "degraded");
    ArrayNode checks = json.putArray("checks");
    availability
        .findings()
        .forEach(
            (check, finding) -> {
              ObjectNode entry = checks.addObject();
              entry.put("name", check.name());
              entry.put("status", finding.ok() ? "up" : "away");
              entry.put("since", finding.since().toString());
              if (reasons && !finding.detail().isEmpty()) {
                entry.put("detail", finding.detail());
              }
            });
    HttpResponse answer = Answers.ok(json);
    return CompletableFuture.completedStage(
        ready ? answer : answer.withStatus(503).addHeader(RawHeader.create("Retry-After", "2")));
  }

  CompletionStage<HttpResponse> metrics() {
    return CompletableFuture.completedStage(
        Answers.bytes(
            ContentTypes.parse("text/plain; version=0.0.4; charset=utf-8"),
            metrics.scrape().getBytes(StandardCharsets.UTF_8)));
  }

  /** Whether events flow: the consumer's lag and every projection's. */
  CompletionStage<HttpResponse> events() {
    return map(
        projections.read(),
        ranges -> {
          Duration lag = consumer.lag();
          boolean failing = ranges.stream().anyMatch(range -> range.failure() != null);
          boolean stands = failing || consumer.isBehind();
          ObjectNode json = Json.object();
          json.put("status", failing ? "failing" : stands ? "behind" : "flowing");
          json.put("consumerLagSec", lag.toMillis() / 1000.0);
          json.set("projections", Json.tree(ranges));
          return stands ? Answers.ok(json).withStatus(503) : Answers.ok(json);
        });
  }

  private CompletionStage<HttpResponse> projections(Call call) {
    return map(
        projections.read(), ranges -> Answers.ok(Json.object().set("items", Json.tree(ranges))));
  }

  /** Lets a projection leave out the event it is stuck on. */
  private CompletionStage<HttpResponse> skip(Call call) {
    String name = call.id("name");
    return flatMap(
        call.optionalJson(),
        body -> {
          Optional<String> key =
              body.flatMap(json -> JsonFields.read(json, fields -> fields.optionalString("key")));
          return map(
              state.skip(name, key.orElse(null), call.caller().actor()),
              ranges -> skipped(name, key, ranges));
        });
  }

  private static HttpResponse skipped(
      String name, Optional<String> key, List<ProjectionState.Range> ranges) {
    if (ranges.isEmpty()) {
      return Answers.refused(
          Refusals.NOT_FOUND,
          "There is no projection '%s'%s."
              .formatted(name, key.map(range -> " with the range '" + range + "'").orElse("")));
    }
    ObjectNode json = Json.object().put("name", name);
    ArrayNode skipped = json.putArray("skipped");
    ranges.stream()
        .filter(range -> range.event() != null)
        .forEach(
            range ->
                skipped
                    .addObject()
                    .put("key", range.key())
                    .put("persistenceId", range.event().persistenceId())
                    .put("seqNr", range.event().seqNr())
                    .put("error", range.error()));
    if (!skipped.isEmpty()) {
      return Answers.ok(json);
    }
    return Answers.refused(
        Refusals.WRONG_STATE,
        ranges.stream()
            .filter(range -> range.error() != null)
            .findFirst()
            .map(
                range ->
                    "Projection '%s' is stuck on no event that is known, so there is nothing to skip. It failed last with: %s"
                        .formatted(name, range.error()))
            .orElse("Projection '%s' is stuck on nothing, it goes on.".formatted(name)));
  }
}
