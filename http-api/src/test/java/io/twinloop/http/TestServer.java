package io.twinloop.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.twinloop.http.door.Door;
import io.twinloop.http.door.DoorSettings;
import io.twinloop.http.door.PeerAddress;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.Scopes;
import io.twinloop.http.limits.LimitSettings;
import io.twinloop.http.limits.Limits;
import io.twinloop.projections.audit.AuditTrail;
import io.twinloop.projections.idempotency.IdempotencyKeys;
import io.twinloop.projections.idempotency.InMemoryIdempotencyKeys;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** A real server on a free port of loopback with the endpoints of a test, and a client for it. */
public final class TestServer implements AutoCloseable {

  private final ActorSystem<Void> system;
  private final HttpServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private TestServer(Builder builder) {
    Config config =
        ConfigFactory.parseString(
                """
                twinloop.http { port = 0, stop-timeout = 2s, door.last-request = 0s }
                pekko { loglevel = WARNING, stdout-loglevel = OFF, jvm-exit-on-fatal-error = off
                  loggers = ["org.apache.pekko.event.slf4j.Slf4jLogger"] }
                """)
            .withFallback(ConfigFactory.load());
    config = ConfigFactory.parseString(builder.overrides).withFallback(config);
    system = ActorSystem.create(Behaviors.empty(), "http-test", config);
    HttpSettings settings = HttpSettings.from(config);
    Router router =
        new Router(
            builder.endpoints,
            settings,
            builder.authenticator,
            builder.scopes,
            new Door(
                new Limits(LimitSettings.from(config), builder.authenticator.requiresLogin()),
                builder.audit,
                new PeerAddress(DoorSettings.from(config).trustedProxies())),
            system,
            builder.barrier,
            builder.keys,
            builder.personal,
            failure -> Optional.empty());
    try {
      server = join(HttpServer.start(system, settings, router));
    } catch (RuntimeException e) {
      system.terminate();
      throw e;
    }
  }

  public static Builder with(Endpoint... endpoints) {
    return new Builder(List.of(endpoints));
  }

  /** What came back. */
  public record Reply(int statusCode, HttpHeaders headers, String body) {
    Reply(HttpResponse<String> response) {
      this(response.statusCode(), response.headers(), response.body());
    }
  }

  public static final class Builder {
    private final List<Endpoint> endpoints;
    private String overrides = "";
    private Authenticator authenticator = Authenticator.OFF;
    private Scopes scopes = Scopes.NONE;
    private PersonalAnswers personal = PersonalAnswers.NONE;
    private AuditTrail audit = AuditTrail.NONE;
    private ReadBarrier barrier = ReadBarrier.OPEN;
    private IdempotencyKeys keys =
        new InMemoryIdempotencyKeys(
            Clock.systemUTC(), Duration.ofHours(24), Duration.ofSeconds(30));

    private Builder(List<Endpoint> endpoints) {
      this.endpoints = endpoints;
    }

    public Builder settings(String hocon) {
      overrides = hocon;
      return this;
    }

    public Builder authenticator(Authenticator value) {
      authenticator = value;
      return this;
    }

    public Builder scopes(Scopes value) {
      scopes = value;
      return this;
    }

    public Builder audit(AuditTrail value) {
      audit = value;
      return this;
    }

    public Builder barrier(ReadBarrier value) {
      barrier = value;
      return this;
    }

    public Builder keys(IdempotencyKeys value) {
      keys = value;
      return this;
    }

    public Builder answering(PersonalAnswers value) {
      personal = value;
      return this;
    }

    public TestServer start() {
      return new TestServer(this);
    }
  }

  public int port() {
    return server.address().getPort();
  }

  public HttpServer server() {
    return server;
  }

  /** A request to a path, to be completed by the test. */
  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
        .timeout(Duration.ofSeconds(30));
  }

  public Reply get(String path, String... headers) {
    return send(withHeaders(request(path).GET(), headers));
  }

  public Reply post(String path, String json, String... headers) {
    return send(
        withHeaders(
            request(path)
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .header("Content-Type", "application/json"),
            headers));
  }

  public Reply put(String path, String json, String... headers) {
    return send(
        withHeaders(
            request(path)
                .PUT(HttpRequest.BodyPublishers.ofString(json))
                .header("Content-Type", "application/json"),
            headers));
  }

  public Reply delete(String path, String... headers) {
    return send(withHeaders(request(path).DELETE(), headers));
  }

  public Reply send(HttpRequest.Builder request) {
    try {
      return new Reply(
          client.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  public HttpClient client() {
    return client;
  }

  /** The head of a request, line by line. */
  public static String head(String... lines) {
    return String.join("\r\n", lines) + "\r\n\r\n";
  }

  /** Sends bytes as they are and returns all that comes back until the server closes. */
  public String raw(String bytes) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The problem of an answer, after checking that it is a whole one. */
  public static JsonNode problem(Reply response) {
    assertThat(response.headers().firstValue("Content-Type"))
        .as(response.body())
        .hasValue("application/problem+json");
    JsonNode problem = Json.read(response.body().getBytes(StandardCharsets.UTF_8));
    assertThat(problem.path("status").intValue()).isEqualTo(response.statusCode());
    for (String field : List.of("type", "title", "detail", "code")) {
      assertThat(problem.path(field).textValue()).as(field).isNotBlank();
    }
    assertThat(response.body()).doesNotContain("Exception", "\tat ", ".java:");
    return problem;
  }

  public static JsonNode json(Reply response) {
    return Json.read(response.body().getBytes(StandardCharsets.UTF_8));
  }

  private static HttpRequest.Builder withHeaders(HttpRequest.Builder request, String... headers) {
    return headers.length == 0 ? request : request.headers(headers);
  }

  private static <T> T join(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  @Override
  public void close() {
    join(server.stop());
    system.terminate();
    join(system.getWhenTerminated());
  }
}
