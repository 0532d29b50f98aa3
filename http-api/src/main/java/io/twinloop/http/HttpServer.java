package io.twinloop.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.door.Connections;
import io.twinloop.http.door.DoorSettings;
import io.twinloop.http.socket.Listener;
import io.twinloop.http.socket.SocketConnection;
import io.twinloop.http.tls.ServerTls;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.settings.ParserSettings;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Flow;

/** A router listening on an address. */
public final class HttpServer {

  /** The server can't listen where it should; the message says what to do. */
  public static final class CannotListen extends RuntimeException {
    CannotListen(String message, Throwable cause) {
      super(message, cause);
    }
  }

  // A stranger's broken requests are answered, not logged.
  private static final Config QUIET =
      ConfigFactory.parseString("pekko.http.server.parsing.error-logging-verbosity = off");

  private static final Duration LAST_BYTES = Duration.ofMillis(100);
  private static final Duration CUT_TIME = Duration.ofSeconds(1);

  private final Listener listener;
  private final Connections connections;
  private final Router router;
  private final HttpSettings settings;
  private final Optional<Cancellable> certificateRotation;

  private HttpServer(
      Listener listener,
      Connections connections,
      Router router,
      HttpSettings settings,
      Optional<Cancellable> certificateRotation) {
    this.listener = listener;
    this.connections = connections;
    this.router = router;
    this.settings = settings;
    this.certificateRotation = certificateRotation;
  }

  /**
   * Starts to listen. Fails with {@link CannotListen} when the port is taken, the address isn't
   * this machine's, its certificate can't be used, or it is reachable from outside, which needs a
   * login that isn't set up.
   */
  public static CompletionStage<HttpServer> start(
      ActorSystem<?> system, HttpSettings settings, Router router) {
    try {
      requireReachableOnlyWithLogin(settings.host(), router.requiresLogin());
    } catch (CannotListen e) {
      return CompletableFuture.failedStage(e);
    }
    Optional<ServerTls> tls;
    try {
      tls = settings.tls().map(wanted -> ServerTls.load(wanted, Clock.systemUTC()));
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedStage(new CannotListen(e.getMessage(), e));
    }
    DoorSettings door = DoorSettings.from(system.settings().config());
    Connections connections =
        new Connections(
            door,
            settings.requestTimeout(),
            router::handle,
            Materializer.createMaterializer(system));
    return Stages.handle(
        Listener.start(
            new Listener.Settings(
                new InetSocketAddress(settings.host(), settings.port()),
                settings.maxConnections(),
                settings.idleTimeout(),
                tls.map(keys -> keys::newEngine)),
            system.executionContext(),
            serving(connections, Http.get(system), serverSettings(system, settings, door))),
        (listener, failure) -> {
          if (failure != null) {
            throw cannotListen(settings, Stages.cause(failure));
          }
          Optional<Cancellable> rotation = tls.map(keys -> keys.watch(system));
          return new HttpServer(listener, connections, router, settings, rotation);
        });
  }

  private static Consumer<SocketConnection> serving(
      Connections connections, Http http, ServerSettings settings) {
    return socket -> {
      Flow<HttpResponse, HttpRequest, NotUsed> requests =
          http.serverLayer(settings, Optional.of(socket.peer())).join(socket.bytes());
      if (!connections.serve(socket, requests)) {
        socket.close();
      }
    };
  }

  /** Where it answers, as people write it: scheme, the host of the settings, port. */
  public String url() {
    String scheme = settings.tls().isPresent() ? "https" : "http";
    String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
    return scheme + "://" + host + ":" + address().getPort();
  }

  /** Where it listens, with the port that was taken when the settings said 0. */
  public InetSocketAddress address() {
    return listener.address();
  }

  /**
   * Accepts no more, ends the event streams, lets requests in flight finish within {@code
   * twinloop.http.stop-timeout}, then closes the rest.
   */
  public CompletionStage<Done> stop() {
    long deadline = System.nanoTime() + settings.stopTimeout().toNanos();
    certificateRotation.ifPresent(Cancellable::cancel);
    return Stages.flatMap(
        listener.unbind(),
        unbound ->
            Stages.flatMap(
                Stages.handle(streamsEnded(), (done, tooLate) -> Done.getInstance()),
                done -> terminate(deadline)));
  }

  // The last bytes of an answer are still on their way to the socket, so they get a moment.
  private CompletionStage<Done> streamsEnded() {
    return afterLastBytes(
        router
            .stop()
            .toCompletableFuture()
            .copy()
            .orTimeout(settings.stopTimeout().toMillis(), TimeUnit.MILLISECONDS));
  }

  private static CompletionStage<Done> afterLastBytes(CompletionStage<Done> ended) {
    return ended.thenApplyAsync(
        done -> done,
        CompletableFuture.delayedExecutor(LAST_BYTES.toMillis(), TimeUnit.MILLISECONDS));
  }

  private CompletionStage<Done> terminate(long deadline) {
    return Stages.flatMap(
        within(left(deadline), connections.stop()),
        stopped ->
            Stages.flatMap(
                within(CUT_TIME, connections.cut()),
                cut ->
                    // Answers are handed over by now, and some still being written.
                    Stages.flatMap(
                        within(left(deadline), listener.allClosed()), done -> listener.close())));
  }

  private static Duration left(long deadline) {
    Duration left = Duration.ofNanos(deadline - System.nanoTime());
    return left.compareTo(LAST_BYTES) < 0 ? LAST_BYTES : left;
  }

  private static CompletionStage<Done> within(Duration time, CompletionStage<Done> ended) {
    return Stages.handle(
        ended.toCompletableFuture().copy().orTimeout(time.toMillis(), TimeUnit.MILLISECONDS),
        (done, tooLate) -> Done.getInstance());
  }

  private static void requireReachableOnlyWithLogin(String host, boolean login) {
    InetAddress address;
    try {
      address = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new CannotListen(
          "Can't listen on " + host + ": no such address; set twinloop.http.host.", e);
    }
    if (!login && !address.isLoopbackAddress()) {
      throw new CannotListen(
          "Refusing to listen on "
              + host
              + ": it can be reached from other machines and no login is set up (there are no JWT"
              + " settings). Set twinloop.http.host to 127.0.0.1, or TWINLOOP_JWT_SECRET or"
              + " TWINLOOP_JWKS_URL.",
          null);
    }
  }

  private static CannotListen cannotListen(HttpSettings settings, Throwable cause) {
    String where = settings.host() + ":" + settings.port();
    boolean taken =
        cause instanceof BindException
            || cause.getCause() instanceof BindException
            || String.valueOf(cause.getMessage()).contains("Bind failed");
    return new CannotListen(
        taken
            ? "Port %d on %s is in use by another program; stop it or choose another port with"
                    .formatted(settings.port(), settings.host())
                + " twinloop.http.port."
            : "Can't listen on " + where + ": " + cause.getMessage(),
        cause);
  }

  private static ServerSettings serverSettings(
      ActorSystem<?> system, HttpSettings settings, DoorSettings door) {
    ServerSettings defaults = ServerSettings.create(QUIET.withFallback(system.settings().config()));
    ParserSettings parser =
        defaults
            .getParserSettings()
            .withMaxUriLength(settings.maxUriLength())
            .withMaxHeaderCount(door.headers())
            .withMaxHeaderValueLength(settings.maxHeaderValueLength())
            .withMaxChunkSize(settings.maxChunkSize())
            // Every endpoint has its own limit, see Body.
            .withMaxContentLength(Long.MAX_VALUE)
            // Callers' headers are read by RequestHeaders; the rest needn't be understood.
            .withModeledHeaderParsing(false)
            .withIllegalHeaderWarnings(false);
    return defaults
        .withServerHeader(Optional.empty())
        .withRemoteAddressAttribute(true)
        .withTimeouts(
            defaults
                .getTimeouts()
                // Answers are timed by Connections.
                .withRequestTimeout(scala(Duration.ZERO)))
        .withParsingErrorHandler(BrokenRequests.class.getName())
        .withParserSettings(parser);
  }

  private static scala.concurrent.duration.Duration scala(Duration duration) {
    return scala.concurrent.duration.Duration.fromNanos(duration.toNanos());
  }
}
