package io.twinloop.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipException;
import org.apache.pekko.Done;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.scaladsl.model.EntityStreamException;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Compression;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/**
 * The body of one request: read once, whole or as a stream, within the limits of its endpoint.
 *
 * <p>Clients write their whole body before they look for an answer. So what is left of a refused
 * body is read and thrown away, up to a bound, before the answer goes out; beyond the bound the
 * connection is closed on it.
 */
final class Body {

  private static final Duration DRAIN_TIME = Duration.ofSeconds(5);
  private static final int INFLATED_CHUNK = 64 * 1024;
  private static final long INFLATED_ALLOWANCE = 1024 * 1024;

  private final HttpRequest request;
  private final Endpoint endpoint;
  private final RequestHeaders headers;
  private final HttpSettings settings;
  private final Materializer materializer;
  private boolean taken;
  private DrainAfterCancel drain;
  private CompletionStage<ByteString> collected;
  private MessageDigest digest;
  private CompletableFuture<String> fingerprint;

  Body(
      HttpRequest request,
      Endpoint endpoint,
      RequestHeaders headers,
      HttpSettings settings,
      Materializer materializer) {
    this.request = request;
    this.endpoint = endpoint;
    this.headers = headers;
    this.settings = settings;
    this.materializer = materializer;
  }

  /** The whole body; asked again, the same bytes. */
  synchronized CompletionStage<ByteString> collect() {
    if (collected == null) {
      collected = read();
    }
    return collected;
  }

  private CompletionStage<ByteString> read() {
    HttpEntity entity = request.entity();
    if (entity instanceof HttpEntity.Strict strict && isPlain()) {
      taken = true;
      return strict.getData().size() > endpoint.maxBody()
          ? CompletableFuture.failedStage(tooLarge())
          : CompletableFuture.completedStage(strict.getData());
    }
    if (entity.getContentLengthOption().orElse(0) > endpoint.maxBody()) {
      return CompletableFuture.failedStage(tooLarge());
    }
    return Stages.map(
        stream(settings.bodyTimeout())
            .runFold(new ByteStringBuilder(), ByteStringBuilder::append, materializer),
        ByteStringBuilder::result);
  }

  /** The body as it arrives; can be asked for once. */
  synchronized Source<ByteString, ?> stream() {
    if (collected != null) {
      return Source.completionStage(collected).filter(ByteString::nonEmpty);
    }
    return stream(settings.bulkBodyTimeout());
  }

  private Source<ByteString, ?> stream(Duration within) {
    if (taken) {
      throw new IllegalStateException("The body of a request can be read once only");
    }
    taken = true;
    Source<ByteString, ?> raw =
        request.entity().withoutSizeLimit().getDataBytes().via(drain()).completionTimeout(within);
    Source<ByteString, ?> body = isPlain() ? raw : inflated(raw);
    if (endpoint.maxBody() < Long.MAX_VALUE) {
      AtomicLong size = new AtomicLong();
      body =
          body.map(
              bytes -> {
                if (size.addAndGet(bytes.size()) > endpoint.maxBody()) {
                  throw tooLarge();
                }
                return bytes;
              });
    }
    if (digest != null) {
      body = body.map(this::digested).concatLazy(Source.lazySource(this::digestEnded));
    }
    return body.mapError(EntityStreamException.class, e -> broken(e.info().summary()))
        .mapError(ZipException.class, e -> broken("It isn't gzip: " + e.getMessage()))
        .mapError(TimeoutException.class, e -> tooSlow(within));
  }

  private Source<ByteString, ?> inflated(Source<ByteString, ?> raw) {
    AtomicLong in = new AtomicLong();
    AtomicLong out = new AtomicLong();
    return raw.map(
            bytes -> {
              in.addAndGet(bytes.size());
              return bytes;
            })
        .via(Compression.gunzip(INFLATED_CHUNK))
        .map(
            bytes -> {
              long allowed = INFLATED_ALLOWANCE + settings.gzipRatio() * in.get();
              if (out.addAndGet(bytes.size()) > allowed) {
                throw Problems.of(
                        "body-too-large",
                        "The gzip body grows more than %d-fold.".formatted(settings.gzipRatio()))
                    .refuse();
              }
              return bytes;
            });
  }

  private boolean isPlain() {
    String encoding = headers.get("content-encoding").orElse("identity");
    if (encoding.equalsIgnoreCase("identity")) {
      return true;
    }
    if (encoding.equalsIgnoreCase("gzip")) {
      return false;
    }
    throw Problems.at(
            "content-encoding:",
            "unsupported-media-type",
            "Expected Content-Encoding gzip or none, not " + Inputs.quoted(encoding) + ".")
        .refuse();
  }

  /**
   * Takes the fingerprint of a streamed body while it is read; call before {@link #stream()}.
   * Completes when the body was read to its end, with the SHA-256 of the query and the body.
   */
  synchronized CompletableFuture<String> fingerprintOfStream() {
    digest = newDigest();
    fingerprint = new CompletableFuture<>();
    return fingerprint;
  }

  /** The fingerprint of the whole body, as {@link #fingerprintOfStream} would take it. */
  CompletionStage<String> fingerprintOfWhole() {
    return Stages.map(
        collect(),
        bytes -> {
          MessageDigest whole = newDigest();
          whole.update(bytes.toArray());
          return HexFormat.of().formatHex(whole.digest());
        });
  }

  /** Reads a streamed body only for its fingerprint. */
  CompletionStage<String> fingerprintByReading() {
    CompletableFuture<String> result = fingerprintOfStream();
    return Stages.flatMap(stream().runWith(Sink.ignore(), materializer), done -> result);
  }

  private MessageDigest newDigest() {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      String query = request.getUri().rawQueryString().orElse("");
      sha.update((query + "\n").getBytes(StandardCharsets.UTF_8));
      return sha;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  private ByteString digested(ByteString bytes) {
    for (ByteBuffer buffer : bytes.getByteBuffers()) {
      digest.update(buffer);
    }
    return bytes;
  }

  private Source<ByteString, ?> digestEnded() {
    fingerprint.complete(HexFormat.of().formatHex(digest.digest()));
    return Source.empty();
  }

  /** Completes when nothing of the body is in the way of the answer; never fails. */
  Optional<CompletionStage<Done>> settle() {
    HttpEntity entity = request.entity();
    boolean waitsForContinue =
        headers.ifOnce("expect").filter("100-continue"::equalsIgnoreCase).isPresent();
    if (entity.isStrict() || (!taken && waitsForContinue)) {
      return Optional.empty();
    }
    if (!taken) {
      taken = true;
      entity.withoutSizeLimit().getDataBytes().via(drain()).runWith(Sink.cancelled(), materializer);
    }
    return drain != null && drain.hasStarted() ? Optional.of(drain.ended()) : Optional.empty();
  }

  private DrainAfterCancel drain() {
    drain = new DrainAfterCancel(settings.refusedBodyDrain(), DRAIN_TIME);
    return drain;
  }

  private ProblemException tooLarge() {
    return Problems.of(
            "body-too-large",
            "The body is larger than the %d bytes taken here.".formatted(endpoint.maxBody()))
        .refuse();
  }

  private static ProblemException broken(String detail) {
    return Problems.of("body-broken", "The body can't be read: " + detail).refuse();
  }

  private static ProblemException tooSlow(Duration within) {
    return Problems.of(
            "body-too-slow", "The body didn't arrive within " + within.toSeconds() + " s.")
        .refuse();
  }
}
