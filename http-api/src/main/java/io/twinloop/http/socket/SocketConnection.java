package io.twinloop.http.socket;

import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.Flow;

/** A connection that was accepted; nothing is read from it until its bytes are made to flow. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails on a channel closes it
public final class SocketConnection {

  private final SocketChannel channel;
  private final InetSocketAddress peer;
  private final Arrivals arrivals;

  SocketConnection(SocketChannel channel, InetSocketAddress peer, Arrivals arrivals) {
    this.channel = channel;
    this.peer = peer;
    this.arrivals = arrivals;
  }

  /** Address and port of the other side. */
  public InetSocketAddress peer() {
    return peer;
  }

  /**
   * What flows in is written, what is read flows out, in the form Pekko HTTP's server layer has
   * them; to be materialised once. The connection ends when what flows in has ended and is written,
   * or the other side hangs up; it is reset when what flows in fails.
   */
  public Flow<SslTlsOutbound, SslTlsInbound, NotUsed> bytes() {
    return Flow.fromGraph(new SocketBytes(channel, arrivals));
  }

  /** Completes when it has ended and takes no place any more. */
  public CompletionStage<Done> closed() {
    CompletableFuture<Done> closed = new CompletableFuture<>();
    channel.closeFuture().addListener(end -> closed.complete(Done.getInstance()));
    return closed;
  }

  /** Ends it without a word. */
  public void close() {
    channel.close();
  }
}
