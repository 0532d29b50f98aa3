package io.twinloop.cluster;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.outbound.OutboundHttp.Reason;
import io.twinloop.http.operations.HealthCheck;
import io.twinloop.integrations.http.DestinationState;
import io.twinloop.integrations.http.DestinationState.Circuit;
import io.twinloop.integrations.http.EgressHttpClient;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** What is measured of calls that leave the house, and who is left alone. */
final class EgressWatch {

  private static final int MOST_NAMED = 5;

  private EgressWatch() {}

  /** The counters and gauges {@code twinloop.egress.…}. */
  static void measure(EgressHttpClient http, MeterRegistry metrics) {
    FunctionCounter.builder("twinloop.egress.calls", http, EgressHttpClient::answered)
        .tag("outcome", "answered")
        .description("Tries of outgoing HTTP calls, by what came of them")
        .register(metrics);
    for (Reason reason : Reason.values()) {
      FunctionCounter.builder("twinloop.egress.calls", http, client -> client.unanswered(reason))
          .tag("outcome", wire(reason))
          .register(metrics);
    }
    for (Circuit circuit : Circuit.values()) {
      Gauge.builder("twinloop.egress.destinations", http, client -> in(client, circuit).size())
          .tag("circuit", wire(circuit))
          .description("Hosts called of late, by whether they are called or left alone")
          .register(metrics);
    }
  }

  /** Degraded, not unready, while destinations are left alone. */
  static HealthCheck check(EgressHttpClient http) {
    return new HealthCheck("Outbound destinations", false, () -> look(http));
  }

  private static CompletionStage<?> look(EgressHttpClient http) {
    List<DestinationState> alone = in(http, Circuit.OPEN);
    if (alone.isEmpty()) {
      return CompletableFuture.completedStage("");
    }
    String names =
        alone.stream()
            .limit(MOST_NAMED)
            .map(DestinationState::name)
            .sorted()
            .collect(Collectors.joining(", "));
    String more =
        alone.size() > MOST_NAMED ? " and %d more".formatted(alone.size() - MOST_NAMED) : "";
    return CompletableFuture.failedStage(
        new IllegalStateException("left alone for failing: " + names + more));
  }

  private static List<DestinationState> in(EgressHttpClient http, Circuit circuit) {
    return http.destinations().stream().filter(state -> state.circuit() == circuit).toList();
  }

  private static String wire(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
