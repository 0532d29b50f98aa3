package io.twinloop.http.operations;

import static org.apache.pekko.http.javadsl.server.Directives.complete;
import static org.apache.pekko.http.javadsl.server.Directives.completeWithFuture;
import static org.apache.pekko.http.javadsl.server.Directives.concat;
import static org.apache.pekko.http.javadsl.server.Directives.extractHost;
import static org.apache.pekko.http.javadsl.server.Directives.get;
import static org.apache.pekko.http.javadsl.server.Directives.pathEndOrSingleSlash;
import static org.apache.pekko.http.javadsl.server.Directives.pathPrefix;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * Health and metrics on a port and interface of their own, without login: for probes, Prometheus
 * and operators inside. Whoever reaches the port may read them, so it belongs on an interface that
 * only they reach.
 */
public final class ManagementServer {

  private static final Duration LAST_ANSWERS = Duration.ofSeconds(1);

  /** What web pages can't make a browser say after DNS rebinding. */
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1", "[::1]");

  private final ServerBinding binding;

  private ManagementServer(ServerBinding binding) {
    this.binding = binding;
  }

  /**
   * Starts to listen; fails when the address can't be had.
   *
   * @param more what else is answered there
   */
  public static CompletionStage<ManagementServer> start(
      ActorSystem<?> system, ManagementSettings settings, OperationsRoutes operations, Route more) {
    Route routes =
        concat(
            pathPrefix(
                "health",
                () ->
                    concat(
                        answered("ready", () -> operations.ready(true)),
                        answered("events", operations::events),
                        pathEndOrSingleSlash(
                            () -> get(() -> completeWithFuture(operations.alive()))))),
            answered("metrics", operations::metrics),
            more);
    CompletionStage<ServerBinding> bound;
    try {
      bound =
          Http.get(system)
              .newServerAt(settings.host(), settings.port())
              .bind(isLoopback(settings.host()) ? forLoopbackNames(routes) : routes);
    } catch (UnknownHostException e) {
      return CompletableFuture.failedStage(cannotListen(settings, "there is no such address"));
    }
    return bound.handle(
        (binding, failure) -> {
          if (failure != null) {
            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
            throw cannotListen(settings, cause.getMessage());
          }
          return new ManagementServer(binding);
        });
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return binding.localAddress();
  }

  public CompletionStage<?> stop() {
    return binding.terminate(LAST_ANSWERS);
  }

  private static Route answered(String path, Supplier<CompletionStage<HttpResponse>> answer) {
    return pathPrefix(
        path, () -> pathEndOrSingleSlash(() -> get(() -> completeWithFuture(answer.get()))));
  }

  private static Route forLoopbackNames(Route routes) {
    return extractHost(
        host ->
            LOOPBACK.contains(host)
                ? routes
                : complete(
                    StatusCodes.FORBIDDEN, "This port answers to localhost and 127.0.0.1 only.\n"));
  }

  private static boolean isLoopback(String host) throws UnknownHostException {
    return InetAddress.getByName(host).isLoopbackAddress();
  }

  private static IllegalArgumentException cannotListen(ManagementSettings settings, String why) {
    return new IllegalArgumentException(
        "The management endpoints can't listen on %s:%d (%s): choose twinloop.management.host and port."
            .formatted(settings.host(), settings.port(), why));
  }
}
