package io.twinloop.projections.bus;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends events to one stream in the order in which they are given: those that wait go together,
 * the next when the answer is there. What can't be kept fails together with all that waits behind
 * it, so that nothing overtakes it when its publisher tries again.
 *
 * <p>A stream that is full of events nobody has acknowledged takes no more; the publisher waits.
 */
final class RedisAppender {

  private static final Logger LOG = LoggerFactory.getLogger(RedisAppender.class);

  private static final String SCRIPT = script();
  private static final int AT_ONCE = 100;
  private static final int MOST_WAITING = 10_000;
  private static final Duration FULL_PATIENCE = Duration.ofSeconds(3);
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS);

  @SuppressWarnings("ArrayRecordComponent") // goes to the client as it is
  private record Waiting(byte[] key, byte[] event, long since, CompletableFuture<Void> kept) {}

  private final String stream;
  private final int retention;

  /** Throws where there is no connection. */
  private final Supplier<RedisAsyncCommands<String, byte[]>> redis;

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private boolean sending;

  /** Until all that waited is gone, for what comes now must not overtake what was refused. */
  private boolean refusing;

  private boolean full;

  RedisAppender(String stream, int retention, Supplier<RedisAsyncCommands<String, byte[]>> redis) {
    this.stream = stream;
    this.retention = retention;
    this.redis = redis;
  }

  /** The stream keeps too many events that are not acknowledged. */
  private static final class FullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FullException(int entries) {
      super(
          "%d events wait there for those who consume them, as many as twinloop.integration.event_bus.stream_retention_max allows"
              .formatted(entries));
    }
  }

  /** Done when the stream has the event; fails with {@link BusUnavailableException}. */
  CompletionStage<Void> append(String key, byte[] event) {
    Waiting one =
        new Waiting(
            key.getBytes(StandardCharsets.UTF_8),
            event,
            System.nanoTime(),
            new CompletableFuture<>());
    synchronized (this) {
      refusing |= waiting.size() >= MOST_WAITING;
      if (refusing) {
        one.kept().completeExceptionally(unavailable(new FullException(waiting.size())));
        return one.kept();
      }
      waiting.add(one);
      if (sending) {
        return one.kept();
      }
      sending = true;
    }
    sendNext();
    return one.kept();
  }

  private void sendNext() {
    List<Waiting> batch = nextBatch();
    if (!batch.isEmpty()) {
      send(batch)
          .whenComplete(
              (taken, failure) -> {
                if (failure == null) {
                  took(taken.intValue(), batch.size());
                } else {
                  failAll(failure);
                }
              });
    }
  }

  private synchronized List<Waiting> nextBatch() {
    List<Waiting> batch = new ArrayList<>(Math.min(AT_ONCE, waiting.size()));
    for (Waiting one : waiting) {
      if (batch.size() == AT_ONCE) {
        break;
      }
      batch.add(one);
    }
    sending = !batch.isEmpty();
    refusing &= sending;
    return batch;
  }

  private CompletionStage<Long> send(List<Waiting> batch) {
    byte[][] arguments = new byte[1 + 2 * batch.size()][];
    arguments[0] = Integer.toString(retention).getBytes(StandardCharsets.US_ASCII);
    for (int n = 0; n < batch.size(); n++) {
      arguments[1 + 2 * n] = batch.get(n).key();
      arguments[2 + 2 * n] = batch.get(n).event();
    }
    try {
      RedisFuture<Long> taken =
          redis.get().eval(SCRIPT, ScriptOutputType.INTEGER, new String[] {stream}, arguments);
      return taken;
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private void took(int taken, int offered) {
    List<Waiting> kept = new ArrayList<>(taken);
    boolean isFull = taken < offered;
    boolean tooLong;
    synchronized (this) {
      for (int n = 0; n < taken; n++) {
        kept.add(waiting.remove());
      }
      tooLong = isFull && System.nanoTime() - waiting.element().since() > FULL_PATIENCE.toNanos();
    }
    kept.forEach(one -> one.kept().complete(null));
    tellWhenFull(isFull);
    if (tooLong) {
      failAll(new FullException(retention));
    } else if (isFull) {
      LATER.execute(this::sendNext);
    } else {
      sendNext();
    }
  }

  private void tellWhenFull(boolean isFull) {
    if (isFull && !full) {
      LOG.warn(
          "{} holds {} events that are not acknowledged; publishers wait until there is room.",
          stream,
          retention);
    }
    full = isFull;
  }

  private void failAll(Throwable failure) {
    List<Waiting> failed;
    synchronized (this) {
      failed = new ArrayList<>(waiting);
      waiting.clear();
      sending = false;
      refusing = false;
    }
    BusUnavailableException away = unavailable(failure);
    failed.forEach(one -> one.kept().completeExceptionally(away));
  }

  private BusUnavailableException unavailable(@Nullable Throwable failure) {
    return new BusUnavailableException(
        RedisBus.NAME, stream, failure == null ? new IllegalStateException("no answer") : failure);
  }

  private static String script() {
    try (InputStream file = RedisAppender.class.getResourceAsStream("append.lua")) {
      if (file == null) {
        throw new IllegalStateException("append.lua is missing beside its class");
      }
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
