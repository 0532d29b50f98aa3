package io.twinloop.http.socket;

import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.Flow;

/** A connection that was accepted; nothing is read from it until its bytes are made to flow. */
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
   * them; to be materialised once. The connection ends when what flows in has ended and is written;
   * it is reset when that fails.
   */
  public Flow<SslTlsOutbound, SslTlsInbound, NotUsed> bytes() {
    return Flow.fromGraph(new SocketBytes(channel, arrivals));
  }

  /** Ends it without a word. */
  public void close() {
    channel.close();
  }
}
