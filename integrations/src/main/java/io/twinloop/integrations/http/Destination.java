package io.twinloop.integrations.http;

import dev.failsafe.CircuitBreaker;
import dev.failsafe.RateLimiter;
import io.twinloop.integrations.http.EgressSettings.PerDestination;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * A scheme, host and port that is called: how often it may be, and whether it is left alone because
 * it has been failing. After a pause one call tries it; how that ends decides for the others.
 */
final class Destination {

  private final String name;
  private final CircuitBreaker<Object> breaker;
  private final RateLimiter<Object> rate;

  Destination(String name, PerDestination settings) {
    this.name = name;
    this.breaker =
        CircuitBreaker.builder()
            .withFailureThreshold(settings.failures(), settings.window())
            .withDelay(settings.pause())
            .withSuccessThreshold(1)
            .build();
    this.rate = RateLimiter.burstyBuilder(settings.rate(), Duration.ofSeconds(1)).build();
  }

  /** What tells destinations apart, without anything that may be secret. */
  static String nameOf(URI address) {
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    int port = address.getPort();
    if (port < 0) {
      port = scheme.equals("https") ? 443 : 80;
    }
    return scheme + "://" + String.valueOf(address.getHost()).toLowerCase(Locale.ROOT) + ":" + port;
  }

  String name() {
    return name;
  }

  /** How it does, for people. */
  DestinationState state() {
    return new DestinationState(
        name,
        switch (breaker.getState()) {
          case CLOSED -> DestinationState.Circuit.CLOSED;
          case OPEN ->
              leftAlone().isPresent()
                  ? DestinationState.Circuit.OPEN
                  : DestinationState.Circuit.HALF_OPEN;
          case HALF_OPEN -> DestinationState.Circuit.HALF_OPEN;
        },
        breaker.getFailureCount());
  }

  /** How long it is left alone yet, empty when it may be called. */
  Optional<Duration> leftAlone() {
    Duration rest = breaker.isOpen() ? breaker.getRemainingDelay() : Duration.ZERO;
    return rest.isZero() || rest.isNegative() ? Optional.empty() : Optional.of(rest);
  }

  /**
   * Takes the right to call now; each right is followed by {@link #ended} or {@link #endedUnknown}.
   */
  boolean begin() {
    return breaker.tryAcquirePermit();
  }

  /** A call ended that says nothing about the destination; one that was to try it tells no good. */
  void endedUnknown() {
    if (breaker.isHalfOpen()) {
      breaker.recordFailure();
    }
  }

  void ended(boolean failed) {
    if (failed) {
      breaker.recordFailure();
    } else {
      breaker.recordSuccess();
    }
  }

  /**
   * Reserves a place in the rate of calls.
   *
   * @return how long to wait for it, empty when that would be longer than at most
   */
  Optional<Duration> reserve(Duration atMost) {
    Duration wait = rate.tryReservePermit(atMost);
    return wait.isNegative() ? Optional.empty() : Optional.of(wait);
  }
}
