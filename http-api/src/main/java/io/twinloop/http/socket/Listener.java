package io.twinloop.http.socket;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import org.apache.pekko.Done;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens on an address: accepts connections, so many at a time, and hands them on. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails on a channel closes it
public final class Listener {

  private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

  /** Few threads: to move bytes is little work, and the machine is shared. */
  private static final int PROCESSORS_FOR_A_THREAD = 4;

  /** So many wait in the operating system; more than it allows (somaxconn) it takes for that. */
  private static final int BACKLOG = 1_024;

  private static final Duration LONGEST_STOP = Duration.ofSeconds(2);

  private final EventLoopGroup threads;
  private final Channel server;
  private final ChannelGroup connections;

  private Listener(EventLoopGroup threads, Channel server, ChannelGroup connections) {
    this.threads = threads;
    this.server = server;
    this.connections = connections;
  }

  /**
   * How it listens.
   *
   * @param maxConnections more than that wait in the backlog of the operating system
   * @param idleTimeout a connection on which no byte moves for this long is closed
   * @param tls makes the server's side of a connection's encryption; empty: there is none
   */
  public record Settings(
      InetSocketAddress address,
      int maxConnections,
      Duration idleTimeout,
      Optional<Supplier<SSLEngine>> tls) {}

  /**
   * Starts to listen; fails with an {@link java.io.IOException} when the address can't be had.
   *
   * @param executor runs {@code accepted}, and what is slow of a TLS handshake
   * @param accepted gets each connection
   */
  public static CompletionStage<Listener> start(
      Settings settings, Executor executor, Consumer<SocketConnection> accepted) {
    EventLoopGroup threads =
        new NioEventLoopGroup(
            Math.max(1, Runtime.getRuntime().availableProcessors() / PROCESSORS_FOR_A_THREAD),
            new DefaultThreadFactory("twinloop-http", true));
    ChannelGroup connections = new DefaultChannelGroup(threads.next(), true);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(threads)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            // One at a time, so that no more are accepted than may be open.
            .option(ChannelOption.RCVBUF_ALLOCATOR, new ServerChannelRecvByteBufAllocator())
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .handler(new Places(settings.maxConnections()))
            .childHandler(new Accepted(settings, connections, executor, accepted))
            .bind(settings.address());
    CompletableFuture<Listener> listening = new CompletableFuture<>();
    bound.addListener(
        done -> {
          if (done.isSuccess()) {
            listening.complete(new Listener(threads, bound.channel(), connections));
          } else {
            threads.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            listening.completeExceptionally(done.cause());
          }
        });
    return listening;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.localAddress();
  }

  /** Accepts no more; open connections go on. */
  public CompletionStage<Done> unbind() {
    CompletableFuture<Done> unbound = new CompletableFuture<>();
    server.close().addListener(closed -> unbound.complete(Done.getInstance()));
    return unbound;
  }

  /** Completes when no connection is open any more, once it has stopped to accept. */
  public CompletionStage<Done> allClosed() {
    CompletableFuture<Done> ended = new CompletableFuture<>();
    connections.newCloseFuture().addListener(done -> ended.complete(Done.getInstance()));
    return ended;
  }

  /** Closes what is still open, and ends its threads. */
  public CompletionStage<Done> close() {
    CompletableFuture<Done> ended = new CompletableFuture<>();
    threads
        .shutdownGracefully(0, LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS)
        .addListener(done -> ended.complete(Done.getInstance()));
    return ended;
  }

  /** Accepts while fewer are open than may be. */
  private static final class Places extends ChannelInboundHandlerAdapter {
    private final int most;

    /** Known to the listening socket's thread alone. */
    private int open;

    Places(int most) {
      this.most = most;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
      Channel server = context.channel();
      changed(server, 1);
      ((Channel) accepted)
          .closeFuture()
          .addListener(
              closed -> {
                if (server.isOpen()) {
                  server.eventLoop().execute(() -> changed(server, -1));
                }
              });
      context.fireChannelRead(accepted);
    }

    private void changed(Channel server, int by) {
      open += by;
      server.config().setAutoRead(open < most);
    }
  }

  /** Makes an accepted socket a connection. */
  @ChannelHandler.Sharable
  private static final class Accepted extends ChannelInitializer<SocketChannel> {
    private final Settings settings;
    private final ChannelGroup connections;
    private final Executor executor;
    private final Consumer<SocketConnection> accepted;

    Accepted(
        Settings settings,
        ChannelGroup connections,
        Executor executor,
        Consumer<SocketConnection> accepted) {
      this.settings = settings;
      this.connections = connections;
      this.executor = executor;
      this.accepted = accepted;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      InetSocketAddress peer = channel.remoteAddress();
      if (peer == null) {
        channel.close(); // it has hung up already
        return;
      }
      channel.pipeline().addLast(new IdleConnection(settings.idleTimeout()));
      settings
          .tls()
          .ifPresent(engine -> channel.pipeline().addLast(new SslHandler(engine.get(), executor)));
      connections.add(channel);
      Arrivals arrivals = new Arrivals(channel);
      channel.pipeline().addLast(arrivals);
      executor.execute(() -> handOn(new SocketConnection(channel, peer, arrivals)));
    }

    private void handOn(SocketConnection connection) {
      try {
        accepted.accept(connection);
      } catch (RuntimeException e) {
        LOG.warn("A connection from {} couldn't be served: {}", connection.peer(), e.toString());
        connection.close();
      }
    }
  }
}
