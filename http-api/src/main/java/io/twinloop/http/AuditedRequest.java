package io.twinloop.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditEntry.Type;
import io.twinloop.domain.audit.AuditEntry.Who;
import io.twinloop.domain.identity.Identity;
import io.twinloop.projections.audit.AuditTrail;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * Leaves an entry of one request in the audit, if it is one to be kept.
 *
 * <p>Kept are all requests that would change something and came as far as an endpoint, whatever
 * became of them; and of all requests those refused for who sent them: 401, 403 and 429. Not kept
 * are what is only read, reads of what isn't there, and methods and paths that don't exist: nothing
 * was asked of anything, and strangers could fill the audit with it. Of 429 only the first is kept
 * until the caller is let through again; and nothing of what found the node full, which must not
 * make more work.
 *
 * <p>A change takes its place in the audit before it is made, and is answered when its entry is
 * durable.
 */
final class AuditedRequest {

  private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
  private static final Set<Integer> REFUSED_FOR_THE_CALLER = Set.of(401, 403, 429);
  private static final int TOO_MANY = 429;

  private final AuditTrail trail;
  private final HttpRequest request;
  private final Supplier<String> address;
  private Optional<AuditTrail.Place> place = Optional.empty();
  private boolean repeatedRefusal;
  private boolean full;

  AuditedRequest(AuditTrail trail, HttpRequest request, Supplier<String> address) {
    this.trail = trail;
    this.request = request;
    this.address = address;
  }

  /** Does the rest once there is a place for the entry, if the request is a change. */
  CompletionStage<HttpResponse> before(Supplier<CompletionStage<HttpResponse>> rest) {
    if (isReading()) {
      return rest.get();
    }
    return Stages.flatMap(
        reserve(),
        taken -> {
          place = Optional.of(taken);
          return rest.get();
        });
  }

  /** The caller was told before, and not let through since. */
  void refusedAgain() {
    repeatedRefusal = true;
  }

  /** The node has more to do than it can; the request goes no further. */
  void foundFull() {
    full = true;
  }

  /** The answer, once its entry is durable; throws where no entry can be made of it. */
  CompletionStage<HttpResponse> after(
      HttpResponse answer, Caller caller, Optional<Endpoint> endpoint) {
    int status = answer.status().intValue();
    boolean kept =
        place.isPresent()
            || (!repeatedRefusal
                && (isRefusedChange(status, endpoint) || REFUSED_FOR_THE_CALLER.contains(status)));
    if (!kept) {
      return CompletableFuture.completedStage(answer);
    }
    AuditEntry entry;
    try {
      entry = entry(answer, caller, endpoint);
    } catch (RuntimeException e) {
      place.ifPresent(AuditTrail.Place::release);
      throw e;
    }
    return Stages.flatMap(
        place.isPresent() ? CompletableFuture.completedStage(place.get()) : reserve(),
        taken -> Stages.map(taken.record(entry), durable -> answer));
  }

  private boolean isReading() {
    return READING.contains(request.method().name());
  }

  private boolean isRefusedChange(int status, Optional<Endpoint> endpoint) {
    return !isReading() && endpoint.isPresent() && status != TOO_MANY && !full;
  }

  private CompletionStage<AuditTrail.Place> reserve() {
    return Stages.handle(
        trail.reserve(),
        (taken, failure) -> {
          if (failure != null && Stages.cause(failure) instanceof AuditTrail.FullException) {
            throw new Overloaded("The audit");
          }
          if (failure != null) {
            throw new IllegalStateException("The audit gives no place", failure);
          }
          return taken;
        });
  }

  private AuditEntry entry(HttpResponse answer, Caller caller, Optional<Endpoint> endpoint) {
    Identity identity = caller.identity();
    int status = answer.status().intValue();
    return new AuditEntry(
        new Who(
            identity.kind().name().toLowerCase(Locale.ROOT),
            identity.actor(),
            Optional.of(identity.role().wireName())),
        request.method().name() + " " + endpoint.map(Endpoint::path).orElse("(no such path)"),
        request.getUri().getPathString(),
        Type.ofStatus(status),
        address.get(),
        status,
        Type.ofStatus(status) == Type.CHANGE ? Optional.empty() : codeOf(answer),
        caller.correlationId());
  }

  private static Optional<String> codeOf(HttpResponse answer) {
    if (!(answer.entity() instanceof HttpEntity.Strict body)
        || !body.getContentType().equals(Answers.PROBLEM_JSON)) {
      return Optional.empty();
    }
    JsonNode problem = Json.written(body.getData().toArray());
    return Optional.ofNullable(problem.path("code").textValue());
  }
}
