package io.twinloop.http.operations;

import io.twinloop.http.Endpoint;
import io.twinloop.http.Unavailable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is there and what is away, looked at every second: requests that need what is away are
 * refused at once instead of waiting for a time-out.
 */
public final class Availability {

  private static final Logger LOG = LoggerFactory.getLogger(Availability.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(3);
  private static final Duration COME_AGAIN = Duration.ofSeconds(2);
  private static final int DEEPEST_CAUSE = 20;

  /** What the last look at something said. */
  public record Finding(boolean ok, String detail, Instant since) {}

  private final List<HealthCheck> checks;
  private final Clock clock;
  private final Map<String, Finding> findings = new ConcurrentHashMap<>();

  public Availability(List<HealthCheck> checks, Clock clock) {
    this.checks = List.copyOf(checks);
    this.clock = clock;
  }

  /** Looks now and then every second, until cancelled. */
  public Cancellable watch(ActorSystem<?> system) {
    return system
        .scheduler()
        .scheduleWithFixedDelay(Duration.ZERO, INTERVAL, this::look, system.executionContext());
  }

  /** Every check with its last finding, in their order; one not looked at yet is not there. */
  public Map<HealthCheck, Finding> findings() {
    Map<HealthCheck, Finding> all = new LinkedHashMap<>();
    for (HealthCheck check : checks) {
      Finding unknown = new Finding(false, "not looked at yet", clock.instant());
      all.put(check, findings.getOrDefault(check.name(), unknown));
    }
    return all;
  }

  /** Whether everything vital is there. */
  public boolean isReady() {
    return away().isEmpty();
  }

  /** Whether everything is there, also what the node can serve without. */
  public boolean isComplete() {
    return findings().values().stream().allMatch(Finding::ok);
  }

  /** The endpoint, refusing with 503 while something vital is away. */
  public Endpoint guard(Endpoint endpoint) {
    return endpoint.withHandler(
        call -> {
          Optional<String> away = away();
          if (away.isPresent()) {
            throw new Unavailable(away.get(), COME_AGAIN);
          }
          return endpoint.handler().handle(call);
        });
  }

  private Optional<String> away() {
    return checks.stream()
        .filter(HealthCheck::vital)
        .map(HealthCheck::name)
        .filter(name -> !findings.containsKey(name) || !findings.get(name).ok())
        .findFirst();
  }

  private void look() {
    for (HealthCheck check : checks) {
      var unused = // noted when it comes
          check
              .look()
              .get()
              .toCompletableFuture()
              .thenApply(there -> "")
              .completeOnTimeout(
                  "no answer within " + LONGEST_LOOK.toSeconds() + " s",
                  LONGEST_LOOK.toMillis(),
                  TimeUnit.MILLISECONDS)
              .exceptionally(failure -> reason(failure))
              .thenAccept(fault -> note(check, fault));
    }
  }

  /** What failed, and what lies at its bottom: a pool says only that it has no connection. */
  private static String reason(Throwable failure) {
    Throwable what = failure.getCause() == null ? failure : failure.getCause();
    Throwable bottom = what;
    for (int depth = 0; bottom.getCause() != null && depth < DEEPEST_CAUSE; depth++) {
      bottom = bottom.getCause();
    }
    String said = String.valueOf(what.getMessage());
    return bottom == what || said.contains(String.valueOf(bottom.getMessage()))
        ? said
        : said + " (" + bottom.getMessage() + ")";
  }

  private void note(HealthCheck check, String fault) {
    Finding before = findings.get(check.name());
    boolean ok = fault.isEmpty();
    if (before != null && before.ok() == ok) {
      findings.put(check.name(), new Finding(ok, fault, before.since()));
      return;
    }
    findings.put(check.name(), new Finding(ok, fault, clock.instant()));
    if (!ok) {
      LOG.warn("{} is away: {}", check.name(), fault);
    } else if (before != null) {
      LOG.info("{} is back", check.name());
    }
  }
}
