package io.twinloop.http.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.process.Bottleneck;
import io.twinloop.domain.process.CaseTrack;
import io.twinloop.http.Json;
import io.twinloop.projections.process.ProcessQueries.Activity;
import io.twinloop.projections.process.ProcessQueries.Analysis;
import io.twinloop.projections.process.ProcessQueries.CaseRow;
import io.twinloop.projections.process.ProcessQueries.Statistics;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Processes in JSON, as answers show them. */
final class ProcessJson {

  private ProcessJson() {}

  static ObjectNode statistics(String id, Statistics statistics, @Nullable Double slaDays) {
    ObjectNode json = Json.object();
    json.put("processId", id);
    json.put("cases", statistics.totals().cases());
    json.put("closedCases", statistics.totals().closed());
    json.put("events", statistics.totals().events());
    json.put("variants", statistics.variants());
    if (statistics.medianDays() != null) {
      json.put("medianDurationDays", statistics.medianDays());
      json.put("meanDurationDays", statistics.meanDays());
      json.put("p95DurationDays", statistics.p95Days());
    }
    ArrayNode activities = json.putArray("activities");
    statistics.activities().forEach(activity -> activities.add(activity(activity)));
    json.set("pairs", Json.tree(statistics.pairs()));
    ObjectNode sla = json.putObject("sla");
    if (slaDays != null) {
      sla.put("slaDays", slaDays);
    }
    long breached = statistics.totals().breached();
    sla.put("breachedCases", breached);
    if (slaDays != null && statistics.totals().cases() > 0) {
      sla.put("compliance", 1 - (double) breached / statistics.totals().cases());
    }
    return json;
  }

  private static ObjectNode activity(Activity activity) {
    return Json.object()
        .put("activity", activity.activity())
        .put("frequency", activity.frequency());
  }

  static ObjectNode graph(String id, List<Activity> activities, Analysis analysis) {
    ObjectNode json = Json.object();
    json.put("processId", id);
    json.put("sampled", analysis.sampled());
    ArrayNode nodes = json.putArray("nodes");
    activities.forEach(
        activity ->
            nodes.add(
                activity(activity)
                    .put("firstOfCase", activity.firsts())
                    .put("lastOfCase", activity.lasts())));
    json.set("edges", Json.tree(analysis.edges()));
    return json;
  }

  static JsonNode bottleneck(Bottleneck bottleneck) {
    ObjectNode json = Json.object();
    json.put("from", bottleneck.from());
    json.put("to", bottleneck.to());
    json.put("cases", bottleneck.cases());
    json.put("medianWaitHours", bottleneck.medianWaitHours());
    json.put("p95WaitHours", bottleneck.p95WaitHours());
    json.put("totalWaitHours", bottleneck.totalWaitHours());
    json.put("share", bottleneck.share());
    json.put("kind", bottleneck.kind().wireName());
    json.put("evidence", bottleneck.evidence());
    return json;
  }

  /** A case; an open live one takes until now. */
  static JsonNode describe(CaseRow row, Instant now) {
    ObjectNode json = Json.object();
    json.put("caseId", row.caseId());
    json.put("startedAt", row.startedAt().toString());
    if (!row.open()) {
      json.put("endedAt", row.endedAt().toString());
    }
    json.put("lastEventAt", row.endedAt().toString());
    boolean goesOn = row.open() && row.live() && now.isAfter(row.endedAt());
    json.put("durationDays", goesOn ? CaseTrack.days(row.startedAt(), now) : row.lengthDays());
    json.put("open", row.open());
    json.put("breached", row.breachedAt() != null);
    if (row.breachedAt() != null) {
      json.put("breachedAt", row.breachedAt().toString());
    }
    json.put("events", row.events());
    return json;
  }
}
