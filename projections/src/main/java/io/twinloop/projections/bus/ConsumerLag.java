package io.twinloop.projections.bus;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How far this node's consumer is behind, told by the oldest event it has in hand. */
final class ConsumerLag {

  private final BusSettings settings;
  private final Clock clock;

  /** What is being handled, by the part of a topic it came from. */
  private final Map<String, InFlight<?>> parts = new ConcurrentHashMap<>();

  ConsumerLag(BusSettings settings, Clock clock, MeterRegistry metrics) {
    this.settings = settings;
    this.clock = clock;
    Gauge.builder("twinloop.bus.consumer.lag", this, lag -> lag.now().toMillis() / 1e3)
        .baseUnit("seconds")
        .description("age of the oldest event that is being handled")
        .register(metrics);
  }

  void watch(String part, InFlight<?> inFlight) {
    parts.put(part, inFlight);
  }

  void forget(String part, InFlight<?> inFlight) {
    parts.remove(part, inFlight);
  }

  Duration now() {
    long oldest =
        parts.values().stream().mapToLong(InFlight::oldestMillis).min().orElse(Long.MAX_VALUE);
    return oldest == Long.MAX_VALUE
        ? Duration.ZERO
        : Duration.ofMillis(Math.max(0, clock.millis() - oldest));
  }

  boolean isOverLimit() {
    return now().compareTo(settings.lagAlert()) > 0;
  }
}
