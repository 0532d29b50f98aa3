package io.twinloop.http.limits;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.twinloop.http.limits.LimitSettings.Quota;
import io.twinloop.http.limits.Limits.Standing;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What each caller has left, for a bounded number of callers.
 *
 * <p>A bucket that has filled up again tells no more than a new one, so that is what is forgotten
 * when there are too many. Should none be full, callers that come new share one bucket: a flood of
 * names takes neither memory nor what anybody has used up.
 */
final class Buckets {

  private static final long NANOS_BETWEEN_SWEEPS = 1_000_000_000;

  /** Whose bucket: a caller at a route, or in a class of routes. */
  record Key(String scope, String caller) {}

  /** Counts the requests of one caller. */
  static final class Counter {
    private final Bucket bucket;
    private final Quota quota;
    private final AtomicBoolean refused = new AtomicBoolean();

    Counter(Bucket bucket, Quota quota) {
      this.bucket = bucket;
      this.quota = quota;
    }

    /** Takes one request from what is left, and says how the caller stands then. */
    Standing take(String policy) {
      ConsumptionProbe probe = bucket.tryConsumeAndReturnRemaining(1);
      boolean refusedBefore = refused.getAndSet(!probe.isConsumed());
      return new Standing(
          policy,
          quota,
          probe.isConsumed(),
          probe.getRemainingTokens(),
          Duration.ofNanos(probe.getNanosToWaitForRefill()),
          Duration.ofNanos(probe.getNanosToWaitForReset()),
          refusedBefore && !probe.isConsumed());
    }

    boolean isEmpty() {
      return bucket.getAvailableTokens() < 1;
    }

    boolean isFull() {
      return bucket.getAvailableTokens() >= quota.requests();
    }
  }

  private final Map<Key, Counter> buckets = new ConcurrentHashMap<>();
  private final AtomicLong nextSweep;
  private final TimeMeter clock;
  private final int most;

  Buckets(int most, TimeMeter clock) {
    this.most = most;
    this.clock = clock;
    this.nextSweep = new AtomicLong(clock.currentTimeNanos());
  }

  Counter of(Key key, Quota quota) {
    Counter known = buckets.get(key);
    if (known != null) {
      return known;
    }
    if (buckets.size() >= most) {
      sweep();
    }
    Key used = buckets.size() >= most ? new Key(key.scope(), "") : key;
    return buckets.computeIfAbsent(used, missing -> filled(quota));
  }

  int size() {
    return buckets.size();
  }

  private void sweep() {
    long now = clock.currentTimeNanos();
    long due = nextSweep.get();
    if (now - due >= 0 && nextSweep.compareAndSet(due, now + NANOS_BETWEEN_SWEEPS)) {
      buckets.values().removeIf(Counter::isFull);
    }
  }

  private Counter filled(Quota quota) {
    Bucket bucket =
        Bucket.builder()
            .addLimit(
                limit ->
                    limit.capacity(quota.requests()).refillGreedy(quota.requests(), quota.per()))
            .withCustomTimePrecision(clock)
            .build();
    return new Counter(bucket, quota);
  }
}
