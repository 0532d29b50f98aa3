package io.twinloop.http;

import io.twinloop.domain.identity.AccessRule;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.entities.Cause;
import io.twinloop.http.door.AnswerTime;
import io.twinloop.http.door.Door;
import io.twinloop.http.door.PeerAddress;
import io.twinloop.http.identity.Authenticator;
import io.twinloop.http.identity.Credentials;
import io.twinloop.http.identity.Scopes;
import io.twinloop.http.limits.Limits.Standing;
import io.twinloop.projections.idempotency.IdempotencyKeys;
import io.twinloop.projections.identity.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.SharedKillSwitch;

/**
 * Answers every request from a table of endpoints.
 *
 * <p>In this order: Host and Origin, the caller (401, whatever the path), the path (404), the
 * method (405), the limits (429), the permission (403), a place among the requests in progress
 * (503), one in the audit for a change, the read position a query waits for, the idempotency key of
 * a POST, the handler. A request that finds no place free when it arrives is refused before all
 * that. Of a request that is refused on the way nothing more is done: its body isn't looked at and
 * its idempotency key not taken. Only endpoints that are open to anybody answer without a caller.
 * Whatever goes wrong ends as a problem, and every answer carries {@code X-Correlation-Id} and
 * {@code traceparent}. A slash at the end of a path is ignored; HEAD is answered where GET is,
 * OPTIONS with the methods.
 */
public final class Router {

  private final RouteTable table;
  private final List<Endpoint> endpoints;
  private final HttpSettings settings;
  private final Authenticator authenticator;
  private final Scopes scopes;
  private final Door door;
  private final ActorSystem<?> system;
  private final Materializer materializer;
  private final ReadBarrier readBarrier;
  private final IdempotentRequests idempotent;
  private final Failures failures;
  private final PersonalAnswers personal;
  private final OpenStreams streams = new OpenStreams();
  private final RequestsInProgress inProgress;
  private final RequestsInProgress uploads;
  private final HttpResponse full;
  private final SharedKillSwitch stopping = KillSwitches.shared("http-server-stopping");

  /** A router without refusals for exceptions of other modules. */
  public Router(
      List<Endpoint> endpoints,
      HttpSettings settings,
      Authenticator authenticator,
      Scopes scopes,
      Door door,
      ActorSystem<?> system,
      ReadBarrier readBarrier,
      IdempotencyKeys idempotencyKeys) {
    this(
        endpoints,
        settings,
        authenticator,
        scopes,
        door,
        system,
        readBarrier,
        idempotencyKeys,
        PersonalAnswers.NONE,
        failure -> Optional.empty());
  }

  /**
   * @param personal opens what is personal, the last step of every answer
   * @param foreseen refusals for exceptions that only other modules know, asked before the router's
   *     own; gets the cause without the wrappers of completion stages
   * @throws IllegalArgumentException when two endpoints have the same method and path
   */
  public Router(
      List<Endpoint> endpoints,
      HttpSettings settings,
      Authenticator authenticator,
      Scopes scopes,
      Door door,
      ActorSystem<?> system,
      ReadBarrier readBarrier,
      IdempotencyKeys idempotencyKeys,
      PersonalAnswers personal,
      Function<Throwable, Optional<ProblemException>> foreseen) {
    this.endpoints = List.copyOf(endpoints);
    this.table = new RouteTable(this.endpoints);
    this.settings = settings;
    this.authenticator = authenticator;
    this.scopes = scopes;
    this.door = door;
    this.endpoints.forEach(endpoint -> endpoint.limitClass().ifPresent(door.limits()::quotaOf));
    this.system = system;
    this.materializer = Materializer.createMaterializer(system);
    this.readBarrier = readBarrier;
    this.idempotent = new IdempotentRequests(idempotencyKeys, system, settings.idempotencyLease());
    this.failures = new Failures(foreseen);
    this.personal = personal;
    this.inProgress = new RequestsInProgress(settings.requestsInProgress());
    this.uploads = new RequestsInProgress(settings.uploadsInProgress());
    this.full =
        Answers.problem(
            failures.refusal(new Overloaded("The node"), Callers.nobody(), "A request"));
  }

  /** The table this router answers from. */
  public List<Endpoint> endpoints() {
    return endpoints;
  }

  /** Whether callers must show who they are. */
  boolean requiresLogin() {
    return authenticator.requiresLogin();
  }

  /** Answers one request; never fails. */
  public CompletionStage<HttpResponse> handle(HttpRequest request) {
    RequestHeaders headers = RequestHeaders.of(request);
    Caller caller = Callers.of(headers);
    if (isOneTooMany(request)) {
      return CompletableFuture.completedStage(full.addHeaders(idsOf(caller)));
    }
    HttpHeader correlation = RawHeader.create("X-Correlation-Id", caller.correlationId());
    HttpHeader traceparent = RawHeader.create("traceparent", caller.traceparent().orElseThrow());
    Exchange exchange = new Exchange(request, headers, caller);
    exchange.answerTimeouts(List.of(correlation, traceparent));
    return Stages.flatMap(
        Stages.handle(
            Stages.flatMap(exchange.start(), response -> personal.open(response, exchange.caller)),
            (response, failure) -> response != null ? response : exchange.refused(failure)),
        response ->
            Stages.flatMap(
                exchange.recorded(exchange.finished(response)),
                recorded -> {
                  exchange.leavePlace();
                  HttpResponse answer = recorded.addHeader(correlation).addHeader(traceparent);
                  if (!answer.entity().isStrict()) {
                    return CompletableFuture.completedStage(streams.counted(answer));
                  }
                  Optional<CompletionStage<Done>> settled = exchange.body.settle();
                  return settled.isPresent()
                      ? Stages.map(settled.get(), done -> answer)
                      : CompletableFuture.completedStage(answer);
                }));
  }

  /**
   * A guess at the door, which makes a refusal as cheap as can be just when there are many. A body
   * still on its way, which has to be read first, is left to the exchange.
   */
  private boolean isOneTooMany(HttpRequest request) {
    if (!inProgress.isFull() && !uploads.isFull()) {
      return false;
    }
    return request.entity().isStrict()
        && RouteTable.partsOf(request.getUri().asScala().path())
            .flatMap(table::find)
            .flatMap(match -> wanted(request, match))
            .filter(endpoint -> !(endpoint.access() instanceof AccessRule.Open))
            .filter(endpoint -> placesFor(endpoint).isFull())
            .isPresent();
  }

  private static Optional<Endpoint> wanted(HttpRequest request, RouteTable.Match match) {
    Map<String, Endpoint> byMethod = match.byMethod();
    String method = request.method().name();
    return Optional.ofNullable(byMethod.get(method))
        .or(
            () ->
                method.equals("HEAD")
                    ? Optional.ofNullable(byMethod.get("GET"))
                    : Optional.empty());
  }

  private RequestsInProgress placesFor(Endpoint wanted) {
    return wanted.streaming() ? uploads : inProgress;
  }

  private static List<HttpHeader> idsOf(Caller caller) {
    return List.of(
        RawHeader.create("X-Correlation-Id", caller.correlationId()),
        RawHeader.create("traceparent", caller.traceparent().orElseThrow()));
  }

  /** Ends the event streams; completes when no answer is being streamed any more. */
  CompletionStage<Done> stop() {
    stopping.shutdown();
    return streams.stop();
  }

  /** One request on its way to its answer. */
  private final class Exchange {
    private final HttpRequest request;
    private final RequestHeaders headers;
    private Caller caller;
    private final AuditedRequest audited;
    private Optional<Endpoint> endpoint = Optional.empty();
    private Scope scope = Scope.NOTHING;
    private Optional<Standing> standing = Optional.empty();
    private boolean loggingIn;
    private Body body;
    private Optional<RequestsInProgress> place = Optional.empty();

    Exchange(HttpRequest request, RequestHeaders headers, Caller caller) {
      this.request = request;
      this.headers = headers;
      this.caller = caller;
      this.body = bodyFor(NO_ENDPOINT);
      this.audited = new AuditedRequest(door.audit(), request, () -> door.peers().of(request));
    }

    CompletionStage<HttpResponse> start() {
      try {
        guard();
        Callers.check(headers);
        return Objects.requireNonNull(identified(), "A handler returned no stage");
      } catch (RuntimeException | StackOverflowError e) {
        return CompletableFuture.failedStage(e);
      }
    }

    private void guard() {
      try {
        settings.guard().check(headers, authenticator.requiresLogin());
      } catch (ProblemException foreign) {
        keepSome(counted());
        throw foreign;
      }
    }

    /** Who asks is found out first, so that strangers can't tell which paths exist. */
    private CompletionStage<HttpResponse> identified() {
      Optional<RouteTable.Match> match =
          RouteTable.partsOf(request.getUri().asScala().path()).flatMap(table::find);
      endpoint = match.flatMap(found -> wanted(request, found));
      if (endpoint.isPresent() && endpoint.get().access() instanceof AccessRule.Open) {
        count(endpoint.get());
        if (!authenticator.requiresLogin()) {
          caller = caller.as(Identity.local(Cause.UNNAMED));
        }
        return admitted(endpoint.get(), match.get().values());
      }
      if (endpoint.isPresent() && placesFor(endpoint.get()).isFull()) {
        throw full();
      }
      Credentials shown = Callers.credentials(headers);
      if (authenticator.requiresLogin()) {
        standing =
            shown.isEmpty()
                ? door.limits().withoutCredentials(counted())
                : door.limits().beforeLookUp(counted(), () -> authenticator.isGuess(shown));
        refuseWhenTooMany();
        loggingIn = !shown.isEmpty();
      }
      return Stages.flatMap(
          authenticator.identify(shown),
          identity -> {
            loggingIn = false;
            caller = caller.as(identity);
            return route(match);
          });
    }

    private CompletionStage<HttpResponse> route(Optional<RouteTable.Match> match) {
      if (match.isEmpty()) {
        throw Problems.of(
                "no-such-path",
                "There is nothing at " + Inputs.quoted(request.getUri().getPathString()) + ".")
            .refuse();
      }
      if (endpoint.isEmpty()) {
        return CompletableFuture.completedStage(
            otherMethod(request.method(), match.get().byMethod()));
      }
      count(endpoint.get());
      Permissions.check(caller.identity(), endpoint.get());
      return Stages.flatMap(
          scopeNow(),
          known -> {
            scope = known;
            return admitted(endpoint.get(), match.get().values());
          });
    }

    /** What an open stream may show by now; fails when its caller is not let in any more. */
    private CompletionStage<Scope> scopeByNow() {
      try {
        return Stages.flatMap(
            authenticator.identify(Callers.credentials(headers)),
            identity -> {
              Permissions.check(identity, endpoint.orElseThrow());
              return scopeNow();
            });
      } catch (RuntimeException e) {
        return CompletableFuture.failedStage(e);
      }
    }

    private CompletionStage<Scope> scopeNow() {
      return scopeAt(Optional.empty());
    }

    private CompletionStage<Scope> scopeAt(Optional<Instant> at) {
      AccessRule access = endpoint.orElseThrow().access();
      return access instanceof Permission permission
          ? scopes.of(caller.identity(), caller.identity().reach(permission), at)
          : CompletableFuture.completedStage(Scope.NOTHING);
    }

    /** Also what will be refused is counted: it leaves an entry in the audit. */
    private void count(Endpoint wanted) {
      standing = door.limits().count(callerCounted(), wanted.name(), wanted.limitClass());
      refuseWhenTooMany();
    }

    /** The caller may do it, if there is room; nothing was read or done yet. */
    private CompletionStage<HttpResponse> admitted(Endpoint wanted, List<String> pathValues) {
      body = bodyFor(wanted);
      if (!(wanted.access()
          instanceof AccessRule.Open)) { // a node that is full still answers probes
        takePlace(wanted);
      }
      return audited.before(() -> answer(wanted, pathValues));
    }

    private synchronized void takePlace(Endpoint wanted) {
      if (!placesFor(wanted).enter()) {
        throw full();
      }
      place = Optional.of(placesFor(wanted));
    }

    private Overloaded full() {
      audited.foundFull();
      return new Overloaded("The node");
    }

    /** An answer that waits on purpose doesn't keep others out; an upload does all the while. */
    private void takesItsTime() {
      if (!endpoint.orElseThrow().streaming()) {
        leavePlace();
      }
    }

    /** The answer is on its way. */
    synchronized void leavePlace() {
      place.ifPresent(RequestsInProgress::leave);
      place = Optional.empty();
    }

    private void refuseWhenTooMany() {
      if (standing.isPresent() && !standing.get().allowed()) {
        throw tooMany(standing.get());
      }
    }

    private ProblemException tooMany(Standing found) {
      standing = Optional.of(found);
      if (found.again()) {
        audited.refusedAgain();
      }
      return found.refusal();
    }

    private String callerCounted() {
      Identity identity = caller.identity();
      return identity.kind() == Identity.Kind.NOBODY
          ? counted()
          : identity.kind() + " " + identity.subject();
    }

    private String counted() {
      return PeerAddress.countedAs(door.peers().of(request));
    }

    /**
     * Every answer passes here, of a handler or a refusal, with the caller and the endpoint as far
     * as they are known.
     */
    HttpResponse finished(HttpResponse answer) {
      HttpResponse limited =
          standing.isPresent() ? answer.addHeaders(standing.get().headers()) : answer;
      return answer.status().intValue() == 401 ? limited.addHeader(SHOW_A_TOKEN) : limited;
    }

    /** The answer, once what is kept of it is durable; a problem when that is not possible. */
    CompletionStage<HttpResponse> recorded(HttpResponse answer) {
      CompletionStage<HttpResponse> kept;
      try {
        kept = audited.after(answer, caller, endpoint);
      } catch (RuntimeException e) {
        kept = CompletableFuture.failedStage(e);
      }
      return Stages.handle(
          kept, (durable, failure) -> failure == null ? durable : refused(failure));
    }

    private CompletionStage<HttpResponse> answer(Endpoint endpoint, List<String> pathValues) {
      boolean isPost = endpoint.method().equals(HttpMethods.POST);
      if (isPost && caller.idempotencyKey().isPresent()) {
        IdempotencyKeys.Key key =
            new IdempotencyKeys.Key(
                caller.actor(),
                "POST " + request.getUri().getPathString(),
                caller.idempotencyKey().get());
        Call call = call(endpoint, pathValues, Optional.of(IdempotentRequests.commandId(key)));
        if (!endpoint.kept()) {
          return endpoint.handler().handle(call);
        }
        return idempotent.answer(
            key, endpoint.streaming(), body, () -> endpoint.handler().handle(call));
      }
      Call call = call(endpoint, pathValues, Optional.empty());
      Optional<String> after = headers.get("twinloop-after");
      return after.isPresent() && endpoint.method().equals(HttpMethods.GET)
          ? answerAfter(position(after.get()), endpoint, call)
          : endpoint.handler().handle(call);
    }

    private CompletionStage<HttpResponse> answerAfter(
        ReadPosition position, Endpoint endpoint, Call call) {
      return Stages.flatMap(
          readBarrier.await(position, settings.readAfterTimeout()),
          reached -> {
            if (!reached) {
              throw Problems.of(
                      "read-model-behind",
                      "The read model didn't reach the position of Twinloop-After within "
                          + settings.readAfterTimeout().toMillis()
                          + " ms.")
                  .refuse()
                  .retryAfter(settings.readAfterTimeout());
            }
            return endpoint.handler().handle(call);
          });
    }

    private Call call(Endpoint endpoint, List<String> pathValues, Optional<String> commandId) {
      return new Call(
          request,
          endpoint,
          pathValues,
          headers,
          caller,
          scope,
          this::scopeByNow,
          this::scopeAt,
          body,
          commandId,
          settings,
          system,
          stopping,
          this::takesItsTime);
    }

    private Body bodyFor(Endpoint endpoint) {
      return new Body(request, endpoint, headers, settings, materializer);
    }

    private HttpResponse refused(Throwable failure) {
      Throwable cause =
          failure == null ? new NullPointerException("A handler's answer is null") : failure;
      String what = request.method().name() + " " + request.getUri().getPathString();
      ProblemException refusal = failures.refusal(cause, caller, what);
      if (loggingIn) {
        return Answers.problem(notLetIn(refusal));
      }
      if (refusal.problem().status() == 429 && standing.filter(Standing::allowed).isPresent()) {
        keepSome(callerCounted()); // the handler's own limit: it knows of no first refusal
      }
      return Answers.problem(refusal);
    }

    private void keepSome(String refused) {
      if (!door.limits().isKept(refused)) {
        audited.refusedAgain();
      }
    }

    /** Wrong credentials are counted; of other refusals so early the audit keeps a number. */
    private ProblemException notLetIn(ProblemException refusal) {
      loggingIn = false;
      if (refusal.isCounted() && refusal.problem().status() == 401) {
        Optional<Standing> after = door.limits().loginFailed(counted());
        if (after.isPresent() && !after.get().allowed()) {
          return tooMany(after.get());
        }
      } else {
        keepSome(counted());
      }
      return refusal;
    }

    private void answerTimeouts(List<HttpHeader> ids) {
      request
          .getAttribute(AnswerTime.ATTRIBUTE)
          .ifPresent(
              time -> time.whenOver(() -> Answers.problem(Failures.timedOut()).addHeaders(ids)));
    }
  }

  private static final HttpHeader SHOW_A_TOKEN =
      RawHeader.create("WWW-Authenticate", "Bearer realm=\"twinloop\"");

  private static final Endpoint NO_ENDPOINT =
      Endpoint.get(
          "/",
          AccessRule.open("stands for a body that is dropped"),
          call -> CompletableFuture.completedStage(Answers.noContent()));

  private static HttpResponse otherMethod(HttpMethod method, Map<String, Endpoint> byMethod) {
    TreeSet<String> allowed = new TreeSet<>(byMethod.keySet());
    allowed.add("OPTIONS");
    if (allowed.contains("GET")) {
      allowed.add("HEAD");
    }
    HttpHeader allow = RawHeader.create("Allow", String.join(", ", allowed));
    HttpResponse answer =
        method.equals(HttpMethods.OPTIONS)
            ? HttpResponse.create().withStatus(204).withEntity(HttpEntities.EMPTY)
            : Answers.refused(
                "method-not-allowed",
                "%s isn't allowed here; allowed are %s."
                    .formatted(method.name(), String.join(", ", allowed)));
    return answer.addHeader(allow);
  }

  private static ReadPosition position(String token) {
    return ReadPosition.decode(token)
        .orElseThrow(
            () ->
                RequestHeaders.malformed(
                    "twinloop-after",
                    "Expected Twinloop-After to be a Twinloop-Position, unchanged, not "
                        + Inputs.quoted(token)
                        + "."));
  }
}
