package io.twinloop.http.kpi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.Backtest;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Measurement;
import io.twinloop.domain.kpi.Mode;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Problems;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.jspecify.annotations.Nullable;

/** KPIs in JSON, as requests bring them and answers show them. */
final class KpiJson {

  /** Samples in one request that is no stream. */
  static final int LARGEST_BATCH = 10_000;

  private static final Map<String, Polarity> POLARITIES =
      Map.of(
          "higher_better", Polarity.HIGHER_BETTER,
          "lower_better", Polarity.LOWER_BETTER,
          "target", Polarity.TARGET);

  private static final Map<String, Mode> MODES = Map.of("live", Mode.LIVE, "history", Mode.HISTORY);

  private KpiJson() {}

  static KpiDefinition definition(JsonNode json) {
    return JsonFields.read(
        json,
        fields ->
            new KpiDefinition(
                fields.string("name"),
                fields.string("unit"),
                fields.optionalId("ownerNodeId").orElse(null),
                fields.optionalOneOf("polarity", POLARITIES).orElse(Polarity.HIGHER_BETTER),
                orNull(fields.optionalNumber("target")),
                orNull(fields.optionalNumber("warningThreshold")),
                orNull(fields.optionalNumber("criticalThreshold")),
                fields.optionalString("formula").orElse(null),
                fields.optionalDuration("updateFrequency").map(Duration::toString).orElse(null),
                fields.optionalObject("detector", KpiJson::detector).orElse(DetectorSpec.DEFAULT)));
  }

  private static DetectorSpec detector(JsonFields fields) {
    return DetectorSpec.of(
        fields.optionalString("type").orElse(null),
        wholeOrNull(fields.optionalInteger("window", 0, Integer.MAX_VALUE)),
        wholeOrNull(fields.optionalInteger("minimum", 0, Integer.MAX_VALUE)),
        orNull(fields.optionalNumber("high")),
        orNull(fields.optionalNumber("critical")));
  }

  static ObjectNode describe(String id, KpiDefinition definition) {
    ObjectNode json = Json.object().put("id", id);
    json.setAll((ObjectNode) Json.tree(definition));
    return json;
  }

  /** What the query says of the mode, {@code live} or {@code history}; automatic when nothing. */
  static Mode mode(Call call) {
    return call.query("mode")
        .map(
            text ->
                Optional.ofNullable(MODES.get(text))
                    .orElseThrow(
                        () ->
                            Problems.at(
                                    "?mode",
                                    "malformed",
                                    "Expected mode to be live or history, not '" + text + "'.")
                                .refuse()))
        .orElse(Mode.AUTO);
  }

  /** One measurement, or several under {@code samples}. */
  static List<Measurement> measurements(JsonNode json) {
    if (json.has("samples")) {
      return JsonFields.read(
          json, fields -> fields.objects("samples", LARGEST_BATCH, KpiJson::measurement));
    }
    return List.of(JsonFields.read(json, KpiJson::measurement));
  }

  private static Measurement measurement(JsonFields fields) {
    return new Measurement(
        fields.optionalInstant("timestamp").orElse(null),
        fields.number("value"),
        fields.optionalString("source", 200).orElse(Sample.UNKNOWN_SOURCE),
        fields.optionalNumber("confidence").orElse(1.0));
  }

  /** A line of the bulk stream. */
  record Line(String kpiId, Measurement measurement) {}

  static Line line(JsonNode json) {
    return JsonFields.read(json, fields -> new Line(fields.id("kpiId"), measurement(fields)));
  }

  static JsonNode describe(Sample sample) {
    ObjectNode json = Json.object();
    json.put("timestamp", sample.timestamp().toString());
    json.put("value", sample.value());
    json.put("source", sample.source());
    if (sample.confidence() != 1.0) {
      json.put("confidence", sample.confidence());
    }
    return json;
  }

  static ObjectNode describe(Episode episode) {
    ObjectNode json = Json.object();
    json.put("episodeId", episode.id());
    json.put("correlationId", episode.correlationId());
    json.put("severity", episode.severity().name());
    json.put("openedAt", episode.openedAt().toString());
    json.put("value", episode.first().value());
    json.put("baselineMean", episode.first().baselineMean());
    if (episode.first().zScore() != null) {
      json.put("zScore", episode.first().zScore());
    }
    return json;
  }

  /** What a backtest asks for. */
  record BacktestRequest(
      DetectorSpec detector, @Nullable Instant from, @Nullable Instant to, boolean scores) {}

  static BacktestRequest backtest(JsonNode json) {
    return JsonFields.read(
        json,
        fields ->
            new BacktestRequest(
                fields.optionalObject("detector", KpiJson::detector).orElse(DetectorSpec.DEFAULT),
                fields.optionalInstant("from").orElse(null),
                fields.optionalInstant("to").orElse(null),
                fields.optionalFlag("scores").orElse(false)));
  }

  static HttpResponse describe(BacktestRequest request, Backtest.Result result) {
    ObjectNode json = Json.object();
    json.set("episodes", Json.tree(result.episodes()));
    json.put("samples", result.scores().size());
    if (request.scores()) {
      json.set("scores", Json.tree(result.scores()));
    }
    return Answers.ok(json);
  }

  private static @Nullable Double orNull(OptionalDouble number) {
    return number.isPresent() ? Double.valueOf(number.getAsDouble()) : null;
  }

  private static @Nullable Integer wholeOrNull(OptionalLong number) {
    return number.isPresent() ? Integer.valueOf((int) number.getAsLong()) : null;
  }
}
