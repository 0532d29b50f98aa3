package io.twinloop.entities.kpi;

import io.twinloop.domain.kpi.Anomaly;
import io.twinloop.domain.kpi.DetectorSpec;
import io.twinloop.domain.kpi.Episode;
import io.twinloop.domain.kpi.KpiDefinition;
import io.twinloop.domain.kpi.Polarity;
import io.twinloop.domain.kpi.Sample;
import io.twinloop.domain.kpi.SampleBatch;
import io.twinloop.domain.kpi.Severity;
import io.twinloop.entities.Cause;
import java.time.Instant;
import java.util.List;

/** A value of each of a KPI's events, with every field filled. */
public final class KpiSamples {

  private static final Instant AT = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Cause CAUSE = new Cause("loop-1", "request-1", "ada");

  private static final KpiDefinition DEFINITION =
      new KpiDefinition(
          "Time to invoice",
          "days",
          "unit-billing",
          Polarity.LOWER_BETTER,
          5.0,
          6.0,
          8.0,
          "a / b",
          "PT1H",
          new DetectorSpec("zscore", 30, 7, 2.5, 3.5));

  private static final Episode EPISODE =
      Episode.opened("episode-1", "loop-1", true, AT, new Anomaly(Severity.HIGH, 9.5, 5.0, 3.0));

  private KpiSamples() {}

  public static List<Kpi.Event> events() {
    SampleBatch batch =
        SampleBatch.of(
            List.of(
                new Sample(AT, 9.5, "erp", 0.9), new Sample(AT.plusSeconds(60), 5, "manual", 1)));
    Anomaly worse = new Anomaly(Severity.CRITICAL, 11, 5.0, 4.0);
    Episode worsened = EPISODE.worsened(Severity.CRITICAL);
    return List.of(
        new Kpi.Defined(DEFINITION, AT, CAUSE),
        new Kpi.SamplesTaken(batch, 2, "delivery-1", AT, CAUSE),
        new Kpi.AnomalyOpened(EPISODE, DEFINITION, AT, CAUSE),
        new Kpi.AnomalyWorsened(worsened, AT.plusSeconds(60), worse, AT, CAUSE),
        new Kpi.AnomalyClosed(worsened.closed(AT.plusSeconds(120), 5.0), AT, CAUSE),
        new Kpi.Retired(AT, CAUSE));
  }
}
