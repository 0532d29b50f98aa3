package io.twinloop.http;

import io.twinloop.projections.idempotency.IdempotencyKeys;
import io.twinloop.projections.idempotency.IdempotencyKeys.Answer;
import io.twinloop.projections.idempotency.IdempotencyKeys.Claim;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a repeat of a request with an {@code Idempotency-Key} the first answer.
 *
 * <p>A body that is read whole is fingerprinted before the key is claimed. A streamed body can't
 * be: its fingerprint is taken while it is handled, and a repeat is read to its end before it is
 * compared. Answers that say "later" (408, 425, 429, 5xx) aren't kept.
 */
final class IdempotentRequests {

  private static final Logger LOG = LoggerFactory.getLogger(IdempotentRequests.class);
  private static final Set<Integer> ASK_AGAIN = Set.of(408, 425, 429);
  private static final Duration IN_PROGRESS_PAUSE = Duration.ofSeconds(1);

  private final IdempotencyKeys keys;
  private final ActorSystem<?> system;
  private final Duration renewEvery;

  IdempotentRequests(IdempotencyKeys keys, ActorSystem<?> system, Duration lease) {
    this.keys = keys;
    this.system = system;
    this.renewEvery = lease.dividedBy(3);
  }

  /** The id that the command of this request has whenever the request is repeated. */
  static String commandId(IdempotencyKeys.Key key) {
    String text = String.join("\n", key.caller(), key.route(), key.key());
    return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  CompletionStage<HttpResponse> answer(
      IdempotencyKeys.Key key,
      boolean streamed,
      Body body,
      Supplier<CompletionStage<HttpResponse>> handler) {
    return streamed ? answerStreamed(key, body, handler) : answerWhole(key, body, handler);
  }

  private CompletionStage<HttpResponse> answerWhole(
      IdempotencyKeys.Key key, Body body, Supplier<CompletionStage<HttpResponse>> handler) {
    return Stages.flatMap(
        body.fingerprintOfWhole(),
        fingerprint ->
            Stages.flatMap(
                keys.claim(key, Optional.of(fingerprint)),
                claim -> {
                  if (claim instanceof Claim.Execute execute) {
                    return execute(
                        key,
                        execute.owner(),
                        CompletableFuture.completedFuture(fingerprint),
                        handler);
                  }
                  return repeated(claim, key, () -> CompletableFuture.completedStage(fingerprint));
                }));
  }

  private CompletionStage<HttpResponse> answerStreamed(
      IdempotencyKeys.Key key, Body body, Supplier<CompletionStage<HttpResponse>> handler) {
    return Stages.flatMap(
        keys.claim(key, Optional.empty()),
        claim ->
            claim instanceof Claim.Execute execute
                ? execute(key, execute.owner(), body.fingerprintOfStream(), handler)
                : repeated(claim, key, body::fingerprintByReading));
  }

  private CompletionStage<HttpResponse> repeated(
      Claim claim, IdempotencyKeys.Key key, Supplier<CompletionStage<String>> fingerprint) {
    if (claim instanceof Claim.Repeat repeat) {
      return Stages.map(
          fingerprint.get(),
          mine -> {
            if (!mine.equals(repeat.fingerprint())) {
              throw otherBody(key);
            }
            return response(repeat.answer());
          });
    }
    if (claim instanceof Claim.InProgress) {
      throw Problems.of(
              "request-in-progress",
              "The first request with the Idempotency-Key "
                  + Inputs.quoted(key.key())
                  + " is still being answered; ask again.")
          .refuse()
          .retryAfter(IN_PROGRESS_PAUSE);
    }
    throw otherBody(key);
  }

  private CompletionStage<HttpResponse> execute(
      IdempotencyKeys.Key key,
      UUID owner,
      CompletableFuture<String> fingerprint,
      Supplier<CompletionStage<HttpResponse>> handler) {
    Cancellable renewal = keepRenewing(key, owner);
    CompletionStage<HttpResponse> handled;
    try {
      handled = handler.get();
    } catch (RuntimeException e) {
      handled = CompletableFuture.failedStage(e);
    }
    return Stages.flatMap(
        Stages.handle(handled, Outcome::new),
        outcome -> {
          renewal.cancel();
          return Stages.flatMap(settle(key, owner, fingerprint, outcome), done -> outcome.stage());
        });
  }

  /** What the handler made of the request; of the two one is null. */
  private record Outcome(HttpResponse response, Throwable failure) {
    CompletionStage<HttpResponse> stage() {
      return failure == null
          ? CompletableFuture.completedStage(response)
          : CompletableFuture.failedStage(failure);
    }

    /** The answer worth keeping; a refusal thrown is an answer too. */
    Optional<Answer> answer() {
      HttpResponse given = response;
      if (failure != null && Stages.cause(failure) instanceof ProblemException refusal) {
        given = Answers.problem(refusal);
      }
      if (given == null
          || given.status().intValue() >= 500
          || ASK_AGAIN.contains(given.status().intValue())
          || !(given.entity() instanceof HttpEntity.Strict body)
          || body.getData().size() > Answer.MAX_BODY) {
        return Optional.empty();
      }
      List<String> headers = new ArrayList<>();
      headers.add("Content-Type: " + body.getContentType());
      for (HttpHeader header : given.getHeaders()) {
        headers.add(header.name() + ": " + header.value());
      }
      return Optional.of(new Answer(given.status().intValue(), headers, body.getData().toArray()));
    }
  }

  // A repeat executes with the same command id, so an answer that couldn't be kept does no harm.
  private CompletionStage<Boolean> settle(
      IdempotencyKeys.Key key, UUID owner, CompletableFuture<String> fingerprint, Outcome outcome) {
    Optional<Answer> answer = outcome.answer();
    boolean bodyWasRead = fingerprint.isDone() && !fingerprint.isCompletedExceptionally();
    CompletionStage<Boolean> settled =
        answer.isPresent() && bodyWasRead
            ? keys.keep(key, owner, fingerprint.join(), answer.get())
            : keys.release(key, owner);
    return Stages.handle(
        settled,
        (done, failure) -> {
          if (failure != null) {
            LOG.warn(
                "The answer for the idempotency key {} of {} couldn't be kept: {}",
                key.key(),
                key.caller(),
                Stages.cause(failure).toString());
          }
          return failure == null && done;
        });
  }

  private Cancellable keepRenewing(IdempotencyKeys.Key key, UUID owner) {
    return system
        .scheduler()
        .scheduleAtFixedRate(
            renewEvery,
            renewEvery,
            () ->
                Stages.handle(
                    keys.renew(key, owner),
                    (renewed, failure) -> {
                      if (failure != null) {
                        LOG.warn(
                            "The lease of the idempotency key {} of {} couldn't be renewed: {}",
                            key.key(),
                            key.caller(),
                            Stages.cause(failure).toString());
                      }
                      return failure == null && renewed;
                    }),
            system.executionContext());
  }

  private static HttpResponse response(Answer answer) {
    HttpResponse response = HttpResponse.create().withStatus(answer.status());
    List<String> headers = answer.headers();
    String contentType = valueOf(headers.get(0));
    response =
        !answer.body().hasRemaining()
            ? response.withEntity(HttpEntities.EMPTY)
            : response.withEntity(
                HttpEntities.create(ContentTypes.parse(contentType), answer.bytes()));
    for (String header : headers.subList(1, headers.size())) {
      String name = header.substring(0, header.indexOf(':'));
      response = response.addHeader(RawHeader.create(name, valueOf(header)));
    }
    return response;
  }

  private static String valueOf(String header) {
    return header.substring(header.indexOf(':') + 2);
  }

  private static ProblemException otherBody(IdempotencyKeys.Key key) {
    return Problems.at(
            "idempotency-key:",
            "idempotency-key-reused",
            "The Idempotency-Key "
                + Inputs.quoted(key.key())
                + " was used with another body or query; take a new key for a new request.")
        .refuse();
  }
}
