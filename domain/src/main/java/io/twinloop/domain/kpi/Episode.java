package io.twinloop.domain.kpi;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One anomaly from its first sample out of band to the first back in band.
 *
 * @param id unique over all KPIs
 * @param correlationId of the loop it opened
 * @param live whether it is told to the outside
 * @param openedAt timestamp of the first sample out of band
 * @param first the anomaly that opened it
 * @param severity the worst so far
 * @param closedAt timestamp of the sample that came back; absent while it is open
 * @param closedValue that sample's value
 */
public record Episode(
    String id,
    String correlationId,
    boolean live,
    Instant openedAt,
    Anomaly first,
    Severity severity,
    @Nullable Instant closedAt,
    @Nullable Double closedValue) {

  /** An episode that begins with this sample. */
  public static Episode opened(
      String id, String correlationId, boolean live, Instant at, Anomaly first) {
    return new Episode(id, correlationId, live, at, first, first.severity(), null, null);
  }

  @JsonIgnore
  public boolean isOpen() {
    return closedAt == null;
  }

  /** The same episode, worse than it began. */
  public Episode worsened(Severity worst) {
    return new Episode(id, correlationId, live, openedAt, first, worst, closedAt, closedValue);
  }

  /** The same episode, over. */
  public Episode closed(Instant at, double value) {
    return new Episode(id, correlationId, live, openedAt, first, severity, at, value);
  }
}
