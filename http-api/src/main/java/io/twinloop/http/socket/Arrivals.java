package io.twinloop.http.socket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * What arrives on a socket, for who reads it; kept until there is one, as TLS reads before that.
 *
 * <p>It is handed on as it comes: a request is there before it is asked for, so that nobody has to
 * say each time that one more may be read. Only who sends more than {@link #READ_AHEAD} bytes
 * before they are wanted isn't read for a while.
 *
 * <p>Runs on the socket's thread, but where it says otherwise.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails on a channel closes it
final class Arrivals extends ChannelInboundHandlerAdapter {

  private static final int READ_AHEAD = 128 * 1024;

  /** Bytes that come one by one take this much more each. */
  private static final int OF_EACH_PIECE = 64;

  /** Told on the socket's thread. */
  interface Reader {
    void arrived(ByteString bytes);

    /** There is room to write, and there was none. */
    void writable();
  }

  private final SocketChannel channel;
  private final AtomicInteger ahead = new AtomicInteger();
  private final List<ByteString> early = new ArrayList<>();
  private volatile boolean dropping;
  private @Nullable Reader reader;

  Arrivals(SocketChannel channel) {
    this.channel = channel;
  }

  /** Begins to read; on any thread, once. */
  void readBy(Reader begins) {
    channel
        .eventLoop()
        .execute(
            () -> {
              reader = begins;
              early.forEach(begins::arrived);
              early.clear();
              channel.config().setAutoRead(true);
            });
  }

  /** A piece of so many bytes was wanted; on any thread. */
  void taken(int bytes) {
    int cost = bytes + OF_EACH_PIECE;
    int before = ahead.getAndAdd(-cost);
    if (before > READ_AHEAD && before - cost <= READ_AHEAD) {
      channel.config().setAutoRead(true);
    }
  }

  /** Nothing of what still comes is wanted; on any thread. */
  void drop() {
    dropping = true;
    channel.config().setAutoRead(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf buffer = (ByteBuf) message;
    try {
      if (!dropping) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        arrived(ByteString.fromArrayUnsafe(bytes));
      }
    } finally {
      buffer.release();
    }
  }

  private void arrived(ByteString bytes) {
    if (ahead.addAndGet(bytes.size() + OF_EACH_PIECE) > READ_AHEAD) {
      channel.config().setAutoRead(false);
      if (dropping || ahead.get() <= READ_AHEAD) {
        channel.config().setAutoRead(true); // it was taken meanwhile
      }
    }
    if (reader == null) {
      early.add(bytes);
    } else {
      reader.arrived(bytes);
    }
  }

  /** Who has ended its side of TLS has hung up, like who has closed its socket. */
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslCloseCompletionEvent) {
      channel.close();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (reader != null && channel.isWritable()) {
      reader.writable();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close(); // a connection that broke, or a handshake that failed
  }
}
