package io.twinloop.http.socket;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import org.apache.pekko.Done;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.FlowShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.TLSProtocol.SendBytes;
import org.apache.pekko.stream.TLSProtocol.SessionBytes;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Joins a socket of Netty's to a stream: what flows in is written, unless Netty holds more than its
 * high-water mark; what arrives flows out. Materialised once.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails on a channel closes it
final class SocketBytes extends GraphStage<FlowShape<SslTlsOutbound, SslTlsInbound>> {

  /**
   * So long the other side may take to hang up once all is said. Closed at once, what it still
   * sends would be answered with a reset, which may take the answer from it.
   */
  private static final Duration LINGER = Duration.ofSeconds(1);

  /** Netty copies what it is to write, so it isn't given an answer of many megabytes at once. */
  private static final int PIECE = 64 * 1024;

  /** Of a connection that isn't encrypted; nobody asks for that of another. */
  private static final SSLSession NO_SESSION = noSession();

  private final Inlet<SslTlsOutbound> in = Inlet.create("SocketBytes.in");
  private final Outlet<SslTlsInbound> out = Outlet.create("SocketBytes.out");
  private final FlowShape<SslTlsOutbound, SslTlsInbound> shape = FlowShape.of(in, out);
  private final SocketChannel channel;
  private final Arrivals arrivals;

  SocketBytes(SocketChannel channel, Arrivals arrivals) {
    this.channel = channel;
    this.arrivals = arrivals;
  }

  /** As Pekko's own placeholder has it. */
  private static SSLSession noSession() {
    try {
      return SSLContext.getDefault().createSSLEngine().getSession();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public FlowShape<SslTlsOutbound, SslTlsInbound> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic implements Arrivals.Reader {
    private final AsyncCallback<ByteString> arrived = createAsyncCallback(this::take);
    private final AsyncCallback<Done> writable = createAsyncCallback(done -> writeOn());
    private final AsyncCallback<Done> closed = createAsyncCallback(done -> completeStage());
    private final ChannelFutureListener resetUnlessWritten =
        written -> {
          if (!written.isSuccess()) {
            reset(); // what comes after it would stand in its place
          }
        };

    /** Arrived and not wanted yet. */
    private final Queue<ByteString> ahead = new ArrayDeque<>();

    private ByteString unwritten = ByteString.emptyByteString();
    private volatile boolean waitsToWrite;

    Logic() {
      super(shape);
      setHandler(
          in,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              unwritten = ((SendBytes) grab(in)).bytes();
              writeOn();
            }

            @Override
            public void onUpstreamFinish() {
              arrivals.drop();
              if (unwritten.isEmpty()) {
                finish();
              } else {
                setKeepGoing(true);
              }
            }

            @Override
            public void onUpstreamFailure(Throwable failure) {
              reset();
              completeStage();
            }
          });
      setHandler(
          out,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              ByteString next = ahead.poll();
              if (next != null) {
                pushTaken(next);
              }
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
              ahead.clear();
              arrivals.drop();
            }
          });
    }

    @Override
    public void preStart() {
      arrivals.readBy(this);
      channel.closeFuture().addListener(end -> closed.invoke(Done.getInstance()));
      pull(in);
    }

    @Override
    public void postStop() {
      if (!isClosed(in)) {
        reset(); // the stream broke, or its materializer ended
      }
    }

    @Override
    public void arrived(ByteString bytes) {
      arrived.invoke(bytes);
    }

    @Override
    public void writable() {
      if (waitsToWrite) {
        writable.invoke(Done.getInstance());
      }
    }

    private void writeOn() {
      waitsToWrite = true;
      while (!unwritten.isEmpty() && channel.isWritable()) {
        ByteString piece = unwritten.take(PIECE);
        unwritten = unwritten.drop(PIECE);
        channel
            .writeAndFlush(Unpooled.wrappedBuffer(piece.toArrayUnsafe()))
            .addListener(resetUnlessWritten);
      }
      if (!unwritten.isEmpty()) {
        return;
      }
      if (isClosed(in)) {
        finish();
      } else if (channel.isWritable() && !hasBeenPulled(in)) {
        waitsToWrite = false;
        pull(in);
      }
    }

    private void finish() {
      channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> hangUp());
      completeStage();
    }

    private void take(ByteString bytes) {
      if (isClosed(out)) {
        return;
      }
      if (isAvailable(out)) {
        pushTaken(bytes);
      } else {
        ahead.add(bytes);
      }
    }

    private void pushTaken(ByteString bytes) {
      arrivals.taken(bytes.size());
      push(out, new SessionBytes(NO_SESSION, bytes));
    }

    /** All is said, and written. */
    private void hangUp() {
      SslHandler encryption = channel.pipeline().get(SslHandler.class);
      if (encryption == null) {
        waitForTheOther();
      } else {
        encryption.closeOutbound().addListener(said -> waitForTheOtherIn(encryption));
      }
    }

    /** What still comes is dropped as it is: nobody deciphers it any more. */
    private void waitForTheOtherIn(SslHandler encryption) {
      if (channel.isOpen()) {
        channel.pipeline().remove(encryption);
        waitForTheOther();
      }
    }

    private void waitForTheOther() {
      channel.shutdownOutput();
      channel.eventLoop().schedule(() -> channel.close(), LINGER.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The other side must not take what it has for the whole of an answer. */
    private void reset() {
      try {
        channel.config().setSoLinger(0);
      } catch (ChannelException closedAlready) {
        return;
      }
      channel.close();
    }
  }
}
