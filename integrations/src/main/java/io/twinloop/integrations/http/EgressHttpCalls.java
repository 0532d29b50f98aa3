package io.twinloop.integrations.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.HttpCalls;
import io.twinloop.domain.workflow.WorkflowError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.net.URIBuilder;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the HTTP calls of workflows, within the {@link EgressPolicy} and limits on time, size and
 * number.
 *
 * <p>A call is made once: trying again is the workflow's decision, and the {@code Idempotency-Key}
 * it sends lets the other side recognise a second try. A redirect of a GET or HEAD is followed,
 * unless the workflow wants redirects as answers; credentials don't go along to another host, and
 * never from https to http.
 */
public final class EgressHttpCalls implements HttpCalls, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EgressHttpCalls.class);

  private static final Pattern METHOD = Pattern.compile("[A-Z]{1,16}");
  private static final Set<String> NO_CALLS = Set.of("CONNECT", "TRACE");
  private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}");
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\t -~\\x80-\\xFF]{0,8000}");

  /** Headers that the connection itself needs, lower case. */
  private static final Set<String> OURS =
      Set.of(
          "host",
          "content-length",
          "transfer-encoding",
          "connection",
          "upgrade",
          "te",
          "trailer",
          "expect",
          "proxy-authorization");

  /** Headers that stay with the host they were meant for, lower case. */
  private static final Set<String> CREDENTIALS =
      Set.of("authorization", "cookie", "idempotency-key", "x-api-key");

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Set<String> FOLLOWED = Set.of("GET", "HEAD");
  private static final Timeout IDLE_CONNECTION = Timeout.ofSeconds(30);

  private final EgressSettings settings;
  private final CloseableHttpClient client;
  private final ThreadPoolExecutor threads;
  private final ScheduledThreadPoolExecutor deadlines;

  /** Opens no connection yet. */
  public EgressHttpCalls(EgressSettings settings) {
    this(settings, new CheckedNames(settings.policy()));
  }

  EgressHttpCalls(EgressSettings settings, CheckedNames names) {
    this.settings = settings;
    this.client = client(settings, names);
    this.threads =
        new ThreadPoolExecutor(
            settings.maxConcurrent(),
            settings.maxConcurrent(),
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(settings.maxWaiting()),
            named("egress-http"));
    threads.allowCoreThreadTimeOut(true);
    this.deadlines = new ScheduledThreadPoolExecutor(1, named("egress-deadlines"));
    deadlines.setRemoveOnCancelPolicy(true);
  }

  private static CloseableHttpClient client(EgressSettings settings, CheckedNames names) {
    Timeout connect = Timeout.of(settings.connectTimeout());
    return HttpClients.custom()
        .setConnectionManager(
            PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(names)
                .setMaxConnTotal(settings.maxConcurrent())
                .setMaxConnPerRoute(settings.maxConcurrent())
                .setDefaultConnectionConfig(
                    ConnectionConfig.custom()
                        .setConnectTimeout(connect)
                        .setSocketTimeout(Timeout.of(settings.maxTimeout()))
                        .setTimeToLive(IDLE_CONNECTION)
                        .build())
                .build())
        .setDefaultRequestConfig(RequestConfig.custom().setExpectContinueEnabled(false).build())
        .setUserAgent("Twinloop")
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableAuthCaching()
        .build();
  }

  @Override
  public CompletionStage<HttpAnswer> execute(HttpCall call, String idempotencyKey) {
    Exchange exchange = new Exchange(call, idempotencyKey);
    try {
      ScheduledFuture<?> deadline =
          deadlines.schedule(exchange::expire, exchange.timeout.toMillis(), TimeUnit.MILLISECONDS);
      threads.execute(exchange);
      return exchange.answer.whenCompleteAsync(
          (answer, none) -> deadline.cancel(false), Runnable::run);
    } catch (RejectedExecutionException e) {
      exchange.fail(
          503,
          "Too many calls",
          "More than %d calls are waiting, or the node is stopping"
              .formatted(settings.maxWaiting()));
      return exchange.answer;
    }
  }

  /** Cuts the calls under way; they fail like calls whose connection broke. */
  @Override
  public void close() {
    deadlines.shutdownNow();
    for (Runnable waiting : threads.shutdownNow()) {
      ((Exchange) waiting).fail(503, "Stopping", "The node is stopping");
    }
    client.close(CloseMode.IMMEDIATE);
  }

  private static ThreadFactory named(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** What one request brought. */
  private record Received(int status, Map<String, String> headers, ByteArrayOutputStream body) {}

  /** The answer was larger than is taken. */
  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** What the workflow asks for can't be sent. */
  private static final class Unsendable extends Exception {
    private static final long serialVersionUID = 1L;

    Unsendable(String message) {
      super(message);
    }
  }

  /** One call with its deadline. */
  private final class Exchange implements Runnable {
    private final HttpCall call;
    private final String idempotencyKey;
    private final Duration timeout;
    private final CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
    private volatile @Nullable HttpUriRequestBase current;

    Exchange(HttpCall call, String idempotencyKey) {
      this.call = call;
      this.idempotencyKey = idempotencyKey;
      Duration wanted = call.timeout() == null ? settings.timeout() : call.timeout();
      this.timeout = wanted.compareTo(settings.maxTimeout()) > 0 ? settings.maxTimeout() : wanted;
    }

    @Override
    public void run() {
      if (answer.isDone()) {
        return;
      }
      try {
        Received received = follow();
        answer.complete(
            HttpAnswer.read(
                call, received.status(), received.headers(), received.body().toByteArray()));
      } catch (Unsendable | URISyntaxException | IllegalArgumentException e) {
        answer.complete(
            new HttpAnswer.CallFailed(
                new WorkflowError(
                    WorkflowError.CONFIGURATION,
                    400,
                    "Configuration error",
                    "The call of " + shown(call.endpoint()) + " can't be made: " + e.getMessage(),
                    null)));
      } catch (IOException e) {
        fail(e);
      } catch (RuntimeException e) {
        if (threads.isShutdown()) {
          fail(503, "Stopping", "The node is stopping");
          return;
        }
        LOG.error("The call of {} failed unexpectedly", shown(call.endpoint()), e);
        fail(500, "Unexpected failure", "The call failed here; the log of this node says why");
      }
    }

    void expire() {
      tooSlow();
      HttpUriRequestBase request = current;
      if (request != null) {
        request.cancel();
      }
    }

    private Received follow() throws IOException, Unsendable, URISyntaxException {
      URI address = withQuery();
      boolean sameHost = true;
      for (int redirects = 0; ; redirects++) {
        Optional<String> refusal = settings.policy().refusal(address);
        if (refusal.isPresent()) {
          throw new CheckedNames.Refused(refusal.get());
        }
        Received received = send(request(address, sameHost));
        Optional<URI> next = next(address, received);
        if (next.isEmpty() || redirects == settings.maxRedirects()) {
          return received;
        }
        sameHost = sameHost && sameOrigin(address, next.get());
        address = next.get();
      }
    }

    private Optional<URI> next(URI address, Received received) throws URISyntaxException {
      String location = received.headers().get("location");
      if (call.redirect()
          || location == null
          || !REDIRECTS.contains(received.status())
          || !FOLLOWED.contains(call.method())) {
        return Optional.empty();
      }
      URI next = address.resolve(new URI(location));
      boolean losesTls =
          "https".equalsIgnoreCase(address.getScheme())
              && "http".equalsIgnoreCase(next.getScheme());
      return losesTls ? Optional.empty() : Optional.of(next);
    }

    private Received send(HttpUriRequestBase request) throws IOException {
      current = request;
      // The deadline may have passed before there was something to cancel.
      if (answer.isDone()) {
        throw new SocketTimeoutException("The time is up");
      }
      return client.execute(request, this::receive);
    }

    private Received receive(ClassicHttpResponse response) throws IOException {
      Map<String, String> headers = new LinkedHashMap<>();
      for (Header header : response.getHeaders()) {
        headers.merge(
            header.getName().toLowerCase(Locale.ROOT),
            String.valueOf(header.getValue()),
            (one, other) -> one + ", " + other);
      }
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      HttpEntity entity = response.getEntity();
      if (entity != null) {
        read(entity, body);
      }
      return new Received(response.getCode(), headers, body);
    }

    private void read(HttpEntity entity, ByteArrayOutputStream body) throws IOException {
      if (entity.getContentLength() > settings.maxResponse()) {
        cut();
      }
      byte[] buffer = new byte[8192];
      InputStream in = entity.getContent();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (body.size() + n > settings.maxResponse()) {
          cut();
        }
        body.write(buffer, 0, n);
      }
    }

    // The connection goes too, else the client would read the rest to use it again.
    private void cut() throws TooLarge {
      HttpUriRequestBase request = current;
      if (request != null) {
        request.abort();
      }
      throw new TooLarge();
    }

    private URI withQuery() throws URISyntaxException {
      URIBuilder builder = new URIBuilder(call.endpoint());
      call.query().forEach(builder::addParameter);
      return builder.setFragment(null).build();
    }

    private HttpUriRequestBase request(URI address, boolean sameHost) throws Unsendable {
      if (!METHOD.matcher(call.method()).matches() || NO_CALLS.contains(call.method())) {
        throw new Unsendable("the method " + call.method() + " isn't one to call with");
      }
      HttpUriRequestBase request = new HttpUriRequestBase(call.method(), address);
      for (Map.Entry<String, String> header : headers().entrySet()) {
        if (sameHost || !CREDENTIALS.contains(header.getKey())) {
          request.addHeader(header.getKey(), header.getValue());
        }
      }
      JsonNode body = call.body();
      if (body != null) {
        request.setEntity(new ByteArrayEntity(bytes(body), null));
      }
      return request;
    }

    /** The headers to send, names in lower case. */
    private Map<String, String> headers() throws Unsendable {
      Map<String, String> headers = new LinkedHashMap<>();
      headers.put("idempotency-key", idempotencyKey);
      headers.put("accept", "application/json, */*;q=0.8");
      JsonNode body = call.body();
      if (body != null) {
        headers.put(
            "content-type", body.isTextual() ? "text/plain; charset=utf-8" : "application/json");
      }
      if (call.authentication() instanceof HttpCall.Basic basic) {
        String pair = basic.username() + ":" + basic.password();
        headers.put(
            "authorization",
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
      }
      if (call.authentication() instanceof HttpCall.Bearer bearer) {
        headers.put("authorization", "Bearer " + bearer.token());
      }
      call.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
      for (Map.Entry<String, String> header : headers.entrySet()) {
        if (OURS.contains(header.getKey()) || !HEADER_NAME.matcher(header.getKey()).matches()) {
          throw new Unsendable("the header '" + header.getKey() + "' can't be set");
        }
        if (!HEADER_VALUE.matcher(header.getValue()).matches()) {
          throw new Unsendable(
              "the value of the header '" + header.getKey() + "' holds a character it can't");
        }
      }
      return headers;
    }

    private void tooSlow() {
      fail(504, "Too slow", "No whole answer came within " + timeout.toMillis() + " ms");
    }

    private void fail(IOException e) {
      if (e instanceof CheckedNames.Refused) {
        fail(403, "Refused by the egress policy", e.getMessage());
      } else if (e instanceof UnknownHostException) {
        fail(503, "Unknown host", "Its name can't be resolved");
      } else if (e instanceof TooLarge) {
        fail(
            502,
            "Answer too large",
            "The answer is larger than the " + settings.maxResponse() + " bytes taken");
      } else if (e instanceof ConnectTimeoutException) {
        fail(504, "Too slow", e.getMessage());
      } else if (e instanceof SocketTimeoutException) {
        tooSlow();
      } else if (e instanceof ConnectException || e instanceof NoRouteToHostException) {
        fail(503, "Unreachable", e.getMessage());
      } else if (e instanceof SSLException) {
        fail(502, "No secure connection", e.getMessage());
      } else {
        fail(502, "The connection broke", e.getMessage());
      }
    }

    private void fail(int status, String title, @Nullable String detail) {
      answer.complete(
          new HttpAnswer.CallFailed(
              WorkflowError.communication(
                  status,
                  title,
                  "The call of %s failed: %s.".formatted(shown(call.endpoint()), detail))));
    }
  }

  private static byte[] bytes(JsonNode body) {
    String text = body.isTextual() ? body.textValue() : body.toString();
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static boolean sameOrigin(URI one, URI other) {
    return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
        && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
        && one.getPort() == other.getPort();
  }

  /** The address without credentials and query, which may hold secrets. */
  private static String shown(URI endpoint) {
    String port = endpoint.getPort() < 0 ? "" : ":" + endpoint.getPort();
    String path = endpoint.getRawPath() == null ? "" : endpoint.getRawPath();
    String host = endpoint.getHost() == null ? "" : endpoint.getHost();
    return endpoint.getScheme() + "://" + host + port + path;
  }
}
