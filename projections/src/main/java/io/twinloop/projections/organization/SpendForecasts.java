package io.twinloop.projections.organization;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.kpi.SpendForecast;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.entities.kpi.Kpi;
import io.twinloop.entities.organization.OrgNode;
import io.twinloop.projections.Database;
import io.twinloop.projections.ReadModel;
import io.twinloop.projections.ReadModelProgress;
import io.twinloop.projections.kpi.KpiQueries;
import io.twinloop.serialization.Json;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.persistence.query.typed.EventEnvelope;
import org.apache.pekko.projection.javadsl.Handler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a unit books as samples of the KPI {@code unit.<id>.spend}, each an amount in EUR, becomes
 * the forecast of its node: {@code forecast_eur} at the end of the year, made at {@code
 * forecast_date}.
 */
public final class SpendForecasts extends Handler<List<EventEnvelope<Kpi.Event>>> {

  private static final Logger LOG = LoggerFactory.getLogger(SpendForecasts.class);

  private static final String PREFIX = "unit.";
  private static final String SUFFIX = ".spend";
  private static final Duration READ_MODEL_WITHIN = Duration.ofSeconds(10);
  private static final int MOST_BOOKINGS = 1_000_000;

  private final Entities entities;
  private final KpiQueries samples;
  private final ReadModelProgress progress;
  private final Clock clock;

  public SpendForecasts(Entities entities, Database database, Clock clock) {
    this.entities = entities;
    this.samples = new KpiQueries(database);
    this.progress = new ReadModelProgress(database);
    this.clock = clock;
  }

  @Override
  public CompletionStage<Done> process(List<EventEnvelope<Kpi.Event>> envelopes) {
    Map<String, EventEnvelope<Kpi.Event>> booked = new LinkedHashMap<>();
    for (EventEnvelope<Kpi.Event> envelope : envelopes) {
      if (isWanted(envelope)) {
        booked.put(ReadModel.entityId(envelope), envelope);
      }
    }
    CompletableFuture<?>[] forecasts =
        booked.entrySet().stream()
            .map(each -> forecast(each.getKey(), each.getValue()).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(forecasts).thenApply(all -> Done.getInstance());
  }

  /** Whether an event can change a forecast. */
  public static boolean isWanted(EventEnvelope<Kpi.Event> envelope) {
    return envelope.event() instanceof Kpi.SamplesTaken && isSpend(ReadModel.entityId(envelope));
  }

  private static boolean isSpend(String kpiId) {
    return kpiId.startsWith(PREFIX)
        && kpiId.endsWith(SUFFIX)
        && kpiId.length() > PREFIX.length() + SUFFIX.length();
  }

  private CompletionStage<?> forecast(String kpiId, EventEnvelope<Kpi.Event> envelope) {
    Instant now = clock.instant();
    return progress
        .await(Map.of(envelope.persistenceId(), envelope.sequenceNr()), READ_MODEL_WITHIN)
        .thenCompose(
            there -> {
              if (!there) {
                throw new IllegalStateException("the samples of " + kpiId + " are not there yet");
              }
              return samples.samples(kpiId, SpendForecast.yearBegin(now), now, MOST_BOOKINGS);
            })
        .thenCompose(
            amounts ->
                tell(
                    kpiId.substring(PREFIX.length(), kpiId.length() - SUFFIX.length()),
                    SpendForecast.of(amounts, now),
                    now,
                    envelope.event().cause()));
  }

  private CompletionStage<?> tell(
      String unitId, SpendForecast forecast, Instant now, Cause booking) {
    ObjectNode patch = Json.MAPPER.createObjectNode();
    patch
        .putObject("properties")
        .put("forecast_eur", forecast.forecastEur())
        .put("forecast_date", now.toString());
    Cause cause = new Cause(booking.correlationId(), booking.causationId(), "forecast");
    return entities
        .<OrgNode.Command, OrgNode.Reply>ask(
            OrgNode.KEY, unitId, replyTo -> new OrgNode.Patch(patch, null, cause, replyTo))
        .thenAccept(
            reply -> {
              if (reply instanceof OrgNode.Rejected rejected) {
                // Amounts may be booked before their unit is known, or after it is retired.
                LOG.warn("The spend of '{}' is not forecast: {}", unitId, rejected.sentence());
              }
            });
  }
}
