package io.twinloop.http.process;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.CaseClosing;
import io.twinloop.entities.Entities;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.ProblemException;
import io.twinloop.http.Problems;
import io.twinloop.projections.process.ProcessQueries;
import io.twinloop.projections.process.ProcessQueries.Analysis;
import io.twinloop.projections.process.ProcessQueries.CaseRow;
import io.twinloop.projections.process.ProcessQueries.Statistics;
import io.twinloop.projections.process.ServiceLevels;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.jspecify.annotations.Nullable;

/** Processes: the events of their cases, and what these show. */
public final class ProcessRoutes {

  private static final String PROCESS = "/api/v1/processes/{id}";

  private static final ProcessQueries.Totals NO_CASE = new ProcessQueries.Totals(0, 0, 0, 0, 0);

  private final ProcessQueries queries;
  private final ServiceLevels serviceLevels;
  private final LogUpload upload;
  private final LiveEvents live;
  private final Clock clock;

  public ProcessRoutes(
      Entities entities,
      ProcessQueries queries,
      ServiceLevels serviceLevels,
      ReadModelWait wait,
      Clock clock) {
    this.queries = queries;
    this.serviceLevels = serviceLevels;
    this.upload = new LogUpload(entities, wait);
    this.live = new LiveEvents(entities, clock);
    this.clock = clock;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post(PROCESS + "/events", Permission.PROCESS_FEED, this::events).streamed(),
        Endpoint.post(PROCESS + "/log", Permission.PROCESS_FEED, this::log).streamed(),
        Endpoint.get(PROCESS + "/statistics", Permission.PROCESS_READ, this::statistics)
            .withinReach(),
        Endpoint.get(PROCESS + "/graph", Permission.PROCESS_READ, this::graph).withinReach(),
        Endpoint.get(PROCESS + "/bottlenecks", Permission.PROCESS_READ, this::bottlenecks)
            .withinReach(),
        Endpoint.get(PROCESS + "/cases", Permission.PROCESS_READ, this::cases).withinReach());
  }

  private CompletionStage<HttpResponse> events(Call call) {
    String id = call.id("id");
    Mode mode = mode(call, Mode.LIVE);
    return flatMap(
        process(id),
        process ->
            live.take(
                call,
                new LogUpload.Order(
                    id, process, new CaseClosing(false, process.endActivities()), mode)));
  }

  private CompletionStage<HttpResponse> log(Call call) {
    String id = call.id("id");
    Mode mode = mode(call, Mode.AUTO);
    LogFormat format = LogFormat.of(call);
    Optional<Set<String>> ends = call.query("end").map(text -> Set.of(text.split("\\|")));
    return flatMap(
        process(id),
        process ->
            upload.take(
                call,
                format,
                new LogUpload.Order(
                    id,
                    process,
                    new CaseClosing(true, ends.orElse(process.endActivities())),
                    mode)));
  }

  private static Mode mode(Call call, Mode usual) {
    return call.query("mode")
        .map(
            text ->
                switch (text) {
                  case "live" -> Mode.LIVE;
                  case "history" -> Mode.HISTORY;
                  default ->
                      throw Problems.at(
                              "?mode",
                              "malformed",
                              "Expected mode to be live or history, not '" + text + "'.")
                          .refuse();
                })
        .orElse(usual);
  }

  /** What the twin says of it; refused where it is something else, or retired. */
  private CompletionStage<ServiceLevels.Known> process(String id) {
    return map(
        serviceLevels.find(id),
        found -> {
          if (found instanceof ServiceLevels.Known process) {
            return process;
          }
          ServiceLevels.Other other = (ServiceLevels.Other) found;
          throw Problems.of(
                  Refusals.WRONG_STATE,
                  other.retired()
                      ? "Node '" + id + "' is retired and takes no more cases."
                      : "Node '%s' is a %s; only a Process has cases."
                          .formatted(id, other.type().wireName()))
              .refuse();
        });
  }

  private CompletionStage<HttpResponse> statistics(Call call) {
    String id = toRead(call);
    return flatMap(
        serviceLevels.find(id),
        found ->
            map(
                queries.statistics(id),
                statistics -> {
                  Statistics known = statistics.orElseGet(() -> nothingOf(id, found));
                  return Answers.ok(ProcessJson.statistics(id, known, slaDays(found)));
                }));
  }

  /** The process of the path; one outside the caller's scope isn't there. */
  private static String toRead(Call call) {
    String id = call.id("id");
    if (!call.scope().hasNode(id)) {
      throw unknown(id);
    }
    return id;
  }

  private static Statistics nothingOf(String id, ServiceLevels.Found found) {
    requireNode(id, found);
    return new Statistics(NO_CASE, 0, null, null, null, List.of(), List.of());
  }

  /** A process nobody told of, and without a case, is none. */
  private static void requireNode(String id, ServiceLevels.Found found) {
    if (!(found instanceof ServiceLevels.Known process && process.isNode())) {
      throw unknown(id);
    }
  }

  private static ProblemException unknown(String id) {
    return Problems.of(
            Refusals.NOT_FOUND,
            "There is no process '%s': it has no case, and the twin has no such node."
                .formatted(id))
        .refuse();
  }

  private static @Nullable Double slaDays(ServiceLevels.Found found) {
    return found instanceof ServiceLevels.Known process ? process.serviceLevel().days() : null;
  }

  private CompletionStage<HttpResponse> graph(Call call) {
    String id = toRead(call);
    return flatMap(
        analysis(id),
        analysis ->
            map(
                queries.activities(id),
                activities -> Answers.ok(ProcessJson.graph(id, activities, analysis))));
  }

  private CompletionStage<HttpResponse> bottlenecks(Call call) {
    String id = toRead(call);
    int limit = call.limit();
    int from = call.cursor().map(ProcessRoutes::place).orElse(0);
    return map(
        analysis(id),
        analysis -> {
          List<Bottleneck> all = analysis.bottlenecks();
          int to = Math.min(all.size(), from + limit);
          return Answers.page(
              all.subList(Math.min(from, to), to).stream().map(ProcessJson::bottleneck).toList(),
              to < all.size() ? Optional.of(Integer.toString(to)) : Optional.empty());
        });
  }

  private static int place(String cursor) {
    long place = Cursors.number(cursor);
    if (place < 0 || place > Integer.MAX_VALUE - Call.MAX_LIMIT) {
      throw Cursors.foreign();
    }
    return (int) place;
  }

  /** The waits of a process; those of one without a case are none. */
  private CompletionStage<Analysis> analysis(String id) {
    return flatMap(
        serviceLevels.find(id),
        found ->
            map(
                queries.analysis(id),
                analysis -> {
                  if (analysis.isEmpty()) {
                    requireNode(id, found);
                  }
                  return analysis.orElse(new Analysis(0, false, List.of(), List.of()));
                }));
  }

  private CompletionStage<HttpResponse> cases(Call call) {
    String id = toRead(call);
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    Instant now = clock.instant();
    return map(
        queries.cases(
            id,
            optionalFlag(call, "breached"),
            optionalFlag(call, "open"),
            after.time(),
            after.id(),
            limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                row -> Cursors.of(row.startedAt(), row.caseId()),
                (CaseRow row) -> ProcessJson.describe(row, now)));
  }

  private static @Nullable Boolean optionalFlag(Call call, String name) {
    return call.query(name).isPresent() ? Boolean.valueOf(call.flag(name)) : null;
  }
}
