package io.twinloop.integrations.outbound;

import io.twinloop.domain.outbound.Channel;
import io.twinloop.domain.outbound.OutboundMessage;
import io.twinloop.domain.outbound.Outbox;
import io.twinloop.domain.outbound.Outbox.Claim;
import io.twinloop.domain.outbound.Outbox.Outcome;
import io.twinloop.domain.outbound.Unsealing;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what waits in the outbox, each message by the transport of its channel, and tells the
 * outbox what came of it. Every node may run one: the outbox gives a message to one sender at a
 * time.
 *
 * <p>A message is sent at least once. Where a sender dies between sending and telling, the message
 * goes out again under the same id, by which the receiver recognises it: {@code Message-ID} of a
 * mail, {@code Twinloop-Delivery} and {@code Idempotency-Key} of a webhook.
 */
public final class OutboxSender implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(OutboxSender.class);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(5);

  private final Outbox outbox;
  private final Map<Channel, Transport> transports;
  private final Unsealing unsealing;
  private final SenderSettings settings;
  private final Clock clock;
  private final DoubleSupplier random;
  private final ScheduledThreadPoolExecutor timer;
  private final Map<Claim, CompletableFuture<?>> underWay = new ConcurrentHashMap<>();
  private final Map<Channel, Map<Outbox.State, LongAdder>> settled = counters();
  private final AtomicBoolean looking = new AtomicBoolean();
  private final AtomicBoolean away = new AtomicBoolean();

  /**
   * @param transports those of the channels that are served; messages of the others would be sent
   * @param unsealing makes what leaves readable
   * @param random from 0 (included) to 1
   */
  public OutboxSender(
      Outbox outbox,
      Map<Channel, Transport> transports,
      Unsealing unsealing,
      SenderSettings settings,
      Clock clock,
      DoubleSupplier random) {
    this.outbox = outbox;
    this.transports = Map.copyOf(transports);
    this.unsealing = unsealing;
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "outbox");
              thread.setDaemon(true);
              return thread;
            });
  }

  private static Map<Channel, Map<Outbox.State, LongAdder>> counters() {
    Map<Channel, Map<Outbox.State, LongAdder>> counters = new EnumMap<>(Channel.class);
    for (Channel channel : Channel.values()) {
      Map<Outbox.State, LongAdder> states = new EnumMap<>(Outbox.State.class);
      for (Outbox.State state : Outbox.State.values()) {
        states.put(state, new LongAdder());
      }
      counters.put(channel, states);
    }
    return counters;
  }

  /** Looks for messages now and then again and again, until it is closed. */
  public void start() {
    var unused = // ends with the timer
        timer.scheduleWithFixedDelay(
            this::look, 0, settings.interval().toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Takes what is due, as much as may be under way; does nothing while it is at it. */
  void look() {
    int free = settings.inFlight() - underWay.size();
    if (free <= 0 || !looking.compareAndSet(false, true)) {
      return;
    }
    var unused = // what comes of it is handled when it comes
        begun(() -> outbox.claim(free, settings.lease()))
            .whenCompleteAsync(
                (claims, failure) -> {
                  if (failure == null) {
                    away.set(false);
                    claims.forEach(this::send);
                  } else {
                    claimFailed(failure);
                  }
                  looking.set(false); // not before all are counted as under way
                  if (failure == null && claims.size() == free) {
                    lookAgain();
                  }
                },
                this::onOwnThread);
  }

  private static <T> CompletionStage<T> begun(Supplier<CompletionStage<T>> work) {
    try {
      return work.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  /**
   * Whoever answers (a thread of the database, of a transport) goes back to its own work. What
   * comes after the end is short, and done where it comes.
   */
  private void onOwnThread(Runnable work) {
    try {
      timer.execute(work);
    } catch (RejectedExecutionException ended) {
      work.run();
    }
  }

  private void claimFailed(Throwable failure) {
    if (!away.getAndSet(true)) {
      LOG.warn("The outbox can't be read, nothing is sent until it can: {}", failure.toString());
    }
  }

  private void lookAgain() {
    try {
      timer.execute(this::look);
    } catch (RejectedExecutionException stopping) {
      LOG.debug("What still waits in the outbox is left to others: {}", stopping.toString());
    }
  }

  private void send(Claim claim) {
    CompletableFuture<Void> sending = new CompletableFuture<>();
    underWay.put(claim, sending);
    var unused = // told in the log
        begun(() -> outcome(claim))
            .thenComposeAsync(outcome -> settle(claim, outcome), this::onOwnThread)
            .whenCompleteAsync(
                (settled, failure) -> {
                  underWay.remove(claim);
                  if (failure != null || !settled) {
                    LOG.warn(
                        "What came of message {} could not be noted, it may go out again: {}",
                        claim.message().id(),
                        failure == null ? "it took longer than its lease" : failure.toString());
                  }
                  sending.complete(null);
                },
                this::onOwnThread);
  }

  private CompletionStage<Boolean> settle(Claim claim, Outcome outcome) {
    return outbox
        .settle(claim, outcome)
        .thenApply(
            noted -> {
              if (noted) {
                settled.get(claim.message().channel()).get(outcome.state()).increment();
              }
              return noted;
            });
  }

  /**
   * How often a message of this channel came to this state here; waiting when it is tried again.
   */
  public long settled(Channel channel, Outbox.State state) {
    return settled.get(channel).get(state).sum();
  }

  private CompletionStage<Outcome> outcome(Claim claim) {
    Instant oldest = clock.instant().minus(settings.maxAge());
    if (claim.waitingSince().isBefore(oldest)) {
      return CompletableFuture.completedStage(
          new Outbox.Failed(
              "It waits since %s, longer than twinloop.outbound.sender.max-age."
                  .formatted(claim.waitingSince())));
    }
    if (claim.attempt() > settings.maxAttempts()) {
      return CompletableFuture.completedStage(
          new Outbox.Failed(
              "It was tried %d times, and whoever tried it last was gone before the end."
                  .formatted(settings.maxAttempts())));
    }
    Transport transport = transports.get(claim.message().channel());
    if (transport == null) {
      return CompletableFuture.completedStage(
          new Outbox.WouldSend(
              "Nothing is configured for twinloop.outbound.channels.%s."
                  .formatted(claim.message().channel().wireName())));
    }
    return begun(() -> deliver(transport, claim.message()))
        .exceptionally(failure -> new Delivery.Missed(reason(failure), null))
        .thenApply(delivery -> outcome(claim, delivery));
  }

  private CompletionStage<Delivery> deliver(Transport transport, OutboundMessage message) {
    long end = System.nanoTime() + settings.timeout().toNanos();
    return transport.leavesTheHouse()
        ? until(end, unsealed(message))
            .thenComposeAsync(ready -> handOver(transport, message, ready, end), this::onOwnThread)
        : until(end, transport.deliver(message));
  }

  /** Where something was sealed, what is kept of the delivery must not say it in clear. */
  private static CompletionStage<Delivery> handOver(
      Transport transport, OutboundMessage message, OutboundMessage ready, long end) {
    CompletionStage<Delivery> delivery = until(end, transport.deliver(ready));
    return ready.equals(message) ? delivery : delivery.thenApply(Delivery::discreet);
  }

  /** The stage itself is ended when the time is over, so that who works on it can tell. */
  private static <T> CompletableFuture<T> until(long end, CompletionStage<T> stage) {
    long left = Math.max(0, end - System.nanoTime());
    return stage.toCompletableFuture().orTimeout(left, TimeUnit.NANOSECONDS);
  }

  /** The one place where what is sealed is made readable. */
  private CompletionStage<OutboundMessage> unsealed(OutboundMessage message) {
    String recipient = message.recipient();
    String subject = message.subject();
    List<String> texts =
        List.of(recipient == null ? "" : recipient, subject == null ? "" : subject, message.body());
    return unsealing
        .apply(texts)
        .thenApply(
            open ->
                new OutboundMessage(
                    message.id(),
                    message.channel(),
                    recipient == null ? null : open.get(0),
                    subject == null ? null : open.get(1),
                    open.get(2),
                    message.correlationId(),
                    message.workflowId(),
                    message.at()));
  }

  private String reason(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof TimeoutException) {
      return "It was not handed over within %d ms.".formatted(settings.timeout().toMillis());
    }
    // Without its message, in which an address or a password may stand.
    LOG.error(
        "A message could not be handed over: {} {}",
        cause.getClass().getName(),
        Arrays.toString(cause.getStackTrace()));
    return "It could not be handed over: %s; the log of this node says why."
        .formatted(cause.getClass().getSimpleName());
  }

  private Outcome outcome(Claim claim, Delivery delivery) {
    if (delivery instanceof Delivery.NotConfigured missing) {
      return new Outbox.WouldSend(missing.sentence());
    }
    if (delivery instanceof Delivery.Refused refused) {
      return new Outbox.Failed(refused.sentence());
    }
    if (delivery instanceof Delivery.Missed missed) {
      return claim.attempt() < settings.maxAttempts()
          ? new Outbox.TryAgain(missed.sentence(), clock.instant().plus(pause(claim, missed)))
          : new Outbox.Failed(missed.sentence());
    }
    return new Outbox.Sent();
  }

  /** As long as the other side wants, within bounds, and never shorter than it would be anyway. */
  private Duration pause(Claim claim, Delivery.Missed missed) {
    Duration pause = settings.backoff().after(claim.attempt(), random.getAsDouble());
    Duration wanted = missed.notBefore();
    if (wanted == null || wanted.compareTo(pause) < 0) {
      return pause;
    }
    return wanted.compareTo(settings.longestPause()) < 0 ? wanted : settings.longestPause();
  }

  /** Takes nothing more, and waits a little for what is under way; the rest will go out again. */
  @Override
  public void close() {
    timer.shutdown();
    List<CompletableFuture<?>> last = List.copyOf(underWay.values());
    try {
      CompletableFuture.allOf(last.toArray(CompletableFuture<?>[]::new))
          .get(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("Up to {} messages may go out again: {}", last.size(), e.toString());
    }
  }
}
