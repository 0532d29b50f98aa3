package io.twinloop.http.loop;

import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Permission;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.projections.loop.LoopQueries;
import io.twinloop.projections.loop.LoopQueries.Loop;
import io.twinloop.projections.loop.LoopQueries.Step;
import io.twinloop.projections.loop.LoopQueries.Story;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** Loops: what was sensed, decided, acted and measured, with the time of each step. */
public final class LoopRoutes {

  private final LoopQueries loops;

  public LoopRoutes(LoopQueries loops) {
    this.loops = loops;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/api/v1/loops", Permission.LOOP_READ, this::list).withinReach(),
        Endpoint.get("/api/v1/loops/statistics", Permission.LOOP_STATISTICS, this::statistics),
        Endpoint.get("/api/v1/loops/{correlationId}", Permission.LOOP_READ, this::find)
            .withinReach());
  }

  private CompletionStage<HttpResponse> list(Call call) {
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    int limit = call.limit();
    return map(
        loops
            .within(call.scope())
            .list(
                call.query("entityId").orElse(null),
                call.query("state").orElse(null),
                after.time(),
                after.id(),
                limit + 1),
        page ->
            Answers.page(
                page,
                limit,
                loop -> Cursors.of(loop.firstAt(), loop.correlationId()),
                LoopRoutes::summary));
  }

  private CompletionStage<HttpResponse> statistics(Call call) {
    return map(loops.statistics(), all -> Answers.ok(Json.object().set("items", Json.tree(all))));
  }

  private CompletionStage<HttpResponse> find(Call call) {
    String correlationId = call.id("correlationId");
    return map(
        loops.within(call.scope()).find(correlationId),
        found ->
            found
                .map(story -> Answers.ok(describe(story)))
                .orElseGet(
                    () ->
                        Answers.refused(
                            Refusals.NOT_FOUND, "There is no loop '" + correlationId + "'.")));
  }

  private static ObjectNode summary(Loop loop) {
    ObjectNode json = (ObjectNode) Json.tree(loop);
    if ("closed".equals(loop.state()) && loop.sensedAt() != null) {
      json.put("secToClose", seconds(loop.sensedAt(), loop.lastAt()));
    }
    return json;
  }

  /** The loop, its phases as lists of steps, and all steps once more in order of time. */
  private static ObjectNode describe(Story story) {
    ObjectNode json = summary(story.loop());
    for (String phase : List.of("sense", "decide", "act", "measure")) {
      ArrayNode steps = json.putArray(phase);
      story.steps().stream()
          .filter(step -> step.phase().equals(phase))
          .forEach(step -> steps.add(describe(step, story.loop().firstAt())));
    }
    ArrayNode all = json.putArray("steps");
    story.steps().forEach(step -> all.add(describe(step, story.loop().firstAt())));
    return json;
  }

  private static ObjectNode describe(Step step, Instant beginning) {
    ObjectNode json = Json.object();
    json.put("at", step.at().toString());
    json.put("sinceStartSec", seconds(beginning, step.at()));
    json.put("phase", step.phase());
    json.put("what", step.what());
    json.set("detail", step.detail());
    return json;
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1000.0;
  }
}
