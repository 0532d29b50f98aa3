package io.twinloop.integrations.http;

import io.twinloop.domain.outbound.OutboundHttp;
import io.twinloop.integrations.http.OutgoingHeaders.Unsendable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out for HTTP, on Apache HttpClient, within the {@link EgressPolicy} and limits on time,
 * size, number and rate; what keeps failing is left alone for a while.
 *
 * <p>A redirect of a GET or HEAD is followed where the request says so, checked like the first
 * address; credentials don't go along to another host, and never from https to http. A request is
 * made again only where it says that it may be, after what may pass: no answer, or a status of 429,
 * 502, 503 or 504, and never sooner than the other side wants.
 */
public final class EgressHttpClient implements OutboundHttp, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EgressHttpClient.class);

  private static final Pattern METHOD = Pattern.compile("[A-Z]{1,16}");
  private static final Set<String> NO_CALLS = Set.of("CONNECT", "TRACE");
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Set<String> FOLLOWED = Set.of("GET", "HEAD");
  private static final Set<Integer> COME_AGAIN = Set.of(429, 502, 503, 504);

  /** A destination that answers so can't serve for now; any other answer shows that it lives. */
  private static final Set<Integer> FAILING = Set.of(502, 503, 504);

  /** Bounds for what stands before the body, which the library has none for. */
  private static final Http1Config HEADERS =
      Http1Config.custom().setMaxLineLength(32 * 1024).setMaxHeaderCount(200).build();

  private static final Timeout IDLE_CONNECTION = Timeout.ofSeconds(30);

  private final EgressSettings settings;
  private final Clock clock;
  private final CloseableHttpClient client;
  private final Admission<Exchange> admission;
  private final Destinations destinations;
  private final Map<Reason, LongAdder> unanswered = new EnumMap<>(Reason.class);
  private final LongAdder answered = new LongAdder();
  private final ThreadPoolExecutor threads;
  private final ScheduledThreadPoolExecutor timer;

  /**
   * Opens no connection yet.
   *
   * @param clock tells the time other sides speak of, that of the machine
   */
  public EgressHttpClient(EgressSettings settings, Clock clock) {
    this(settings, clock, new CheckedNames(settings.policy()));
  }

  EgressHttpClient(EgressSettings settings, Clock clock, CheckedNames names) {
    this.settings = settings;
    this.clock = clock;
    this.client = client(settings, names);
    this.admission =
        new Admission<>(
            settings.maxConcurrent(),
            settings.destination().maxConcurrent(),
            settings.maxWaiting());
    this.destinations = new Destinations(settings.destination());
    for (Reason reason : Reason.values()) {
      unanswered.put(reason, new LongAdder());
    }
    this.threads =
        new ThreadPoolExecutor(
            settings.maxConcurrent(),
            settings.maxConcurrent(),
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            named("egress-http"));
    threads.allowCoreThreadTimeOut(true);
    this.timer = new ScheduledThreadPoolExecutor(1, named("egress-timer"));
    timer.setRemoveOnCancelPolicy(true);
  }

  private static CloseableHttpClient client(EgressSettings settings, CheckedNames names) {
    Timeout connect = Timeout.of(settings.connectTimeout());
    return HttpClients.custom()
        .setConnectionManager(
            PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(names)
                .setConnectionFactory(
                    ManagedHttpClientConnectionFactory.builder().http1Config(HEADERS).build())
                .setMaxConnTotal(settings.maxConcurrent())
                .setMaxConnPerRoute(settings.maxConcurrent())
                .setDefaultConnectionConfig(
                    ConnectionConfig.custom()
                        .setConnectTimeout(connect)
                        .setSocketTimeout(Timeout.of(settings.maxTimeout()))
                        .setTimeToLive(IDLE_CONNECTION)
                        .build())
                .build())
        .setDefaultRequestConfig(
            // What stands in front of a service may refuse a request that offers to change to TLS.
            RequestConfig.custom()
                .setExpectContinueEnabled(false)
                .setProtocolUpgradeEnabled(false)
                .build())
        .setUserAgent("Twinloop")
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableAuthCaching()
        .build();
  }

  private static ThreadFactory named(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public CompletionStage<Answer> send(Request request) {
    return new Exchange(request).begin();
  }

  /** How the destinations called of late do. */
  public List<DestinationState> destinations() {
    return destinations.states();
  }

  /** How many tries were answered, with whatever status. */
  public long answered() {
    return answered.sum();
  }

  /** How many tries ended without an answer for this reason. */
  public long unanswered(Reason reason) {
    return unanswered.get(reason).sum();
  }

  /** Cuts the requests under way; they fail like those whose connection broke. */
  @Override
  public void close() {
    timer.shutdownNow();
    threads.shutdownNow();
    admission.clear().forEach(Exchange::stop);
    client.close(CloseMode.IMMEDIATE);
  }

  /** The answer was larger than is taken. */
  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** One request with its deadline, over all its tries. */
  private final class Exchange {
    private final Request request;
    private final Duration timeout;
    private final long startedAt = System.nanoTime();
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private volatile @Nullable HttpUriRequestBase current;

    Exchange(Request request) {
      this.request = request;
      Duration wanted = request.timeout() == null ? settings.timeout() : request.timeout();
      this.timeout = wanted.compareTo(settings.maxTimeout()) > 0 ? settings.maxTimeout() : wanted;
    }

    CompletionStage<Answer> begin() {
      try {
        ScheduledFuture<?> deadline =
            timer.schedule(this::expire, timeout.toMillis(), TimeUnit.MILLISECONDS);
        attempt(1);
        return answer.whenCompleteAsync((any, none) -> deadline.cancel(false), Runnable::run);
      } catch (RejectedExecutionException e) {
        stop();
        return answer;
      }
    }

    void stop() {
      answer.complete(none(Reason.STOPPING, "The node is stopping"));
    }

    private void expire() {
      answer.complete(tooSlow());
      admission.withdraw(this);
      HttpUriRequestBase made = current;
      if (made != null) {
        made.cancel();
      }
    }

    private NoAnswer tooSlow() {
      return none(Reason.TOO_SLOW, "No whole answer came within " + timeout.toMillis() + " ms");
    }

    private Duration timeLeft() {
      Duration left = timeout.minusNanos(System.nanoTime() - startedAt);
      return left.isNegative() ? Duration.ZERO : left;
    }

    // A try: its place in the rate, its place among the others, then the call.

    private volatile int attempt;

    private void attempt(int number) {
      attempt = number;
      Destination destination = destinations.of(request.address());
      Optional<Duration> alone = destination.leftAlone();
      if (alone.isPresent()) {
        ended(leftAlone(destination, alone.get()));
        return;
      }
      Optional<Duration> wait = destination.reserve(timeLeft());
      if (wait.isEmpty()) {
        ended(
            none(
                Reason.CROWDED,
                "%s is called more than %d times a second"
                    .formatted(destination.name(), settings.destination().rate())));
      } else if (wait.get().isZero()) {
        enter(destination);
      } else {
        later(wait.get(), () -> enter(destination));
      }
    }

    private NoAnswer leftAlone(Destination destination, Duration rest) {
      return new NoAnswer(
          Reason.FAILING,
          "%s has been failing and is left alone for another %d ms"
              .formatted(destination.name(), rest.toMillis()),
          rest);
    }

    private void later(Duration pause, Runnable what) {
      try {
        var unused = // the deadline ends it if nothing else does
            timer.schedule(what, pause.toMillis() + 1, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException e) {
        stop();
      }
    }

    private void enter(Destination destination) {
      switch (admission.ask(this, destination.name())) {
        case ENTER -> start();
        case FULL ->
            ended(
                none(
                    Reason.CROWDED,
                    "More than %d calls are waiting".formatted(settings.maxWaiting())));
        case WAIT -> {
          if (answer.isDone() || threads.isShutdown()) {
            admission.withdraw(this);
            stop();
          }
        }
      }
    }

    private void start() {
      try {
        threads.execute(this::run);
      } catch (RejectedExecutionException e) {
        stop();
      }
    }

    private void run() {
      Destination destination = destinations.of(request.address());
      try {
        if (!answer.isDone()) {
          ended(call(destination));
        }
      } finally {
        admission.leave(destination.name()).ifPresent(Exchange::start);
      }
    }

    private Answer call(Destination destination) {
      if (!destination.begin()) {
        return leftAlone(destination, destination.leftAlone().orElse(Duration.ZERO));
      }
      long begun = System.nanoTime();
      Answer came = none(Reason.UNEXPECTED, "The call failed here; the log of this node says why");
      try {
        came = follow();
      } catch (Unsendable | URISyntaxException | IllegalArgumentException e) {
        came = none(Reason.UNSENDABLE, String.valueOf(e.getMessage()));
      } catch (IOException e) {
        came = failure(e);
      } catch (RuntimeException e) {
        if (threads.isShutdown()) {
          came = none(Reason.STOPPING, "The node is stopping");
        } else {
          LOG.error("A call of {} failed unexpectedly", destination.name(), e);
        }
      } finally {
        judge(destination, came, Duration.ofNanos(System.nanoTime() - begun));
      }
      return came;
    }

    /** What was never asked, or had less time than connecting takes, tells nothing of it. */
    private void judge(Destination destination, Answer came, Duration took) {
      if (came instanceof Received received) {
        destination.ended(FAILING.contains(received.status()));
        return;
      }
      Reason reason = ((NoAnswer) came).reason();
      boolean cutShort = reason == Reason.TOO_SLOW && took.compareTo(settings.connectTimeout()) < 0;
      if (reason == Reason.TOO_LARGE) {
        destination.ended(false);
      } else if (reason.isDestinationsFault() && !cutShort && !threads.isShutdown()) {
        destination.ended(true);
      } else {
        destination.endedUnknown();
      }
    }

    /** A try is over: another one follows, or this was the answer. */
    private void ended(Answer came) {
      if (came instanceof NoAnswer none) {
        unanswered.get(none.reason()).increment();
      } else {
        answered.increment();
      }
      Optional<Duration> pause = pauseBeforeNext(came);
      if (pause.isEmpty() || threads.isShutdown()) {
        answer.complete(came);
      } else {
        int next = attempt + 1;
        later(pause.get(), () -> attempt(next));
      }
    }

    /** How long to wait before the next try; empty when there is none, or no time for it. */
    private Optional<Duration> pauseBeforeNext(Answer came) {
      Optional<Duration> wanted = Optional.empty();
      if (came instanceof NoAnswer none) {
        if (!none.reason().isPassing()) {
          return Optional.empty();
        }
        wanted = Optional.ofNullable(none.notBefore());
      } else if (came instanceof Received received) {
        if (!COME_AGAIN.contains(received.status())) {
          return Optional.empty();
        }
        wanted = RetryAfter.of(received.headers(), clock.instant());
      }
      if (attempt >= request.attempts() || answer.isDone()) {
        return Optional.empty();
      }
      Duration pause = settings.backoff().after(attempt, ThreadLocalRandom.current().nextDouble());
      Duration longer = wanted.filter(asked -> asked.compareTo(pause) > 0).orElse(pause);
      return Optional.of(longer).filter(chosen -> chosen.compareTo(timeLeft()) < 0);
    }

    // The call itself, from redirect to redirect.

    private Received follow() throws IOException, Unsendable, URISyntaxException {
      URI address = withoutFragment(request.address());
      boolean sameHost = true;
      for (int redirects = 0; ; redirects++) {
        Optional<String> refusal = settings.policy().refusal(address);
        if (refusal.isPresent()) {
          throw new CheckedNames.Refused(refusal.get());
        }
        Received received = execute(request(address, sameHost));
        Optional<URI> next = next(address, received);
        if (next.isEmpty() || redirects == settings.maxRedirects()) {
          return received;
        }
        sameHost = sameHost && sameOrigin(address, next.get());
        address = withoutFragment(next.get());
      }
    }

    private Optional<URI> next(URI address, Received received) throws IOException {
      String location = received.headers().get("location");
      if (!request.redirects()
          || location == null
          || !REDIRECTS.contains(received.status())
          || !FOLLOWED.contains(request.method())) {
        return Optional.empty();
      }
      URI next = resolve(address, location);
      boolean losesTls =
          "https".equalsIgnoreCase(address.getScheme())
              && "http".equalsIgnoreCase(next.getScheme());
      return losesTls ? Optional.empty() : Optional.of(next);
    }

    private static URI resolve(URI address, String location) throws IOException {
      try {
        return address.resolve(new URI(location));
      } catch (URISyntaxException e) {
        // Its message repeats the location, which may repeat what was sent.
        throw new IOException("It redirects to what is no address");
      }
    }

    private HttpUriRequestBase request(URI address, boolean sameHost) throws Unsendable {
      if (!METHOD.matcher(request.method()).matches() || NO_CALLS.contains(request.method())) {
        throw new Unsendable("the method " + request.method() + " isn't one to call with");
      }
      HttpUriRequestBase made = new HttpUriRequestBase(request.method(), address);
      OutgoingHeaders.of(request, sameHost).forEach(made::addHeader);
      if (request.body() != null) {
        made.setEntity(new ByteArrayEntity(request.body().getBytes(StandardCharsets.UTF_8), null));
      }
      return made;
    }

    private Received execute(HttpUriRequestBase made) throws IOException {
      current = made;
      // The deadline may have passed before there was something to cancel.
      if (answer.isDone()) {
        throw new SocketTimeoutException("The time is up");
      }
      return client.execute(made, this::receive);
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
      return new Received(response.getCode(), headers, ByteBuffer.wrap(body.toByteArray()));
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
      HttpUriRequestBase made = current;
      if (made != null) {
        made.abort();
      }
      throw new TooLarge();
    }

    private NoAnswer failure(IOException e) {
      String message = String.valueOf(e.getMessage());
      if (e instanceof CheckedNames.Refused) {
        return none(Reason.REFUSED, message);
      } else if (e instanceof UnknownHostException) {
        return none(Reason.UNKNOWN_HOST, "Its name can't be resolved");
      } else if (e instanceof TooLarge) {
        return none(
            Reason.TOO_LARGE,
            "The answer is larger than the " + settings.maxResponse() + " bytes taken");
      } else if (e instanceof ConnectTimeoutException) {
        return none(Reason.TOO_SLOW, message);
      } else if (answer.isDone() || e instanceof SocketTimeoutException) {
        return tooSlow();
      } else if (e instanceof ConnectException || e instanceof NoRouteToHostException) {
        return none(Reason.UNREACHABLE, message);
      } else if (e instanceof SSLException) {
        return none(Reason.INSECURE, message);
      }
      return none(Reason.BROKEN, message);
    }
  }

  private static NoAnswer none(Reason reason, String sentence) {
    return new NoAnswer(reason, sentence, null);
  }

  private static URI withoutFragment(URI address) throws URISyntaxException {
    String text = address.toString();
    int fragment = text.indexOf('#');
    return fragment < 0 ? address : new URI(text.substring(0, fragment));
  }

  private static boolean sameOrigin(URI one, URI other) {
    return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
        && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
        && one.getPort() == other.getPort();
  }
}
