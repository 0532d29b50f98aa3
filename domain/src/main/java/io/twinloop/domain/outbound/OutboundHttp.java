package io.twinloop.domain.outbound;

import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The one way out for HTTP: to addresses the site allows, within its limits on time, size, number
 * and rate, and not to those that have been failing.
 */
public interface OutboundHttp {

  /** Makes the request. Never fails exceptionally: what goes wrong is a {@link NoAnswer}. */
  CompletionStage<Answer> send(Request request);

  /**
   * A request.
   *
   * @param method upper-case method, e.g. {@code POST}
   * @param address absolute http or https URI
   * @param headers header fields besides those the client adds
   * @param credentials names of those header fields, in lower case, that are for this host alone
   *     and don't go along when a redirect leads to another
   * @param body what to send, in UTF-8; null for no body
   * @param idempotencyKey sent as {@code Idempotency-Key}, the same for every try; null for none
   * @param timeout how long it may take, all tries together; null for the client's own
   * @param redirects whether a redirect of a GET or HEAD is followed
   * @param attempts how often it is tried at most; more than once only where a repetition is
   *     harmless: with a method of that kind, or a key by which the other side knows a repetition
   */
  record Request(
      String method,
      URI address,
      Map<String, String> headers,
      Set<String> credentials,
      @Nullable String body,
      @Nullable String idempotencyKey,
      @Nullable Duration timeout,
      boolean redirects,
      int attempts) {

    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "OPTIONS", "PUT", "DELETE");

    public Request {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      credentials = Set.copyOf(credentials);
      if (attempts < 1) {
        throw new IllegalArgumentException("Expected 1 try or more, not " + attempts);
      }
      if (attempts > 1 && idempotencyKey == null && !IDEMPOTENT.contains(method)) {
        throw new IllegalArgumentException(
            "A %s without an idempotency key can be made once, not %d times."
                .formatted(method, attempts));
      }
    }

    /** Without the headers and the body, which may hold secrets. */
    @Override
    public String toString() {
      return "Request[" + method + " " + address.getScheme() + "://" + address.getHost() + "]";
    }
  }

  /** What came of a request. */
  sealed interface Answer {}

  /**
   * The other side answered.
   *
   * @param status HTTP status, 100 to 599
   * @param headers names in lower case; several values of one name joined by a comma
   * @param content the body, decompressed
   */
  record Received(int status, Map<String, String> headers, ByteBuffer content) implements Answer {
    public Received {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      content = content.asReadOnlyBuffer();
    }

    /** A copy of the body. */
    public byte[] bytes() {
      byte[] bytes = new byte[content.remaining()];
      content.duplicate().get(bytes);
      return bytes;
    }
  }

  /**
   * No answer came.
   *
   * @param sentence what happened, without the address, which may hold secrets
   * @param notBefore how long another try makes no sense, null where that is not known
   */
  record NoAnswer(Reason reason, String sentence, @Nullable Duration notBefore) implements Answer {}

  /** Why there is no answer. */
  enum Reason {
    UNSENDABLE(400, "Can't be sent", false, false),
    REFUSED(403, "Refused by the egress policy", false, false),
    UNKNOWN_HOST(503, "Unknown host", true, true),
    UNREACHABLE(503, "Unreachable", true, true),
    INSECURE(502, "No secure connection", true, true),
    BROKEN(502, "The connection broke", true, true),
    TOO_SLOW(504, "Too slow", true, true),
    TOO_LARGE(502, "Answer too large", false, false),
    CROWDED(503, "Too many calls", true, false),
    FAILING(503, "Left alone for failing", true, false),
    STOPPING(503, "Stopping", true, false),
    UNEXPECTED(500, "Unexpected failure", false, false);

    private final int status;
    private final String title;
    private final boolean passing;
    private final boolean destinationsFault;

    Reason(int status, String title, boolean passing, boolean destinationsFault) {
      this.status = status;
      this.title = title;
      this.passing = passing;
      this.destinationsFault = destinationsFault;
    }

    /** The HTTP status that says it best. */
    public int status() {
      return status;
    }

    /** The kind of failure, in a few words. */
    public String title() {
      return title;
    }

    /** Whether another try may end better. */
    public boolean isPassing() {
      return passing;
    }

    /** Whether it counts against the destination. */
    public boolean isDestinationsFault() {
      return destinationsFault;
    }
  }
}
