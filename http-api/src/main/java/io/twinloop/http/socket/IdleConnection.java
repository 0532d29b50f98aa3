package io.twinloop.http.socket;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection on which nothing moves. While something waits to be written only writing
 * counts: who doesn't read, and sends a byte now and then, is cut off too.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails on a channel closes it
final class IdleConnection extends ChannelDuplexHandler {

  /** Looks so often within the time: it ends a quarter late at most. */
  private static final int LOOKS = 4;

  private final long nanos;
  private final ChannelFutureListener oneMore = written -> this.written++;
  private long movedAt;
  private long written;
  private long seenWritten;
  private long seenProgress;
  private boolean waits;
  private @Nullable ScheduledFuture<?> looking;

  IdleConnection(Duration time) {
    this.nanos = time.toNanos();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    movedAt = System.nanoTime();
    long pause = Math.max(1, nanos / LOOKS);
    looking =
        context
            .executor()
            .scheduleWithFixedDelay(
                () -> look(context.channel()), pause, pause, TimeUnit.NANOSECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    if (looking != null) {
      looking.cancel(false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!waits) {
      movedAt = System.nanoTime();
    }
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    context.write(message, promise.unvoid().addListener(oneMore));
  }

  private void look(Channel channel) {
    ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
    if (waiting == null) {
      return; // it is closed
    }
    long progress = waiting.currentProgress();
    if (written != seenWritten || progress != seenProgress) {
      movedAt = System.nanoTime();
      seenWritten = written;
      seenProgress = progress;
    }
    waits = waiting.totalPendingWriteBytes() > 0;
    if (System.nanoTime() - movedAt >= nanos) {
      channel.close();
    }
  }
}
