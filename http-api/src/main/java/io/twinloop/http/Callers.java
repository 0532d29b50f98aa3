package io.twinloop.http;

import io.twinloop.domain.identity.Identity;
import io.twinloop.http.identity.Credentials;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * Reads who asks from the headers of a request.
 *
 * <p>What comes from outside goes into logs, events and answers, so only plain characters are
 * taken.
 */
final class Callers {

  private static final Pattern KEY = Pattern.compile("[!-~]{1,255}");
  private static final Pattern TRACEPARENT =
      Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

  private Callers() {}

  /** The caller as far as it can be read; never refuses, so that every answer has its ids. */
  static Caller of(RequestHeaders headers) {
    Optional<String> correlationId = headers.ifOnce("x-correlation-id").filter(Inputs::isId);
    return new Caller(
        Identity.nobody(),
        correlationId.orElseGet(() -> newUuid().toString()),
        correlationId.isPresent(),
        headers
            .ifOnce("traceparent")
            .filter(value -> TRACEPARENT.matcher(value).matches())
            .or(() -> Optional.of(newTraceparent())),
        headers.ifOnce("idempotency-key"));
  }

  /** What the request shows of who asks. */
  static Credentials credentials(RequestHeaders headers) {
    return new Credentials(
        headers.get("authorization"), headers.get("x-api-key"), headers.get("twinloop-actor"));
  }

  /** A caller of whom nothing could be read. */
  static Caller nobody() {
    return new Caller(
        Identity.nobody(),
        newUuid().toString(),
        false,
        Optional.of(newTraceparent()),
        Optional.empty());
  }

  /**
   * Refuses headers that {@link #of} had to ignore; a bad traceparent is ignored by its standard.
   */
  static void check(RequestHeaders headers) {
    checkId(headers, "x-correlation-id");
    checkId(headers, "twinloop-actor");
    headers
        .get("idempotency-key")
        .filter(key -> !KEY.matcher(key).matches())
        .ifPresent(
            key -> {
              throw RequestHeaders.malformed(
                  "idempotency-key",
                  "Expected an Idempotency-Key of 1 to 255 visible ASCII characters.");
            });
  }

  private static void checkId(RequestHeaders headers, String name) {
    headers
        .get(name)
        .filter(value -> !Inputs.isId(value))
        .ifPresent(
            value -> {
              throw RequestHeaders.malformed(
                  name, "Expected " + name + " to be " + Inputs.ID_IN_WORDS + ".");
            });
  }

  // Ids that need no secrecy: the random generator that never blocks is enough.
  static UUID newUuid() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new UUID(
        (random.nextLong() & ~0xF000L) | 0x4000L,
        (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L);
  }

  private static String newTraceparent() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    HexFormat hex = HexFormat.of();
    return "00-"
        + hex.toHexDigits(random.nextLong())
        + hex.toHexDigits(random.nextLong() | 1)
        + "-"
        + hex.toHexDigits(random.nextLong() | 1)
        + "-01";
  }
}
