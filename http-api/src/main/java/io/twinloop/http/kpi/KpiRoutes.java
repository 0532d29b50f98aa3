package io.twinloop.http.kpi;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.kpi.Backtest;
import io.twinloop.domain.kpi.Insights;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleStep;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.Problems;
import io.twinloop.http.ReadPosition;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.projections.kpi.KpiQueries.EpisodeRow;
import io.twinloop.projections.kpi.KpiQueries.KpiRow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.jspecify.annotations.Nullable;

/** KPIs: their definition, their samples, what was found in them. */
public final class KpiRoutes {

  /** A batch of samples in one request, beside the stream for more. */
  private static final long LARGEST_BATCH = 1024 * 1024;

  /** So many samples are looked at for insights and backtests at the most. */
  private static final int LARGEST_SERIES = 5_000_000;

  private static final Duration SHORTEST_STEP = Duration.ofSeconds(1);
  private static final Duration LONGEST_STEP = Duration.ofDays(366);
  private static final Duration SETTLE = Duration.ofSeconds(10);
  private static final Duration INSIGHT_SPAN = Duration.ofDays(30);

  private final Entities entities;
  private final KpiQueries kpis;
  private final ReadModelProgress progress;
  private final SampleBulk bulk;

  public KpiRoutes(Entities entities, KpiQueries kpis, ReadModelProgress progress) {
    this.entities = entities;
    this.kpis = kpis;
    this.progress = progress;
    this.bulk = new SampleBulk(entities);
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/kpis", Permission.KPI_READ, this::list).withinReach(),
        Endpoint.put("/api/v1/kpis/{id}", Permission.KPI_DEFINE, this::define).withinReach(),
        Endpoint.get("/api/v1/kpis/{id}", Permission.KPI_READ, this::get).withinReach(),
        Endpoint.delete("/api/v1/kpis/{id}", Permission.KPI_DEFINE, this::retire).withinReach(),
        Endpoint.post("/api/v1/kpis/{id}/samples", Permission.KPI_SAMPLE, this::take)
            .withinReach()
            .withMaxBody(LARGEST_BATCH),
        Endpoint.get("/api/v1/kpis/{id}/samples", Permission.KPI_READ, this::samples).withinReach(),
        Endpoint.get("/api/v1/kpis/{id}/anomalies", Permission.KPI_READ, this::anomalies)
            .withinReach(),
        Endpoint.get("/api/v1/kpis/{id}/insights", Permission.KPI_READ, this::insights)
            .withinReach(),
        Endpoint.post("/api/v1/kpis/{id}/backtests", Permission.KPI_BACKTEST, this::backtest),
        Endpoint.post("/api/v1/kpi-samples", Permission.KPI_BULK, bulk::take).streamed());
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    return map(
        kpis.within(call.scope())
            .kpis(call.query("ownerNodeId").orElse(null), call.cursor().orElse(""), limit + 1),
        page -> Answers.page(page, limit, KpiRow::id, KpiRoutes::describe));
  }

  private CompletionStage<HttpResponse> define(Call call) {
    String id = toChange(call);
    Long expected = call.mustBeNew() ? Long.valueOf(0) : expectedRevision(call);
    Cause cause = causeOf(call);
    return flatMap(
        call.json(),
        body -> {
          var definition = KpiJson.definition(body);
          String owner = definition.ownerNodeId();
          call.mayChange(
              call.scope().isEverything() || (owner != null && call.scope().hasNode(owner)),
              "The owner of KPI '" + id + "'");
          return ask(
              id,
              replyTo -> new Kpi.Define(definition, expected, cause, replyTo),
              reply -> {
                Kpi.Accepted accepted = (Kpi.Accepted) reply;
                ObjectNode json = KpiJson.describe(id, definition);
                HttpResponse answer =
                    accepted.created()
                        ? Answers.created("/api/v1/kpis/" + id, json)
                        : Answers.ok(json);
                return Answers.withPosition(
                    Answers.withRevision(answer, accepted.revision()),
                    position(id, accepted.seqNr()));
              });
        });
  }

  private CompletionStage<HttpResponse> retire(Call call) {
    String id = toChange(call);
    return ask(
        id,
        replyTo -> new Kpi.Retire(expectedRevision(call), causeOf(call), replyTo),
        reply ->
            Answers.withPosition(
                Answers.noContent(), position(id, ((Kpi.Accepted) reply).seqNr())));
  }

  private CompletionStage<HttpResponse> get(Call call) {
    String id = toRead(call);
    return ask(
        id,
        Kpi.Get::new,
        reply -> {
          Kpi.Current current = (Kpi.Current) reply;
          ObjectNode json = KpiJson.describe(id, current.definition());
          json.put("state", stateOf(current));
          if (current.latest() != null) {
            json.set("latest", KpiJson.describe(current.latest()));
          }
          if (current.episode() != null) {
            json.set("anomaly", KpiJson.describe(current.episode()));
          }
          return Answers.withRevision(Answers.ok(json), current.revision());
        });
  }

  private CompletionStage<HttpResponse> take(Call call) {
    String id = toChange(call);
    Mode mode = KpiJson.mode(call);
    String commandId = call.caller().idempotencyKey().isPresent() ? call.commandId() : null;
    return flatMap(
        call.json(),
        body -> {
          List<Measurement> measurements = KpiJson.measurements(body);
          return ask(
              id,
              replyTo -> new Kpi.Take(measurements, mode, commandId, causeOf(call), replyTo),
              reply -> {
                Kpi.Taken taken = (Kpi.Taken) reply;
                ObjectNode json = Json.object();
                json.put("accepted", taken.accepted());
                json.put("unchanged", taken.unchanged());
                if (taken.anomaly() != null) {
                  json.set("anomaly", KpiJson.describe(taken.anomaly()));
                }
                return Answers.withPosition(Answers.ok(json), position(id, taken.seqNr()));
              });
        });
  }

  private CompletionStage<HttpResponse> samples(Call call) {
    String id = toRead(call);
    int limit = call.limit();
    Instant from = call.cursor().map(Cursors::instant).or(() -> call.instant("from")).orElse(null);
    Instant to = call.instant("to").orElse(null);
    @Nullable Duration step = call.duration("step").orElse(null);
    if (step != null && (step.compareTo(SHORTEST_STEP) < 0 || step.compareTo(LONGEST_STEP) > 0)) {
      throw Problems.at(
              "?step", "invalid-value", "step is " + step + ", expected from 1 s to 366 days.")
          .refuse();
    }
    return flatMap(
        kpis.keptSince(id),
        since -> {
          if (step != null && since.isPresent() && isDays(step)) {
            return days(id, from, to, step, limit);
          }
          requireKept(id, from, since);
          return samples(id, from, to, step, limit);
        });
  }

  private static boolean isDays(Duration step) {
    return step.toMillis() % SampleStep.DAY.toMillis() == 0;
  }

  private static void requireKept(String id, @Nullable Instant from, Optional<Instant> since) {
    if (from != null && since.filter(from::isBefore).isPresent()) {
      throw Problems.at(
              "?from",
              "gone",
              "Samples of '%s' are kept one by one from %s on; before that there are days: ask with a step of 24h or other whole days."
                  .formatted(id, since.get()))
          .refuse();
    }
  }

  /** Steps of days: of what is no longer kept one by one, and of what is. */
  private CompletionStage<HttpResponse> days(
      String id, @Nullable Instant from, @Nullable Instant to, Duration step, int limit) {
    return flatMap(
        kpis.days(id, from, to, LARGEST_SERIES),
        days ->
            map(
                kpis.samples(id, from, to, LARGEST_SERIES),
                series -> {
                  List<SampleStep> all = new ArrayList<>(days);
                  all.addAll(SampleStep.of(series, SampleStep.DAY));
                  all.sort(Comparator.comparing(SampleStep::from)); // a late one goes before
                  return steps(SampleStep.together(all, step), step, limit);
                }));
  }

  private static HttpResponse steps(List<SampleStep> steps, Duration step, int limit) {
    return Answers.page(
        steps.stream().limit(limit + 1L).toList(),
        limit,
        bucket -> bucket.from().plus(step).toString(),
        Json::tree);
  }

  private CompletionStage<HttpResponse> samples(
      String id, @Nullable Instant from, @Nullable Instant to, @Nullable Duration step, int limit) {
    return step == null
        ? map(
            kpis.samples(id, from, to, limit + 1),
            page ->
                Answers.page(
                    page,
                    limit,
                    // A page may end between two sources of one instant; the next begins after it.
                    sample -> sample.timestamp().plusNanos(1_000).toString(),
                    KpiJson::describe))
        : map(
            kpis.samples(id, from, to, LARGEST_SERIES),
            series -> steps(SampleStep.of(series, step), step, limit));
  }

  private CompletionStage<HttpResponse> anomalies(Call call) {
    String id = toRead(call);
    int limit = call.limit();
    return map(
        kpis.episodes(
            id,
            call.cursor().map(Cursors::instant).orElse(null),
            call.instant("from").orElse(null),
            call.instant("to").orElse(null),
            limit + 1),
        page ->
            Answers.page(
                page, limit, episode -> episode.openedAt().toString(), KpiRoutes::describe));
  }

  private CompletionStage<HttpResponse> insights(Call call) {
    String id = toRead(call);
    return flatMap(
        settled(id),
        current -> {
          Sample latest = current.latest();
          if (latest == null) {
            return CompletableFuture.completedStage(Answers.ok(Json.object().put("count", 0)));
          }
          Instant from = call.instant("from").orElse(latest.timestamp().minus(INSIGHT_SPAN));
          return map(
              kpis.samples(id, from, call.instant("to").orElse(null), LARGEST_SERIES),
              series ->
                  series.isEmpty()
                      ? Answers.ok(Json.object().put("count", 0))
                      : Answers.ok(Insights.of(current.definition(), series)));
        });
  }

  private CompletionStage<HttpResponse> backtest(Call call) {
    String id = call.id("id");
    return flatMap(
        call.json(),
        body -> {
          KpiJson.BacktestRequest request = KpiJson.backtest(body);
          return flatMap(
              settled(id),
              current ->
                  flatMap(
                      kpis.keptSince(id),
                      since -> {
                        requireKept(id, request.from(), since);
                        return map(
                            kpis.samples(id, request.from(), request.to(), LARGEST_SERIES),
                            series ->
                                KpiJson.describe(
                                    request, Backtest.run(request.detector(), series)));
                      }));
        });
  }

  /** The KPI, once the read model has every sample it has acknowledged. */
  private CompletionStage<Kpi.Current> settled(String id) {
    return flatMap(
        entities.<Kpi.Command, Kpi.Reply>ask(Kpi.KEY, id, Kpi.Get::new),
        reply -> {
          if (reply instanceof Kpi.Rejected rejected) {
            throw Problems.of(rejected.code(), rejected.sentence()).refuse();
          }
          Kpi.Current current = (Kpi.Current) reply;
          Map<String, Long> wanted = position(id, current.seqNr()).sequenceNrs();
          return map(
              progress.await(wanted, SETTLE),
              ready -> {
                if (!ready) {
                  throw Problems.of(
                          "read-model-behind",
                          "The samples of KPI '" + id + "' are still being written; try again.")
                      .refuse()
                      .retryAfter(Duration.ofSeconds(2));
                }
                return current;
              });
        });
  }

  private CompletionStage<HttpResponse> ask(
      String id,
      Function<ActorRef<Kpi.Reply>, Kpi.Command> command,
      Function<Kpi.Reply, HttpResponse> answer) {
    return map(
        entities.ask(Kpi.KEY, id, command),
        reply ->
            reply instanceof Kpi.Rejected rejected
                ? Answers.refused(rejected.code(), rejected.sentence())
                : answer.apply(reply));
  }

  /** The KPI of the path; one outside the caller's scope isn't there. */
  private static String toRead(Call call) {
    String id = call.id("id");
    if (!call.scope().hasKpi(id)) {
      throw Problems.of(
              Refusals.NOT_FOUND,
              "There is no KPI '" + id + "'. Define it with PUT /kpis/" + id + ".")
          .refuse();
    }
    return id;
  }

  private static String toChange(Call call) {
    String id = call.id("id");
    call.mayChange(call.scope().hasKpi(id), "KPI '" + id + "'");
    return id;
  }

  private static Cause causeOf(Call call) {
    return new Cause(call.caller().correlationId(), call.commandId(), call.caller().actor());
  }

  private static @Nullable Long expectedRevision(Call call) {
    return call.ifMatch().isPresent() ? Long.valueOf(call.ifMatch().getAsLong()) : null;
  }

  private static ReadPosition position(String id, long seqNr) {
    return ReadPosition.of(Kpi.KEY.name() + "|" + id, seqNr);
  }

  private static String stateOf(Kpi.Current current) {
    if (current.retired()) {
      return "retired";
    }
    return current.episode() == null ? "tracking" : "breached";
  }

  private static JsonNode describe(KpiRow row) {
    ObjectNode json = Json.object().put("id", row.id());
    json.setAll((ObjectNode) row.definition());
    return json.put("retired", row.retired());
  }

  private static JsonNode describe(EpisodeRow row) {
    return Json.tree(row);
  }
}
