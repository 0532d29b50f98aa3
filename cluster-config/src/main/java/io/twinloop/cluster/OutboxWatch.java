package io.twinloop.cluster;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.http.operations.HealthCheck;
import io.twinloop.integrations.outbound.OutboxSender;
import io.twinloop.projections.Database;
import io.twinloop.projections.outbound.OutboxQueries;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What is measured of messages to people, and whether they go out in time. */
final class OutboxWatch {

  /** Senders look every half second, and take what they can; a burst may wait a little. */
  private static final Duration BEARABLE = Duration.ofMinutes(1);

  private final OutboxQueries outbox;
  private final Clock clock;
  private volatile Duration overdue = Duration.ZERO;

  /**
   * @param clock by which messages are due
   */
  OutboxWatch(Database database, Clock clock) {
    this.outbox = new OutboxQueries(database);
    this.clock = clock;
  }

  /** The counters {@code twinloop.outbox.settled}, of this node. */
  static void measure(OutboxSender sender, MeterRegistry metrics) {
    for (Channel channel : Channel.values()) {
      for (Outbox.State state : Outbox.State.values()) {
        FunctionCounter.builder(
                "twinloop.outbox.settled", sender, each -> each.settled(channel, state))
            .tag("channel", channel.wireName())
            .tag("outcome", state.name().toLowerCase(Locale.ROOT).replace('_', '-'))
            .description("Tries of messages to people, by what came of them; waiting: tried again")
            .register(metrics);
      }
    }
  }

  /** Degraded, not unready, while a message that is due is taken by no sender of any node. */
  HealthCheck check(MeterRegistry metrics) {
    Gauge.builder("twinloop.outbox.overdue", this, watch -> watch.overdue.toMillis() / 1_000.0)
        .baseUnit("seconds")
        .description("How long the message that is due longest could have been on its way")
        .register(metrics);
    return new HealthCheck("Outbox", false, this::look);
  }

  private CompletionStage<?> look() {
    return outbox.dueSince().thenApplyAsync(this::note, Runnable::run);
  }

  private Duration note(Optional<Instant> dueSince) {
    Instant now = clock.instant();
    Duration waiting =
        dueSince
            .filter(since -> since.isBefore(now))
            .map(since -> Duration.between(since, now))
            .orElse(Duration.ZERO);
    overdue = waiting;
    if (waiting.compareTo(BEARABLE) > 0) {
      throw new IllegalStateException(
          "a message could have been sent %d s ago, and no node takes it"
              .formatted(waiting.toSeconds()));
    }
    return waiting;
  }
}
